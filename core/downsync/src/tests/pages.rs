//! Pages, and all known kinds of unusual answers.

use std::time::Duration;

use fieldcast_model::{EntityType, RecordId, ServerTime};
use serde_json::{Value, json};

use super::server::{Scripted, Server};
use super::{PHONE_CLOCK, config, download, finish, household, page, resolved, session, village};
use crate::{CLOCK_OVERLAP_MS, Client, Cursor, DownsyncOptions, Error};

/// Serves `total` households by offset and limit, as the live service does.
fn honest(criteria: &Value, total: u64) -> Value {
    let (offset, limit) = (criteria["offset"].as_u64().unwrap(), criteria["limit"].as_u64().unwrap());
    let rows: Vec<_> = (offset..(offset + limit).min(total)).map(|n| household(&format!("h{n:03}"))).collect();
    let referrals = [json!({ "clientReferenceId": "r1", "rowVersion": 1 })];
    page(criteria, total, json!({ "Households": rows, "HFReferrals": referrals }))
}

#[tokio::test]
async fn requests_pages_in_body_until_total() {
    let server = Server::start(|_, request| Scripted::json(&honest(&request.criteria(), 25))).await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    let sizes: Vec<_> = batches.iter().map(|batch| (batch.families.len(), batch.project.len())).collect();
    assert_eq!(sizes, [(10, 1), (10, 0), (5, 0)], "project-wide records are reported once");
    assert!(end.done && end.verified_complete && end.households_total == Some(25));
    assert_eq!(end.as_of, Some(ServerTime(1_756_000_000_000 - CLOCK_OVERLAP_MS)));
    assert_eq!(end.answered, ["HFReferral", "Household"].map(EntityType::new).into());
    assert!(end.project_read);
    let asked = server.seen()[1].criteria();
    assert_eq!(
        asked,
        json!({ "locality": "V1", "tenantId": "mz", "projectId": "p", "offset": 10, "limit": 10, "includeDeleted": true })
    );
    assert!(server.seen()[1].json()["RequestInfo"]["authToken"] == "the-token");
}

#[tokio::test]
async fn resumes_download_from_stored_cursor() {
    let server = Server::start(|_, request| Scripted::json(&honest(&request.criteria(), 25))).await;
    let mut first = download(&server.url, 10);
    let stored = first.next_page().await.unwrap().unwrap().next;
    let client = Client::new(config(&server.url)).unwrap();
    let mut second = client.downsync(&session(), village(), stored, DownsyncOptions::default()).unwrap();
    let (batches, end) = finish(&mut second).await.unwrap();
    assert_eq!(batches[0].families[0].id, RecordId::parse("h010"));
    assert!(end.done && end.verified_complete);
    assert!(second.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn keeps_every_field_and_reads_envelope() {
    let server = Server::start(|_, request| {
        let raw = r#"{ "zz": 1.00, "clientReferenceId": "h1", "rowVersion": 3, "isDeleted": true, "n": null,
                       "auditDetails": {"lastModifiedTime": 17}, "nested": {"b": [], "a": "\u00e9"} }"#;
        let text = page(&request.criteria(), 1, json!({ "Households": ["@"], "BeneficiaryInfo": [1], "Unheard": {} }));
        Scripted::raw(202, text.to_string().replace("\"@\"", raw))
    })
    .await;
    let (batches, _) = finish(&mut download(&server.url, 10)).await.unwrap();
    let record = &batches[0].families[0];
    assert_eq!((record.row_version, record.modified, record.deleted), (3, ServerTime(17), true));
    assert_eq!(record.root, record.id);
    assert_eq!(
        record.body.as_str(),
        r#"{"auditDetails":{"lastModifiedTime":17},"clientReferenceId":"h1","isDeleted":true,"n":null,"nested":{"a":"é","b":[]},"rowVersion":3,"zz":1.00}"#
    );
}

#[tokio::test]
async fn fills_envelope_defaults_and_counts_missing_ids() {
    let server = Server::start(|_, request| {
        let rows =
            json!([{ "id": "H-1", "auditDetails": null, "clientReferenceId": null }, { "rowVersion": 1 }, null, 7]);
        let services = json!([{ "clientId": "s1", "referenceId": "H-1", "auditDetails": { "lastModifiedTime": 5 } }]);
        Scripted::json(&page(&request.criteria(), 4, json!({ "Households": rows, "Services": services })))
    })
    .await;
    let mut download = download(&server.url, 10);
    let page = download.next_page().await.unwrap().unwrap();
    assert_eq!(page.skipped, 3);
    assert!(page.next.verified_complete, "unreadable rows do not make the paging incomplete");
    let batch = resolved(page);
    let household = &batch.families[0];
    assert_eq!(
        (household.id.to_string().as_str(), household.row_version, household.modified),
        ("H-1", 0, ServerTime(0))
    );
    let service = &batch.families[1];
    assert_eq!((service.id.to_string(), service.root.to_string(), service.row_version), ("s1".into(), "H-1".into(), 0));
    assert_eq!(service.modified, ServerTime(5));
}

#[tokio::test]
async fn skips_records_with_oversized_ids() {
    let server = Server::start(|_, request| {
        let rows = [256, 257].map(|bytes| json!({ "clientReferenceId": "i".repeat(bytes) }));
        Scripted::json(&page(&request.criteria(), 2, json!({ "Households": rows })))
    })
    .await;
    let page = download(&server.url, 10).next_page().await.unwrap().unwrap();
    assert_eq!((page.skipped, resolved(page).families.len()), (1, 1));
}

#[tokio::test]
async fn keeps_newest_copy_in_page() {
    let server = Server::start(|_, request| {
        let row = |version: i64, modified: i64, note: &str| {
            json!({ "clientReferenceId": "h1", "rowVersion": version, "auditDetails": { "lastModifiedTime": modified }, "note": note })
        };
        let rows = [row(2, 5, "b"), row(3, 1, "c"), row(3, 1, "d"), row(3, 1, "c"), row(1, 9, "a")];
        Scripted::json(&page(&request.criteria(), 1, json!({ "Households": rows })))
    })
    .await;
    let (batches, _) = finish(&mut download(&server.url, 10)).await.unwrap();
    let [kept] = batches[0].families.as_slice() else { panic!() };
    assert_eq!(kept.row_version, 3);
    let other = if kept.body.as_str().contains("\"c\"") { "\"d\"" } else { "\"c\"" };
    let other = kept.body.as_str().replace("\"c\"", other).replace("\"d\"", other);
    let other = fieldcast_model::Record { body: fieldcast_model::Json::parse(&other).unwrap(), ..kept.clone() };
    assert!(kept.stamp() > other.stamp(), "at the same version and time, the hash decides");
}

#[tokio::test]
async fn retries_foreign_cached_page_with_other_limit() {
    let server = Server::start(|_, request| {
        let mut criteria = request.criteria();
        if criteria["offset"] == 10 && criteria["limit"].as_u64().unwrap() < 12 {
            criteria["projectId"] = "somebody-elses".into();
        }
        Scripted::json(&honest(&criteria, 25))
    })
    .await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    let limits: Vec<_> = server.seen().iter().map(|request| request.criteria()["limit"].as_u64().unwrap()).collect();
    assert_eq!(limits, [10, 10, 11, 12, 10]);
    assert_eq!(batches.iter().map(|batch| batch.families.len()).sum::<usize>(), 25);
    assert!(end.verified_complete);
}

#[tokio::test]
async fn fails_if_cache_returns_only_foreign_pages() {
    let server = Server::start(|_, request| {
        let mut criteria = request.criteria();
        criteria["lastSyncedTime"] = 1_756_000_000_000_i64.into();
        Scripted::json(&honest(&criteria, 25))
    })
    .await;
    let Err(Error::BadAnswer { what }) = download(&server.url, 10).next_page().await else { panic!() };
    assert!(what.contains("another request"));
}

#[tokio::test]
async fn advances_by_requested_limit_on_overlapping_pages() {
    let server = Server::start(|_, request| {
        let criteria = request.criteria();
        let (offset, limit) = (criteria["offset"].as_u64().unwrap(), criteria["limit"].as_u64().unwrap());
        let rows: Vec<_> =
            (offset.saturating_sub(1)..(offset + limit).min(25)).map(|n| household(&format!("h{n:03}"))).collect();
        Scripted::json(&page(&criteria, 25, json!({ "Households": rows })))
    })
    .await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.families.len()).collect::<Vec<_>>(), [10, 11, 6]);
    assert!(end.verified_complete && end.offset == 30);
}

#[tokio::test]
async fn marks_download_incomplete_after_short_page() {
    let server = Server::start(|n, request| {
        let mut answer = honest(&request.criteria(), 25);
        if n == 1 {
            answer["Downsync"]["Households"] = Value::Null;
        }
        Scripted::json(&answer)
    })
    .await;
    let (_, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    assert!(end.done && !end.verified_complete);
}

#[tokio::test]
async fn ignores_echoed_phone_clock() {
    let server = Server::start(|n, request| {
        let mut answer = honest(&request.criteria(), 1);
        answer["ResponseInfo"]["ts"] = request.json()["RequestInfo"]["ts"].clone();
        assert_eq!(answer["ResponseInfo"]["ts"], PHONE_CLOCK);
        let scripted = Scripted::json(&answer);
        if n == 0 { scripted.header("date", "Sun, 24 Aug 2025 01:46:40 GMT") } else { scripted }
    })
    .await;
    let as_of =
        async || download(&server.url, 10).next_page().await.unwrap().unwrap().next.as_of.unwrap().0 + CLOCK_OVERLAP_MS;
    assert_eq!(as_of().await, 1_756_000_000_000, "the Date header");
    assert_eq!(as_of().await, 1_755_000_000_000, "the time of the newest record");
}

#[tokio::test]
async fn retries_temporary_errors() {
    let server = Server::start(|n, request| {
        let good = Scripted::json(&honest(&request.criteria(), 2));
        match n {
            0 => Scripted::raw(500, r#"{"Errors":[{"code":"X","message":"boom"}]}"#),
            1 => Scripted { cut: Some(good.body.len() / 2), ..good },
            2 => Scripted::raw(200, good.body[..good.body.len() / 2].to_vec()),
            _ => good,
        }
    })
    .await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    assert_eq!(batches[0].families.len(), 2);
    assert!(end.verified_complete);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn never_retries_permanent_errors() {
    for (status, error) in [(401, Error::SessionExpired), (403, Error::Forbidden)] {
        let server = Server::start(move |_, _| Scripted::raw(status, "{}")).await;
        assert_eq!(download(&server.url, 10).next_page().await.unwrap_err(), error);
        assert_eq!(server.seen().len(), 1);
    }
    let server =
        Server::start(|_, _| Scripted::raw(400, r#"{"Errors":[{"code":"INVALID_TENANT_ID","message":"x"}]}"#)).await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::Server { status: 400, .. })));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn gives_up_after_maximum_attempts() {
    let server = Server::start(|_, _| Scripted::raw(503, "")).await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::Server { status: 503, .. })));
    assert_eq!(server.seen().len(), 4);
    let gone = download("http://127.0.0.1:9", 10).next_page().await;
    let Err(Error::Unreachable { reason }) = gone else { panic!() };
    assert!(reason.starts_with("no connection") && !reason.contains("127.0.0.1"), "{reason}");
}

#[tokio::test]
async fn halves_page_after_timeout() {
    let server = Server::start(|_, request| {
        let criteria = request.criteria();
        let hang = criteria["limit"].as_u64().unwrap() > 20;
        Scripted { hang, ..Scripted::json(&honest(&criteria, 30)) }
    })
    .await;
    let mut download = download(&server.url, 80);
    let page = download.next_page().await.unwrap().unwrap();
    assert_eq!((page.next.offset, page.next.limit), (20, 25), "the limit increases again step by step");
}

#[tokio::test]
async fn stops_reading_body_above_limit() {
    let body = super::gzip(&vec![b' '; 8 << 20]);
    let server = Server::start(move |_, _| Scripted::raw(200, body.clone()).header("content-encoding", "gzip")).await;
    let mut config = config(&server.url);
    config.limits.answer_bytes = 1 << 20;
    let client = Client::new(config).unwrap();
    let mut download = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    assert_eq!(download.next_page().await.unwrap_err(), Error::TooLarge { limit: 1 << 20 });
    let limits: Vec<_> = server.seen().iter().map(|request| request.criteria()["limit"].as_u64().unwrap()).collect();
    assert_eq!(limits, [100, 50, 25, 12]);
}

#[tokio::test]
async fn requests_smaller_pages_for_large_records() {
    let server = Server::start(|_, request| Scripted::json(&honest(&request.criteria(), 100))).await;
    let mut config = config(&server.url);
    (config.limits.answer_bytes, config.limits.small_answer_bytes) = (60 << 10, 20 << 10);
    let client = Client::new(config).unwrap();
    let mut download = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    let page = download.next_page().await.unwrap().unwrap();
    assert!(page.json_bytes < 20 << 10, "the text alone is small");
    assert_eq!((page.next.offset, server.seen().len()), (25, 3));
}

#[tokio::test]
async fn rejects_endless_list_of_links() {
    let links = format!(r#"{{"DownloadLinks":[{}]}}"#, vec!["{}"; 2_000].join(","));
    let server = Server::start(move |_, _| Scripted::raw(200, links.as_str())).await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::BadAnswer { .. })));
}

#[tokio::test]
async fn reads_only_start_of_error_body() {
    let body = super::gzip(&vec![b' '; 8 << 20]);
    let server = Server::start(move |_, _| Scripted::raw(400, body.clone())).await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::Server { status: 400, .. })));
}

#[tokio::test]
async fn times_out_slow_body() {
    let server = Server::start(|_, _| Scripted { cut: Some(1), hang: true, ..Scripted::raw(200, "{}") }).await;
    let mut config = config(&server.url);
    config.timeouts.idle = Duration::from_secs(60);
    config.timeouts.answer = Duration::from_millis(50);
    let client = Client::new(config).unwrap();
    let mut download = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    assert_eq!(download.next_page().await.unwrap_err(), Error::unreachable("it took too long"));
}

#[tokio::test]
async fn reports_packed_and_unpacked_size() {
    let server = Server::start(|_, request| {
        let text = honest(&request.criteria(), 9).to_string();
        Scripted::raw(200, super::gzip(text.as_bytes())).header("content-encoding", "gzip")
    })
    .await;
    let page = download(&server.url, 10).next_page().await.unwrap().unwrap();
    assert_eq!(page.records.len(), 10);
    assert!(page.json_bytes > 4 * page.wire_bytes && page.wire_bytes > 100);
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn rejects_captive_portal_page() {
    let server = Server::start(|_, _| Scripted::raw(200, "<!DOCTYPE html><title>Airport WiFi</title>")).await;
    let Err(Error::Unreachable { reason }) = download(&server.url, 10).next_page().await else { panic!() };
    assert!(reason.contains("sign-in"));
    let server = Server::start(|_, _| Scripted::raw(302, "").header("location", "http://login.example")).await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::Server { status: 302, .. })));
}

#[tokio::test]
async fn rejects_answers_in_other_form() {
    for body in ["{}", r#"{"Downsync":null}"#, r#"{"Downsync":{"Households":[]}}"#, "[]", "7", "\u{feff}"] {
        let server = Server::start(move |_, _| Scripted::raw(200, body)).await;
        assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::BadAnswer { .. })), "{body}");
    }
}

#[tokio::test]
async fn requests_same_page_after_error() {
    let server =
        Server::start(
            |n, request| if n == 1 { Scripted::raw(401, "") } else { Scripted::json(&honest(&request.criteria(), 25)) },
        )
        .await;
    let mut download = download(&server.url, 10);
    download.next_page().await.unwrap().unwrap();
    assert_eq!(download.next_page().await.unwrap_err(), Error::SessionExpired);
    assert_eq!(download.next_page().await.unwrap().unwrap().next.offset, 20);
}
