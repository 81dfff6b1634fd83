//! Taking over a snapshot, or the changes to one, from another device.

use std::sync::mpsc::{self, Receiver, Sender};

use fieldcast_model::{Record, SnapshotSummary};
use rusqlite::params;

use crate::access::Durability;
use crate::merge::{Merger, Prepared, Source, aside};
use crate::tx::WriteTx;
use crate::{ApplyError, Merged, Result, Store};

/// What an apply did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// How many records changed.
    pub merged: Merged,
    /// The dataset as it is now; its digest is what the receiver compares and acknowledges.
    pub summary: SnapshotSummary,
}

impl Store {
    /// Merges the batches that `next` gives, until it gives none, into the dataset of `snapshot`, in one transaction
    /// that is durable when this returns. Memory is two batches. The dataset's `as_of` becomes the later of its own and
    /// the snapshot's; of `snapshot`, only dataset, names and `as_of` are used.
    ///
    /// No other write can run meanwhile, so `next` should decode, not wait for a network.
    ///
    /// # Errors
    /// [`ApplyError::Source`] with the error of `next`, [`ApplyError::Store`] with the store's. Either way the dataset
    /// is what it was.
    pub fn apply<E>(
        &self,
        snapshot: &SnapshotSummary,
        next: &mut dyn FnMut() -> Result<Option<Vec<Record>>, E>,
    ) -> Result<Applied, ApplyError<E>> {
        self.apply_as(snapshot, Brings::Everything, next)
    }

    /// As [`Store::apply`], for batches that hold only what changed: `as_of` moves only if the dataset's digest is then
    /// the snapshot's. If it is not, something the changes do not show is missing, or this device is ahead.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_changes<E>(
        &self,
        snapshot: &SnapshotSummary,
        next: &mut dyn FnMut() -> Result<Option<Vec<Record>>, E>,
    ) -> Result<Applied, ApplyError<E>> {
        self.apply_as(snapshot, Brings::Changes, next)
    }

    fn apply_as<E>(
        &self,
        snapshot: &SnapshotSummary,
        brings: Brings,
        next: &mut dyn FnMut() -> Result<Option<Vec<Record>>, E>,
    ) -> Result<Applied, ApplyError<E>> {
        let (hash, batches) = mpsc::channel();
        let applied = aside(batches.into_iter().map(Prepared::owned), |hashed| {
            self.write(Durability::Full, |tx| {
                let applied = apply(tx, snapshot, brings, next, &Hasher { hash, hashed })?;
                if applied.is_err() {
                    tx.abandon();
                }
                Ok(applied)
            })
        })?;
        applied.map_err(ApplyError::Source)
    }
}

/// What the batches of an apply are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brings {
    /// All the receiver lacked of the snapshot.
    Everything,
    /// What was modified since the receiver's `as_of`, which may not be all it lacks.
    Changes,
}

/// The two ends of the thread that hashes.
struct Hasher {
    hash: Sender<Vec<Record>>,
    hashed: Receiver<Vec<Prepared<'static>>>,
}

/// The inner result is the caller's.
fn apply<E>(
    tx: &WriteTx<'_>,
    snapshot: &SnapshotSummary,
    brings: Brings,
    next: &mut dyn FnMut() -> Result<Option<Vec<Record>>, E>,
    hasher: &Hasher,
) -> Result<Result<Applied, E>> {
    let id = tx.dataset(&snapshot.dataset, &snapshot.project_name, &snapshot.boundary_name)?;
    let source = Source { is_server: false, as_of: snapshot.as_of, base: tx.as_of(id)? };
    let mut merger = Merger::new(tx)?;
    let mut merge = || {
        let batch = hasher.hashed.recv().unwrap_or_default(); // the hasher lives while `hash` does
        batch.iter().try_for_each(|record| merger.merge(id, record, source).map(drop))
    };
    // One batch is hashed while the one before it is merged.
    let mut hashing = false;
    loop {
        let batch = match next() {
            Ok(batch) => batch,
            Err(e) => return Ok(Err(e)),
        };
        let more = batch.is_some_and(|records| hasher.hash.send(records).is_ok());
        if hashing {
            merge()?;
        }
        hashing = more;
        if !more {
            break;
        }
    }
    let merged = merger.merged();
    let mut summary = tx.reader()?.summary_of(id)?;
    if brings == Brings::Everything || summary.digest == snapshot.digest {
        summary.as_of = summary.as_of.max(snapshot.as_of);
        tx.conn.execute("UPDATE dataset SET as_of = ? WHERE id = ?", params![summary.as_of.0, id])?;
    }
    Ok(Ok(Applied { merged, summary }))
}
