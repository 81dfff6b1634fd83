//! What can go wrong, each with what to do about it. No message holds a record, a name or a token.

use std::io;
use std::path::{Path, PathBuf};

use fieldcast_model::ServerTime;
use rusqlite::ffi;

/// Why the store could not do what was asked. Whatever it was, the transaction was rolled back whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program holds the database's write lock for longer than the busy timeout.
    #[error("another program is writing to the database; close it and try again")]
    Busy,
    /// SQLite found the file damaged. The next open checks it whole and moves it aside.
    #[error("the database is damaged; start Fieldcast again: it recovers what can be read")]
    Corrupt,
    /// A record, or what is noted of it, is not what it was. [`Store::verify_dataset`](crate::Store::verify_dataset) repairs
    /// what can be repaired.
    #[error(
        "some records were damaged on this device's storage; run the doctor, then download or receive the village again"
    )]
    DamagedRecords,
    /// No room left.
    #[error("the storage is full; free some space and try again: what was there before is unchanged")]
    DiskFull,
    /// Another process, or another [`Store`](crate::Store) in this one, owns the folder.
    #[error("{} is in use by another Fieldcast; close that one or choose another folder", .dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// The database was made by a newer Fieldcast. It was not touched.
    #[error("the database is of version {found}, this Fieldcast knows up to {known}; update Fieldcast")]
    Newer {
        /// The file's version.
        found: u32,
        /// The newest version this build knows.
        known: u32,
    },
    /// A bundle that nobody accepted, or that was discarded since.
    #[error("this bundle was refused or removed meanwhile; accept it again")]
    NoSuchBundle,
    /// A download run that was finished, replaced by a newer one, or never begun.
    #[error("this download has ended or was replaced by a newer one; start it again")]
    NoSuchRun,
    /// The last change of a dataset was not a received bundle, or it was taken back already.
    #[error(
        "there is nothing to undo: only the last data received for a village can be taken back; download it instead"
    )]
    NothingToUndo,
    /// File or folder cannot be opened or written.
    #[error("cannot write {}; check that the folder exists and may be written to", .path.display())]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
    },
    /// Anything else SQLite reports: a bug here, most likely.
    #[error("the database refused: {reason} (SQLite code {code}); please report this")]
    Sqlite {
        /// SQLite's extended result code, 0 when rusqlite itself refused.
        code: i32,
        /// SQLite's words; they name columns, never values.
        reason: String,
    },
    /// The storage fails to read or write.
    #[error("the storage failed (SQLite code {code}); check free space and the storage itself, then try again")]
    Storage {
        /// SQLite's extended result code.
        code: i32,
    },
    /// A dataset that holds local edits, of which this is the only copy.
    #[error("{edits} local edits in it were not sent yet; send them first: nothing was removed")]
    UnsentEdits {
        /// How many.
        edits: u64,
    },
}

/// This crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The error of a file operation on `path`.
    pub(crate) fn of_io(error: &io::Error, path: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::NotWritable { path: path.to_owned() },
        }
    }

    /// Fills in the path that SQLite does not tell.
    pub(crate) fn at(self, path: &Path) -> Self {
        match self {
            Self::NotWritable { path: known } if known.as_os_str().is_empty() => {
                Self::NotWritable { path: path.to_owned() }
            }
            other => other,
        }
    }

    fn of_code(code: i32, reason: &str) -> Self {
        match code {
            // Written before the rest because they are what a full disk looks like when it is met outside a write:
            // the shared memory file cannot grow, or the data cannot be flushed.
            ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_FSYNC => Self::DiskFull,
            _ => match code & 0xff {
                ffi::SQLITE_FULL => Self::DiskFull,
                ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Self::Busy,
                ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Self::Corrupt,
                ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN | ffi::SQLITE_PERM => {
                    Self::NotWritable { path: PathBuf::new() } // the caller, who knows it, fills it in
                }
                ffi::SQLITE_IOERR => Self::Storage { code },
                _ => Self::Sqlite { code, reason: reason.to_owned() },
            },
        }
    }

    /// Whether SQLite does not understand what it reads. Our statements are right, so the file is not what was written.
    pub(crate) const fn is_not_understood(&self) -> bool {
        matches!(self, Self::Sqlite { code: ffi::SQLITE_ERROR, .. })
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        match error {
            Sql::SqliteFailure(failure, reason) => {
                Self::of_code(failure.extended_code, reason.as_deref().unwrap_or("no reason given"))
            }
            // Our own columns hold what we put there; anything else was not us.
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::InvalidColumnType(..)
            | Sql::Utf8Error(..) => Self::Corrupt,
            other => Self::Sqlite { code: 0, reason: other.to_string() },
        }
    }
}

/// What ended an [`apply`](crate::Store::apply). Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E> {
    /// The caller's source of records failed.
    #[error("{0}")]
    Source(E),
    /// The records are not those the origin has signed.
    #[error("the records are not those that the device they come from has signed")]
    NotAuthentic,
    /// A record is dated later than any this device can vouch for.
    #[error("a record is dated later than the server's clock can be")]
    FromTheFuture {
        /// What it is dated.
        dated: ServerTime,
        /// What this device takes the server's time to be.
        now: ServerTime,
    },
    /// A record comes twice in one bundle: which of the two was meant nobody can say.
    #[error("a record comes twice")]
    Repeated,
    /// A record has a row version that no server gives.
    #[error("a record has a row version that no server gives")]
    RowVersion,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}
