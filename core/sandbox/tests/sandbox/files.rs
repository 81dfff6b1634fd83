//! Pre-generated files.

use std::collections::HashMap;
use std::io::Read;

use fieldcast_sandbox::{Fault, FaultKind, SandboxConfig, When};
use serde_json::{Value, json};

use crate::support::{Client, config};

async fn start() -> (Client, Value) {
    let client = Client::start(SandboxConfig { pregen: true, ..config() }).await;
    let mut criteria = client.criteria(0, 0, 50);
    criteria["projectId"] = json!(client.moment().projects()[0].root_id);
    (client, criteria)
}

/// Returns the bytes of the file as stored. A client that decompresses gzip itself could not resume.
async fn fetch(client: &Client, url: &str, headers: &[(&str, &str)]) -> (u16, HashMap<String, String>, Vec<u8>) {
    let http = reqwest::Client::builder().no_gzip().build().expect("a client");
    let request = headers.iter().fold(http.get(url), |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.expect("an answer");
    assert!(url.starts_with(&client.sandbox.url()));
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect();
    (status, headers, response.bytes().await.expect("bytes").to_vec())
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes).read_to_string(&mut text).expect("gzip");
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn contains_live_rows_without_omitted_fields() {
    let (client, criteria) = start().await;
    let (status, body) = client.downsync(&criteria).await;
    assert_eq!((status, body.get("Downsync")), (200, None));
    let moment = client.moment();
    let project = &moment.projects()[0].id;
    let truth = moment.records(project, &moment.leaves()[0].code).expect("a leaf");
    let hf =
        moment.hf_referrals(project).expect("a project").into_iter().filter(|record| {
            record.json.contains(&format!("\"boundaryCode\",\"value\":\"{}\"", moment.leaves()[0].code))
        });
    let mut truth: HashMap<String, Value> = truth
        .filter(|record| !record.deleted && record.entity != "Services")
        .chain(hf.filter(|record| !record.deleted))
        .map(|record| (record.client_reference_id, serde_json::from_str(&record.json).expect("JSON")))
        .collect();
    let links = body["DownloadLinks"].as_array().expect("links");
    assert_eq!(links.len(), 4);
    for link in links {
        let (_, headers, bytes) = fetch(&client, link["url"].as_str().expect("a URL"), &[]).await;
        assert_eq!(
            (headers["content-encoding"].as_str(), headers["content-type"].as_str()),
            ("gzip", "application/x-ndjson")
        );
        let lines = lines(&bytes);
        assert_eq!(link["recordCount"], lines.len());
        for line in lines {
            assert!(line.starts_with("{\"_t\":\""));
            let row: Value = serde_json::from_str(&line).expect("JSON");
            let live = truth.remove(row["clientReferenceId"].as_str().expect("a reference")).expect("a live row");
            assert_eq!(without(live), without(row));
        }
    }
    assert!(truth.is_empty(), "{} live rows are in no file", truth.len());
}

/// A row without the fields that files omit, and without the fields that only files have.
fn without(mut row: Value) -> Value {
    let fields = row.as_object_mut().expect("an object");
    let task = fields.contains_key("actualStartDate");
    for key in ["_t", "source", "applicationId", "hasErrors", "memberRelationships", "userDetails", "sideEffect"] {
        fields.remove(key);
    }
    if task {
        fields.remove("createdBy");
        fields.remove("createdDate");
    }
    if let Some(Value::Array(addresses)) = fields.get_mut("address") {
        addresses.iter_mut().filter_map(Value::as_object_mut).for_each(|address| {
            address.remove("ward");
        });
    }
    row
}

#[tokio::test]
async fn resumes_download_only_for_unchanged_file() {
    let (client, criteria) = start().await;
    let (_, body) = client.downsync(&criteria).await;
    let url = body["DownloadLinks"][0]["url"].as_str().expect("a URL");
    let (_, headers, whole) = fetch(&client, url, &[]).await;
    let tag = headers["etag"].as_str();
    let (status, headers, rest) = fetch(&client, url, &[("range", "bytes=100-"), ("if-range", tag)]).await;
    assert_eq!((status, &rest[..]), (206, &whole[100..]));
    assert_eq!(headers["content-range"], format!("bytes 100-{}/{}", whole.len() - 1, whole.len()));
    client.sandbox.advance(100).expect("a share");
    let (status, _, newer) = fetch(&client, url, &[("range", "bytes=100-"), ("if-range", tag)]).await;
    assert_eq!(status, 200, "overwritten in place");
    assert_ne!(newer, whole);
    let (status, _, _) = fetch(&client, url, &[("range", "bytes=99999999-")]).await;
    assert_eq!(status, 416);
}

#[tokio::test]
async fn returns_registry_files_or_page() {
    let (client, mut criteria) = start().await;
    criteria["projectId"] = json!(client.moment().projects()[0].id);
    let (_, body) = client.downsync(&criteria).await;
    assert_eq!(body["DownloadLinks"].as_array().map(Vec::len), Some(2));
    criteria["lastSyncedTime"] = json!(client.moment().now() - 1_000);
    assert!(client.downsync(&criteria).await.1.get("Downsync").is_some());
    criteria["locality"] = json!("NOWHERE");
    criteria["lastSyncedTime"] = Value::Null;
    let (status, body) = client.downsync(&criteria).await;
    assert_eq!((status, &body["Errors"][0]["code"]), (400, &json!("PREGEN_NOT_AVAILABLE")));
}

#[tokio::test]
async fn breaks_download() {
    let (client, criteria) = start().await;
    let (_, body) = client.downsync(&criteria).await;
    let url = body["DownloadLinks"][1]["url"].as_str().expect("a URL");
    client.sandbox.add_faults(vec![Fault::once(When::Download(1), FaultKind::Dropped)]);
    let http = reqwest::Client::builder().no_gzip().build().expect("a client");
    let broken = match http.get(url).send().await {
        Ok(response) => response.bytes().await.is_err(),
        Err(_) => true,
    };
    assert!(broken);
    assert_eq!(fetch(&client, url, &[]).await.0, 200);
}
