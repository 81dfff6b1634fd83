//! The SQLite store of one device. Only this crate uses rusqlite.
//!
//! # Architecture
//! [`Store::open`] takes a folder, locks it for this process and opens `fieldcast.db` in it. A [`Store`] is a handle:
//! clone it, share it, and call it from any thread. Every call blocks; async callers use a blocking thread.
//!
//! - **One writer, many readers.** All writes run one after another in immediate transactions on one connection. Each
//!   write states how durable it must be. Reads run on query-only connections and never wait for a writer.
//!   [`Store::read`] gives several reads one consistent view; [`Store`] also has the methods of [`Reader`] for single
//!   reads.
//! - **Records and digests change together.** Records change in three ways: a downsync page ([`Store::commit_page`]),
//!   an exchange ([`Store::apply`]), or the end of a verified download ([`Store::finish_sync`]). All three use one
//!   merge rule ([`fieldcast_model::Stamp`]) and update the digests of the 4096 finest key ranges in the same
//!   transaction. So two devices compare their data by reading one small table.
//! - **A kill at any time** leaves the state before or after a transaction: a page with its cursor, a batch of staged
//!   chunks, a whole applied dataset.
//! - **Damage is detected when data is used**: the store hashes records, chunks and digests again before it returns
//!   them, and [`Store::verify`] checks everything.
//! - **A damaged database is recovered**: the readable data is copied into a new database. The old file is kept if any
//!   data was lost. Data that cannot be downloaded or received again (edits, settings, trust) also has a copy in a
//!   second file. See [`Opened::recovery`].
//!
//! The schema is in `schema/sql/`, with comments inside the tables; `schema/digit` describes the views of entity types.
//! Record bodies are canonical JSON text in all calls.

mod access;
mod apply;
#[cfg(feature = "bench")]
pub mod bench;
mod campaigns;
mod check_step;
mod chunks;
mod clock_reading;
mod connection;
mod copied_tables;
mod copy;
mod datasets;
mod distribution_stats;
mod edits;
mod error;
mod files;
mod history;
mod inspect;
mod lock;
mod login;
mod merge;
mod migrations;
mod open;
mod outranked;
mod peers;
mod prepared;
mod provenance;
mod ranges;
mod reader;
mod records;
mod recovery;
mod row_check;
mod rows;
mod salvage;
mod seen;
mod server_clock;
mod settings;
mod signed_snapshot;
mod snapshot_hash;
mod staging;
mod sync;
mod tx;
mod undo;
mod verify;
mod views;

#[cfg(test)]
mod tests;

pub use access::Store;
pub use apply::{AppliedSnapshot, Arriving, Batch, Batches, Differing, MAX_AHEAD_MS, Verdict};
pub use campaigns::Campaign;
pub use check_step::CheckStep;
pub use chunks::ChunkEntry;
pub use clock_reading::ServerClock;
pub use datasets::DatasetStatus;
pub use distribution_stats::DistributionStats;
pub use edits::{EditSent, EditStatus, LocalEdit};
pub use error::{ApplyError, Error, Result};
pub use history::{Exchange, ExchangeResult, ExchangeRole};
pub use inspect::{Inspected, free_space, inspect};
pub use login::Login;
pub use merge::Merged;
pub use open::Opened;
pub use peers::TrustedPeer;
pub use provenance::{BundleSource, RecordSource};
pub use reader::Reader;
pub use records::RecordQuery;
pub use recovery::Recovery;
pub use seen::RunId;
pub use staging::{Consent, Incoming, IncomingStatus};
pub use sync::{Completeness, PageCommit, SyncCursor, SyncStart, SyncSummary, SyncTarget};
pub use verify::Verified;
