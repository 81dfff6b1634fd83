//! Records as tests see them. A test compares the result of a downsync with them.

use super::family::{Family, Visit};
use crate::row::EntityRow;

/// A record exactly as the server sends it, for comparison in tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignRecord {
    /// DIGIT list name, e.g. `Households`.
    pub entity: &'static str,
    /// The name of one entity in the list, e.g. `Household`.
    pub name: &'static str,
    /// `clientReferenceId`; for a checklist, `clientId`.
    pub client_reference_id: String,
    /// `rowVersion`; `None` for a checklist.
    pub row_version: Option<u32>,
    /// Server time of the last change, ms; `None` without audit details.
    pub modified: Option<i64>,
    /// Whether it is soft-deleted.
    pub deleted: bool,
    /// The JSON text.
    pub json: String,
}

impl CampaignRecord {
    pub(super) fn of<R: EntityRow>(row: &R) -> Self {
        Self {
            entity: R::LIST,
            name: R::NAME,
            client_reference_id: row.reference().to_string(),
            row_version: row.version(),
            modified: row.modified(),
            deleted: row.deleted(),
            // Only maps with non-string keys and failing writers can fail here; neither occurs.
            json: serde_json::to_string(row).unwrap_or_default(),
        }
    }
}

/// All records of a family, parents first.
pub(super) fn list(family: &Family<'_>) -> Vec<CampaignRecord> {
    let mut records = Vec::with_capacity(24);
    family.each_row(&mut Listing(&mut records));
    records
}

struct Listing<'r>(&'r mut Vec<CampaignRecord>);

impl Visit for Listing<'_> {
    fn row<R: EntityRow>(&mut self, row: &R) {
        self.0.push(CampaignRecord::of(row));
    }
}

/// Counts the rows of a family whose time of change is `within` a window.
pub(super) fn count(family: &Family<'_>, within: &impl Fn(Option<i64>) -> bool) -> u64 {
    let mut count = RowCount { within, rows: 0 };
    family.each_row(&mut count);
    count.rows
}

struct RowCount<'f, F> {
    within: &'f F,
    rows: u64,
}

impl<F: Fn(Option<i64>) -> bool> Visit for RowCount<'_, F> {
    fn row<R: EntityRow>(&mut self, row: &R) {
        self.rows += u64::from((self.within)(row.modified()));
    }
}
