//! Records with the computed values of their rows.

use std::borrow::Cow;
use std::sync::mpsc::{self, Receiver};

use fieldcast_model::{Record, RecordHash, RecordId, RootHash, ServerTime, Stamp};
use rusqlite::{Params, Statement, params};

use crate::rows::{Key, signed};
use crate::tx::Counted;
use crate::{Error, Result};

/// See [`Prepared::update`].
pub(crate) const UPDATE: &str = "UPDATE record SET root = ?, root_hash = ?, row_version = ?, modified = ?, changed = ?,
    deleted = ?, gone = ?, provenance = ?, hash = ?, body = ? WHERE id = ?";

/// The values that this device stores with a version in addition to its content; see `record` in the schema.
pub(crate) struct Arrival {
    pub(crate) changed: i64,
    pub(crate) gone: bool,
    pub(crate) provenance: i64,
}

/// A record with the computed values of its row; [`prepare_on_thread`] says where they are computed.
pub(crate) struct Prepared<'a> {
    pub(crate) record: Cow<'a, Record>,
    pub(crate) hash: RecordHash,
    pub(crate) root_hash: RootHash,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(record: Cow<'a, Record>, root_hash: RootHash) -> Self {
        Self { hash: record.hash(), record, root_hash }
    }

    pub(crate) fn batch(records: &'a [Record]) -> Vec<Self> {
        Self::all(records.iter().map(Cow::Borrowed))
    }

    fn all(records: impl Iterator<Item = Cow<'a, Record>>) -> Vec<Self> {
        let mut family: Option<(RecordId, RootHash)> = None;
        let prepare = |record: Cow<'a, Record>| {
            let record = normalized(record);
            // The records of a family are together, so hash the root once per family.
            let root_hash = match &family {
                Some((root, hash)) if *root == record.root => *hash,
                _ => family.insert((record.root.clone(), record.root_hash())).1,
            };
            Self::new(record, root_hash)
        };
        records.map(prepare).collect()
    }

    /// The root hash, which is the position in key order, and the record hash.
    pub(crate) fn root_hash_and_hash(&self) -> (RootHash, RecordHash) {
        (self.root_hash, self.hash)
    }

    /// Prepares a record whose root is not hashed yet.
    pub(crate) fn of(record: &'a Record) -> Self {
        Self::new(Cow::Borrowed(record), record.root_hash())
    }

    /// The row id and the values of the row, as parameters of the repair statement in `merge.rs`.
    pub(crate) fn columns(&self, row: i64) -> impl Params + '_ {
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

    /// Replaces the content of a row. The statement is [`UPDATE`].
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

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp::of(&self.record, self.hash)
    }
}

impl Prepared<'static> {
    pub(crate) fn owned(records: Vec<Record>) -> Vec<Self> {
        Self::all(records.into_iter().map(Cow::Owned))
    }
}

/// Computes `items` on another thread while `f` uses the items that are ready. So decoding and hashing, a large part of
/// the cost of a record, do not block the writer.
pub(crate) fn prepare_on_thread<I: Send, T>(items: impl Iterator<Item = I> + Send, f: impl FnOnce(Ready<I>) -> T) -> T {
    std::thread::scope(|scope| {
        // The channel is small, so ready items do not pile up while the writer waits for the storage.
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

/// The items that [`prepare_on_thread`] has computed.
pub(crate) struct Ready<I>(Receiver<Option<I>>);

impl<I> Ready<I> {
    /// The next item, or `None` at the end. If the thread died early, this is an error; otherwise an incomplete list
    /// would look complete.
    pub(crate) fn next(&self) -> Result<Option<I>> {
        let stopped = |_| Error::Sqlite { code: 0, reason: "the thread that prepares the records stopped".to_owned() };
        self.0.recv().map_err(stopped)
    }
}

/// Replaces a UUID in text form by the binary form. A peer may send the text form, which would create a second row with
/// the same printed id.
fn normalized(mut record: Cow<'_, Record>) -> Cow<'_, Record> {
    let wrong_form = |id: &RecordId| match id {
        RecordId::Uuid(_) => None,
        RecordId::Text(text) => Some(RecordId::parse(text)).filter(|id| matches!(id, RecordId::Uuid(_))),
    };
    if let Some(id) = wrong_form(&record.id) {
        record.to_mut().id = id;
    }
    if let Some(root) = wrong_form(&record.root) {
        record.to_mut().root = root;
    }
    record
}

/// The type whose records are counted as households.
pub(crate) const HOUSEHOLD: &str = "Household";

pub(crate) fn is_household(record: &Record) -> bool {
    record.entity.as_str() == HOUSEHOLD
}
