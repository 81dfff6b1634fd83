//! The second copy of data that cannot be downloaded or received again: edits, settings, trust, grants, revocations,
//! the login, and the names of datasets with edits.
//!
//! The copy is a separate database file, so one damaged page cannot destroy both. Triggers of the writing connection
//! update the copy in the transaction that changes the first file, and count the changes. The first file commits first:
//! a kill between the two commits leaves the copy one change behind, and the next open updates it. If the copy is
//! ahead, the first file has lost acknowledged changes (for example, its log was damaged): the store restores them from
//! the copy. If the contents differ and neither file is ahead, one of them is damaged: the row checks in the copy show
//! which one.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::connection::{check, check_header, connect};
use crate::files::make_file;
use crate::row_check::{self, FUNCTION};
use crate::rows::columns;
use crate::{Error, Result};

/// The file name of the copy.
pub(crate) const FILE: &str = "fieldcast-copy.db";

/// The column of the copy with the row check.
const CHECK: &str = "_check";

/// The tables in both files. Each table refers only to tables before it.
pub(crate) const TABLES: [&str; 9] =
    ["setting", "login", "entity", "dataset", "campaign", "held_grant", "peer", "local_edit", "lost_edit"];

/// Attaches the copy to the writing connection and updates it. Creates it again if it is damaged or missing.
///
/// # Errors
/// [`Error::Corrupt`] if rows of the first file are damaged.
pub(crate) fn attach(conn: &Connection, dir: &Path) -> Result<()> {
    let path = dir.join(FILE);
    row_check::register(conn)?;
    match try_attach(conn, &path) {
        Err(error) if matches!(error, Error::Corrupt) || error.is_not_understood() => {
            tracing::warn!("the second copy of settings and edits was damaged and is created again");
            conn.execute("DETACH copy", ()).ok();
            prove(conn)?;
            fs::remove_file(&path).map_err(|error| Error::of_io(&error, &path))?;
            try_attach(conn, &path)
        }
        attached => attached,
    }?;
    // In one transaction: an incomplete copy must not look like a copy that lost rows.
    conn.execute_batch("BEGIN")?;
    all().try_for_each(|table| make(conn, table))?;
    let number = |file| conn.query_one(&format!("SELECT (SELECT number FROM {file}kept_change)"), (), |row| row.get(0));
    let (here, there): (Option<i64>, Option<i64>) = (number("main.")?, number("copy.copy_")?);
    if there.is_none() || there < here {
        prove(conn)?; // the copy is written from the first file
    }
    if there > here {
        conn.execute_batch("COMMIT")?;
        put_back(conn)?;
        conn.execute_batch("BEGIN")?;
    }
    all().try_for_each(|table| follow(conn, table, here == there))?;
    Ok(conn.execute_batch("COMMIT")?)
}

/// Attaches an undamaged copy, or a new one.
fn try_attach(conn: &Connection, path: &Path) -> Result<()> {
    make_file(path)?;
    let text = path.to_str().ok_or_else(|| Error::NotWritable { path: path.to_owned() })?;
    conn.execute("ATTACH DATABASE ? AS copy", [text])?;
    // No companion files remain after a transaction. The copy is small and changes seldom.
    conn.pragma_update(Some("copy"), "journal_mode", "TRUNCATE")?;
    conn.pragma_update(Some("copy"), "synchronous", "FULL")?;
    check_header(conn, "copy", path)?;
    check(conn, "copy")
}

/// All tables in both files, with the table of changes.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain([CHANGES])
}

/// The table that counts changes, in both files.
pub(crate) const CHANGES: &str = "kept_change";

/// Restores the first file from the copy, which is ahead. [`Error::Corrupt`] if rows of the copy are damaged, too.
fn put_back(conn: &Connection) -> Result<()> {
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let damaged = format!("SELECT 1 FROM copy.copy_{table} WHERE {CHECK} IS NOT {FUNCTION}(_row, {listed})");
        if holds(conn, &format!("EXISTS ({damaged})"))? {
            return Err(Error::Corrupt);
        }
    }
    tracing::warn!("the database lost settings or edits; they are restored from the second copy");
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.execute_batch("BEGIN")?;
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let rows = format!("SELECT {listed} FROM copy.copy_{table}");
        match table {
            // Other tables refer to these two, and the records of a dataset may be lost as well.
            "entity" => conn.execute_batch(&format!("INSERT OR IGNORE INTO main.entity ({listed}) {rows}"))?,
            "dataset" => conn.execute_batch(&format!(
                "UPDATE main.dataset SET as_of = 0 WHERE as_of <> (SELECT as_of FROM copy.copy_dataset c WHERE c.id = dataset.id);
                 INSERT OR IGNORE INTO main.dataset ({listed}) {rows} WHERE id NOT IN (SELECT id FROM main.dataset);
                 UPDATE main.dataset SET as_of = 0
                    WHERE NOT EXISTS (SELECT 1 FROM main.record WHERE dataset = main.dataset.id)"
            ))?,
            _ => conn.execute_batch(&format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} ({listed}) {rows}"
            ))?,
        }
    }
    conn.execute_batch("COMMIT")?;
    Ok(conn.pragma_update(None, "foreign_keys", true)?)
}

/// Creates the copy of a table if it does not exist.
fn make(conn: &Connection, table: &str) -> Result<()> {
    let listed = columns(conn, table)?.join(", ");
    let made = format!("CREATE TABLE copy_{table} (_row INTEGER PRIMARY KEY, {listed}, {CHECK})");
    let is_made = "SELECT EXISTS (SELECT 1 FROM copy.sqlite_schema WHERE name = 'copy_' || ? AND sql = ?)";
    if !conn.query_one(is_made, params![table, made], |row| row.get::<_, bool>(0))? {
        conn.execute_batch(&format!(
            "DROP TABLE IF EXISTS copy.copy_{table};
             CREATE TABLE copy.copy_{table} (_row INTEGER PRIMARY KEY, {listed}, {CHECK});"
        ))?;
    }
    Ok(())
}

/// [`Error::Corrupt`] if rows of the first file do not match their checks. A new database has no checks.
fn prove(conn: &Connection) -> Result<()> {
    if !holds(conn, "EXISTS (SELECT 1 FROM main.kept_check)")? {
        return Ok(());
    }
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let here = format!("SELECT rowid, {FUNCTION}(rowid, {listed}) FROM main.{table}");
        if differ(conn, &here, &noted(table))? {
            return Err(Error::Corrupt);
        }
    }
    Ok(())
}

/// Makes the copy follow a table. [`Error::Corrupt`] if the contents differ, neither file is ahead (`is_even`), and the
/// checks in the copy do not match the rows of this table.
fn follow(conn: &Connection, table: &str, is_even: bool) -> Result<()> {
    let columns = columns(conn, table)?;
    let listed = columns.join(", ");
    let (here, there) = (
        format!("SELECT rowid AS _row, {listed} FROM main.{table}"),
        format!("SELECT _row, {listed} FROM copy.copy_{table}"),
    );
    let check = format!("{FUNCTION}(_row, {listed})");
    if differ(conn, &here, &there)? {
        let is_unproven = format!(
            "EXISTS (SELECT 1 FROM ({here} EXCEPT {there}) WHERE {check} NOT IN (SELECT {CHECK} FROM copy.copy_{table}))
                OR (SELECT count(*) FROM main.{table}) < (SELECT count(*) FROM copy.copy_{table})"
        );
        if is_even && holds(conn, &is_unproven)? {
            tracing::warn!(table, "rows were damaged");
            return Err(Error::Corrupt);
        }
        conn.execute_batch(&format!(
            "DELETE FROM copy.copy_{table}; INSERT INTO copy.copy_{table} SELECT *, {check} FROM ({here});"
        ))?;
    }
    conn.execute(&format!("UPDATE copy.copy_{table} SET {CHECK} = {check} WHERE {CHECK} IS NOT {check}"), ())?;
    let checks = format!("SELECT _row, {CHECK} FROM copy.copy_{table}");
    if differ(conn, &checks, &noted(table))? {
        conn.execute_batch(&format!(
            "DELETE FROM main.kept_check WHERE name = '{table}';
             INSERT INTO main.kept_check (name, row, value) SELECT '{table}', * FROM ({checks});"
        ))?;
    }
    let new: Vec<String> = columns.iter().map(|column| format!("NEW.{column}")).collect();
    let new = format!("NEW.rowid, {}", new.join(", "));
    // The table of changes is one of the tables that are followed.
    let count = if table == CHANGES { "" } else { "UPDATE kept_change SET number = number + 1;" };
    let put = format!(
        "INSERT OR REPLACE INTO copy_{table} VALUES ({new}, {FUNCTION}({new}));
         INSERT OR REPLACE INTO kept_check (name, row, value) VALUES ('{table}', NEW.rowid, {FUNCTION}({new})); {count}"
    );
    let drop = format!(
        "DELETE FROM copy_{table} WHERE _row = OLD.rowid;
         DELETE FROM kept_check WHERE name = '{table}' AND row = OLD.rowid; {count}"
    );
    Ok(conn.execute_batch(&format!(
        "CREATE TEMP TRIGGER copy_{table}_insert AFTER INSERT ON main.{table} BEGIN {put} END;
         CREATE TEMP TRIGGER copy_{table}_update AFTER UPDATE ON main.{table} BEGIN {drop} {put} END;
         CREATE TEMP TRIGGER copy_{table}_delete AFTER DELETE ON main.{table} BEGIN {drop} END;"
    ))?)
}

/// Whether an SQL condition holds.
fn holds(conn: &Connection, condition: &str) -> Result<bool> {
    Ok(conn.query_one(&format!("SELECT {condition}"), (), |row| row.get(0))?)
}

/// Whether two queries return different sets of rows.
fn differ(conn: &Connection, a: &str, b: &str) -> Result<bool> {
    holds(conn, &format!("EXISTS ({a} EXCEPT {b}) OR EXISTS ({b} EXCEPT {a})"))
}

/// The query of a table's row checks in the first file.
fn noted(table: &str) -> String {
    format!("SELECT row, value FROM main.kept_check WHERE name = '{table}'")
}

/// The name of a table in the copy.
pub(crate) fn name(table: &str) -> String {
    format!("copy_{table}")
}

/// Opens the copy in a folder, if it exists and is undamaged.
pub(crate) fn open(dir: &Path) -> Option<Connection> {
    let path = dir.join(FILE);
    let conn = path.exists().then(|| connect(&path).ok()).flatten()?;
    check(&conn, "main").ok()?;
    Some(conn)
}

/// The row checks of a table, from the copy.
pub(crate) fn checks(copy: &Connection, table: &str) -> Result<HashSet<i64>> {
    values(copy, &format!("SELECT {CHECK} FROM copy_{table}"))
}

/// The row checks of a table, from the first file.
pub(crate) fn noted_checks(first: &Connection, table: &str) -> Result<HashSet<i64>> {
    values(first, &format!("SELECT value FROM kept_check WHERE name = '{table}'"))
}

fn values(conn: &Connection, sql: &str) -> Result<HashSet<i64>> {
    let mut query = conn.prepare(sql)?;
    let values = query.query_map((), |row| row.get(0))?;
    Ok(values.collect::<std::result::Result<_, _>>()?)
}
