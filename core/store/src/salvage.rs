//! Copies the readable rows of a table in a damaged file.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};

use crate::{Error, Result, rows};

/// Copies the rows of a table that can be read and that `may` accepts, by row id and columns. Returns whether these are
/// all rows.
pub(crate) fn salvage(
    from: &Connection,
    source: &str,
    to: &Connection,
    table: &str,
    may: &dyn Fn(i64, &[Value]) -> bool,
) -> Result<bool> {
    let Ok(there) = rows::columns(from, source) else { return Ok(false) };
    let columns: Vec<String> = rows::columns(to, table)?.into_iter().filter(|column| there.contains(column)).collect();
    if columns.is_empty() {
        return Ok(false);
    }
    let (listed, marks) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
    let mut put = to.prepare(&format!("INSERT OR REPLACE INTO {table} ({listed}) VALUES ({marks})"))?;
    let mut is_whole = true;
    let mut rows = Rows { from, source, listed: &listed, next: 1 };
    let mut failed = None;
    let mut take = |row: &Row<'_>| {
        let values = values(row, columns.len()).filter(|values| row.get(0).is_ok_and(|number| may(number, values)));
        let put = values.map(|values| put.execute(params_from_iter(values)).map_err(Error::from));
        is_whole &= matches!(put, Some(Ok(1)));
        // Do not skip a row because the disk is full.
        failed = failed
            .take()
            .or(put.and_then(Result::err).filter(|error| !matches!(error, Error::Corrupt | Error::Sqlite { .. })));
    };
    let mut is_read = true;
    while !rows.read(&mut take) {
        is_read = false;
        match rows.readable() {
            Some(next) => rows.next = next,
            None => break,
        }
    }
    failed.map_or(Ok(is_whole && is_read), Err)
}

/// The values of a row without its row id; `None` if a text is not valid.
fn values(row: &Row<'_>, count: usize) -> Option<Vec<Value>> {
    let value = |column: usize| {
        let value = row.get_ref(column).ok()?;
        let is_text = !matches!(value, ValueRef::Text(bytes) if std::str::from_utf8(bytes).is_err());
        is_text.then(|| Value::try_from(value).ok()).flatten()
    };
    (1..=count).map(value).collect()
}

/// Reads the rows of a table with some unreadable pages.
struct Rows<'a> {
    from: &'a Connection,
    source: &'a str,
    listed: &'a str,
    /// The row id to read next.
    next: i64,
}

impl Rows<'_> {
    /// Returns rows until one cannot be read; `next` is then that row. Returns whether all rows were read.
    fn read(&mut self, take: &mut dyn FnMut(&Row<'_>)) -> bool {
        let sql =
            format!("SELECT rowid, {} FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid", self.listed, self.source);
        let mut read = || -> rusqlite::Result<()> {
            let mut query = self.from.prepare(&sql)?;
            let mut rows = query.query([self.next])?;
            while let Some(row) = rows.next()? {
                self.next = row.get::<_, i64>(0)?.saturating_add(1);
                take(row);
            }
            Ok(())
        };
        read().is_ok()
    }

    /// The first readable row id after the unreadable ones.
    fn readable(&self) -> Option<i64> {
        let probe = |step: i64| {
            let sql = format!("SELECT rowid FROM {} NOT INDEXED WHERE rowid >= ? ORDER BY rowid LIMIT 1", self.source);
            let from = self.next.saturating_add(step);
            let found = self.from.prepare(&sql).and_then(|mut query| {
                query.query([from]).and_then(|mut rows| rows.next()?.map(|row| row.get::<_, i64>(0)).transpose())
            });
            found.ok()
        };
        // Double the distance until a row can be read, then search backwards for the first readable row.
        let mut far = 1;
        while probe(far).is_none() {
            far = if far < 1 << 40 { far * 2 } else { return None };
        }
        let mut near = far / 2;
        while near + 1 < far {
            let middle = near + (far - near) / 2;
            if probe(middle).is_some() { far = middle } else { near = middle }
        }
        probe(far).flatten()
    }
}
