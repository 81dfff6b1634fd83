//! Pages, and every way a server is known to give odd ones.

use std::time::Duration;

use fieldcast_model::{EntityType, RecordId, ServerTime};
use serde_json::{Value, json};

use super::server::{Say, Server};
use super::{PHONE_CLOCK, config, finish, household, page, resolved, session, village, walk};
use crate::{CLOCK_OVERLAP_MS, Client, Cursor, DownsyncOptions, Error};

/// `total` households served by offset and limit, as the live path does.
fn honest(criteria: &Value, total: u64) -> Value {
    let (offset, limit) = (criteria["offset"].as_u64().unwrap(), criteria["limit"].as_u64().unwrap());
    let rows: Vec<_> = (offset..(offset + limit).min(total)).map(|n| household(&format!("h{n:03}"))).collect();
    let referrals = [json!({ "clientReferenceId": "r1", "rowVersion": 1 })];
    page(criteria, total, json!({ "Households": rows, "HFReferrals": referrals }))
}

#[tokio::test]
async fn pages_are_asked_for_in_the_body_and_end_at_the_total() {
    let server = Server::start(|_, request| Say::json(&honest(&request.criteria(), 25))).await;
    let (batches, end) = finish(&mut walk(&server.url, 10)).await.unwrap();
    let sizes: Vec<_> = batches.iter().map(|batch| (batch.families.len(), batch.project.len())).collect();
    assert_eq!(sizes, [(10, 1), (10, 0), (5, 0)], "what every page repeats is reported once");
    assert!(end.done && end.sound && end.households_total == Some(25));
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
async fn a_walk_goes_on_from_a_stored_cursor() {
    let server = Server::start(|_, request| Say::json(&honest(&request.criteria(), 25))).await;
    let mut first = walk(&server.url, 10);
    let stored = first.next_page().await.unwrap().unwrap().next;
    let client = Client::new(config(&server.url)).unwrap();
    let mut second = client.downsync(&session(), village(), stored, DownsyncOptions::default()).unwrap();
    let (batches, end) = finish(&mut second).await.unwrap();
    assert_eq!(batches[0].families[0].id, RecordId::parse("h010"));
    assert!(end.done && end.sound);
    assert!(second.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn a_record_keeps_every_field_and_its_envelope_is_read() {
    let server = Server::start(|_, request| {
        let raw = r#"{ "zz": 1.00, "clientReferenceId": "h1", "rowVersion": 3, "isDeleted": true, "n": null,
                       "auditDetails": {"lastModifiedTime": 17}, "nested": {"b": [], "a": "\u00e9"} }"#;
        let text = page(&request.criteria(), 1, json!({ "Households": ["@"], "BeneficiaryInfo": [1], "Unheard": {} }));
        Say::raw(202, text.to_string().replace("\"@\"", raw))
    })
    .await;
    let (batches, _) = finish(&mut walk(&server.url, 10)).await.unwrap();
    let record = &batches[0].families[0];
    assert_eq!((record.row_version, record.modified, record.deleted), (3, ServerTime(17), true));
    assert_eq!(record.root, record.id);
    assert_eq!(
        record.body.as_str(),
        r#"{"auditDetails":{"lastModifiedTime":17},"clientReferenceId":"h1","isDeleted":true,"n":null,"nested":{"a":"é","b":[]},"rowVersion":3,"zz":1.00}"#
    );
}

#[tokio::test]
async fn poor_envelopes_have_defaults_and_what_has_no_id_is_counted() {
    let server = Server::start(|_, request| {
        let rows =
            json!([{ "id": "H-1", "auditDetails": null, "clientReferenceId": null }, { "rowVersion": 1 }, null, 7]);
        let services = json!([{ "clientId": "s1", "referenceId": "H-1", "auditDetails": { "lastModifiedTime": 5 } }]);
        Say::json(&page(&request.criteria(), 4, json!({ "Households": rows, "Services": services })))
    })
    .await;
    let mut walk = walk(&server.url, 10);
    let page = walk.next_page().await.unwrap().unwrap();
    assert_eq!(page.skipped, 3);
    assert!(page.next.sound, "rows that cannot be read were still not missed by the paging");
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
async fn copies_in_a_page_leave_the_newest() {
    let server = Server::start(|_, request| {
        let row = |version: i64, modified: i64, note: &str| {
            json!({ "clientReferenceId": "h1", "rowVersion": version, "auditDetails": { "lastModifiedTime": modified }, "note": note })
        };
        let rows = [row(2, 5, "b"), row(3, 1, "c"), row(3, 1, "d"), row(3, 1, "c"), row(1, 9, "a")];
        Say::json(&page(&request.criteria(), 1, json!({ "Households": rows })))
    })
    .await;
    let (batches, _) = finish(&mut walk(&server.url, 10)).await.unwrap();
    let [kept] = batches[0].families.as_slice() else { panic!() };
    assert_eq!(kept.row_version, 3);
    let other = if kept.body.as_str().contains("\"c\"") { "\"d\"" } else { "\"c\"" };
    let other = kept.body.as_str().replace("\"c\"", other).replace("\"d\"", other);
    let other = fieldcast_model::Record { body: fieldcast_model::Json::parse(&other).unwrap(), ..kept.clone() };
    assert!(kept.stamp() > other.stamp(), "at equal version and time the hash decides");
}

#[tokio::test]
async fn another_ones_cached_page_is_asked_for_differently() {
    let server = Server::start(|_, request| {
        let mut criteria = request.criteria();
        if criteria["offset"] == 10 && criteria["limit"].as_u64().unwrap() < 12 {
            criteria["projectId"] = "somebody-elses".into();
        }
        Say::json(&honest(&criteria, 25))
    })
    .await;
    let (batches, end) = finish(&mut walk(&server.url, 10)).await.unwrap();
    let limits: Vec<_> = server.seen().iter().map(|request| request.criteria()["limit"].as_u64().unwrap()).collect();
    assert_eq!(limits, [10, 10, 11, 12, 10]);
    assert_eq!(batches.iter().map(|batch| batch.families.len()).sum::<usize>(), 25);
    assert!(end.sound);
}

#[tokio::test]
async fn a_cache_that_never_gives_our_page_is_an_error() {
    let server = Server::start(|_, request| {
        let mut criteria = request.criteria();
        criteria["lastSyncedTime"] = 1_756_000_000_000_i64.into();
        Say::json(&honest(&criteria, 25))
    })
    .await;
    let Err(Error::BadAnswer { what }) = walk(&server.url, 10).next_page().await else { panic!() };
    assert!(what.contains("another request"));
}

#[tokio::test]
async fn overlapping_pages_step_by_what_was_asked() {
    let server = Server::start(|_, request| {
        let criteria = request.criteria();
        let (offset, limit) = (criteria["offset"].as_u64().unwrap(), criteria["limit"].as_u64().unwrap());
        let rows: Vec<_> =
            (offset.saturating_sub(1)..(offset + limit).min(25)).map(|n| household(&format!("h{n:03}"))).collect();
        Say::json(&page(&criteria, 25, json!({ "Households": rows })))
    })
    .await;
    let (batches, end) = finish(&mut walk(&server.url, 10)).await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.families.len()).collect::<Vec<_>>(), [10, 11, 6]);
    assert!(end.sound && end.offset == 30);
}

#[tokio::test]
async fn a_page_that_is_short_is_remembered_as_unsound() {
    let server = Server::start(|n, request| {
        let mut answer = honest(&request.criteria(), 25);
        if n == 1 {
            answer["Downsync"]["Households"] = Value::Null;
        }
        Say::json(&answer)
    })
    .await;
    let (_, end) = finish(&mut walk(&server.url, 10)).await.unwrap();
    assert!(end.done && !end.sound);
}

#[tokio::test]
async fn the_phones_clock_echoed_is_not_the_servers() {
    let server = Server::start(|n, request| {
        let mut answer = honest(&request.criteria(), 1);
        answer["ResponseInfo"]["ts"] = request.json()["RequestInfo"]["ts"].clone();
        assert_eq!(answer["ResponseInfo"]["ts"], PHONE_CLOCK);
        let say = Say::json(&answer);
        if n == 0 { say.header("date", "Sun, 24 Aug 2025 01:46:40 GMT") } else { say }
    })
    .await;
    let as_of =
        async || walk(&server.url, 10).next_page().await.unwrap().unwrap().next.as_of.unwrap().0 + CLOCK_OVERLAP_MS;
    assert_eq!(as_of().await, 1_756_000_000_000, "the Date header");
    assert_eq!(as_of().await, 1_755_000_000_000, "the newest record");
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = Server::start(|n, request| {
        let good = Say::json(&honest(&request.criteria(), 2));
        match n {
            0 => Say::raw(500, r#"{"Errors":[{"code":"X","message":"boom"}]}"#),
            1 => Say { cut: Some(good.body.len() / 2), ..good },
            2 => Say::raw(200, good.body[..good.body.len() / 2].to_vec()),
            _ => good,
        }
    })
    .await;
    let (batches, end) = finish(&mut walk(&server.url, 10)).await.unwrap();
    assert_eq!(batches[0].families.len(), 2);
    assert!(end.sound);
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn what_cannot_pass_is_not_tried_again() {
    for (status, error) in [(401, Error::SessionExpired), (403, Error::Forbidden)] {
        let server = Server::start(move |_, _| Say::raw(status, "{}")).await;
        assert_eq!(walk(&server.url, 10).next_page().await.unwrap_err(), error);
        assert_eq!(server.seen().len(), 1);
    }
    let server =
        Server::start(|_, _| Say::raw(400, r#"{"Errors":[{"code":"INVALID_TENANT_ID","message":"x"}]}"#)).await;
    assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::Server { status: 400, .. })));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn errors_are_given_up_after_so_many_attempts() {
    let server = Server::start(|_, _| Say::raw(503, "")).await;
    assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::Server { status: 503, .. })));
    assert_eq!(server.seen().len(), 4);
    let gone = walk("http://127.0.0.1:9", 10).next_page().await;
    let Err(Error::Unreachable { reason }) = gone else { panic!() };
    assert!(reason.starts_with("no connection") && !reason.contains("127.0.0.1"), "{reason}");
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_asked_for_in_halves() {
    let server = Server::start(|_, request| {
        let criteria = request.criteria();
        let hang = criteria["limit"].as_u64().unwrap() > 20;
        Say { hang, ..Say::json(&honest(&criteria, 30)) }
    })
    .await;
    let mut walk = walk(&server.url, 80);
    let page = walk.next_page().await.unwrap().unwrap();
    assert_eq!((page.next.offset, page.next.limit), (20, 25), "and grows back step by step");
}

#[tokio::test]
async fn a_body_larger_than_the_cap_is_cut() {
    let server =
        Server::start(|_, _| Say::raw(200, super::gzip(&vec![b' '; 8 << 20])).header("content-encoding", "gzip")).await;
    let mut config = config(&server.url);
    config.limits.answer_bytes = 1 << 20;
    let client = Client::new(config).unwrap();
    let mut walk = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    assert_eq!(walk.next_page().await.unwrap_err(), Error::TooLarge { limit: 1 << 20 });
    let limits: Vec<_> = server.seen().iter().map(|request| request.criteria()["limit"].as_u64().unwrap()).collect();
    assert_eq!(limits, [100, 50, 25, 12]);
}

#[tokio::test]
async fn asks_for_smaller_pages_when_the_records_take_too_much_memory() {
    let server = Server::start(|_, request| Say::json(&honest(&request.criteria(), 100))).await;
    let mut config = config(&server.url);
    (config.limits.answer_bytes, config.limits.small_answer_bytes) = (60 << 10, 20 << 10);
    let client = Client::new(config).unwrap();
    let mut walk = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    let page = walk.next_page().await.unwrap().unwrap();
    assert!(page.json_bytes < 20 << 10, "its text alone is small");
    assert_eq!((page.next.offset, server.seen().len()), (25, 3));
}

#[tokio::test]
async fn refuses_a_list_of_links_without_end() {
    let links = format!(r#"{{"DownloadLinks":[{}]}}"#, vec!["{}"; 2_000].join(","));
    let server = Server::start(move |_, _| Say::raw(200, links.as_str())).await;
    assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::BadAnswer { .. })));
}

#[tokio::test]
async fn reads_no_more_of_an_error_than_its_start() {
    let server = Server::start(|_, _| Say::raw(400, super::gzip(&vec![b' '; 8 << 20]))).await;
    assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::Server { status: 400, .. })));
}

#[tokio::test]
async fn a_body_that_only_trickles_ends_too() {
    let server = Server::start(|_, _| Say { cut: Some(1), hang: true, ..Say::raw(200, "{}") }).await;
    let mut config = config(&server.url);
    config.timeouts.idle = Duration::from_secs(60);
    config.timeouts.answer = Duration::from_millis(50);
    let client = Client::new(config).unwrap();
    let mut walk = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    assert_eq!(walk.next_page().await.unwrap_err(), Error::unreachable("it took too long"));
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_both_sizes_told() {
    let server = Server::start(|_, request| {
        let text = honest(&request.criteria(), 9).to_string();
        Say::raw(200, super::gzip(text.as_bytes())).header("content-encoding", "gzip")
    })
    .await;
    let page = walk(&server.url, 10).next_page().await.unwrap().unwrap();
    assert_eq!(page.records.len(), 10);
    assert!(page.json_bytes > 4 * page.wire_bytes && page.wire_bytes > 100);
    assert_eq!(server.seen()[0].header("accept-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_sign_in_page_is_no_data() {
    let server = Server::start(|_, _| Say::raw(200, "<!DOCTYPE html><title>Airport WiFi</title>")).await;
    let Err(Error::Unreachable { reason }) = walk(&server.url, 10).next_page().await else { panic!() };
    assert!(reason.contains("sign-in"));
    let server = Server::start(|_, _| Say::raw(302, "").header("location", "http://login.example")).await;
    assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::Server { status: 302, .. })));
}

#[tokio::test]
async fn answers_of_another_form_are_refused() {
    for body in ["{}", r#"{"Downsync":null}"#, r#"{"Downsync":{"Households":[]}}"#, "[]", "7", "\u{feff}"] {
        let server = Server::start(move |_, _| Say::raw(200, body)).await;
        assert!(matches!(walk(&server.url, 10).next_page().await, Err(Error::BadAnswer { .. })), "{body}");
    }
}

#[tokio::test]
async fn after_an_error_the_same_page_is_asked_for_again() {
    let server = Server::start(
        |n, request| if n == 1 { Say::raw(401, "") } else { Say::json(&honest(&request.criteria(), 25)) },
    )
    .await;
    let mut walk = walk(&server.url, 10);
    walk.next_page().await.unwrap().unwrap();
    assert_eq!(walk.next_page().await.unwrap_err(), Error::SessionExpired);
    assert_eq!(walk.next_page().await.unwrap().unwrap().next.offset, 20);
}
