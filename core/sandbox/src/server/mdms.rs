//! Master data: the few entries that a client needs before and after login. Needs no token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ServerState;
use super::reply::{self, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MdmsSearch {
    mdms_criteria: MdmsCriteria,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MdmsCriteria {
    module_details: Vec<MdmsModule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MdmsModule {
    module_name: String,
    master_details: Vec<Master>,
}

#[derive(Deserialize)]
struct Master {
    name: String,
}

/// `POST /mdms-v2/v1/_search`. For an unknown master it returns an empty list, like the server.
pub(super) async fn search(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    let search: MdmsSearch = reply::parse(&body)?;
    let mut modules = Map::new();
    for module in search.mdms_criteria.module_details {
        let masters = module.master_details.into_iter().map(|master| {
            let rows = rows(&module.module_name, &master.name);
            (master.name, rows)
        });
        let masters: Map<_, _> = masters.collect();
        modules.insert(module.module_name, Value::Object(masters));
    }
    Ok(reply::json(StatusCode::OK, &json!({ "ResponseInfo": app.info(), "MdmsRes": modules })))
}

fn rows(module: &str, master: &str) -> Value {
    match (module, master) {
        ("HCM-SERVICE-REGISTRY", "serviceRegistry") => registry(),
        ("HCM", "APP_CONFIG") => json!([{ "BOUNDARY_LAST_LEVEL_MAX_SELECTION": 10, "PROXIMITY_SEARCH_RANGE": 3.0 }]),
        ("HCM", "BANDWIDTH_BATCH_SIZE" | "DOWNSYNC-BANDWIDTH_BATCH_SIZE") => json!([
            { "MIN_RANGE": 0.0, "MAX_RANGE": 0.5, "BATCH_SIZE": 25 },
            { "MIN_RANGE": 0.5, "MAX_RANGE": 2.0, "BATCH_SIZE": 50 },
            { "MIN_RANGE": 2.0, "MAX_RANGE": 1000.0, "BATCH_SIZE": 100 },
        ]),
        ("HCM", "BACKGROUND_SERVICE_CONFIG") => {
            json!([{ "BATTERY_PERCENT_CUT_OFF": 10, "SERVICE_INTERVAL": 600, "API_CONCURRENCY": 2 }])
        }
        ("module-version", "ROW_VERSIONS") => json!([{ "module": "egov-location", "version": "1" }]),
        _ => json!([]),
    }
}

fn registry() -> Value {
    let services = [
        ("USER", "login", "User", "/user/oauth/token"),
        ("PROJECT-STAFF", "search", "ProjectStaff", "/project/staff/v1/_search"),
        ("PROJECT", "search", "Project", "/project/v1/_search"),
        ("BOUNDARY", "search", "Boundary", "/boundary-service/boundary-relationships/_search"),
        ("DOWNSYNC", "search", "Downsync", "/referralmanagement/beneficiary-downsync/v1/_get"),
    ];
    let services = services.map(|(service, action, entity, path)| {
        json!({ "service": service, "actions": [{ "action": action, "entityName": entity, "path": path }] })
    });
    json!(services)
}
