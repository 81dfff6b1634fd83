//! Opens connections to a database, and makes SQLite check one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::files::make_file;
use crate::{Error, Result, migrations};

/// Up to this size, every open checks the whole file, in some milliseconds. A larger file is checked only if it is
/// suspect: on a low-end phone, reading half a gigabyte takes too long for the start of an app.
pub(crate) const ALWAYS_CHECKED: u64 = 16 << 20;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a database with the current schema. Creates it if it does not exist.
pub(crate) fn database(path: &Path) -> Result<Connection> {
    make_file(path)?;
    let conn = connect(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -8192)?; // KiB; SQLite writes the excess to the -wal file
    conn.pragma_update(None, "wal_autocheckpoint", 4096)?; // pages, 16 MiB: fewer flushes during a bulk load
    conn.pragma_update(None, "journal_size_limit", 16 << 20)?; // after a large apply, the -wal file must shrink again
    migrations::run(&conn)?;
    Ok(conn)
}

/// Opens a connection that refuses to write.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -2048)?;
    Ok(conn)
}

/// Opens a damaged database to read the readable part without any change.
pub(crate) fn damaged(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    // Set this before the first read: closing would merge the -wal file into the database.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

pub(crate) fn connect(path: &Path) -> Result<Connection> {
    // Only one thread at a time uses a connection, so SQLite's mutexes would only cost time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?; // Android has no /tmp
    // No mmap: a storage error would kill the process with SIGBUS instead of returning an error.
    conn.pragma_update(None, "mmap_size", 0)?;
    Ok(conn)
}

/// Finds damage in the header of an attached database that [`check`] does not detect.
pub(crate) fn check_header(conn: &Connection, database: &str, path: &Path) -> Result<()> {
    // SQLite treats a damaged format number in the header as a read-only format.
    if conn.is_readonly(database)? && fs::OpenOptions::new().write(true).open(path).is_ok() {
        return Err(Error::Corrupt);
    }
    // SQLite uses the count of free pages in the header when it needs a page.
    Ok(conn.execute_batch(&format!("BEGIN IMMEDIATE; CREATE TABLE {database}.probe (id); ROLLBACK"))?)
}

/// Reads every page of an attached database, and compares the indexes with their tables. [`Error::Corrupt`] if a page
/// or an index is damaged.
pub(crate) fn check(conn: &Connection, database: &str) -> Result<()> {
    integrity_check(conn, &format!("PRAGMA {database}.integrity_check(1)"))
}

/// Does the same check for one table and its indexes.
pub(crate) fn check_table(conn: &Connection, table: &str) -> Result<()> {
    integrity_check(conn, &format!("PRAGMA integrity_check('{table}')"))
}

fn integrity_check(conn: &Connection, pragma: &str) -> Result<()> {
    let verdict: String = conn.query_one(pragma, (), |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Error::Corrupt) }
}
