//! Recovers the tables that also have a copy, from two files that may both be damaged.

use std::collections::HashSet;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::salvage::salvage;
use crate::{Result, copy, row_check, rows};

/// The two files, and whether each has the checks of the last change: one file may be ahead.
pub(crate) struct CopiedTables<'a> {
    files: [Option<&'a Connection>; 2],
    last: [bool; 2],
}

impl<'a> CopiedTables<'a> {
    pub(crate) fn of(damaged: Option<&'a Connection>, copy: Option<&'a Connection>) -> Self {
        let number = |file: Option<&Connection>, table: &str| -> Option<i64> {
            file?.query_one(&format!("SELECT number FROM {table}"), (), |row| row.get(0)).ok()
        };
        let (here, there) = (number(damaged, copy::CHANGES), number(copy, &copy::name(copy::CHANGES)));
        // The checks are written at the first open after a recovery.
        let is_noted =
            damaged.is_some_and(|damaged| copy::noted_checks(damaged, copy::CHANGES).is_ok_and(|it| !it.is_empty()));
        Self { files: [damaged, copy], last: [is_noted && here >= there, there.is_some() && there >= here] }
    }

    /// Fills a table. Returns whether it is complete. Takes a row from either file if its check is one of the checks of
    /// the last change. If no checks can be read, takes every row.
    pub(crate) fn fill(&self, new: &Connection, table: &str) -> Result<bool> {
        let [damaged, copy] = self.files;
        let noted = damaged.filter(|_| self.last[0]).and_then(|damaged| copy::noted_checks(damaged, table).ok());
        let copied = copy.filter(|_| self.last[1]).and_then(|copy| copy::checks(copy, table).ok());
        let rows = copied.as_ref().map(HashSet::len).max(noted.as_ref().map(HashSet::len));
        let checks: HashSet<i64> = copied.into_iter().chain(noted).flatten().collect();
        let may = |number, row: &[Value]| rows.is_none() || checks.contains(&row_check::of_row(number, row));
        for (file, source) in [(damaged, table.to_owned()), (copy, copy::name(table))] {
            if let Some(file) = file {
                salvage(file, &source, new, table, &may)?;
            }
        }
        let filled = rows::count_all(new, table)?;
        Ok(rows.is_some_and(|rows| filled >= rows as u64))
    }
}
