//! Opening: lock, look, recover what is damaged, migrate.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::{Error, Recovery, Result, Store, copy, lock, migrations, recovery};

/// What SQLite puts beside a database, and the file itself. In this order: a -wal without its database is harmless, a new
/// database beside an old -wal is not.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];

/// The database's name in its folder.
pub(crate) const FILE: &str = "fieldcast.db";

/// Stands in the folder from when SQLite reported damage until an open has looked into it.
pub(crate) const SUSPECT: &str = "fieldcast.suspect";

/// Up to this size every open checks the whole file, which then costs some milliseconds. A larger one is checked
/// when it is suspect: on a cheap phone reading half a gigabyte takes longer than anybody waits for an app.
pub(crate) const ALWAYS_CHECKED: u64 = 16 << 20;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What [`Store::open`] gives.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What became of a damaged database. Tell the user what has to be downloaded again, and what was lost.
    pub recovery: Option<Recovery>,
    /// Whether the last process that had it open was killed, or its phone lost power.
    pub was_killed: bool,
}

impl Store {
    /// Opens `<dir>/fieldcast.db`, making folder and file as needed, both for this user's eyes alone. Only one store may have a folder open at a time.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::Newer`], [`Error::NotWritable`], [`Error::DiskFull`]. Damage is not an error: see
    /// [`Opened::recovery`].
    pub fn open(dir: &Path) -> Result<Opened> {
        make_folder(dir).map_err(|e| Error::of_io(&e, dir))?;
        let lock = lock::take(dir)?;
        let path = dir.join(FILE);
        let was_killed = with_suffix(&path, "-wal").exists(); // a store that is closed folds it into the database
        let mut recovery = None;
        let mut recovered = || {
            recovery = Some(recovery::recover(dir)?);
            writer(dir, &path)
        };
        recovery::finish(dir)?;
        let writer = match recovery::is_database_missing(dir) {
            true => recovered(),
            false => match sound(dir, &path).and_then(|()| writer(dir, &path)) {
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

/// Looks at what is there and changes nothing: a file that will be refused or moved aside must stay as it is.
fn sound(dir: &Path, path: &Path) -> Result<()> {
    match look(dir, path) {
        // What SQLite does not understand is not what was written: these are our own statements.
        Err(error) if error.is_not_understood() => Err(Error::Corrupt),
        looked => looked,
    }
}

fn look(dir: &Path, path: &Path) -> Result<()> {
    let Ok(found) = fs::metadata(path) else { return Ok(()) };
    let conn = connect(path)?;
    // Closing the last connection would fold the -wal into a file that may be damaged.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    migrations::version(&conn)?;
    conn.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0))?;
    check_header(&conn, "main", path)?;
    if found.len() <= ALWAYS_CHECKED || dir.join(SUSPECT).exists() { check(&conn, "main") } else { Ok(()) }
}

/// Finds damage in the header of one of the connection's databases that [`check`] does not look at.
pub(crate) fn check_header(conn: &Connection, database: &str, path: &Path) -> Result<()> {
    // SQLite takes a damaged format in the header for one that is to be read only.
    if conn.is_readonly(database)? && fs::OpenOptions::new().write(true).open(path).is_ok() {
        return Err(Error::Corrupt);
    }
    // The count of free pages there is used when a page is needed.
    Ok(conn.execute_batch(&format!("BEGIN IMMEDIATE; CREATE TABLE {database}.probe (id); ROLLBACK"))?)
}

/// Reads every page of one of the connection's databases, and compares the indexes with their tables.
/// [`Error::Corrupt`] when one is not what it should be.
pub(crate) fn check(conn: &Connection, database: &str) -> Result<()> {
    integrity_check(conn, &format!("PRAGMA {database}.integrity_check(1)"))
}

/// The same for one table and its indexes.
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

/// Removes a database and its companions, as far as they are there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    for file in COMPANIONS.map(|suffix| with_suffix(path, suffix)) {
        if file.exists() {
            fs::remove_file(&file).map_err(|e| Error::of_io(&e, &file))?;
        }
    }
    Ok(())
}

/// A file's companion of this suffix.
fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Other users of a shared machine have no business in a list of who lives where. A folder that is there stays as it is.
fn make_folder(dir: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(dir)
}

/// Makes an empty database file where there is none: SQLite would make it readable for all. What it puts beside a
/// database gets the database's permissions.
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

/// A database of today's schema, made if it is not there.
pub(crate) fn database(path: &Path) -> Result<Connection> {
    make_file(path)?;
    let conn = connect(path)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -8192)?; // KiB; what spills goes to the -wal
    conn.pragma_update(None, "wal_autocheckpoint", 4096)?; // pages, 16 MiB: fewer flushes during a bulk load
    conn.pragma_update(None, "journal_size_limit", 16 << 20)?; // a large apply must not keep the phone's space
    migrations::run(&conn)?;
    Ok(conn)
}

/// A connection that refuses to write.
pub(crate) fn reader(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -2048)?;
    Ok(conn)
}

/// A damaged database, to be read as far as it can be and left as it is.
pub(crate) fn damaged(path: &Path) -> Result<Connection> {
    let conn = connect(path)?;
    // Before anything is read: closing would fold the -wal into the file.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

pub(crate) fn connect(path: &Path) -> Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite's own mutexes would only cost.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?; // Android has no /tmp
    // No mmap: a storage error would then kill the process with SIGBUS instead of returning an error.
    conn.pragma_update(None, "mmap_size", 0)?;
    Ok(conn)
}
