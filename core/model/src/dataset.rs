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

impl SnapshotSummary {
    /// The most bytes of a name for people; longer ones are cut before they are handed on.
    pub const MAX_NAME: usize = 120;
    /// The most bytes of a tenant, a project's id or a boundary's code.
    pub const MAX_ID: usize = 256;

    /// Whether its texts are no longer than one device may hand to another.
    pub fn is_bounded(&self) -> bool {
        let Dataset { tenant, project, boundary } = &self.dataset;
        let ids = [tenant.as_str(), project, boundary.as_deref().unwrap_or_default()];
        let names = [&self.project_name, &self.boundary_name];
        ids.iter().all(|id| id.len() <= Self::MAX_ID) && names.iter().all(|name| name.len() <= Self::MAX_NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_of_a_summary_has_its_bound() {
        let text = |len: usize| "x".repeat(len);
        let longest = SnapshotSummary {
            dataset: Dataset { tenant: text(256), project: text(256), boundary: Some(text(256)) },
            project_name: text(120),
            boundary_name: text(120),
            as_of: ServerTime(1),
            records: 0,
            households: 0,
            json_bytes: 0,
            digest: Digest::EMPTY,
        };
        assert!(longest.is_bounded());
        type Grow = fn(&mut SnapshotSummary);
        let grown: [Grow; 5] = [
            |it| it.dataset.tenant.push('x'),
            |it| it.dataset.project.push('x'),
            |it| it.dataset.boundary.as_mut().unwrap().push('x'),
            |it| it.project_name.push('x'),
            |it| it.boundary_name.push('x'),
        ];
        for grow in grown {
            let mut longer = longest.clone();
            grow(&mut longer);
            assert!(!longer.is_bounded(), "{longer:?}");
        }
    }
}
