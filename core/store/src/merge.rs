//! The one way a record gets in: merged by the model's rule, counted in its range's digest.

use std::borrow::Cow;
use std::sync::mpsc::{self, Receiver};

use fieldcast_model::{Record, RecordHash, RecordId, RootHash, ServerTime, Stamp};
use rusqlite::{OptionalExtension, Statement, params};

use crate::rows::{Key, signed};
use crate::tx::{Counted, WriteTx};
use crate::{Error, Result};

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
    /// Whether they come from the server, where what is listed exists, or from a device that has merged already.
    pub(crate) is_server: bool,
    /// What the run or the snapshot is as of.
    pub(crate) as_of: ServerTime,
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

    fn counted(&self) -> Counted {
        Counted {
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
    body: Statement<'t>,
    merged: Merged,
}

/// The row a version would replace.
struct Stored {
    row: i64,
    stamp: Stamp,
    deleted: bool,
    gone: bool,
    counted: Counted,
}

impl<'t> Merger<'t> {
    pub(crate) fn new(tx: &'t WriteTx<'t>) -> Result<Self> {
        let insert = tx.conn.prepare(
            "INSERT INTO record (dataset, entity, key, root, root_hash, row_version, modified, changed, deleted, gone, hash,
                body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?) ON CONFLICT (dataset, entity, key) DO NOTHING",
        )?;
        let find = tx.conn.prepare(
            "SELECT id, row_version, modified, hash, deleted, gone, root_hash, octet_length(body), root IS NOT key FROM record
             WHERE dataset = ? AND entity = ? AND key = ?",
        )?;
        let update = tx.conn.prepare(
            "UPDATE record SET root = ?, root_hash = ?, row_version = ?, modified = ?, changed = ?, deleted = ?,
                gone = ?, hash = ?, body = ? WHERE id = ?",
        )?;
        let body = tx.conn.prepare("SELECT body FROM record WHERE id = ?")?;
        Ok(Self { tx, insert, find, update, body, merged: Merged::default() })
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
            new.hash.0,
            record.body.as_str(),
        ])?;
        if inserted == 1 {
            self.tx.add(dataset, new.counted());
            self.merged.inserted += 1;
            return Ok(self.tx.conn.last_insert_rowid());
        }
        let stored = self.stored(dataset, entity, record)?;
        self.merge_over(dataset, &stored, new, source)?;
        Ok(stored.row)
    }

    fn merge_over(&mut self, dataset: i64, stored: &Stored, new: &Prepared<'_>, source: Source) -> Result<()> {
        if stored.stamp.hash == new.hash {
            self.merged.unchanged += 1;
        } else if new.stamp() > stored.stamp {
            self.replace(dataset, stored, new, source, false)?;
            self.merged.updated += 1;
        } else if let Some(revived) = self.revived(stored, new, source)? {
            self.replace(dataset, stored, &revived, source, false)?;
            self.merged.updated += 1;
        } else {
            self.merged.kept_newer += 1;
        }
        Ok(())
    }

    /// The version that brings back a record which a verified full download once did not contain: the server's, dated
    /// later than the tombstone, so that it wins on every device the tombstone has reached.
    ///
    /// A tombstone that came from another device is known by its body, which a deletion by the server would have
    /// changed.
    fn revived(&mut self, stored: &Stored, new: &Prepared<'_>, source: Source) -> Result<Option<Prepared<'static>>> {
        let Source { is_server: true, as_of, .. } = source else { return Ok(None) };
        let record = &*new.record;
        if !stored.deleted || record.deleted || stored.stamp.row_version != record.row_version {
            return Ok(None);
        }
        if !stored.gone {
            let same =
                |row: &rusqlite::Row<'_>| Ok(row.get_ref(0)?.as_bytes().ok() == Some(record.body.as_str().as_bytes()));
            if !self.body.query_one([stored.row], same)? {
                return Ok(None);
            }
        }
        let mut record = record.clone();
        record.modified = ServerTime(as_of.0.max(stored.stamp.modified.0.saturating_add(1)));
        Ok(Some(Prepared::new(Cow::Owned(record), new.root_hash)))
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
        let record = &*new.record;
        self.update.execute(params![
            Key(&record.root),
            new.root_hash.0 as i64,
            record.row_version,
            record.modified.0,
            source.changed(record),
            record.deleted,
            gone,
            new.hash.0,
            record.body.as_str(),
            stored.row,
        ])?;
        self.tx.remove(dataset, stored.counted);
        self.tx.add(dataset, new.counted());
        Ok(())
    }

    fn stored(&mut self, dataset: i64, entity: i64, record: &Record) -> Result<Stored> {
        let household = is_household(record);
        self.find
            .query_row(params![dataset, entity, Key(&record.id)], |row| {
                let deleted = row.get(4)?;
                let hash = RecordHash(row.get(3)?);
                Ok(Stored {
                    row: row.get(0)?,
                    stamp: Stamp {
                        row_version: row.get(1)?,
                        modified: ServerTime(row.get(2)?),
                        rooted: row.get(8)?,
                        hash,
                    },
                    deleted,
                    gone: row.get(5)?,
                    counted: Counted {
                        root_hash: RootHash(row.get::<_, i64>(6)? as u64),
                        hash,
                        json_bytes: row.get(7)?,
                        live_household: household && !deleted,
                    },
                })
            })
            .optional()?
            .ok_or(crate::Error::Corrupt) // the unique index said it was there
    }
}
