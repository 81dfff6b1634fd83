//! The only way to write a record: merge it by the model's rule and count it in the digest of its range.

use std::borrow::Cow;

use fieldcast_model::{Record, RecordHash, RootHash, ServerTime, Stamp};
use rusqlite::{OptionalExtension, Statement, params};

use crate::prepared::{Arrival, Prepared, UPDATE, is_household};
use crate::provenance::Provenances;
use crate::rows::Key;
use crate::tx::{Counted, WriteTx};
use crate::{Result, outranked, undo};

/// The number of records that a page or a bundle changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// New records.
    pub inserted: u64,
    /// Records that replaced an older version.
    pub updated: u64,
    /// Records that exist in the same version.
    pub unchanged: u64,
    /// Records that exist in a newer version. The newer version stayed.
    pub kept_newer: u64,
}

impl std::ops::AddAssign for Merged {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.kept_newer += other.kept_newer;
    }
}

/// The source of the versions to merge.
#[derive(Clone, Copy)]
pub(crate) struct MergeSource {
    /// The row of the download or bundle in `provenance`.
    pub(crate) provenance: i64,
    /// `true`: from the server, whose listed records exist. `false`: from another device.
    pub(crate) is_server: bool,
    /// The `as_of` of the run or the snapshot.
    pub(crate) as_of: ServerTime,
    /// The time when the versions were known to be the server's. Earlier than `as_of` if another device has merged
    /// them.
    pub(crate) vouched: ServerTime,
    /// The `as_of` of the dataset before the merge. This device was thought to have all changes up to this time.
    pub(crate) base: ServerTime,
}

impl MergeSource {
    /// The time from which a version counts as a change. Normally this is the time when the server made the version. If
    /// the version should have arrived earlier (the server showed it late, or gives no time), it is now.
    fn changed(self, record: &Record) -> i64 {
        let late = self.as_of.0.max(self.base.0.saturating_add(1));
        if record.modified > self.base { record.modified.0 } else { late }
    }
}

/// Merges records into datasets, with statements that are prepared once.
pub(crate) struct Merger<'t> {
    tx: &'t WriteTx<'t>,
    insert: Statement<'t>,
    find: Statement<'t>,
    update: Statement<'t>,
    /// Replaces a damaged record by an intact copy.
    repair: Statement<'t>,
    /// For versions that a merge sets aside: versions that a bundle replaces, and server versions with a smaller stamp
    /// than the stored version.
    keep_for_undo: Statement<'t>,
    note_outranked: Statement<'t>,
    /// The confirmed times of the stored versions. Used only for bundles.
    provenances: Provenances,
    merged: Merged,
}

/// The row that a version would replace.
struct Stored {
    row: i64,
    stamp: Stamp,
    gone: bool,
    counted: Counted,
}

impl<'t> Merger<'t> {
    /// For server versions of any dataset.
    pub(crate) fn new(tx: &'t WriteTx<'t>) -> Result<Self> {
        Self::over(tx, Provenances::default())
    }

    /// For versions of one dataset from a bundle.
    pub(crate) fn of_bundle(tx: &'t WriteTx<'t>, dataset: i64) -> Result<Self> {
        Self::over(tx, Provenances::of(&tx.conn, dataset)?)
    }

    fn over(tx: &'t WriteTx<'t>, provenances: Provenances) -> Result<Self> {
        let insert = tx.conn.prepare(
            "INSERT INTO record (dataset, entity, key, root, root_hash, row_version, modified, changed, deleted, gone,
                provenance, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (dataset, entity, key) DO NOTHING",
        )?;
        let find = tx.conn.prepare(
            "SELECT id, row_version, modified, hash, deleted, gone, root_hash, octet_length(body), root IS NOT key,
                provenance FROM record
             WHERE dataset = ? AND entity = ? AND key = ?",
        )?;
        let update = tx.conn.prepare(UPDATE)?;
        let repair = tx.conn.prepare(
            "UPDATE record SET root = ?2, root_hash = ?3, row_version = ?4, modified = ?5, deleted = ?6, body = ?7 WHERE id = ?1
             AND NOT (root IS ?2 AND root_hash = ?3 AND row_version = ?4 AND modified = ?5 AND deleted = ?6 AND body = ?7)",
        )?;
        let keep_for_undo = tx.conn.prepare(undo::KEEP)?;
        let note_outranked = tx.conn.prepare(outranked::NOTE)?;
        let merged = Merged::default();
        Ok(Self { tx, insert, find, update, repair, keep_for_undo, note_outranked, provenances, merged })
    }

    /// The totals of all merges so far.
    pub(crate) fn merged(&self) -> Merged {
        self.merged
    }

    /// Merges one record and returns its row id.
    ///
    /// In a bulk load, nearly all records are new. So this tries the insert first and reads the old row only after a
    /// conflict.
    pub(crate) fn merge(&mut self, dataset: i64, new: &Prepared<'_>, source: MergeSource) -> Result<i64> {
        let record = &*new.record;
        let entity = self.tx.entity(&record.entity)?;
        let inserted = self.insert.execute(params![
            dataset,
            entity,
            Key(&record.id),
            Key(&record.root),
            new.root_hash.0 as i64,
            record.row_version,
            record.modified.0,
            source.changed(record),
            record.deleted,
            source.provenance,
            new.hash.0,
            record.body.as_str(),
        ])?;
        if inserted == 1 {
            self.tx.add(dataset, new.counted(source.provenance));
            self.merged.inserted += 1;
            return Ok(self.tx.conn.last_insert_rowid());
        }
        let stored = self.stored(dataset, entity, record)?;
        self.merge_over(dataset, &stored, new, source)?;
        Ok(stored.row)
    }

    fn merge_over(&mut self, dataset: i64, stored: &Stored, new: &Prepared<'_>, source: MergeSource) -> Result<()> {
        if stored.stamp.hash == new.hash {
            let repaired = self.repair.execute(new.columns(stored.row))?;
            *if repaired == 0 { &mut self.merged.unchanged } else { &mut self.merged.updated } += 1;
        } else if self.wins(stored, new, source) {
            if !source.is_server {
                self.keep_for_undo.execute([stored.row, dataset])?;
            }
            self.replace(dataset, stored, new, source, false)?;
            self.merged.updated += 1;
        } else {
            if source.is_server && stored.counted.provenance < source.provenance {
                outranked::note(&mut self.note_outranked, source.provenance, stored.row, &new.record)?;
            }
            self.merged.kept_newer += 1;
        }
        Ok(())
    }

    /// Whether a version replaces the stored one.
    ///
    /// A version from a server page wins by its stamp until the run is known to be complete (see `sync.rs`). In
    /// addition, a record that the server lists is not gone. Of two versions from devices, the one that was known to be
    /// the server's at the later time wins. The stamp alone is not enough: a forged stamp would win over all correct
    /// versions permanently.
    fn wins(&self, stored: &Stored, new: &Prepared<'_>, source: MergeSource) -> bool {
        if source.is_server {
            return new.stamp() > stored.stamp || stored.gone && !new.record.deleted;
        }
        let known = self.provenances.as_of(stored.counted.provenance).max(stored.stamp.modified);
        (source.vouched.max(new.record.modified), new.stamp()) > (known, stored.stamp)
    }

    /// Replaces the stored version by the version from a verified full download, independent of the stamps.
    pub(crate) fn restore(&mut self, dataset: i64, server: &Record, source: MergeSource) -> Result<()> {
        let entity = self.tx.entity(&server.entity)?;
        let stored = self.stored(dataset, entity, server)?;
        self.replace(dataset, &stored, &Prepared::of(server), source, false)
    }

    /// Marks a record as deleted because a verified full download did not contain it. The body stays.
    pub(crate) fn mark_gone(&mut self, dataset: i64, old: &Record, source: MergeSource) -> Result<()> {
        let entity = self.tx.entity(&old.entity)?;
        let stored = self.stored(dataset, entity, old)?;
        let mut record = old.clone();
        record.deleted = true;
        record.modified = ServerTime(source.as_of.0.max(old.modified.0.saturating_add(1)));
        let tombstone = Prepared::new(Cow::Owned(record), stored.counted.root_hash);
        self.replace(dataset, &stored, &tombstone, source, true)
    }

    fn replace(
        &mut self,
        dataset: i64,
        stored: &Stored,
        new: &Prepared<'_>,
        source: MergeSource,
        gone: bool,
    ) -> Result<()> {
        let arrival = Arrival { changed: source.changed(&new.record), gone, provenance: source.provenance };
        new.update(&mut self.update, stored.row, arrival)?;
        self.tx.remove(dataset, stored.counted);
        self.tx.add(dataset, new.counted(source.provenance));
        Ok(())
    }

    fn stored(&mut self, dataset: i64, entity: i64, record: &Record) -> Result<Stored> {
        let household = is_household(record);
        self.find
            .query_row(params![dataset, entity, Key(&record.id)], |row| {
                let deleted: bool = row.get(4)?;
                let hash = RecordHash(row.get(3)?);
                Ok(Stored {
                    row: row.get(0)?,
                    stamp: Stamp {
                        row_version: row.get(1)?,
                        modified: ServerTime(row.get(2)?),
                        rooted: row.get(8)?,
                        hash,
                    },
                    gone: row.get(5)?,
                    counted: Counted {
                        root_hash: RootHash(row.get::<_, i64>(6)? as u64),
                        hash,
                        json_bytes: row.get(7)?,
                        live_household: household && !deleted,
                        provenance: row.get(9)?,
                    },
                })
            })
            .optional()?
            .ok_or(crate::Error::Corrupt) // the unique index reported this row
    }
}
