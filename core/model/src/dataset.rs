//! Datasets and their versions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, ServerTime};

/// What is synced as one: a boundary's families in one project, or, without a boundary, what a project has outside all
/// boundaries (health facility referrals).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dataset {
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// Project (campaign) id, a UUID as text.
    pub project: String,
    /// Code of the leaf boundary; `None` for the project-wide dataset.
    pub boundary: Option<String>,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.project, self.boundary.as_deref().unwrap_or("-"))
    }
}

/// A dataset at one version, as it is shown and compared. `(dataset, as_of, digest)` is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSummary {
    /// Which dataset.
    pub dataset: Dataset,
    /// The project's name for people; may be empty.
    pub project_name: String,
    /// The boundary's name for people; may be empty.
    pub boundary_name: String,
    /// The server's clock when the download began, less an overlap: every change up to then is in.
    pub as_of: ServerTime,
    /// Records of all types, deleted ones included.
    pub records: u64,
    /// Households among them that are not deleted.
    pub households: u64,
    /// Bytes of the bodies' canonical JSON.
    pub json_bytes: u64,
    /// The sum of the record hashes.
    pub digest: Digest,
}
