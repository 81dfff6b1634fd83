//! Inspects the database of a folder without any change.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::connection::{ALWAYS_CHECKED, check};
use crate::files::{FILE, SUSPECT};
use crate::{Error, Result, lock, migrations, rows};

/// The result of an inspection. Damage and other problems are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// The folder has no database.
    Absent,
    /// The database opens. It is too large to read completely without a reason.
    Opens,
    /// Every page is intact.
    Undamaged,
    /// The database opens and reports this number of possibly lost edits.
    LostEdits(u64),
}

/// Inspects the database in `dir`. Creates, changes and moves nothing. Meanwhile, no other process can open the folder.
///
/// # Errors
/// [`Error::InUse`], [`Error::Corrupt`], [`Error::Newer`]; [`Error::NotWritable`] if the database cannot be opened.
pub fn inspect(dir: &Path) -> Result<Inspected> {
    let path = dir.join(FILE);
    let found = match fs::metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Inspected::Absent),
        Err(error) => return Err(Error::of_io(&error, &path)),
    };
    let _held = held(dir)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let look = || {
        let conn = Connection::open_with_flags(&path, flags)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        migrations::version(&conn)?;
        conn.query_one("SELECT count(*) FROM sqlite_schema", (), |row| row.get::<_, i64>(0))?;
        let lost = rows::count_all(&conn, "lost_edit").unwrap_or(0);
        if lost > 0 {
            return Ok(Inspected::LostEdits(lost));
        }
        if found.len() <= ALWAYS_CHECKED || dir.join(SUSPECT).exists() {
            check(&conn, "main").map(|()| Inspected::Undamaged)
        } else {
            Ok(Inspected::Opens)
        }
    };
    look().map_err(|error: Error| error.at(&path))
}

/// The free bytes for this process on the storage of `path`.
///
/// # Errors
/// [`Error::NotWritable`] if the system does not report the free space.
pub fn free_space(path: &Path) -> Result<u64> {
    fs4::available_space(path).map_err(|error| Error::of_io(&error, path))
}

/// Takes the lock of the folder. `None` if the lock file does not exist: then no process has opened the folder.
fn held(dir: &Path) -> Result<Option<File>> {
    let path = dir.join(lock::FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::of_io(&error, &path)),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::of_io(&error, &path)),
    }
}
