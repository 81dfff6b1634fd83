//! Data from the server.

use std::time::Duration;

use fieldcast::DownsyncReport as EngineReport;
pub use fieldcast::{Account, Boundary, BoundaryProgress, Project};
pub use fieldcast::{BeneficiaryType, ProjectBoundary};

use crate::{Count, FieldcastError, SnapshotSummary};

/// The logged-in user and the server.
#[uniffi::remote(Record)]
pub struct Account {
    pub server: String,
    pub tenant: String,
    pub name: String,
    pub roles: Vec<String>,
}

/// A project that the user is staff of.
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

/// The kind of beneficiary that a project registers.
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

/// A boundary in a project's tree. `parent` is the index of its parent in the list. `leaf` is whether data is
/// downloaded for it.
#[uniffi::remote(Record)]
pub struct Boundary {
    pub code: String,
    pub name: String,
    pub kind: String,
    pub parent: Option<Count>,
    pub depth: Count,
    pub leaf: bool,
}

/// Progress of downloading a boundary: households `done` of `total`, if the server reports it; bytes; changed records.
#[uniffi::remote(Record)]
pub struct BoundaryProgress {
    pub done: u64,
    pub total: Option<u64>,
    pub wire_bytes: u64,
    pub changed: u64,
    pub elapsed: Duration,
}

/// A boundary and its progress.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryState {
    /// Boundary code.
    pub boundary: String,
    /// Progress.
    pub progress: BoundaryProgress,
}

/// A completely downloaded boundary.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryDone {
    /// The dataset after the download.
    pub summary: SnapshotSummary,
    /// Final progress.
    pub progress: BoundaryProgress,
}

/// A boundary that is not complete. The next download continues from there.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BoundaryFailed {
    /// Boundary code.
    pub boundary: String,
    /// Why.
    pub error: FieldcastError,
}

/// The result of a download.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct DownsyncReport {
    /// Complete boundaries.
    pub done: Vec<BoundaryDone>,
    /// Incomplete boundaries.
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
