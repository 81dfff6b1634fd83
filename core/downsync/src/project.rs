//! The projects (campaigns) of a user.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::error::Error;
use crate::members::{Members, each_item};
use crate::session::Session;

/// Rows per request; DIGIT's app uses the same number.
const ROWS: usize = 100;

/// The maximum number of requests for a staff list that never ends.
const MAX_ROUNDS: usize = 50;

/// A project with the user as staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id, a UUID.
    pub id: String,
    /// Display name; may be empty.
    pub name: String,
    /// Code of the project type, e.g. `LLIN` or `SMC`; may be empty.
    pub project_type: String,
    /// The kind of beneficiaries, if the project has one.
    pub beneficiary_type: Option<BeneficiaryType>,
    /// The boundary of the project: the top of the user's boundary tree.
    pub boundary: Option<ProjectBoundary>,
    /// The campaign of the project: the first id in its `projectHierarchy`, or its own id. Pre-generated files belong
    /// to the root project.
    pub root_id: String,
    /// Campaign number (`referenceID`), if any.
    pub reference: Option<String>,
    /// Start, milliseconds since 1970.
    pub start_date: Option<i64>,
    /// End, milliseconds since 1970.
    pub end_date: Option<i64>,
}

/// The kind of beneficiaries in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BeneficiaryType {
    /// Households, for example for bed nets.
    Household,
    /// Individuals, for example for medicines.
    Individual,
}

/// The boundary of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectBoundary {
    /// Its code.
    pub code: String,
    /// Its level, e.g. `DISTRICT`.
    pub kind: String,
}

#[derive(Deserialize)]
struct StaffBody {
    #[serde(rename = "ProjectStaff")]
    staff: Option<Vec<StaffRow>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StaffRow {
    project_id: Option<String>,
    is_deleted: Option<bool>,
}

#[derive(Deserialize)]
struct ProjectBody {
    #[serde(rename = "Project")]
    projects: Option<Vec<ProjectRow>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProjectRow {
    id: Option<String>,
    name: Option<String>,
    project_type: Option<String>,
    #[serde(rename = "referenceID")]
    reference: Option<String>,
    address: Option<AddressRow>,
    start_date: Option<i64>,
    end_date: Option<i64>,
    project_hierarchy: Option<String>,
    targets: Option<Box<RawValue>>,
    additional_details: Option<Box<RawValue>>,
    is_deleted: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressRow {
    boundary_type: Option<String>,
    boundary: Option<String>,
}

impl Client {
    /// The projects with the user as staff, in the server's order; empty if there are none.
    ///
    /// # Errors
    /// [`Error::SessionExpired`], [`Error::Unreachable`], [`Error::Server`], [`Error::BadAnswer`].
    pub async fn projects(&self, session: &Session) -> Result<Vec<Project>, Error> {
        let tenant = &self.config().tenant;
        let rows = ROWS.to_string();
        let query = [("offset", "0"), ("limit", rows.as_str()), ("tenantId", tenant.as_str())];
        let mut projects = Vec::new();
        for id in self.staffed_projects(session).await? {
            let body = json!({ "Projects": [{ "id": id, "tenantId": tenant }] });
            let found: ProjectBody = self.ask(session, &self.config().paths.project, &query, body).await?;
            let live = |row: &ProjectRow| row.id.as_deref() == Some(&id) && row.is_deleted != Some(true);
            projects.extend(found.projects.unwrap_or_default().into_iter().find(live).map(|row| project(id, row)));
        }
        Ok(projects)
    }

    /// The distinct ids of the user's projects.
    async fn staffed_projects(&self, session: &Session) -> Result<Vec<String>, Error> {
        let (mut ids, mut seen) = (Vec::new(), HashSet::new());
        for round in 0..MAX_ROUNDS {
            let (offset, limit) = ((round * ROWS).to_string(), ROWS.to_string());
            let query = [("offset", offset.as_str()), ("limit", &limit), ("tenantId", &self.config().tenant)];
            let body = json!({ "ProjectStaff": { "staffId": [session.user_uuid] } });
            let page: StaffBody = self.ask(session, &self.config().paths.project_staff, &query, body).await?;
            let page = page.staff.unwrap_or_default();
            let full = page.len() >= ROWS;
            let live = page.into_iter().filter(|row| row.is_deleted != Some(true)).filter_map(|row| row.project_id);
            ids.extend(live.filter(|id| seen.insert(id.clone())));
            if !full {
                break;
            }
        }
        Ok(ids)
    }
}

fn project(id: String, row: ProjectRow) -> Project {
    let boundary = row.address.and_then(|address| {
        Some(ProjectBoundary { code: address.boundary?, kind: address.boundary_type.unwrap_or_default() })
    });
    let root = row.project_hierarchy.as_deref().and_then(|ids| ids.split('.').next()).filter(|root| !root.is_empty());
    let declared = row.additional_details.as_deref().map(RawValue::get);
    let mut targeted = None;
    each_item(row.targets.as_deref().map_or("", RawValue::get), |first| (targeted = Some(first), false).1);
    let beneficiary_type = [(declared, "projectType.beneficiaryType"), (targeted, "beneficiaryType")]
        .into_iter()
        .find_map(|(text, path)| serde_json::from_str(Members::parse(text?)?.at(path)?).ok());
    Project {
        root_id: root.unwrap_or(&id).to_owned(),
        id,
        name: row.name.unwrap_or_default(),
        project_type: row.project_type.unwrap_or_default(),
        beneficiary_type,
        boundary,
        reference: row.reference,
        start_date: row.start_date,
        end_date: row.end_date,
    }
}
