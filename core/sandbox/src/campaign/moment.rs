//! The campaign at one point in time. The server and the tests read from it.

use std::sync::Arc;

use super::life::{Birth, Epoch, Life, now};
use super::people::CampaignProject;
use super::places::{CampaignBoundary, Leaf};
use super::plan::CampaignPlan;
use crate::entity::{AdditionalFields, Audit, Base};
use crate::error::SandboxError;
use crate::key::SeedKey;

/// The campaign after a fixed number of epochs. Cheap to clone and to keep.
#[derive(Clone, Debug)]
pub struct Moment {
    plan: Arc<CampaignPlan>,
    epochs: Arc<[Epoch]>,
}

impl Moment {
    pub(super) fn new(plan: Arc<CampaignPlan>, epochs: Arc<[Epoch]>) -> Self {
        Self { plan, epochs }
    }

    /// The campaign clock, ms.
    pub fn now(&self) -> i64 {
        now(self.epochs.len())
    }

    /// How many times the campaign was advanced.
    pub fn epoch(&self) -> usize {
        self.epochs.len()
    }

    /// All boundaries of the tree, the country first.
    pub fn boundaries(&self) -> &[CampaignBoundary] {
        &self.plan.places.nodes
    }

    /// The leaf boundaries in tree order.
    pub fn leaves(&self) -> &[Leaf] {
        &self.plan.places.leaves
    }

    /// The projects. Tests that need any project use the first.
    pub fn projects(&self) -> &[CampaignProject] {
        &self.plan.projects
    }

    /// The number of households of a leaf boundary now, deleted ones included.
    ///
    /// # Errors
    /// [`SandboxError::UnknownBoundary`].
    pub fn households(&self, boundary: &str) -> Result<u64, SandboxError> {
        Ok(self.total(self.leaf(boundary)?))
    }

    pub(crate) fn plan(&self) -> &CampaignPlan {
        &self.plan
    }

    /// Returns the index of the leaf with this code.
    pub(crate) fn leaf(&self, code: &str) -> Result<usize, SandboxError> {
        let found = self.leaves().iter().position(|leaf| leaf.code == code);
        found.ok_or_else(|| SandboxError::UnknownBoundary { code: code.into() })
    }

    /// Returns the project with this id.
    pub(crate) fn project(&self, id: &str) -> Result<&CampaignProject, SandboxError> {
        let found = self.projects().iter().find(|project| project.id == id);
        found.ok_or_else(|| SandboxError::UnknownProject { id: id.into() })
    }

    /// The number of households of the leaf, deleted ones included.
    pub(crate) fn total(&self, leaf: usize) -> u64 {
        let place = &self.plan.places.leaves[leaf];
        let end = place.start + place.households;
        place.households + self.epochs.iter().map(|epoch| epoch.added(place.start, end)).sum::<u64>()
    }

    pub(super) fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    pub(super) fn life(&self, key: SeedKey, birth: Birth) -> Life {
        Life::follow(key, birth, &self.epochs)
    }

    /// The fields that every entity starts with.
    pub(super) fn base(
        &self,
        key: SeedKey,
        id: String,
        life: &Life,
        fields: Option<AdditionalFields<'static>>,
    ) -> Base<'_> {
        let worker = |draw| self.plan.people.worker(draw);
        let audit = Audit {
            created_by: worker(life.by.0),
            last_modified_by: worker(life.by.1),
            created_time: life.created,
            last_modified_time: life.modified,
        };
        // The phone's clock: earlier by the time between visit and upload, and a little inaccurate.
        let lag = life.created - life.made;
        let client = Audit { created_time: life.made, last_modified_time: life.modified - lag, ..audit };
        Base {
            id,
            tenant_id: &self.plan.tenant,
            source: (),
            row_version: life.version,
            application_id: (),
            has_errors: false,
            additional_fields: fields,
            audit_details: life.audited.then_some(audit),
            client_reference_id: key.uuid(),
            client_audit_details: (life.audited || life.by.0.is_multiple_of(2)).then_some(client),
            is_deleted: life.deleted,
        }
    }
}
