//! The SQLite store of one device; the only crate that names rusqlite.
//!
//! # Shape
//! [`Store::open`] takes a folder, locks it for this process and opens `fieldcast.db` in it. A [`Store`] is a handle:
//! clone it, share it, call it from any thread. Every call blocks; async callers go through a blocking thread.
//!
//! - **One writer, many readers.** All writes run one after another in immediate transactions on one connection;
//!   each says how durable it must be. Reads run on query-only connections and never wait for a writer.
//!   [`Store::read`] gives several reads one consistent view; the methods of [`Reader`] also stand on [`Store`]
//!   for single reads.
//! - **Records and digests move together.** Whatever changes a record, a downsync page ([`Store::commit_page`]), an
//!   exchange ([`Store::apply`]) or the end of a verified download ([`Store::finish_sync`]), goes through one merge
//!   rule ([`fieldcast_model::Stamp`]) and keeps the digest of each of the 4096 finest key ranges in the same
//!   transaction. So comparing two devices costs a look at a small table.
//! - **A kill at any instant** leaves the state before the transaction or after it: a page and its cursor, a batch of
//!   staged chunks, a whole applied dataset.
//! - **Damage is found where data is used**: records, chunks and digests are hashed anew before they leave the store, and
//!   [`Store::verify`] looks at everything.
//! - **A damaged database is recovered**: what can be read goes into a new one; the old file is kept if anything was lost.
//!   What cannot be had again (edits, settings, trust) is kept in a second file as well. See [`Opened::recovery`].
//!
//! The schema is `schema/sql/`, commented inside its tables. Where bodies go in and out they are canonical JSON text.

mod access;
mod apply;
#[cfg(feature = "bench")]
pub mod bench;
mod campaigns;
mod check_step;
mod chunks;
mod copy;
mod datasets;
mod distribution_stats;
mod edits;
mod error;
mod history;
mod inspect;
mod kept;
mod lock;
mod login;
mod merge;
mod migrations;
mod open;
mod origins;
mod outranked;
mod peers;
mod provenance;
mod ranges;
mod records;
mod recovery;
mod row_check;
mod rows;
mod seals;
mod seen;
mod server_clock;
mod settings;
mod staging;
mod sync;
mod tx;
mod undo;
mod verify;

#[cfg(test)]
mod tests;

pub use access::{Reader, Store};
pub use apply::{Applied, Arriving, Batch, Batches, Differing, MAX_AHEAD_MS, Verdict};
pub use campaigns::Campaign;
pub use chunks::ChunkEntry;
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
pub use records::RecordQuery;
pub use recovery::Recovery;
pub use server_clock::ServerClock;
pub use staging::{Consent, Incoming, IncomingStatus};
pub use sync::{Completeness, PageCommit, RunId, SyncCursor, SyncStart, SyncSummary, SyncTarget};
pub use verify::Verified;
