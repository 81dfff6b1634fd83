//! What the server knows.

use std::time::Duration;

use fieldcast::DownsyncReport as EngineReport;
pub use fieldcast::{Account, Boundary, BoundaryProgress, Project};
pub use fieldcast::{BeneficiaryType, ProjectBoundary};

use crate::{Count, FieldcastError, SnapshotSummary};

/// Who is logged in where.
#[uniffi::remote(Record)]
pub struct Account {
    pub server: String,
    pub tenant: String,
    pub name: String,
    pub roles: Vec<String>,
}

/// A project a user is staff of.
#[uniffi::remote(Record)]
pub struct Project {
    pub id: String,
    pub name: String,
    pub project_type: String,
    pub beneficiary_type: Option<BeneficiaryType>,
    pub boundary: Option<ProjectBoundary>,
    pub root_id: String,
    pub reference: Option<String>,
    pub start_date: Option<i64>,
    pub end_date: Option<i64>,
}

/// Who is registered in a project.
#[uniffi::remote(Enum)]
pub enum BeneficiaryType {
    Household,
    Individual,
}

/// The boundary of a project.
#[uniffi::remote(Record)]
pub struct ProjectBoundary {
    pub code: String,
    pub kind: String,
}

/// A boundary of a project's tree; `parent` is its parent's place in the list, `leaf` whether data is downloaded by it.
#[uniffi::remote(Record)]
pub struct Boundary {
    pub code: String,
    pub name: String,
    pub kind: String,
    pub parent: Option<Count>,
    pub depth: Count,
    pub leaf: bool,
}

/// How far the download of a boundary is: households `done` of `total`, if the server says; bytes; records that changed.
#[uniffi::remote(Record)]
pub struct BoundaryProgress {
    pub done: u64,
    pub total: Option<u64>,
    pub wire_bytes: u64,
    pub changed: u64,
    pub elapsed: Duration,
}

/// How far a boundary of a download is.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryState {
    /// The boundary's code.
    pub boundary: String,
    /// How far it is.
    pub progress: BoundaryProgress,
}

/// A boundary whose download is complete.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryDone {
    /// The dataset as it is now.
    pub summary: SnapshotSummary,
    /// What came of it.
    pub progress: BoundaryProgress,
}

/// A boundary whose download is not complete; the next one goes on from there.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryFailed {
    /// The boundary's code.
    pub boundary: String,
    /// Why.
    pub error: FieldcastError,
}

/// How a download ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct DownsyncReport {
    /// Boundaries that are complete.
    pub done: Vec<BoundaryDone>,
    /// Boundaries that are not.
    pub failed: Vec<BoundaryFailed>,
}

impl From<EngineReport> for DownsyncReport {
    fn from(report: EngineReport) -> Self {
        let done = report.done.into_iter().map(|(summary, progress)| BoundaryDone { summary, progress });
        let failed = report.failed.into_iter();
        let failed = failed.map(|(boundary, error)| BoundaryFailed { boundary, error: FieldcastError::from(&*error) });
        Self { done: done.collect(), failed: failed.collect() }
    }
}
