//! Opening: lock the folder, check the file, recover a damaged file, migrate.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::{Error, Recovery, Result, Store, copy, lock, migrations, recovery};

/// The suffixes of SQLite's companion files and of the database itself. The order matters: a -wal file without its
/// database is harmless, but a new database beside an old -wal file is not.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];

/// The file name of the database.
pub(crate) const FILE: &str = "fieldcast.db";

/// This file exists from the time when SQLite reported damage until the next open has checked the database.
pub(crate) const SUSPECT: &str = "fieldcast.suspect";

/// Up to this size, every open checks the whole file, in some milliseconds. A larger file is checked only if it is
/// suspect: on a low-end phone, reading half a gigabyte takes too long for the start of an app.
pub(crate) const ALWAYS_CHECKED: u64 = 16 << 20;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The result of [`Store::open`].
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// The result of the recovery of a damaged database. Show the user which datasets must be downloaded again and
    /// which data was lost.
    pub recovery: Option<Recovery>,
    /// Whether the last process with this store was killed, or the phone lost power.
    pub was_killed: bool,
}

impl Store {
    /// Opens `<dir>/fieldcast.db`. Creates the folder and the file if necessary, readable only for this user. Only one
    /// store can have a folder open at a time.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Newer`], [`Error::NotWritable`], [`Error::DiskFull`]. Damage is not an error: see
    /// [`Opened::recovery`].
    pub fn open(dir: &Path) -> Result<Opened> {
        make_folder(dir).map_err(|e| Error::of_io(&e, dir))?;
        let lock = lock::take(dir)?;
        let path = dir.join(FILE);
        let was_killed = with_suffix(&path, "-wal").exists(); // closing a store merges this file into the database
        let mut recovery = None;
        let mut recovered = || {
            recovery = Some(recovery::recover(dir)?);
            writer(dir, &path)
        };
        recovery::finish(dir)?;
        let writer = match recovery::is_database_missing(dir) {
            true => recovered(),
            false => match check_existing(dir, &path).and_then(|()| writer(dir, &path)) {
                Err(Error::Corrupt) => recovered(),
                other => other,
            },
        };
        let writer = writer.map_err(|e| e.at(&path))?;
        let suspect = dir.join(SUSPECT);
        if suspect.exists() {
            fs::remove_file(&suspect).map_err(|e| Error::of_io(&e, &suspect))?;
        }
        Ok(Opened { store: Self::new(writer, path, suspect, lock), recovery, was_killed })
    }
}

/// Checks the existing file and changes nothing: a file that will be refused or moved aside must stay unchanged.
fn check_existing(dir: &Path, path: &Path) -> Result<()> {
    match look(dir, path) {
        // Our statements are correct, so a file that SQLite cannot understand is damaged.
        Err(error) if error.is_not_understood() => Err(Error::Corrupt),
        looked => looked,
    }
}

fn look(dir: &Path, path: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let conn = connect(path)?;
    // Closing the last connection would merge the -wal file into a database that may be damaged.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    migrations::version(&conn)?;
    conn.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0))?;
    check_header(&conn, "main", path)?;
    if found.len() <= ALWAYS_CHECKED || dir.join(SUSPECT).exists() { check(&conn, "main") } else { Ok(()) }
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

/// Renames the database and its companions to the first free `<name>.corrupt-<n>`.
pub(crate) fn move_aside(path: &Path) -> Result<PathBuf> {
    let with = |suffix: &str| with_suffix(path, suffix);
    let mut n = 1;
    while with(&format!(".corrupt-{n}")).exists() {
        n += 1;
    }
    for companion in COMPANIONS {
        let (from, to) = (with(companion), with(&format!(".corrupt-{n}{companion}")));
        if from.exists() {
            fs::rename(&from, &to).map_err(|e| Error::of_io(&e, &from))?;
        }
    }
    Ok(with(&format!(".corrupt-{n}")))
}

/// Removes a database and its companion files, if they exist.
pub(crate) fn remove(path: &Path) -> Result<()> {
    for file in COMPANIONS.map(|suffix| with_suffix(path, suffix)) {
        if file.exists() {
            fs::remove_file(&file).map_err(|e| Error::of_io(&e, &file))?;
        }
    }
    Ok(())
}

/// The path of the companion file with this suffix.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Creates the folder for this user only: the data says who lives where, and other users of a shared computer must not
/// read it. The mode of an existing folder does not change.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(dir)
}

/// Creates an empty database file if none exists: SQLite would make it readable for all users. SQLite gives the
/// companion files the permissions of the database.
pub(crate) fn make_file(path: &Path) -> Result<()> {
    let mut file = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let made = file.create(true).truncate(false).write(true).open(path);
    made.map(drop).map_err(|e| Error::of_io(&e, path))
}

fn writer(dir: &Path, path: &Path) -> Result<Connection> {
    let conn = database(path)?;
    copy::attach(&conn, dir)?;
    Ok(conn)
}

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
