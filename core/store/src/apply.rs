//! Taking over a snapshot, or the changes to one, from another device.

use fieldcast_model::{Record, SnapshotSummary};
use rusqlite::params;

use crate::access::Durability;
use crate::merge::{Merger, Prepared, Ready, Source, aside};
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
    /// that is durable when this returns. Memory is four batches. The dataset's `as_of` becomes the later of its own and
    /// the snapshot's; of `snapshot`, only dataset, `as_of` and, where none are known
    /// here, names are used: what a village is called is the server's to say.
    ///
    /// `next` is called on a thread of its own, so that decoding takes none of the writer's time. No other write can run
    /// meanwhile: it should decode, not wait for a network.
    ///
    /// # Errors
    /// [`ApplyError::Source`] with the error of `next`, [`ApplyError::Store`] with the store's. Either way the dataset
    /// is what it was.
    pub fn apply<E: Send>(
        &self,
        snapshot: &SnapshotSummary,
        next: &mut Batches<'_, E>,
    ) -> Result<Applied, ApplyError<E>> {
        self.apply_as(snapshot, Brings::Everything, next)
    }

    /// As [`Store::apply`], for batches that hold only what changed: `as_of` moves only if the dataset's digest is then
    /// the snapshot's. If it is not, something the changes do not show is missing, or this device is ahead.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_changes<E: Send>(
        &self,
        snapshot: &SnapshotSummary,
        next: &mut Batches<'_, E>,
    ) -> Result<Applied, ApplyError<E>> {
        self.apply_as(snapshot, Brings::Changes, next)
    }

    fn apply_as<E: Send>(
        &self,
        snapshot: &SnapshotSummary,
        brings: Brings,
        next: &mut Batches<'_, E>,
    ) -> Result<Applied, ApplyError<E>> {
        let batches = std::iter::from_fn(|| next().transpose()).map(|batch| batch.map(Prepared::owned));
        let applied = aside(batches, |prepared| {
            self.write(Durability::Full, |tx| {
                let applied = apply(tx, snapshot, brings, &prepared)?;
                if applied.is_err() {
                    tx.abandon();
                }
                Ok(applied)
            })
        })?;
        applied.map_err(ApplyError::Source)
    }
}

/// Gives one batch of records after another, then none.
pub type Batches<'a, E> = dyn FnMut() -> Result<Option<Vec<Record>>, E> + Send + 'a;

/// What the batches of an apply are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brings {
    /// All the receiver lacked of the snapshot.
    Everything,
    /// What was modified since the receiver's `as_of`, which may not be all it lacks.
    Changes,
}

/// The inner result is the caller's.
fn apply<E>(
    tx: &WriteTx<'_>,
    snapshot: &SnapshotSummary,
    brings: Brings,
    batches: &Ready<Result<Vec<Prepared<'static>>, E>>,
) -> Result<Result<Applied, E>> {
    let id = tx.dataset(&snapshot.dataset, &snapshot.project_name, &snapshot.boundary_name)?;
    let source = Source { is_server: false, as_of: snapshot.as_of, base: tx.as_of(id)? };
    let mut merger = Merger::new(tx)?;
    while let Some(batch) = batches.next()? {
        match batch {
            Ok(batch) => batch.iter().try_for_each(|record| merger.merge(id, record, source).map(drop))?,
            Err(e) => return Ok(Err(e)),
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
