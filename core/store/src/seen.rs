//! The records that a download run has received.
//!
//! They are stored as ranges of row ids: the new rows of a page are consecutive, and a later download returns them in
//! the same order. So a page needs one or a few rows instead of one per record.

use rusqlite::params;

use crate::Result;
use crate::tx::WriteTx;

/// The id of a download run on this device. Ids are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunId(pub i64);

/// Ranges of row ids (first, last), ordered and not overlapping.
pub(crate) struct Seen(Vec<(i64, i64)>);

impl Seen {
    /// Merges ranges that are ordered by their first row id.
    fn merged(ranges: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let mut apart: Vec<(i64, i64)> = Vec::new();
        for (first, last) in ranges {
            match apart.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => apart.push((first, last)),
            }
        }
        Self(apart)
    }

    pub(crate) fn contains(&self, row: i64) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= row);
        after > 0 && self.0.get(after - 1).is_some_and(|(_, last)| row <= *last)
    }
}

impl WriteTx<'_> {
    pub(crate) fn note_seen(&self, run: RunId, mut rows: Vec<i64>) -> Result<()> {
        rows.sort_unstable();
        let mut put =
            self.conn.prepare("INSERT INTO sync_seen (run, first, last) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")?;
        for (first, last) in Seen::merged(rows.into_iter().map(|row| (row, row))).0 {
            put.execute([run.0, first, last])?;
        }
        Ok(())
    }

    pub(crate) fn seen(&self, run: RunId) -> Result<Seen> {
        let mut statement = self.conn.prepare("SELECT first, last FROM sync_seen WHERE run = ? ORDER BY first")?;
        let ranges = statement.query_map([run.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Seen::merged(ranges.collect::<Result<Vec<_>, _>>()?))
    }

    /// The row ids of one type in a dataset, read from the index only.
    pub(crate) fn rows_of(&self, dataset: i64, entity: &str) -> Result<Vec<i64>> {
        let mut statement = self
            .conn
            .prepare("SELECT id FROM record WHERE dataset = ? AND entity = (SELECT id FROM entity WHERE name = ?)")?;
        let rows = statement.query_map(params![dataset, entity], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
