//! Tests against a scripted server, and shared helpers.

mod files;
mod login;
mod pages;
mod roots;
mod sandbox;
mod schema;
mod server;

use std::io::Write;
use std::time::Duration;

use fieldcast_model::{Dataset, Json, Record, RecordId};
use serde_json::{Value, json};

use crate::{
    Client, Cursor, Downsync, DownsyncOptions, Error, Page, ResolvedPage, RetryPolicy, ServerConfig, Session, Timeouts,
    UserRole,
};

/// The phone's clock in tests. The server has another clock.
pub(crate) const PHONE_CLOCK: i64 = 1_111_111_111_111;

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Settings for a server on loopback, with short time limits and retry intervals.
fn config(url: &str) -> ServerConfig {
    ServerConfig {
        retry: RetryPolicy { attempts: 4, base: Duration::from_millis(1), random: || 1.0, ..RetryPolicy::default() },
        timeouts: Timeouts { idle: Duration::from_millis(400), ..Timeouts::default() },
        clock: || PHONE_CLOCK,
        ..ServerConfig::new(url, "mz")
    }
}

fn session() -> Session {
    Session {
        access_token: "the-token".into(),
        expires_at: None,
        user_uuid: "u".into(),
        user_name: "asha".into(),
        name: "Asha".into(),
        roles: vec![UserRole { code: "DISTRIBUTOR".into(), name: String::new() }],
        user_info: Json::parse(r#"{"id":1,"uuid":"u"}"#).unwrap(),
    }
}

fn village() -> Dataset {
    Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("V1".into()) }
}

/// A download of [`village`] with pages of `limit` households.
fn download(url: &str, limit: u32) -> Downsync {
    let mut config = config(url);
    config.limits.page = limit;
    let options = DownsyncOptions { project_records: true, ..DownsyncOptions::default() };
    Client::new(config).unwrap().downsync(&session(), village(), Cursor::start(), options).unwrap()
}

/// All pages, resolved with an empty store, and the cursor at the end.
async fn finish(download: &mut Downsync) -> Result<(Vec<ResolvedPage>, Cursor), Error> {
    let (mut batches, mut end) = (Vec::new(), Cursor::start());
    while let Some(page) = download.next_page().await? {
        end = page.next.clone();
        batches.push(resolved(page));
    }
    Ok((batches, end))
}

fn resolved(page: Page) -> ResolvedPage {
    page.records.resolve(|wanted| Ok::<_, Error>(vec![None; wanted.len()])).unwrap()
}

/// The id of the record's root, as text.
fn root_of(records: &[Record], id: &str) -> String {
    records.iter().find(|record| record.id == RecordId::parse(id)).unwrap().root.to_string()
}

/// A page from the server: `lists` with `criteria` and `total`.
fn page(criteria: &Value, total: u64, lists: Value) -> Value {
    let mut downsync = json!({
        "Households": null, "HouseholdMembers": null, "Individuals": null, "ProjectBeneficiaries": null, "Tasks": null,
        "SideEffects": null, "Referrals": null, "HFReferrals": null, "Services": null,
    });
    downsync.as_object_mut().unwrap().extend(lists.as_object().unwrap().clone());
    downsync["DownsyncCriteria"] = criteria.clone();
    downsync["DownsyncCriteria"]["totalCount"] = total.into();
    json!({ "ResponseInfo": { "ts": 1_756_000_000_000_i64, "status": "successful" }, "Downsync": downsync })
}

fn household(id: &str) -> Value {
    json!({
        "id": format!("H-{id}"), "clientReferenceId": id, "rowVersion": 1, "isDeleted": false, "memberCount": 2,
        "auditDetails": { "lastModifiedTime": 1_755_000_000_000_i64 }, "address": { "locality": { "code": "V1" } },
    })
}
