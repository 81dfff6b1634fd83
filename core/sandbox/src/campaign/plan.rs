//! What the seed and the settings decide: the places, projects and workers of a campaign.

use super::people::{CampaignProject, People};
use super::places::Places;
use crate::key::SeedKey;

/// The values that never change while a sandbox runs.
#[derive(Debug)]
pub(crate) struct CampaignPlan {
    pub(crate) key: SeedKey,
    pub(crate) tenant: String,
    pub(crate) hierarchy: String,
    pub(crate) services: bool,
    pub(crate) households: u64,
    pub(crate) places: Places,
    pub(crate) projects: Vec<CampaignProject>,
    pub(crate) people: People,
}
