//! Opening: lock the folder, check the file, recover a damaged file, migrate.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::connection::{ALWAYS_CHECKED, check, check_header, connect, database};
use crate::files::{FILE, SUSPECT, make_folder, with_suffix};
use crate::{Error, Recovery, Result, Store, copy, lock, migrations, recovery};

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

fn writer(dir: &Path, path: &Path) -> Result<Connection> {
    let conn = database(path)?;
    copy::attach(&conn, dir)?;
    Ok(conn)
}
