//! Applies a snapshot, or the changes of a snapshot, that another device sent.

use std::collections::HashMap;

use fieldcast_model::{
    DeviceName, Fingerprint, KeyRange, Provenance, RangeHashes, RangeTotals, Record, ServerTime, SnapshotSummary,
};
use rusqlite::params;

#[cfg(doc)]
use crate::Reader;
use crate::access::Durability;
use crate::merge::{MergeSource, Merger};
use crate::prepared::{Prepared, Ready, prepare_on_thread};
use crate::provenance::Provenances;
use crate::tx::WriteTx;
use crate::{ApplyError, Merged, Result, Store};

/// The input of an apply, and the version that must be the result.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The version that the sender offers.
    pub snapshot: &'a SnapshotSummary,
    /// The device that signed the snapshot, and the snapshot hash. The caller has verified the signature.
    pub provenance: &'a Provenance,
    /// The device that sent the data.
    pub carrier: Fingerprint,
    /// The name of the sending device.
    pub carrier_name: &'a DeviceName,
    /// Whether the names in this snapshot replace names that another device gave.
    pub is_trusted: bool,
    /// The best known server time: [`Store::server_now`]. The store rejects records with a date more than
    /// [`MAX_AHEAD_MS`] later.
    pub now: ServerTime,
    /// For a whole snapshot: the key ranges that the batches leave out, because this device already has the same
    /// records there. `None` if the batches contain only changes.
    pub held: Option<&'a [KeyRange]>,
}

/// Records that are merged together.
#[derive(Debug)]
pub struct Batch {
    /// The records.
    pub records: Vec<Record>,
    /// `true`: the records are the complete content of their key range in the snapshot. `false`: they are changes.
    pub is_range: bool,
}

/// Returns the batches one after another, then `None`.
pub type Batches<'a, E> = dyn FnMut() -> Result<Option<Batch>, E> + Send + 'a;

/// The result of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The data was applied.
    Applied(AppliedSnapshot),
    /// The dataset does not match the snapshot: changes are missing, or this device has records that the snapshot does
    /// not have. Nothing was stored.
    Differs(Differing),
}

/// The effect of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedSnapshot {
    /// The number of changed records.
    pub merged: Merged,
    /// The dataset after the apply. The receiver compares its digest and acknowledges it.
    pub summary: SnapshotSummary,
}

/// The state a dataset would have after changes that are not sufficient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The whole dataset. Without any changes, this is its present state.
    pub summary: SnapshotSummary,
    /// Totals by fine key range. The receiver must request every range that differs from the snapshot.
    pub ranges: Vec<RangeTotals>,
}

impl Store {
    /// Merges the batches from `next` into the dataset of the snapshot, until `next` returns `None`. This is one
    /// transaction, and it is durable when the call returns. At most four batches are in memory. The new `as_of` of the
    /// dataset is the later of its own and that of the snapshot, but never later than now. Of `snapshot`, the store
    /// uses only the dataset, `as_of` and the names; for the names see [`Reader::names`].
    ///
    /// The store compares everything before it commits: a whole snapshot must have the signed snapshot hash, even if
    /// this device keeps newer records; changes must result in the digest and the hash of the snapshot.
    /// [`Store::undo_bundle`] reverts an apply.
    ///
    /// `next` runs on a separate thread, so decoding does not block the writer. No other write can run during an apply:
    /// `next` must only decode and must not wait for the network.
    ///
    /// # Errors
    /// [`ApplyError::Source`] with the error of `next`, [`ApplyError::NotAuthentic`], [`ApplyError::FromTheFuture`],
    /// [`ApplyError::RowVersion`], [`ApplyError::Repeated`], [`ApplyError::Store`] with the error of the store. After
    /// any error, the dataset is unchanged.
    pub fn apply<E: Send>(&self, arriving: &Arriving<'_>, next: &mut Batches<'_, E>) -> Result<Verdict, ApplyError<E>> {
        let prepare = |batch: Batch| (Prepared::owned(batch.records), batch.is_range);
        let batches = std::iter::from_fn(|| next().transpose()).map(|batch| batch.map(prepare));
        prepare_on_thread(batches, |prepared| {
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

/// A batch with the computed values of its rows, and whether it is a whole range.
type PreparedBatch = (Vec<Prepared<'static>>, bool);

/// How far the date of a received record may be ahead of the known server time, in ms.
pub const MAX_AHEAD_MS: i64 = 24 * 3_600_000;

/// Rejects a version that no correct server can create.
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

/// A set of row ids, 64 per entry: the row ids of one bundle are close together.
#[derive(Default)]
struct RowIdSet(HashMap<i64, u64>);

impl RowIdSet {
    /// Adds a row id. Returns whether it is new.
    fn insert(&mut self, row: i64) -> bool {
        let bits = self.0.entry(row >> 6).or_default();
        let bit = 1 << (row & 63);
        let is_new = *bits & bit == 0;
        *bits |= bit;
        is_new
    }
}

/// The outer error rolls the transaction back because the store failed; the inner result is for the caller.
fn apply<E>(
    tx: &WriteTx<'_>,
    arriving: &Arriving<'_>,
    batches: &Ready<Result<PreparedBatch, E>>,
) -> Result<Result<Verdict, ApplyError<E>>> {
    let Arriving { snapshot, provenance, now, .. } = arriving;
    let (project_name, boundary_name) = tx.reader()?.names(snapshot, arriving.is_trusted)?;
    let id = tx.dataset(&snapshot.dataset)?;
    let as_of = snapshot.as_of.min(*now);
    let vouched = provenance.vouched(snapshot).min(*now);
    let carrier = (arriving.carrier, arriving.carrier_name);
    let provenance = tx.bundle_provenance(id, vouched, provenance, carrier)?;
    tx.begin_undo(id, provenance)?;
    tx.rename(id, &project_name, &boundary_name)?;
    let source = MergeSource { provenance, is_server: false, as_of, vouched, base: tx.as_of(id)? };
    let (mut merger, mut hashes) = (Merger::of_bundle(tx, id)?, RangeHashes::default());
    let (mut in_ranges, mut in_changes) = (RowIdSet::default(), RowIdSet::default());
    while let Some(batch) = batches.next()? {
        match batch {
            Ok((batch, is_range)) => {
                if is_range {
                    hashes.add(batch.iter().map(Prepared::root_hash_and_hash));
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
    finish(tx, id, arriving, source, merger.merged(), hashes)
}

/// Compares the new state of the dataset with the signed snapshot.
fn finish<E>(
    tx: &WriteTx<'_>,
    id: i64,
    Arriving { snapshot, provenance, held, .. }: &Arriving<'_>,
    source: MergeSource,
    merged: Merged,
    mut hashes: RangeHashes,
) -> Result<Result<Verdict, ApplyError<E>>> {
    let reader = tx.reader()?;
    for range in held.unwrap_or(&[KeyRange::ALL]) {
        reader.add_fresh_hashes(id, *range, &mut hashes)?;
    }
    let mut summary = reader.summary_of(id)?;
    let (matches_signed_hash, is_equal) =
        (hashes.snapshot_hash() == provenance.snapshot_hash, summary.digest == snapshot.digest);
    match held {
        Some(_) if !matches_signed_hash => return Ok(Err(ApplyError::NotAuthentic)),
        None if !matches_signed_hash || !is_equal => {
            let ranges = reader.fine_ranges(id)?;
            return Ok(Ok(Verdict::Differs(Differing { summary, ranges })));
        }
        _ => {}
    }
    summary.as_of = summary.as_of.max(source.as_of);
    tx.conn.execute("UPDATE dataset SET as_of = ? WHERE id = ?", params![summary.as_of.0, id])?;
    // A snapshot with the same records and an earlier time adds no information. The device that confirmed the later
    // state stays the provenance.
    if is_equal && source.vouched >= Provenances::of(&tx.conn, id)?.vouched_as_of() {
        tx.keep_signed_snapshot(id, snapshot, provenance)?;
        tx.vouch(id, source.provenance, false)?;
    }
    tx.forget_provenances(id)?;
    Ok(Ok(Verdict::Applied(AppliedSnapshot { merged, summary })))
}
