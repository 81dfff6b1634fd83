//! The boundary tree and the names of its nodes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::ServerState;
use super::reply::{self, Refusal, ResponseInfo};
use crate::campaign::{CampaignBoundary, Moment};
use crate::key::SeedKey;

type Params = Query<HashMap<String, String>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NestedBoundary<'a> {
    id: String,
    code: &'a str,
    boundary_type: &'static str,
    children: Vec<NestedBoundary<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tenant<'a> {
    tenant_id: &'a str,
    hierarchy_type: &'a str,
    boundary: Vec<NestedBoundary<'a>>,
}

#[derive(Serialize)]
struct Relationships<'a> {
    #[serde(rename = "ResponseInfo")]
    info: ResponseInfo,
    #[serde(rename = "TenantBoundary")]
    tenants: Vec<Tenant<'a>>,
}

/// `POST /boundary-service/boundary-relationships/_search`. This endpoint reads the query string.
pub(super) async fn relationships(
    State(app): State<Arc<ServerState>>,
    Query(params): Params,
    body: Bytes,
) -> Result<Response, Refusal> {
    app.authorised::<serde::de::IgnoredAny>(&body)?;
    let moment = app.campaign.moment();
    let plan = moment.plan();
    let get = |name: &str| params.get(name).map(String::as_str).filter(|value| !value.is_empty());
    if get("tenantId").is_some_and(|tenant| tenant != plan.tenant) {
        return Err(Refusal::bad_request("INVALID_TENANT_ID", "the tenant is not known here"));
    }
    let deep = get("includeChildren") == Some("true");
    let codes: Option<HashSet<&str>> = get("codes").map(|codes| codes.split(',').collect());
    let wanted = |(index, node): &(usize, &CampaignBoundary)| match (&codes, get("boundaryType")) {
        (Some(codes), kind) => codes.contains(node.code.as_str()) && kind.is_none_or(|kind| kind == node.boundary_type),
        (None, Some(kind)) => kind == node.boundary_type,
        (None, None) => *index == 0,
    };
    let mut boundary = Vec::new();
    if get("hierarchyType").is_none_or(|hierarchy| hierarchy == plan.hierarchy) {
        let found = moment.boundaries().iter().enumerate().filter(wanted);
        boundary.extend(found.map(|(index, _)| view(&moment, index, deep)));
    }
    let tenants = vec![Tenant { tenant_id: &plan.tenant, hierarchy_type: &plan.hierarchy, boundary }];
    Ok(reply::json(StatusCode::OK, &Relationships { info: app.info(), tenants }))
}

fn view(moment: &Moment, index: usize, deep: bool) -> NestedBoundary<'_> {
    let CampaignBoundary { code, boundary_type, children, .. } = &moment.boundaries()[index];
    let children = children.iter().filter(|_| deep).map(|child| view(moment, *child, deep)).collect();
    NestedBoundary { id: id(moment.plan().key, index), code, boundary_type, children }
}

fn id(key: SeedKey, index: usize) -> String {
    key.child(16).child(index as u64).uuid().to_string()
}

/// `POST /localization/messages/v1/_search`: the name of each boundary under its code. Needs no token.
pub(super) async fn messages(State(app): State<Arc<ServerState>>, Query(params): Params) -> Response {
    let moment = app.campaign.moment();
    let own = format!("hcm-boundary-{}", moment.plan().hierarchy.to_lowercase());
    let get = |name: &str| params.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let locale = get("locale").unwrap_or("en_MZ");
    let here = get("module").is_none_or(|modules| modules.split(',').any(|module| module == own));
    let codes: Option<HashSet<&str>> = get("codes").map(|codes| codes.split(',').collect());
    let wanted =
        |node: &&CampaignBoundary| here && codes.as_ref().is_none_or(|codes| codes.contains(node.code.as_str()));
    let messages = moment
        .boundaries()
        .iter()
        .filter(wanted)
        .map(|node| json!({ "code": node.code, "message": node.name, "module": own, "locale": locale }));
    reply::json(StatusCode::OK, &json!({ "messages": messages.collect::<Vec<_>>() }))
}
