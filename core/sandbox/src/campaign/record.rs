//! Records as a test sees them: the truth a downsync is compared with.

use super::family::{Family, Visit};
use crate::row::Row;

/// A record exactly as the server sends it: the truth a test compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// DIGIT list name, e.g. `Households`.
    pub entity: &'static str,
    /// What one of the list is called, e.g. `Household`.
    pub name: &'static str,
    /// `clientReferenceId`; a checklist's `clientId`.
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

impl Record {
    pub(super) fn of<R: Row>(row: &R) -> Self {
        Self {
            entity: R::LIST,
            name: R::NAME,
            client_reference_id: row.reference().to_string(),
            row_version: row.version(),
            modified: row.modified(),
            deleted: row.deleted(),
            // Only maps with non-string keys and failing writers can fail here, and there are none.
            json: serde_json::to_string(row).unwrap_or_default(),
        }
    }
}

/// All records of a family, parents first.
pub(super) fn list(family: &Family<'_>) -> Vec<Record> {
    let mut records = Vec::with_capacity(24);
    family.each_row(&mut Listing(&mut records));
    records
}

struct Listing<'r>(&'r mut Vec<Record>);

impl Visit for Listing<'_> {
    fn row<R: Row>(&mut self, row: &R) {
        self.0.push(Record::of(row));
    }
}

/// How many rows of a family have a time of change that is `within` a window.
pub(super) fn count(family: &Family<'_>, within: &impl Fn(Option<i64>) -> bool) -> u64 {
    let mut count = Count { within, rows: 0 };
    family.each_row(&mut count);
    count.rows
}

struct Count<'f, F> {
    within: &'f F,
    rows: u64,
}

impl<F: Fn(Option<i64>) -> bool> Visit for Count<'_, F> {
    fn row<R: Row>(&mut self, row: &R) {
        self.rows += u64::from((self.within)(row.modified()));
    }
}
