//! The data on this device.

pub use fieldcast::{
    Dataset, DistributionStats, EditSent, EditStatus, LocalEdit, QrMatrix, Record as StoredRecord, RecordQuery,
    SnapshotSummary, Verified,
};

use crate::{Count, DataDigest, DeviceName, EntityType, Json, RecordId, ServerTime};

/// The unit of synchronization: the families of one boundary in one project, or, without a boundary, the project's data
/// outside all boundaries.
#[uniffi::remote(Record)]
pub struct Dataset {
    pub tenant: String,
    pub project: String,
    pub boundary: Option<String>,
}

/// One version of a dataset. `as_of` is 0 if it was never complete.
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

/// A dataset on this device.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DatasetStatus {
    /// The stored version.
    pub summary: SnapshotSummary,
    /// A download that has started and not ended, whether or not it is running now.
    pub unfinished: Option<UnfinishedDownload>,
    /// The sources of its records.
    pub sources: Vec<RecordSource>,
    /// Whether the last received bundle can be undone.
    pub can_undo: bool,
}

/// Records that came in one bundle, or by downloads of this device.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct RecordSource {
    /// Name of the device that signed the bundle; none for downloads of this device.
    pub signer: Option<DeviceName>,
    /// Name of the device that sent the bundle.
    pub carrier: Option<DeviceName>,
    /// Number of records.
    pub records: u64,
    /// Server time of their download.
    pub as_of: ServerTime,
}

impl From<fieldcast::RecordSource> for RecordSource {
    fn from(fieldcast::RecordSource { bundle, records, as_of }: fieldcast::RecordSource) -> Self {
        let (signer, carrier) = bundle.map(|bundle| (bundle.signer_name, bundle.carrier_name)).unzip();
        Self { signer, carrier, records, as_of }
    }
}

/// A download that has started and not ended.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct UnfinishedDownload {
    /// Downloaded households.
    pub done: u64,
    /// Total households, as the server last reported.
    pub total: u64,
    /// Downloaded bytes.
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

/// An edit that may be lost.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct LostEdit {
    /// Entity type.
    pub entity: EntityType,
    /// Its `clientReferenceId`.
    pub id: RecordId,
}

/// The result of a verification: records that were hashed, damage that was repaired, and damaged records that were
/// removed. Removed records must be downloaded or received again.
#[uniffi::remote(Record)]
pub struct Verified {
    pub records: u64,
    pub repaired: u64,
    pub dropped: u64,
}

/// A filter for records. A missing value matches everything.
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

/// One DIGIT entity. `body` has all fields as the server sent them.
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

/// A record as edited on this device. `edited_at` is in milliseconds since 1970 by this device's clock.
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

/// A local edit. `base_moved` means that the server's version on which the edit is based was replaced: a conflict to
/// review.
#[uniffi::remote(Record)]
pub struct EditStatus {
    pub edit: LocalEdit,
    pub base_moved: bool,
}

/// The result of reporting an edit as sent.
#[uniffi::remote(Enum)]
pub enum EditSent {
    Forgotten,
    ChangedSince,
    Unknown,
}

/// A dataset that this device has sent: how many devices were selected, and how many have saved its current version.
#[uniffi::remote(Record)]
pub struct DistributionStats {
    pub summary: SnapshotSummary,
    pub picked: Count,
    pub saved: Count,
}

/// The modules of a QR code, row by row; true is dark. The quiet zone of four light modules is not included.
#[uniffi::remote(Record)]
pub struct QrMatrix {
    pub width: Count,
    pub dark: Vec<bool>,
}
