//! The one way a record gets in: merged by the model's rule, counted in its range's digest.

use std::borrow::Cow;
use std::sync::mpsc::{self, Receiver};

use fieldcast_model::{Record, RecordHash, RecordId, RootHash, ServerTime, Stamp};
use rusqlite::{OptionalExtension, Params, Statement, params};

use crate::provenance::Provenances;
use crate::rows::{Key, signed};
use crate::tx::{Counted, WriteTx};
use crate::{Error, Result, outranked, undo};

/// How many records a page or a bundle changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Not there before.
    pub inserted: u64,
    /// There in an older version.
    pub updated: u64,
    /// There in the same version.
    pub unchanged: u64,
    /// There in a newer version, which stayed.
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

/// Where versions come from.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// The download or bundle that brings them.
    pub(crate) provenance: i64,
    /// Whether they come from the server, where what is listed exists, or from another device.
    pub(crate) is_server: bool,
    /// What the run or the snapshot is as of.
    pub(crate) as_of: ServerTime,
    /// As of when each of them was known to be the server's: earlier than `as_of` if another device has merged them.
    pub(crate) vouched: ServerTime,
    /// What the dataset was as of before: all that is of that time or earlier was thought to be here.
    pub(crate) base: ServerTime,
}

impl Source {
    /// Since when a version counts as a change: since the server made it, or, if it should have been here by then and
    /// was not (the server showed it late, or does not say when it made it), since now.
    fn changed(self, record: &Record) -> i64 {
        let late = self.as_of.0.max(self.base.0.saturating_add(1));
        if record.modified > self.base { record.modified.0 } else { late }
    }
}

/// See [`Prepared::update`].
pub(crate) const UPDATE: &str = "UPDATE record SET root = ?, root_hash = ?, row_version = ?, modified = ?, changed = ?,
    deleted = ?, gone = ?, provenance = ?, hash = ?, body = ? WHERE id = ?";

/// What this device notes of a version besides what it says itself; see `record` in the schema.
pub(crate) struct Arrival {
    pub(crate) changed: i64,
    pub(crate) gone: bool,
    pub(crate) provenance: i64,
}

/// A record with what its row needs computed; see [`aside`] for where.
pub(crate) struct Prepared<'a> {
    record: Cow<'a, Record>,
    hash: RecordHash,
    root_hash: RootHash,
}

impl<'a> Prepared<'a> {
    fn new(record: Cow<'a, Record>, root_hash: RootHash) -> Self {
        Self { hash: record.hash(), record, root_hash }
    }

    pub(crate) fn batch(records: &'a [Record]) -> Vec<Self> {
        Self::all(records.iter().map(Cow::Borrowed))
    }

    fn all(records: impl Iterator<Item = Cow<'a, Record>>) -> Vec<Self> {
        let mut family: Option<(RecordId, RootHash)> = None;
        let prepare = |record: Cow<'a, Record>| {
            let record = settled(record);
            // Families come together, so the root is hashed once for each.
            let root_hash = match &family {
                Some((root, hash)) if *root == record.root => *hash,
                _ => family.insert((record.root.clone(), record.root_hash())).1,
            };
            Self::new(record, root_hash)
        };
        records.map(prepare).collect()
    }

    /// Where in key order it stands, and its hash.
    pub(crate) fn place_and_hash(&self) -> (RootHash, RecordHash) {
        (self.root_hash, self.hash)
    }

    /// Of a record whose root nobody has hashed yet.
    pub(crate) fn of(record: &'a Record) -> Self {
        Self::new(Cow::Borrowed(record), record.root_hash())
    }

    /// A row's number and what stands in it, as [`Merger`]'s statement for damaged ones has it.
    fn columns(&self, row: i64) -> impl Params + '_ {
        let record = &*self.record;
        (
            row,
            Key(&record.root),
            self.root_hash.0 as i64,
            record.row_version,
            record.modified.0,
            record.deleted,
            record.body.as_str(),
        )
    }

    /// Puts it in the place of what stands in a row; the statement is [`UPDATE`].
    pub(crate) fn update(&self, statement: &mut Statement<'_>, row: i64, arrival: Arrival) -> Result<()> {
        let record = &*self.record;
        statement.execute(params![
            Key(&record.root),
            self.root_hash.0 as i64,
            record.row_version,
            record.modified.0,
            arrival.changed,
            record.deleted,
            arrival.gone,
            arrival.provenance,
            self.hash.0,
            record.body.as_str(),
            row,
        ])?;
        Ok(())
    }

    /// DIGIT's row version and the server's modification time.
    pub(crate) fn version(&self) -> (i64, ServerTime) {
        (self.record.row_version, self.record.modified)
    }

    pub(crate) fn counted(&self, provenance: i64) -> Counted {
        Counted {
            provenance,
            root_hash: self.root_hash,
            hash: self.hash,
            json_bytes: signed(self.record.body.len() as u64),
            live_household: is_household(&self.record) && !self.record.deleted,
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp::of(&self.record, self.hash)
    }
}

impl Prepared<'static> {
    pub(crate) fn owned(records: Vec<Record>) -> Vec<Self> {
        Self::all(records.into_iter().map(Cow::Owned))
    }
}

/// Lets another thread work `items` out while `f` uses those that are ready. Decoding and hashing, a good part of what a
/// record costs on its way in, so take none of the writer's time.
pub(crate) fn aside<I: Send, T>(items: impl Iterator<Item = I> + Send, f: impl FnOnce(Ready<I>) -> T) -> T {
    std::thread::scope(|scope| {
        // A few at a time: what is ready must not pile up while the writer waits for the storage.
        let (ready, work) = mpsc::sync_channel(1);
        scope.spawn(move || {
            let all = items.map(Some).chain([None]);
            for item in all {
                if ready.send(item).is_err() {
                    break; // `f` has failed
                }
            }
        });
        f(Ready(work))
    })
}

/// What [`aside`] has worked out.
pub(crate) struct Ready<I>(Receiver<Option<I>>);

impl<I> Ready<I> {
    /// The next item; `None` when there are no more. A thread that died half way is an error, or half of its items
    /// would be taken for all.
    pub(crate) fn next(&self) -> Result<Option<I>> {
        let died = |_| Error::Sqlite { code: 0, reason: "the source of the records died".to_owned() };
        self.0.recv().map_err(died)
    }
}

/// A peer may send a UUID in its text form. Stored so, it would be a second row with the same printed id.
fn settled(mut record: Cow<'_, Record>) -> Cow<'_, Record> {
    let astray = |id: &RecordId| match id {
        RecordId::Uuid(_) => None,
        RecordId::Text(text) => Some(RecordId::parse(text)).filter(|id| matches!(id, RecordId::Uuid(_))),
    };
    if let Some(id) = astray(&record.id) {
        record.to_mut().id = id;
    }
    if let Some(root) = astray(&record.root) {
        record.to_mut().root = root;
    }
    record
}

/// The type whose records are counted as households.
pub(crate) const HOUSEHOLD: &str = "Household";

fn is_household(record: &Record) -> bool {
    record.entity.as_str() == HOUSEHOLD
}

/// Merges records into one dataset after another, with statements prepared once.
pub(crate) struct Merger<'t> {
    tx: &'t WriteTx<'t>,
    insert: Statement<'t>,
    find: Statement<'t>,
    update: Statement<'t>,
    /// Puts a fresh copy of a record in the place of one that was damaged.
    heal: Statement<'t>,
    /// For what a merge sets aside: versions a bundle replaces, and the server's with a smaller stamp than what is here.
    keep_for_undo: Statement<'t>,
    note_outranked: Statement<'t>,
    /// Who vouches for what is here; consulted for bundles only.
    provenances: Provenances,
    merged: Merged,
}

/// The row a version would replace.
struct Stored {
    row: i64,
    stamp: Stamp,
    gone: bool,
    counted: Counted,
}

impl<'t> Merger<'t> {
    /// For the server's versions of any dataset.
    pub(crate) fn new(tx: &'t WriteTx<'t>) -> Result<Self> {
        Self::over(tx, Provenances::default())
    }

    /// For versions of one dataset that a bundle brings.
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
        let heal = tx.conn.prepare(
            "UPDATE record SET root = ?2, root_hash = ?3, row_version = ?4, modified = ?5, deleted = ?6, body = ?7 WHERE id = ?1
             AND NOT (root IS ?2 AND root_hash = ?3 AND row_version = ?4 AND modified = ?5 AND deleted = ?6 AND body = ?7)",
        )?;
        let keep_for_undo = tx.conn.prepare(undo::KEEP)?;
        let note_outranked = tx.conn.prepare(outranked::NOTE)?;
        let merged = Merged::default();
        Ok(Self { tx, insert, find, update, heal, keep_for_undo, note_outranked, provenances, merged })
    }

    /// What was merged since the beginning.
    pub(crate) fn merged(&self) -> Merged {
        self.merged
    }

    /// Merges one record and tells its row.
    ///
    /// Nearly all records of a bulk load are new, so the insert is tried first and a look at the old row costs only
    /// where there is one.
    pub(crate) fn merge(&mut self, dataset: i64, new: &Prepared<'_>, source: Source) -> Result<i64> {
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

    fn merge_over(&mut self, dataset: i64, stored: &Stored, new: &Prepared<'_>, source: Source) -> Result<()> {
        if stored.stamp.hash == new.hash {
            let healed = self.heal.execute(new.columns(stored.row))?;
            *if healed == 0 { &mut self.merged.unchanged } else { &mut self.merged.updated } += 1;
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

    /// Whether a version replaces the one that is here.
    ///
    /// A page of the server does by its stamp, until the run proves to be full (see `sync.rs`); besides, what it lists is
    /// not gone. Of what devices say, the version counts that was the server's later: stamps alone can be made up, and
    /// would then outrank every honest version for ever.
    fn wins(&self, stored: &Stored, new: &Prepared<'_>, source: Source) -> bool {
        if source.is_server {
            return new.stamp() > stored.stamp || stored.gone && !new.record.deleted;
        }
        let known = self.provenances.as_of(stored.counted.provenance).max(stored.stamp.modified);
        (source.vouched.max(new.record.modified), new.stamp()) > (known, stored.stamp)
    }

    /// Replaces what is here by what a verified full download contained, whatever the stamps.
    pub(crate) fn restore(&mut self, dataset: i64, server: &Record, source: Source) -> Result<()> {
        let entity = self.tx.entity(&server.entity)?;
        let stored = self.stored(dataset, entity, server)?;
        self.replace(dataset, &stored, &Prepared::of(server), source, false)
    }

    /// Marks as deleted what a verified full download did not contain. The body stays.
    pub(crate) fn mark_gone(&mut self, dataset: i64, old: &Record, source: Source) -> Result<()> {
        let entity = self.tx.entity(&old.entity)?;
        let stored = self.stored(dataset, entity, old)?;
        let mut record = old.clone();
        record.deleted = true;
        record.modified = ServerTime(source.as_of.0.max(old.modified.0.saturating_add(1)));
        let tombstone = Prepared::new(Cow::Owned(record), stored.counted.root_hash);
        self.replace(dataset, &stored, &tombstone, source, true)
    }

    fn replace(&mut self, dataset: i64, stored: &Stored, new: &Prepared<'_>, source: Source, gone: bool) -> Result<()> {
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
            .ok_or(crate::Error::Corrupt) // the unique index said it was there
    }
}
