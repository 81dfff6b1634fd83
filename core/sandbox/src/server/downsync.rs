//! `POST /referralmanagement/beneficiary-downsync/v1/_get`, with fault injection.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::ServerState;
use super::reply::{Refusal, ResponseInfo};
use super::{files, project, spoil};
use crate::campaign::Moment;
use crate::clock::HOUR_MS;
use crate::downsync::{DownsyncCriteria, DownsyncPage, Twist};
use crate::faults::FaultKind;

/// If the cursor is older than this, the server sends files instead of an incremental page.
const STALE_MS: i64 = 8 * HOUR_MS;

#[derive(Deserialize)]
struct Request {
    #[serde(rename = "DownsyncCriteria")]
    criteria: DownsyncCriteria,
}

#[derive(Serialize)]
struct PageResponse<'a> {
    #[serde(rename = "ResponseInfo")]
    info: ResponseInfo,
    #[serde(rename = "Downsync")]
    page: DownsyncPage<'a>,
}

/// Sends one page, or links to files. The query string is ignored, because the real controller reads only the body.
pub(super) async fn page(
    State(app): State<Arc<ServerState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (caller, Request { criteria }) = app.authorised::<Request>(&body)?;
    let faults = app.faults.next(&criteria.locality);
    spoil::before(&faults).await?;
    if faults.contains(&FaultKind::TokenExpired) {
        app.tokens.forget(&caller.token);
        return Err(Refusal::bad_token());
    }
    if criteria.tenant_id != app.campaign.plan().tenant {
        return Err(Refusal::bad_request("INVALID_TENANT_ID", "the tenant is not known here"));
    }
    let moment = app.campaign.moment();
    project::find(&moment, &criteria.project_id)?;
    let stale = criteria.last_synced_time.is_none_or(|since| since < moment.now() - STALE_MS);
    if app.pregen && stale {
        return files::links(files::host(&headers), &moment, &criteria);
    }
    let status = StatusCode::from_u16(app.accepted_status).unwrap_or(StatusCode::OK);
    let kind = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
    if let Some((item, bytes)) = spoil::expansion(&faults) {
        let criteria = serde_json::to_string(&criteria).map_err(|_| Refusal::server_error())?;
        let start = format!(r#"{{"Downsync":{{"DownsyncCriteria":{criteria},"Households":["#);
        let body = spoil::expanded([&start, item, ",", "]}}"], bytes).map_err(|_| Refusal::server_error())?;
        return Ok((status, kind, [(header::CONTENT_ENCODING, "gzip")], body).into_response());
    }
    let twisted = faults.clone();
    // Generating a large page takes time, so do it on a blocking thread.
    let bytes = tokio::task::spawn_blocking(move || draw(&moment, criteria, &twisted)).await;
    let bytes = bytes.map_err(|_| Refusal::server_error())??;
    Ok((status, kind, spoil::body(bytes, &faults)).into_response())
}

fn draw(moment: &Moment, mut criteria: DownsyncCriteria, faults: &[FaultKind]) -> Result<Vec<u8>, Refusal> {
    if faults.contains(&FaultKind::OtherProject) {
        let own = project::find(moment, &criteria.project_id)?;
        let other = moment.projects().iter().find(|project| project.id != own.id).unwrap_or(own);
        criteria.project_id.clone_from(&other.id);
    }
    let mut twist = Twist::default();
    for fault in faults {
        match fault {
            FaultKind::Overlap => twist.overlap = true,
            FaultKind::Shifted { by } => twist.shift += by,
            FaultKind::TotalCount { by } => twist.count_by += by,
            FaultKind::NullLists => twist.null_lists = true,
            _ => {}
        }
    }
    let project = project::find(moment, &criteria.project_id)?;
    let leaf = moment.leaf(&criteria.locality).ok();
    let page = DownsyncPage::draw(moment, project, leaf, criteria, twist);
    serde_json::to_vec(&PageResponse { info: ResponseInfo::at(moment.now()), page })
        .map_err(|_| Refusal::server_error())
}
