//! Deliberate faults.

use std::time::{Duration, Instant};

use fieldcast_sandbox::{Fault, FaultKind, SandboxConfig, When};
use serde_json::{Value, json};

use crate::support::{Client, config, references};

async fn with(faults: Vec<Fault>) -> Client {
    Client::start(SandboxConfig { faults, ..config() }).await
}

#[tokio::test]
async fn fails_only_nth_request() {
    let client = with(vec![Fault::once(When::Request(2), FaultKind::ServerError)]).await;
    let criteria = client.criteria(0, 0, 2);
    assert_eq!(client.downsync(&criteria).await.0, 200);
    let (status, body) = client.downsync(&criteria).await;
    assert_eq!((status, &body["ResponseInfo"]), (500, &Value::Null));
    assert_eq!(body["Errors"][0]["params"], Value::Null);
    assert_eq!(client.downsync(&criteria).await.0, 200);
    assert_eq!(client.sandbox.downsync_requests(), 3);
}

#[tokio::test]
async fn requires_new_login_after_token_expiry() {
    let mut client = with(vec![Fault::once(When::Request(1), FaultKind::TokenExpired)]).await;
    let criteria = client.criteria(0, 0, 2);
    assert_eq!(client.downsync(&criteria).await.0, 401);
    assert_eq!(client.downsync(&criteria).await.0, 401);
    client.log_in().await;
    assert_eq!(client.downsync(&criteria).await.0, 200);
}

#[tokio::test]
async fn truncates_body_or_breaks_connection() {
    let client = with(vec![
        Fault::once(When::Request(1), FaultKind::Truncated),
        Fault::once(When::Request(2), FaultKind::Dropped),
    ])
    .await;
    let criteria = client.criteria(0, 0, 50);
    let (status, bytes) = client.raw(&criteria).await.expect("a complete HTTP response");
    assert_eq!(status, 200);
    assert!(serde_json::from_slice::<Value>(&bytes).is_err_and(|error| error.is_eof()));
    assert!(client.raw(&criteria).await.is_err(), "reset in the middle");
    let (_, whole) = client.raw(&criteria).await.expect("a page");
    assert!(whole.starts_with(&bytes) && whole.len() > bytes.len());
}

#[tokio::test]
async fn delays_answer_for_boundary() {
    let slow = Client::start(config()).await;
    let code = slow.moment().leaves()[1].code.clone();
    slow.sandbox.add_faults(vec![Fault::once(When::Boundary(code), FaultKind::Slow { ms: 300 })]);
    slow.downsync(&slow.criteria(0, 0, 1)).await;
    let start = Instant::now();
    slow.downsync(&slow.criteria(1, 0, 1)).await;
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn overlaps_later_pages() {
    let client = with(vec![Fault { when: When::Always, kind: FaultKind::Overlap, times: u32::MAX }]).await;
    let (_, first) = client.downsync(&client.criteria(0, 0, 10)).await;
    let (_, second) = client.downsync(&client.criteria(0, 10, 10)).await;
    let (first, second) = (references(&first, "Households"), references(&second, "Households"));
    assert_eq!((first.len(), second.len()), (10, 11));
    assert_eq!(first.last(), second.first());
}

#[tokio::test]
async fn returns_criteria_of_other_project() {
    let client = with(vec![Fault::once(When::Request(1), FaultKind::OtherProject)]).await;
    let criteria = client.criteria(0, 0, 10);
    let (_, page) = client.downsync(&criteria).await;
    assert_ne!(page["Downsync"]["DownsyncCriteria"]["projectId"], criteria["projectId"]);
    let (_, page) = client.downsync(&criteria).await;
    assert_eq!(page["Downsync"]["DownsyncCriteria"]["projectId"], criteria["projectId"]);
}

#[tokio::test]
async fn returns_wrong_count_and_null_lists() {
    let client = Client::start(config()).await;
    let faults = json!([
        { "when": { "request": 1 }, "kind": { "total_count": { "by": -3 } } },
        { "when": { "every": 2 }, "kind": "null_lists", "times": 1 },
    ]);
    let response = client.http.post(format!("{}/_sandbox/faults", client.sandbox.url())).json(&faults).send().await;
    assert_eq!(response.expect("an answer").status(), 200);
    let moment = client.moment();
    let total = moment.households(&moment.leaves()[0].code).expect("a leaf");
    let (_, page) = client.downsync(&client.criteria(0, 0, 5)).await;
    assert_eq!(page["Downsync"]["DownsyncCriteria"]["totalCount"], total - 3);
    let (_, page) = client.downsync(&client.criteria(0, 0, 5)).await;
    assert_eq!(page["Downsync"]["DownsyncCriteria"]["totalCount"], total);
    for list in ["Households", "Tasks", "HFReferrals", "Services"] {
        assert_eq!(page["Downsync"][list], Value::Null, "{list}");
    }
}

#[tokio::test]
async fn shifts_start_of_page() {
    let client = with(vec![
        Fault::once(When::Request(2), FaultKind::Shifted { by: 2 }),
        Fault::once(When::Request(3), FaultKind::Shifted { by: -3 }),
    ])
    .await;
    let (_, right) = client.downsync(&client.criteria(0, 0, 40)).await;
    let right = references(&right, "Households");
    let (_, later) = client.downsync(&client.criteria(0, 10, 5)).await;
    assert_eq!(references(&later, "Households"), right[12..17]);
    let (_, earlier) = client.downsync(&client.criteria(0, 10, 5)).await;
    assert_eq!(references(&earlier, "Households"), right[7..12]);
}
