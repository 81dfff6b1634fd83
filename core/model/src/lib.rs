//! The domain types of Fieldcast: records, datasets, key ranges, digests and the merge rule.
//!
//! This crate does no I/O and reads no clock. All other crates use these types. Everything that two devices must agree
//! on exactly (canonical JSON, record hashes, which version of a record wins) is defined only here.

mod dataset;
mod date;
mod device;
mod digest;
mod json;
mod provenance;
mod range;
mod record;
mod record_id;
mod signature;
mod snapshot_hash;

pub use dataset::{Dataset, SnapshotSummary};
pub use date::{civil, date};
pub use device::{DeviceName, Fingerprint, is_shown};
pub use digest::{Digest, ParseDigestError, RecordHash};
pub use json::{Json, JsonError, MAX_DEPTH};
pub use provenance::{Provenance, SnapshotSource};
pub use range::{FINE_BITS, KeyRange, RangeTotals, RootHash};
pub use record::{EntityType, Record, ServerTime, Stamp};
pub use record_id::RecordId;
pub use signature::Signature;
pub use snapshot_hash::{RangeHashes, SnapshotHash};
