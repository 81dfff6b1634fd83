//! A second copy of what cannot be had again: edits, settings, trust, grants, revocations, the login, and the names of
//! datasets that edits belong to.
//!
//! It is a database of its own beside the first one, so that one bad page cannot take both. Triggers of the writing
//! connection keep it in the very transaction that changes the first, and count the changes. The first file commits first: a
//! kill between the two leaves the copy one step behind, and the next open brings it up to date. If the copy is ahead, the
//! first file has lost what it had acknowledged, as when its log is damaged: then the copy is put back. If the two differ
//! though neither is ahead, one of them is damaged: the check that the copy has of each row tells which.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::open::{self, connect, make_file};
use crate::row_check::{self, FUNCTION};
use crate::{Error, Result};

/// The copy's name in its folder.
pub(crate) const FILE: &str = "fieldcast-copy.db";

/// The column of the copy that has the check of the row.
const CHECK: &str = "_check";

/// What is kept twice, in an order in which each refers to those before it only.
pub(crate) const TABLES: [&str; 9] =
    ["setting", "login", "entity", "dataset", "campaign", "held_grant", "peer", "local_edit", "lost_edit"];

/// Attaches the copy to the writing connection and brings it up to date; a damaged or missing one is made anew.
///
/// # Errors
/// [`Error::Corrupt`] if rows of the first file are damaged.
pub(crate) fn attach(conn: &Connection, dir: &Path) -> Result<()> {
    let path = dir.join(FILE);
    row_check::register(conn)?;
    match try_attach(conn, &path) {
        Err(error) if matches!(error, Error::Corrupt) || error.is_not_understood() => {
            tracing::warn!("the second copy of settings and edits was damaged; it is made anew");
            conn.execute("DETACH copy", ()).ok();
            prove(conn)?;
            fs::remove_file(&path).map_err(|error| Error::of_io(&error, &path))?;
            try_attach(conn, &path)
        }
        attached => attached,
    }?;
    // In one transaction: a copy that is half made must not be taken for one that has lost rows.
    conn.execute_batch("BEGIN")?;
    all().try_for_each(|table| make(conn, table))?;
    let number = |file| conn.query_one(&format!("SELECT (SELECT number FROM {file}kept_change)"), (), |row| row.get(0));
    let (here, there): (Option<i64>, Option<i64>) = (number("main.")?, number("copy.copy_")?);
    if there.is_none() || there < here {
        prove(conn)?; // the copy is written from it
    }
    if there > here {
        conn.execute_batch("COMMIT")?;
        put_back(conn)?;
        conn.execute_batch("BEGIN")?;
    }
    all().try_for_each(|table| follow(conn, table, here == there))?;
    Ok(conn.execute_batch("COMMIT")?)
}

/// Attaches a copy that is sound, or a new one.
fn try_attach(conn: &Connection, path: &Path) -> Result<()> {
    make_file(path)?;
    let text = path.to_str().ok_or_else(|| Error::NotWritable { path: path.to_owned() })?;
    conn.execute("ATTACH DATABASE ? AS copy", [text])?;
    // One file, whole after each transaction; it is small and seldom changes.
    conn.pragma_update(Some("copy"), "journal_mode", "TRUNCATE")?;
    conn.pragma_update(Some("copy"), "synchronous", "FULL")?;
    open::check_header(conn, "copy", path)?;
    open::check(conn, "copy")
}

/// All tables that are kept twice.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    TABLES.into_iter().chain([CHANGES])
}

/// The table that counts changes, in both files.
pub(crate) const CHANGES: &str = "kept_change";

/// Brings the first file up to the copy, which is ahead. [`Error::Corrupt`] if rows of the copy are damaged, too.
fn put_back(conn: &Connection) -> Result<()> {
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let damaged = format!("SELECT 1 FROM copy.copy_{table} WHERE {CHECK} IS NOT {FUNCTION}(_row, {listed})");
        if conn.query_one(&format!("SELECT EXISTS ({damaged})"), (), |row| row.get(0))? {
            return Err(Error::Corrupt);
        }
    }
    tracing::warn!("the database had lost settings or edits; they are put back from the second copy");
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.execute_batch("BEGIN")?;
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let rows = format!("SELECT {listed} FROM copy.copy_{table}");
        match table {
            // Other tables refer to these, and of the data they speak of some may be lost, too.
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

/// Makes the copy of a table if it is not there.
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

/// [`Error::Corrupt`] if rows of the first file are not what their checks say. A database that was just made has none.
fn prove(conn: &Connection) -> Result<()> {
    let is = |condition: &str| Ok::<bool, Error>(conn.query_one(&format!("SELECT {condition}"), (), |row| row.get(0))?);
    if !is("EXISTS (SELECT 1 FROM main.kept_check)")? {
        return Ok(());
    }
    for table in all() {
        let listed = columns(conn, table)?.join(", ");
        let here = format!("SELECT rowid, {FUNCTION}(rowid, {listed}) FROM main.{table}");
        let noted = format!("SELECT row, value FROM main.kept_check WHERE name = '{table}'");
        if is(&format!("EXISTS ({here} EXCEPT {noted}) OR EXISTS ({noted} EXCEPT {here})"))? {
            return Err(Error::Corrupt);
        }
    }
    Ok(())
}

/// Has the copy follow a table from now on. [`Error::Corrupt`] if the two differ, neither `is_even` ahead, and the copy's
/// checks are not those of this table's rows.
fn follow(conn: &Connection, table: &str, is_even: bool) -> Result<()> {
    let columns = columns(conn, table)?;
    let listed = columns.join(", ");
    let (here, there) = (
        format!("SELECT rowid AS _row, {listed} FROM main.{table}"),
        format!("SELECT _row, {listed} FROM copy.copy_{table}"),
    );
    let is = |condition: &str| Ok::<bool, Error>(conn.query_one(&format!("SELECT {condition}"), (), |row| row.get(0))?);
    let check = format!("{FUNCTION}(_row, {listed})");
    if is(&format!("EXISTS ({here} EXCEPT {there}) OR EXISTS ({there} EXCEPT {here})"))? {
        let is_unproven = format!(
            "EXISTS (SELECT 1 FROM ({here} EXCEPT {there}) WHERE {check} NOT IN (SELECT {CHECK} FROM copy.copy_{table}))
                OR (SELECT count(*) FROM main.{table}) < (SELECT count(*) FROM copy.copy_{table})"
        );
        if is_even && is(&is_unproven)? {
            tracing::warn!(table, "rows were damaged");
            return Err(Error::Corrupt);
        }
        conn.execute_batch(&format!(
            "DELETE FROM copy.copy_{table}; INSERT INTO copy.copy_{table} SELECT *, {check} FROM ({here});"
        ))?;
    }
    conn.execute(&format!("UPDATE copy.copy_{table} SET {CHECK} = {check} WHERE {CHECK} IS NOT {check}"), ())?;
    let (checks, noted) = (
        format!("SELECT _row, {CHECK} FROM copy.copy_{table}"),
        format!("SELECT row, value FROM main.kept_check WHERE name = '{table}'"),
    );
    if is(&format!("EXISTS ({checks} EXCEPT {noted}) OR EXISTS ({noted} EXCEPT {checks})"))? {
        conn.execute_batch(&format!(
            "DELETE FROM main.kept_check WHERE name = '{table}';
             INSERT INTO main.kept_check (name, row, value) SELECT '{table}', * FROM ({checks});"
        ))?;
    }
    let new: Vec<String> = columns.iter().map(|column| format!("NEW.{column}")).collect();
    let new = format!("NEW.rowid, {}", new.join(", "));
    // The count is one of the tables that are followed.
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

/// What a table is called in the copy.
pub(crate) fn name(table: &str) -> String {
    format!("copy_{table}")
}

/// The columns of a table, in order.
pub(crate) fn columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut query = conn.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")?;
    let names = query.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

/// The copy in a folder, if there is one and it is sound.
pub(crate) fn open(dir: &Path) -> Option<Connection> {
    let path = dir.join(FILE);
    let conn = path.exists().then(|| connect(&path).ok()).flatten()?;
    open::check(&conn, "main").ok()?;
    Some(conn)
}

/// The checks of the rows that a table had, as the copy has them.
pub(crate) fn checks(copy: &Connection, table: &str) -> Result<HashSet<i64>> {
    values(copy, &format!("SELECT {CHECK} FROM copy_{table}"))
}

/// The same as the first file has them.
pub(crate) fn noted_checks(first: &Connection, table: &str) -> Result<HashSet<i64>> {
    values(first, &format!("SELECT value FROM kept_check WHERE name = '{table}'"))
}

fn values(conn: &Connection, sql: &str) -> Result<HashSet<i64>> {
    let mut query = conn.prepare(sql)?;
    let values = query.query_map((), |row| row.get(0))?;
    Ok(values.collect::<std::result::Result<_, _>>()?)
}
