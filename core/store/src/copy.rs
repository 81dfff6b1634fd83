//! A second copy of what cannot be had again: edits, settings, trust, grants, revocations, the login, and the names of
//! datasets that edits belong to.
//!
//! It is a database of its own beside the first one, so that one bad page cannot take both. Triggers of the writing
//! connection keep it in the very transaction that changes the first, and count the changes. The first file commits first: a
//! kill between the two leaves the copy one step behind, and the next open brings it up to date. If the copy is ahead, the
//! first file has lost what it had acknowledged, as when its log is damaged: then the copy is put back.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::open::{check, connect, make_file};
use crate::{Error, Result};

/// The copy's name in its folder.
pub(crate) const FILE: &str = "fieldcast-copy.db";

/// What is kept twice, in an order in which each refers to those before it only.
pub(crate) const TABLES: [&str; 9] =
    ["setting", "login", "entity", "dataset", "campaign", "held_grant", "peer", "local_edit", "lost_edit"];

/// Attaches the copy to the writing connection and brings it up to date; a damaged or missing one is made anew.
pub(crate) fn attach(conn: &Connection, dir: &Path) -> Result<()> {
    let path = dir.join(FILE);
    match try_attach(conn, &path) {
        Err(Error::Corrupt) => {
            tracing::warn!("the second copy of settings and edits was damaged; it is made anew");
            conn.execute("DETACH copy", ()).ok();
            fs::remove_file(&path).map_err(|error| Error::of_io(&error, &path))?;
            try_attach(conn, &path)
        }
        attached => attached,
    }
}

fn try_attach(conn: &Connection, path: &Path) -> Result<()> {
    make_file(path)?;
    let text = path.to_str().ok_or_else(|| Error::NotWritable { path: path.to_owned() })?;
    conn.execute("ATTACH DATABASE ? AS copy", [text])?;
    // One file, whole after each transaction; it is small and seldom changes.
    conn.pragma_update(Some("copy"), "journal_mode", "TRUNCATE")?;
    conn.pragma_update(Some("copy"), "synchronous", "FULL")?;
    check(conn, "copy")?;
    put_back(conn)?;
    TABLES.iter().try_for_each(|table| follow(conn, table))?;
    follow(conn, CHANGES)
}

/// The table that counts changes, in both files.
pub(crate) const CHANGES: &str = "kept_change";

/// Brings the first file up to the copy if that is ahead.
fn put_back(conn: &Connection) -> Result<()> {
    let ahead = "SELECT (SELECT number FROM copy.copy_kept_change) > (SELECT number FROM main.kept_change)";
    if !matches!(conn.query_one(ahead, (), |row| row.get::<_, Option<bool>>(0)), Ok(Some(true))) {
        return Ok(()); // it is not, or there is none yet
    }
    tracing::warn!("the database had lost settings or edits; they are put back from the second copy");
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.execute_batch("BEGIN")?;
    for table in TABLES.into_iter().chain([CHANGES]) {
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

/// Has the copy follow a table from now on.
fn follow(conn: &Connection, table: &str) -> Result<()> {
    let columns = columns(conn, table)?;
    let listed = columns.join(", ");
    let made = format!("CREATE TABLE copy_{table} (_row INTEGER PRIMARY KEY, {listed})");
    let is_made = "SELECT EXISTS (SELECT 1 FROM copy.sqlite_schema WHERE name = 'copy_' || ? AND sql = ?)";
    if !conn.query_one(is_made, params![table, made], |row| row.get::<_, bool>(0))? {
        conn.execute_batch(&format!(
            "DROP TABLE IF EXISTS copy.copy_{table};
             CREATE TABLE copy.copy_{table} (_row INTEGER PRIMARY KEY, {listed});"
        ))?;
    }
    let (here, there) =
        (format!("SELECT rowid, {listed} FROM main.{table}"), format!("SELECT * FROM copy.copy_{table}"));
    let differs = format!("SELECT EXISTS ({here} EXCEPT {there}) OR EXISTS ({there} EXCEPT {here})");
    if conn.query_one(&differs, (), |row| row.get(0))? {
        conn.execute_batch(&format!(
            "BEGIN; DELETE FROM copy.copy_{table}; INSERT INTO copy.copy_{table} {here}; COMMIT;"
        ))?;
    }
    let new: Vec<String> = columns.iter().map(|column| format!("NEW.{column}")).collect();
    // The count is one of the tables that are followed.
    let count = if table == CHANGES { "" } else { "UPDATE kept_change SET number = number + 1;" };
    let put = format!("INSERT OR REPLACE INTO copy_{table} VALUES (NEW.rowid, {}); {count}", new.join(", "));
    let drop = format!("DELETE FROM copy_{table} WHERE _row = OLD.rowid; {count}");
    Ok(conn.execute_batch(&format!(
        "CREATE TEMP TRIGGER copy_{table}_insert AFTER INSERT ON main.{table} BEGIN {put} END;
         CREATE TEMP TRIGGER copy_{table}_update AFTER UPDATE ON main.{table} BEGIN {drop} {put} END;
         CREATE TEMP TRIGGER copy_{table}_delete AFTER DELETE ON main.{table} BEGIN {drop} END;"
    ))?)
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
    check(&conn, "main").ok()?;
    Some(conn)
}
