//! A look at a folder's database from outside, which changes nothing.

use std::fs::{self, File, TryLockError};
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::open::{ALWAYS_CHECKED, FILE, SUSPECT, check};
use crate::{Error, Result, lock, migrations, rows};

/// What a look at a database found; damage and the like are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// There is none.
    Absent,
    /// It opens; it is too large to be read whole without a reason.
    Opens,
    /// Every page is as it should be.
    Sound,
    /// It opens, and says that so many edits are possibly lost.
    LostEdits(u64),
}

/// Looks at the database in `dir` without making, changing or moving anything. Meanwhile nobody else can open it.
///
/// # Errors
/// [`Error::InUse`], [`Error::Corrupt`], [`Error::Newer`], [`Error::NotWritable`] when it cannot be opened.
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
        let lost = conn.query_one("SELECT count(*) FROM lost_edit", (), |row| rows::count(row, 0)).unwrap_or(0);
        if lost > 0 {
            return Ok(Inspected::LostEdits(lost));
        }
        if found.len() <= ALWAYS_CHECKED || dir.join(SUSPECT).exists() {
            check(&conn, "main").map(|()| Inspected::Sound)
        } else {
            Ok(Inspected::Opens)
        }
    };
    look().map_err(|error: Error| error.at(&path))
}

/// Bytes this process may still write to the storage that `path` is on.
///
/// # Errors
/// [`Error::NotWritable`] when the system does not tell.
pub fn free_space(path: &Path) -> Result<u64> {
    fs4::available_space(path).map_err(|error| Error::of_io(&error, path))
}

/// The folder's lock, if it has one; without the file nobody has opened the folder.
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
