//! What the seed and the settings decide: the places, projects and workers of a campaign.

use super::people::{People, Project};
use super::places::Places;
use crate::key::Key;

/// The values that never change while a sandbox runs.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) key: Key,
    pub(crate) tenant: String,
    pub(crate) hierarchy: String,
    pub(crate) services: bool,
    pub(crate) households: u64,
    pub(crate) places: Places,
    pub(crate) projects: Vec<Project>,
    pub(crate) people: People,
}
