//! Taking over a snapshot, or the changes to one, from another device.

use std::collections::HashMap;

use fieldcast_model::{
    DeviceName, Fingerprint, KeyRange, Origin, RangeHashes, RangeTotals, Record, ServerTime, SnapshotSummary,
};
use rusqlite::params;

#[cfg(doc)]
use crate::Reader;
use crate::access::Durability;
use crate::merge::{Merger, Prepared, Ready, Source, aside};
use crate::provenance::Provenances;
use crate::tx::WriteTx;
use crate::{ApplyError, Merged, Result, Store};

/// What is taken over, and what it must amount to.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The version.
    pub snapshot: &'a SnapshotSummary,
    /// Who answers for it, and with what seal. That its signature is right is the caller's to know.
    pub origin: &'a Origin,
    /// The device that sent it.
    pub carrier: Fingerprint,
    /// What that calls itself.
    pub carrier_name: &'a DeviceName,
    /// Whether its names replace those that another device has given.
    pub is_trusted: bool,
    /// The server's time now, as well as this device knows it: [`Store::server_now`]. Nothing is taken that is dated more
    /// than [`MAX_AHEAD_MS`] later.
    pub now: ServerTime,
    /// If the batches bring the whole snapshot: the key ranges of it they leave out, since what this device has there is
    /// what the snapshot has. `None` if they bring only what has changed.
    pub held: Option<&'a [KeyRange]>,
}

/// Records that come together.
#[derive(Debug)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    /// Whether they are all that the snapshot has in their key range; they are changes otherwise.
    pub is_range: bool,
}

/// Gives one batch of records after another, then none.
pub type Batches<'a, E> = dyn FnMut() -> Result<Option<Batch>, E> + Send + 'a;

/// What came of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in.
    Applied(Applied),
    /// The changes are not all that this device lacks, or it has more than the snapshot. Nothing of them was kept.
    Differs(Differing),
}

/// What an apply did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// How many records changed.
    pub merged: Merged,
    /// The dataset as it is now; its digest is what the receiver compares and acknowledges.
    pub summary: SnapshotSummary,
}

/// What a dataset would be with changes that are not enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// As a whole. Without any changes that is what it is.
    pub summary: SnapshotSummary,
    /// By fine key range: what has to be asked for whole is where this differs from the snapshot.
    pub ranges: Vec<RangeTotals>,
}

impl Store {
    /// Merges the batches that `next` gives, until it gives none, into the dataset of the snapshot, in one transaction
    /// that is durable when this returns. Memory is four batches. The dataset's `as_of` becomes the later of its own and
    /// the snapshot's, but not later than now; of `snapshot`, only dataset, `as_of` and names are used, the latter as
    /// [`Reader::names`] says.
    ///
    /// Nothing stays that was not compared: a whole snapshot must have the origin's seal, whatever newer records this
    /// device keeps; changes must lead to the snapshot's digest and seal. [`Store::undo_bundle`] takes it back.
    ///
    /// `next` is called on a thread of its own, so that decoding takes none of the writer's time. No other write can run
    /// meanwhile: it should decode, not wait for a network.
    ///
    /// # Errors
    /// [`ApplyError::Source`] with the error of `next`, [`ApplyError::NotAuthentic`], [`ApplyError::FromTheFuture`],
    /// [`ApplyError::RowVersion`], [`ApplyError::Repeated`], [`ApplyError::Store`] with the store's. Each way the dataset is what it was.
    pub fn apply<E: Send>(&self, arriving: &Arriving<'_>, next: &mut Batches<'_, E>) -> Result<Verdict, ApplyError<E>> {
        let prepare = |batch: Batch| (Prepared::owned(batch.records), batch.is_range);
        let batches = std::iter::from_fn(|| next().transpose()).map(|batch| batch.map(prepare));
        aside(batches, |prepared| {
            self.write(Durability::Full, |tx| {
                let verdict = apply(tx, arriving, &prepared)?;
                if !matches!(verdict, Ok(Verdict::Applied(_))) {
                    tx.abandon();
                }
                Ok(verdict)
            })
        })?
    }
}

/// A batch with what its rows need, and whether it is a whole range.
type PreparedBatch = (Vec<Prepared<'static>>, bool);

/// How far ahead of the server's time, as this device knows it, what a device sends may be dated, in ms.
pub const MAX_AHEAD_MS: i64 = 24 * 3_600_000;

/// Refuses a version that no honest server can have made.
fn check<E>(record: &Prepared<'_>, now: ServerTime) -> Result<(), ApplyError<E>> {
    let (row_version, modified) = record.version();
    if modified.0 > now.0.saturating_add(MAX_AHEAD_MS) {
        return Err(ApplyError::FromTheFuture { dated: modified, now });
    }
    if !(0..=Record::MAX_ROW_VERSION).contains(&row_version) {
        return Err(ApplyError::RowVersion);
    }
    Ok(())
}

/// Numbers of rows, 64 to an entry: those of one bundle lie close together.
#[derive(Default)]
struct Rows(HashMap<i64, u64>);

impl Rows {
    /// Whether a row is new.
    fn insert(&mut self, row: i64) -> bool {
        let bits = self.0.entry(row >> 6).or_default();
        let bit = 1 << (row & 63);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }
}

/// The inner result is the caller's.
fn apply<E>(
    tx: &WriteTx<'_>,
    arriving: &Arriving<'_>,
    batches: &Ready<Result<PreparedBatch, E>>,
) -> Result<Result<Verdict, ApplyError<E>>> {
    let Arriving { snapshot, origin, now, .. } = arriving;
    let (project_name, boundary_name) = tx.reader()?.names(snapshot, arriving.is_trusted)?;
    let id = tx.dataset(&snapshot.dataset)?;
    let as_of = snapshot.as_of.min(*now);
    let vouched = origin.vouched(snapshot).min(*now);
    let carrier = (arriving.carrier, arriving.carrier_name);
    let provenance = tx.bundle_provenance(id, vouched, origin, carrier)?;
    tx.begin_undo(id, provenance)?;
    tx.rename(id, &project_name, &boundary_name)?;
    let source = Source { provenance, is_server: false, as_of, vouched, base: tx.as_of(id)? };
    let (mut merger, mut seals) = (Merger::of_bundle(tx, id)?, RangeHashes::default());
    let (mut in_ranges, mut in_changes) = (Rows::default(), Rows::default());
    while let Some(batch) = batches.next()? {
        match batch {
            Ok((batch, is_range)) => {
                if is_range {
                    seals.add(batch.iter().map(Prepared::place_and_hash));
                }
                for record in &batch {
                    if let Err(error) = check(record, *now) {
                        return Ok(Err(error));
                    }
                    let row = merger.merge(id, record, source)?;
                    let seen = if is_range { &mut in_ranges } else { &mut in_changes };
                    if !seen.insert(row) {
                        return Ok(Err(ApplyError::Repeated));
                    }
                }
            }
            Err(error) => return Ok(Err(ApplyError::Source(error))),
        }
    }
    finish(tx, id, arriving, source, merger.merged(), seals)
}

/// Compares what a dataset has become with what was signed.
fn finish<E>(
    tx: &WriteTx<'_>,
    id: i64,
    Arriving { snapshot, origin, held, .. }: &Arriving<'_>,
    source: Source,
    merged: Merged,
    mut seals: RangeHashes,
) -> Result<Result<Verdict, ApplyError<E>>> {
    let reader = tx.reader()?;
    for range in held.unwrap_or(&[KeyRange::ALL]) {
        reader.add_fresh_hashes(id, *range, &mut seals)?;
    }
    let mut summary = reader.summary_of(id)?;
    let (is_sealed, is_equal) = (seals.seal() == origin.seal, summary.digest == snapshot.digest);
    match held {
        Some(_) if !is_sealed => return Ok(Err(ApplyError::NotAuthentic)),
        None if !is_sealed || !is_equal => {
            let ranges = reader.fine_ranges(id)?;
            return Ok(Ok(Verdict::Differs(Differing { summary, ranges })));
        }
        _ => {}
    }
    summary.as_of = summary.as_of.max(source.as_of);
    tx.conn.execute("UPDATE dataset SET as_of = ? WHERE id = ?", params![summary.as_of.0, id])?;
    // An earlier snapshot of the same records says nothing new: who vouches for a later one stays.
    if is_equal && source.vouched >= Provenances::of(&tx.conn, id)?.vouched_as_of() {
        tx.keep_origin(id, snapshot, origin)?;
        tx.vouch(id, source.provenance, false)?;
    }
    tx.forget_provenances(id)?;
    Ok(Ok(Verdict::Applied(Applied { merged, summary })))
}
