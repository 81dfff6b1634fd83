//! Projects, their staff, and the bandwidth probe.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ServerState;
use super::reply::{self, Refusal};
use crate::campaign::{BeneficiaryKind, CampaignProject, Moment};
use crate::clock::{CLOCK_BASE_MS, DAY_MS};

#[derive(Deserialize)]
pub(super) struct StaffSearch {
    #[serde(rename = "ProjectStaff")]
    staff: StaffCriteria,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StaffCriteria {
    #[serde(default)]
    staff_id: Vec<String>,
}

/// `POST /project/staff/v1/_search`: every user of the configuration is staff of every project.
pub(super) async fn staff(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    let (_, search) = app.authorised::<StaffSearch>(&body)?;
    let plan = app.campaign.plan();
    let mut rows = Vec::new();
    for (_, user) in plan.people.staff() {
        let user = user.to_string();
        if !search.staff.staff_id.contains(&user) {
            continue;
        }
        rows.extend(plan.projects.iter().map(|project| {
            json!({
                "id": format!("{}{}", &project.id[..18], &user[18..]),
                "tenantId": plan.tenant,
                "userId": user,
                "projectId": project.id,
                "startDate": start(),
                "endDate": end(),
                "channel": null,
                "isDeleted": false,
                "rowVersion": 1,
                "additionalFields": null,
                "auditDetails": audit(&app),
            })
        }));
    }
    let count = rows.len();
    Ok(reply::json(StatusCode::OK, &json!({ "ResponseInfo": app.info(), "ProjectStaff": rows, "TotalCount": count })))
}

#[derive(Deserialize)]
pub(super) struct ProjectSearch {
    #[serde(rename = "Projects")]
    projects: Vec<ProjectCriteria>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProjectCriteria {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    tenant_id: Option<String>,
}

/// `POST /project/v1/_search`, by id.
pub(super) async fn search(State(app): State<Arc<ServerState>>, body: Bytes) -> Result<Response, Refusal> {
    let (_, search) = app.authorised::<ProjectSearch>(&body)?;
    let plan = app.campaign.plan();
    let mut found = Vec::new();
    for criteria in &search.projects {
        if criteria.tenant_id.as_ref().is_some_and(|tenant| *tenant != plan.tenant) {
            continue;
        }
        for project in &plan.projects {
            if criteria.id.as_ref().is_none_or(|id| *id == project.id) {
                found.push(view(&app, project, false));
            }
            if criteria.id.as_ref() == Some(&project.root_id) {
                found.push(view(&app, project, true));
            }
        }
    }
    let count = found.len();
    Ok(reply::json(StatusCode::OK, &json!({ "ResponseInfo": app.info(), "Project": found, "TotalCount": count })))
}

/// `POST /project/check/bandwidth` returns the request body.
pub(super) async fn bandwidth(body: Bytes) -> Result<Response, Refusal> {
    let echo: Value = reply::parse(&body)?;
    Ok(reply::json(StatusCode::OK, &echo))
}

/// Returns the project of a leaf or root id. For any other id the server fails, because its list of projects is empty.
pub(super) fn find<'m>(moment: &'m Moment, id: &str) -> Result<&'m CampaignProject, Refusal> {
    let found = moment.projects().iter().find(|project| project.id == id || project.root_id == id);
    found.ok_or_else(|| Refusal::bad_request("IndexOutOfBoundsException", "Index 0 out of bounds for length 0"))
}

fn view(app: &ServerState, project: &CampaignProject, root: bool) -> Value {
    let plan = app.campaign.plan();
    let country = &plan.places.nodes[0];
    let id = if root { &project.root_id } else { &project.id };
    let hierarchy = if root { id.clone() } else { format!("{}.{}", project.root_id, project.id) };
    let beneficiary_type = match project.beneficiary_type {
        BeneficiaryKind::Individual => "INDIVIDUAL",
        BeneficiaryKind::Household => "HOUSEHOLD",
    };
    json!({
        "id": id,
        "tenantId": plan.tenant,
        "projectNumber": format!("PJT-2025-07-30-{}", &id[..6]),
        "name": project.name,
        "projectType": project.project_type,
        "projectSubType": null,
        "department": null,
        "description": project.name,
        "referenceID": "CMP-2025-07-30-000217",
        "projectTypeId": project.key.child(4).uuid().to_string(),
        "documents": null,
        "address": {
            "id": project.key.child(5).uuid().to_string(),
            "tenantId": plan.tenant,
            "doorNo": null,
            "latitude": 0.0,
            "longitude": 0.0,
            "locationAccuracy": 0.0,
            "type": null,
            "boundaryType": country.boundary_type,
            "boundary": country.code,
            "locality": null,
        },
        "startDate": start(),
        "endDate": end(),
        "isTaskEnabled": true,
        "parent": (!root).then_some(&project.root_id),
        "projectHierarchy": hierarchy,
        "natureOfWork": null,
        "ancestors": null,
        "descendants": null,
        "targets": [{
            "id": project.key.child(6).uuid().to_string(),
            "beneficiaryType": beneficiary_type,
            "totalNo": plan.households,
            "targetNo": plan.households,
            "isDeleted": false,
            "auditDetails": audit(app),
        }],
        "additionalDetails": { "projectType": project_type(project, beneficiary_type) },
        "isDeleted": false,
        "rowVersion": 1,
        "auditDetails": audit(app),
    })
}

fn project_type(project: &CampaignProject, beneficiary_type: &str) -> Value {
    json!({
        "id": project.key.child(4).uuid().to_string(),
        "code": project.project_type,
        "name": project.name,
        "beneficiaryType": beneficiary_type,
        "validMinAge": 3,
        "validMaxAge": 59,
        "cycles": [{
            "id": 1,
            "startDate": start(),
            "endDate": end(),
            "mandatoryWaitSinceLastCycleInDays": null,
            "deliveries": [{ "id": 1, "deliveryStrategy": "DIRECT", "doseCriteria": [] }],
        }],
        "resources": [{ "productVariantId": "PVAR-2025-07-02-000055", "isBaseUnitVariant": true }],
    })
}

fn start() -> i64 {
    CLOCK_BASE_MS - 10 * DAY_MS
}

fn end() -> i64 {
    CLOCK_BASE_MS + 60 * DAY_MS
}

fn audit(app: &ServerState) -> Value {
    let worker = app.campaign.plan().people.worker(0).to_string();
    json!({ "createdBy": worker, "lastModifiedBy": worker, "createdTime": start(), "lastModifiedTime": start() })
}
