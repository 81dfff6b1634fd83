//! Links to pre-generated files, and the files themselves. The sandbox acts as both server and storage bucket.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::reply::{Refusal, ResponseInfo, json};
use super::{ServerState, project, spoil};
use crate::campaign::Moment;
use crate::clock::DAY_MS;
use crate::downsync::DownsyncCriteria;
use crate::faults::FaultKind;
use crate::pregen::{self, FileType};

#[derive(Serialize)]
struct FileLinksResponse {
    #[serde(rename = "ResponseInfo")]
    info: ResponseInfo,
    #[serde(rename = "DownloadLinks")]
    links: Vec<DownloadLink>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DownloadLink {
    file_type: FileType,
    url: String,
    record_count: u64,
    expires_at: i64,
}

/// The host that the caller used to reach the sandbox. A link for a phone on the LAN must not contain the loopback
/// address.
pub(super) fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

/// Returns the links of a locality, on `host`. A leaf project's id finds only the registry's files, a root id all four.
pub(super) fn links(host: &str, moment: &Moment, criteria: &DownsyncCriteria) -> Result<Response, Refusal> {
    let project = project::find(moment, &criteria.project_id)?;
    let none = |_| Refusal::bad_request("PREGEN_NOT_AVAILABLE", "no pre-generated files for this locality");
    let leaf = moment.leaf(&criteria.locality).map_err(none)?;
    let root = criteria.project_id == project.root_id;
    let link = |file_type: FileType| {
        let folder = if file_type.of_project() { format!("{}/", project.root_id) } else { String::new() };
        let (tenant, locality, name) = (&criteria.tenant_id, &criteria.locality, file_type.file_name());
        let signature = moment.plan().key.child(17).child(leaf as u64).uuid();
        DownloadLink {
            url: format!(
                "http://{host}/_files/{tenant}/{folder}{locality}/{name}?X-Amz-Expires=86400&X-Amz-Signature={signature}",
            ),
            record_count: pregen::count(moment, project, leaf, file_type),
            file_type,
            expires_at: moment.now() + DAY_MS,
        }
    };
    let links = FileType::ALL.into_iter().filter(|file_type| root || !file_type.of_project()).map(link).collect();
    Ok(json(StatusCode::OK, &FileLinksResponse { info: ResponseInfo::at(moment.now()), links }))
}

/// `GET /_files/<tenant>/[<root project>/]<locality>/<name>`: the whole file, or a byte range if the ETag still
/// matches.
pub(super) async fn download(
    State(app): State<Arc<ServerState>>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let faults = app.faults.next_download();
    spoil::before(&faults).await?;
    let moment = app.campaign.moment();
    let made = tokio::task::spawn_blocking(move || make(&moment, &key)).await;
    let made = match spoil::expansion(&faults) {
        Some((item, bytes)) => Ok(spoil::expanded(["", item, "\n", "\n"], bytes).ok()),
        None => made,
    };
    Ok(match made {
        Ok(Some(bytes)) => serve(bytes, &headers, &faults),
        _ => (StatusCode::NOT_FOUND, "<Error><Code>NoSuchKey</Code></Error>").into_response(),
    })
}

fn make(moment: &Moment, key: &str) -> Option<Vec<u8>> {
    let mut parts: Vec<&str> = key.split('/').collect();
    let file_type = FileType::named(parts.pop()?)?;
    let leaf = moment.leaf(parts.pop()?).ok()?;
    let project = match parts.as_slice() {
        [_, root] if file_type.of_project() => moment.projects().iter().find(|project| project.root_id == *root),
        [_] if !file_type.of_project() => moment.projects().first(),
        _ => None,
    }?;
    (parts.first() == Some(&moment.plan().tenant.as_str())).then(|| pregen::file(moment, project, leaf, file_type))?
}

fn serve(bytes: Vec<u8>, headers: &HeaderMap, faults: &[FaultKind]) -> Response {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let tag = etag(&bytes);
    let total = bytes.len();
    let range = text(header::RANGE).filter(|_| text(header::IF_RANGE).is_none_or(|wanted| wanted == tag));
    let common = [
        (header::CONTENT_TYPE, "application/x-ndjson".to_owned()),
        (header::CONTENT_ENCODING, "gzip".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, tag),
    ];
    match range.map(|range| span(range, total)) {
        None => (StatusCode::OK, common, spoil::body(bytes, faults)).into_response(),
        Some(Some((from, to))) => {
            let part = [(header::CONTENT_RANGE, format!("bytes {from}-{}/{total}", to - 1))];
            (StatusCode::PARTIAL_CONTENT, common, part, spoil::body(bytes[from..to].to_vec(), faults)).into_response()
        }
        Some(None) => {
            let part = [(header::CONTENT_RANGE, format!("bytes */{total}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, part).into_response()
        }
    }
}

/// Parses `bytes=<from>-[<to>]` as a half-open range within `total` bytes.
fn span(range: &str, total: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let to = if to.is_empty() { total } else { to.parse::<usize>().ok()?.saturating_add(1).min(total) };
    (from < to).then_some((from, to))
}

/// FNV-1a of the content: enough to distinguish two generations of a file.
fn etag(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3));
    format!("\"{hash:016x}\"")
}
