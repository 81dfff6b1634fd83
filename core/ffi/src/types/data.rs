//! What this device holds.

pub use fieldcast::{
    Dataset, DistributionStats, EditSent, EditStatus, LocalEdit, QrMatrix, Record as StoredRecord, RecordQuery,
    SnapshotSummary, Verified,
};

use crate::{Count, DataDigest, DeviceName, EntityType, Json, RecordId, ServerTime};

/// What is synced as one: a boundary's families in one project, or, without a boundary, what is outside all of them.
#[uniffi::remote(Record)]
pub struct Dataset {
    pub tenant: String,
    pub project: String,
    pub boundary: Option<String>,
}

/// A dataset at one version. `as_of` is 0 for one that was never complete.
#[uniffi::remote(Record)]
pub struct SnapshotSummary {
    pub dataset: Dataset,
    pub project_name: String,
    pub boundary_name: String,
    pub as_of: ServerTime,
    pub records: u64,
    pub households: u64,
    pub json_bytes: u64,
    pub digest: DataDigest,
}

/// A dataset as this device holds it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DatasetStatus {
    /// What is there.
    pub summary: SnapshotSummary,
    /// The download of it that has begun and not ended, whether or not it is running now.
    pub unfinished: Option<UnfinishedDownload>,
    /// Where its records come from.
    pub sources: Vec<RecordSource>,
    /// Whether the last bundle that was received for it can be taken back.
    pub can_undo: bool,
}

/// Records that came in one bundle, or by this device's own downloads.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordSource {
    /// What the device that signed the bundle calls itself; not given for own downloads.
    pub signer: Option<DeviceName>,
    /// What the device that sent it calls itself.
    pub carrier: Option<DeviceName>,
    /// How many records.
    pub records: u64,
    /// The server's clock when they were downloaded.
    pub as_of: ServerTime,
}

impl From<fieldcast::RecordSource> for RecordSource {
    fn from(fieldcast::RecordSource { bundle, records, as_of }: fieldcast::RecordSource) -> Self {
        let (signer, carrier) = bundle.map(|bundle| (bundle.signer_name, bundle.carrier_name)).unzip();
        Self { signer, carrier, records, as_of }
    }
}

/// A download that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UnfinishedDownload {
    /// Households that came.
    pub done: u64,
    /// Households the server last said there are.
    pub total: u64,
    /// Bytes that came.
    pub bytes: u64,
}

impl From<fieldcast::DatasetStatus> for DatasetStatus {
    fn from(status: fieldcast::DatasetStatus) -> Self {
        let unfinished =
            status.syncing.map(|run| UnfinishedDownload { done: run.done, total: run.total, bytes: run.bytes });
        let sources = status.sources.into_iter().map(Into::into).collect();
        Self { summary: status.summary, unfinished, sources, can_undo: status.can_undo }
    }
}

/// An edit that is possibly lost.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LostEdit {
    /// What it is.
    pub entity: EntityType,
    /// Its `clientReferenceId`.
    pub id: RecordId,
}

/// What a verification has found: records that were hashed, damage that was repaired, damaged records that were dropped and
/// have to be downloaded or received again.
#[uniffi::remote(Record)]
pub struct Verified {
    pub records: u64,
    pub repaired: u64,
    pub dropped: u64,
}

/// Which records to read; what is not given means any.
#[uniffi::remote(Record)]
pub struct RecordQuery {
    #[uniffi(default = None)]
    pub dataset: Option<Dataset>,
    #[uniffi(default = None)]
    pub boundary: Option<String>,
    #[uniffi(default = None)]
    pub entity: Option<EntityType>,
    #[uniffi(default = None)]
    pub id: Option<RecordId>,
    #[uniffi(default = None)]
    pub root: Option<RecordId>,
    #[uniffi(default = false)]
    pub include_deleted: bool,
    #[uniffi(default = 100)]
    pub limit: u32,
    #[uniffi(default = 0)]
    pub offset: u64,
}

/// One DIGIT entity instance; `body` is every field as the server sent it.
#[uniffi::remote(Record)]
pub struct StoredRecord {
    pub entity: EntityType,
    pub id: RecordId,
    pub root: RecordId,
    pub row_version: i64,
    pub modified: ServerTime,
    pub deleted: bool,
    pub body: Json,
}

/// A record as this device would have it; `edited_at` is milliseconds since 1970 on its clock.
#[uniffi::remote(Record)]
pub struct LocalEdit {
    pub dataset: Dataset,
    pub entity: EntityType,
    pub id: RecordId,
    pub root: RecordId,
    pub deleted: bool,
    pub body: Json,
    pub edited_at: i64,
}

/// A local edit; `base_moved` says that the server's version it was made from was replaced: a conflict to look at.
#[uniffi::remote(Record)]
pub struct EditStatus {
    pub edit: LocalEdit,
    pub base_moved: bool,
}

/// What came of telling that an edit was sent.
#[uniffi::remote(Enum)]
pub enum EditSent {
    Forgotten,
    ChangedSince,
    Unknown,
}

/// A dataset this device has sent: how many devices were picked for it, and how many have saved its present version.
#[uniffi::remote(Record)]
pub struct DistributionStats {
    pub summary: SnapshotSummary,
    pub picked: Count,
    pub saved: Count,
}

/// The modules of a QR code row by row, true is dark, without the quiet zone of four light modules around it.
#[uniffi::remote(Record)]
pub struct QrMatrix {
    pub width: Count,
    pub dark: Vec<bool>,
}
