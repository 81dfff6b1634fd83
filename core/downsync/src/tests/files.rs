//! Pre-generated files.

use std::time::Duration;

use fieldcast_model::{EntityType, ServerTime};
use serde_json::{Value, json};

use super::server::{Request, Scripted, Server};
use super::{config, download, finish, root_of, session, village};
use crate::{CLOCK_OVERLAP_MS, Client, Cursor, DownsyncOptions, Error, ResolvedPage, Source, Unit};

const LINES: [(&str, &str); 4] = [
    (
        "TASKS",
        r#"{"_t":"PROJECT_TASK","clientReferenceId":"t1","projectBeneficiaryClientReferenceId":"b1"}
"#,
    ),
    (
        "HH_MEMBERS",
        r#"{"_t":"HOUSEHOLD","clientReferenceId":"h1","rowVersion":2,"auditDetails":{"lastModifiedTime":77}}
 {"_t":"HOUSEHOLD_MEMBER","clientReferenceId":"m1","householdClientReferenceId":"h1","individualClientReferenceId":"i1"}
"#,
    ),
    (
        "BENE_AE_REF",
        r#"{"_t":"PROJECT_BENEFICIARY","clientReferenceId":"b1","beneficiaryClientReferenceId":"i1"}
{"_t":"SIDE_EFFECT","clientReferenceId":"s1","taskClientReferenceId":"t1"}
{"_t":"HF_REFERRAL","clientReferenceId":"hf1"}
{"_t":"SOMETHING_NEW","clientReferenceId":"n1"}
"#,
    ),
    ("INDIVIDUALS", "{\"rowVersion\":1,\"clientReferenceId\":\"i1\",\"_t\":\"INDIVIDUAL\"}"),
];

/// Links to the four files, with correct counts.
fn links() -> Value {
    let link = |(file, lines): &(&str, &str)| json!({ "fileType": file, "url": format!("/files/{file}"), "recordCount": lines.lines().count(), "expiresAt": 1 });
    json!({ "ResponseInfo": {}, "DownloadLinks": LINES.iter().map(link).collect::<Vec<_>>() })
}

fn packed(request: &Request) -> Option<Vec<u8>> {
    let file = request.target.strip_prefix("/files/")?;
    LINES.iter().find(|(name, _)| *name == file).map(|(_, lines)| super::gzip(lines.as_bytes()))
}

fn serve(request: &Request) -> Scripted {
    match packed(request) {
        Some(bytes) => Scripted::raw(200, bytes)
            .header("content-encoding", "gzip")
            .header("etag", "\"v1\"")
            .header("last-modified", "Sun, 24 Aug 2025 01:46:40 GMT"),
        None => Scripted::json(&links()),
    }
}

fn check_records(batches: &[ResolvedPage]) {
    let all: Vec<_> = batches.iter().flat_map(|batch| batch.families.clone()).collect();
    let mut ids: Vec<_> = all.iter().map(|record| record.id.to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["b1", "h1", "i1", "m1", "s1", "t1"]);
    assert!(ids.iter().all(|id| root_of(&all, id) == "h1"));
    let individual = all.iter().find(|record| record.entity.as_str() == "Individual").unwrap();
    assert_eq!(
        individual.body.as_str(),
        r#"{"clientReferenceId":"i1","rowVersion":1}"#,
        "the tag belongs to the file and not to the record"
    );
    let project: Vec<_> = batches.iter().flat_map(|batch| &batch.project).map(|record| record.id.to_string()).collect();
    assert_eq!(project, ["hf1"]);
}

#[tokio::test]
async fn reads_same_records_from_files() {
    let server = Server::start(|_, request| serve(request)).await;
    let mut download = download(&server.url, 10);
    let page = download.next_page().await.unwrap().unwrap();
    assert_eq!((page.source, page.progress.unit, page.skipped), (Source::Files, Unit::Records, 0));
    assert_eq!((page.progress.done, page.progress.total), (8, Some(8)));
    let end = page.next.clone();
    check_records(&[super::resolved(page)]);
    assert!(end.done && end.verified_complete && end.households_total == Some(1));
    assert_eq!(end.as_of, Some(ServerTime(1_756_000_000_000 - CLOCK_OVERLAP_MS)));
    assert!(end.answered.contains(&EntityType::new("Task")));
    assert!(!end.answered.contains(&EntityType::new("Service")), "files contain no checklists");
    assert!(download.next_page().await.unwrap().is_none());
    let order: Vec<_> = server.seen().iter().skip(1).map(|request| request.target.clone()).collect();
    assert_eq!(order, ["/files/HH_MEMBERS", "/files/INDIVIDUALS", "/files/BENE_AE_REF", "/files/TASKS"]);
    assert!(server.seen()[1].body.is_empty(), "the file store gets no token");
}

#[tokio::test]
async fn resumes_file_after_broken_connection() {
    let server = Server::start(|n, request| {
        let Some(bytes) = packed(request) else { return Scripted::json(&links()) };
        let range = request
            .header("range")
            .map(|range| range["bytes=".len()..].trim_end_matches('-').parse::<usize>().unwrap());
        match range {
            Some(from) => {
                assert_eq!(request.header("if-range"), Some("\"v1\""));
                let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                Scripted::raw(206, &bytes[from..]).header("content-range", range)
            }
            None => Scripted { cut: (n % 2 == 1).then_some(bytes.len() / 2), ..serve(request) },
        }
    })
    .await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    check_records(&batches);
    assert!(end.verified_complete);
    assert!(server.seen().iter().any(|request| request.header("range").is_some()));
}

#[tokio::test]
async fn accepts_slow_file_while_bytes_arrive() {
    let server = Server::start(|_, request| {
        let Some(bytes) = packed(request) else { return Scripted::json(&links()) };
        let from =
            request.header("range").map_or(0, |range| range["bytes=".len()..].trim_end_matches('-').parse().unwrap());
        let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
        let scripted = Scripted::raw(if from > 0 { 206 } else { 200 }, &bytes[from..]).header("etag", "\"v1\"");
        Scripted { cut: Some((bytes.len() / 4 + 1).min(bytes.len() - from)), ..scripted.header("content-range", range) }
    })
    .await;
    let mut config = config(&server.url);
    config.retry.base = Duration::from_millis(100); // the wait after each of three broken connections per file
    config.timeouts.file = Duration::from_millis(250);
    let begun = tokio::time::Instant::now();
    let client = Client::new(config).unwrap();
    let mut download = client.downsync(&session(), village(), Cursor::start(), DownsyncOptions::default()).unwrap();
    let (batches, end) = finish(&mut download).await.unwrap();
    // files contain only the project-wide records of this boundary, so they are always reported
    check_records(&batches);
    assert!(end.verified_complete && !end.project_read);
    assert!(begun.elapsed() > Duration::from_millis(1000), "the download takes longer than the limit for one file");
}

#[tokio::test]
async fn rereads_file_without_range_support() {
    let server = Server::start(|n, request| {
        let scripted = serve(request);
        Scripted { cut: (n == 1).then_some(scripted.body.len() / 2), ..scripted }
    })
    .await;
    let (batches, end) = finish(&mut download(&server.url, 10)).await.unwrap();
    check_records(&batches);
    assert!(end.verified_complete);
}

#[tokio::test]
async fn restarts_after_file_was_replaced() {
    let server = Server::start(|n, request| match n {
        1 => {
            let scripted = serve(request);
            Scripted { cut: Some(scripted.body.len() / 2), ..scripted }
        }
        2 => Scripted::raw(200, packed(request).unwrap()).header("etag", "\"v2\""),
        _ => serve(request),
    })
    .await;
    let mut download = download(&server.url, 10);
    let Err(Error::BadAnswer { what }) = download.next_page().await else { panic!() };
    assert!(what.contains("replaced"));
    let (batches, end) = finish(&mut download).await.unwrap();
    check_records(&batches);
    assert!(end.verified_complete);
}

#[tokio::test]
async fn marks_missing_files_and_lines_incomplete() {
    for change in [
        |links: &mut Value| drop(links["DownloadLinks"].as_array_mut().unwrap().remove(0)),
        |links: &mut Value| links["DownloadLinks"][1]["recordCount"] = 3.into(),
        |links: &mut Value| links["DownloadLinks"][1]["recordCount"] = Value::Null,
    ] {
        let server = Server::start(move |_, request| {
            let mut links = links();
            change(&mut links);
            if packed(request).is_some() { serve(request) } else { Scripted::json(&links) }
        })
        .await;
        let (_, end) = finish(&mut download(&server.url, 10)).await.unwrap();
        assert!(end.done && !end.verified_complete);
    }
}

#[tokio::test]
async fn explains_missing_prepared_files() {
    let server = Server::start(|n, _| match n {
        0 => Scripted::json(&json!({ "ResponseInfo": {}, "DownloadLinks": [] })),
        _ => Scripted::raw(400, r#"{"ResponseInfo":null,"Errors":[{"code":"PREGEN_NOT_AVAILABLE","message":"none"}]}"#),
    })
    .await;
    let mut download = download(&server.url, 10);
    assert_eq!(download.next_page().await.unwrap_err(), Error::NotPrepared);
    assert_eq!(download.next_page().await.unwrap_err(), Error::NotPrepared);
}

#[tokio::test]
async fn rejects_damaged_files_and_counts_broken_lines() {
    let server = Server::start(|_, request| match packed(request) {
        Some(_) => Scripted::raw(
            200,
            b"{\"_t\":\"HOUSEHOLD\",\"clientReferenceId\":\"h1\"}\n{\"_t\":\n\xff\n{\"x\":1}\n{\"_t\":\"TASK\"}\n",
        ),
        None => Scripted::json(&links()),
    })
    .await;
    let page = download(&server.url, 10).next_page().await.unwrap().unwrap();
    assert_eq!(
        (page.records.len(), page.skipped),
        (4, 4 * 3),
        "plain text is accepted, and unknown types are not counted"
    );

    let server = Server::start(|_, request| match packed(request) {
        Some(bytes) => Scripted::raw(200, &bytes[..bytes.len() - 9]),
        None => Scripted::json(&links()),
    })
    .await;
    assert!(matches!(download(&server.url, 10).next_page().await, Err(Error::BadAnswer { .. })));

    let server =
        Server::start(
            |_, request| if packed(request).is_some() { Scripted::raw(403, "") } else { Scripted::json(&links()) },
        )
        .await;
    let Err(Error::BadAnswer { what }) = download(&server.url, 10).next_page().await else { panic!() };
    assert!(what.contains("expired"));

    let link = json!({ "DownloadLinks": [{ "fileType": "TASKS", "url": "http://files.example/x", "recordCount": 1 }] });
    let server = Server::start(move |_, _| Scripted::json(&link)).await;
    assert!(
        matches!(download(&server.url, 10).next_page().await, Err(Error::Config { .. })),
        "health data must not be sent unencrypted"
    );
}

#[tokio::test]
async fn splits_large_file_into_pages() {
    let link = json!({ "DownloadLinks": [{ "fileType": "HH_MEMBERS", "url": "/big", "recordCount": 7_000 }] });
    let line = |n| format!("{{\"_t\":\"HOUSEHOLD\",\"clientReferenceId\":\"h{n}\",\"noise\":{}}}\n", n * 7919 % 99_991);
    let lines: String = (0..7_000).map(line).collect();
    let bytes = super::gzip(lines.as_bytes());
    let server = Server::start(move |_, request| match request.target.as_str() {
        "/big" => Scripted::raw(200, bytes.clone()),
        _ => Scripted::json(&link),
    })
    .await;
    let mut download = download(&server.url, 10);
    let (mut records, mut pages) = (0, 0);
    while let Some(page) = download.next_page().await.unwrap() {
        pages += 1;
        records += page.records.len();
        assert_eq!(page.progress.done, records as u64);
        if !page.next.done {
            assert_eq!(page.next, crate::Cursor::start(), "a killed process starts again");
        }
    }
    assert!(pages > 1 && records == 7_000, "{pages} pages, {records} records");
}
