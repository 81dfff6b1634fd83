//! Control endpoints for tests and demos. They need no token, because a sandbox contains no confidential data.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::ServerState;
use super::reply::{self, Refusal};
use crate::campaign::{Advance, CampaignProject, Moment};
use crate::faults::Fault;

#[derive(Deserialize)]
struct AdvanceRequest {
    permille: u32,
    #[serde(default)]
    count: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdvanceResponse {
    #[serde(flatten)]
    advance: Advance,
    records_changed: Option<u64>,
}

/// `POST /_sandbox/advance {"permille":10,"count":true}`. Counting generates every family.
pub(super) async fn advance(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    let request: AdvanceRequest = reply::parse(&body)?;
    let advance = app.campaign.advance(request.permille);
    let advance = advance.map_err(|error| Refusal::bad_request("INVALID_PERMILLE", error.to_string()))?;
    let moment = app.campaign.moment();
    let count = move || {
        let first = moment.projects().first()?;
        moment.changed_in(&first.id, advance.epoch).ok()
    };
    let records_changed = if request.count { scan(count).await? } else { None };
    Ok(reply::json(StatusCode::OK, &AdvanceResponse { advance, records_changed }))
}

/// `POST /_sandbox/faults [{"when":{"request":3},"kind":{"slow":{"ms":500}},"times":1}]` adds faults.
pub(super) async fn add_faults(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    let faults: Vec<Fault> = reply::parse(&body)?;
    app.faults.add(faults);
    Ok(reply::json(StatusCode::OK, &serde_json::json!({ "requests": app.faults.requests() })))
}

/// `DELETE /_sandbox/faults` removes all remaining faults.
pub(super) async fn clear_faults(State(app): State<Arc<ServerState>>) -> StatusCode {
    app.faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
pub(super) struct StatsRequest {
    #[serde(default)]
    scan: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stats {
    now: i64,
    epoch: usize,
    boundaries: usize,
    households: u64,
    projects: Vec<ProjectStats>,
    downsync_requests: u64,
    records: Option<u64>,
    json_bytes: Option<u64>,
}

#[derive(Serialize)]
struct ProjectStats {
    id: String,
    name: String,
}

/// `GET /_sandbox/stats`. With `?scan=true` it also generates every family of the first project to count records and
/// bytes.
pub(super) async fn stats(
    State(app): State<Arc<ServerState>>,
    Query(request): Query<StatsRequest>,
) -> Result<Response, Refusal> {
    let moment = app.campaign.moment();
    let view = |project: &CampaignProject| ProjectStats { id: project.id.clone(), name: project.name.clone() };
    let mut stats = Stats {
        now: moment.now(),
        epoch: moment.epoch(),
        boundaries: moment.leaves().len(),
        households: (0..moment.leaves().len()).map(|leaf| moment.total(leaf)).sum(),
        projects: moment.projects().iter().map(view).collect(),
        downsync_requests: app.faults.requests(),
        records: None,
        json_bytes: None,
    };
    if request.scan
        && let Some((records, bytes)) = scan(move || measure(&moment)).await?
    {
        (stats.records, stats.json_bytes) = (Some(records), Some(bytes));
    }
    Ok(reply::json(StatusCode::OK, &stats))
}

fn measure(moment: &Moment) -> Option<(u64, u64)> {
    let project = moment.projects().first()?;
    let mut sum = (0, 0);
    for leaf in moment.leaves() {
        for record in moment.records(&project.id, &leaf.code).ok()? {
            sum = (sum.0 + 1, sum.1 + record.json.len() as u64);
        }
    }
    Some(sum)
}

async fn scan<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Refusal::server_error())
}
