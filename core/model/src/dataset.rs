//! Datasets and their versions.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Digest, ServerTime};

/// The unit of synchronization: the families of one boundary in one project, or, without a boundary, the records of a
/// project outside all boundaries (health facility referrals).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dataset {
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// Project (campaign) id, a UUID as text.
    pub project: String,
    /// Code of the leaf boundary. `None` for the project-wide dataset.
    pub boundary: Option<String>,
}

impl fmt::Display for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.project, self.boundary.as_deref().unwrap_or("-"))
    }
}

/// One version of a dataset, for display and comparison. Its identity is `(dataset, as_of, digest)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSummary {
    /// The dataset.
    pub dataset: Dataset,
    /// The project's name for display. May be empty.
    pub project_name: String,
    /// The boundary's name for display. May be empty.
    pub boundary_name: String,
    /// The server's clock when the download began, minus an overlap: the snapshot contains every change up to this
    /// time.
    pub as_of: ServerTime,
    /// Records of all types, deleted records included.
    pub records: u64,
    /// Households that are not deleted.
    pub households: u64,
    /// Bytes of the bodies' canonical JSON.
    pub json_bytes: u64,
    /// The sum of the record hashes.
    pub digest: Digest,
}

impl SnapshotSummary {
    /// The maximum length of a display name, in bytes. Longer names are cut before they are sent.
    pub const MAX_NAME: usize = 120;
    /// The maximum length of a tenant, a project id or a boundary code, in bytes.
    pub const MAX_ID: usize = 256;

    /// Returns whether its texts are short enough to send to another device.
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
    fn limits_length_of_each_text() {
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
