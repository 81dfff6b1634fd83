//! The errors of the store. Each message says what to do. No message contains a record, a name or a token.

use std::io;
use std::path::{Path, PathBuf};

use fieldcast_model::ServerTime;
use rusqlite::ffi;

/// A failed store operation. The transaction was rolled back completely.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another program held the write lock of the database longer than the busy timeout.
    #[error("another program is writing to the database; close that program, then try again")]
    Busy,
    /// SQLite found damage in the file. The next open checks the whole file and moves it aside.
    #[error("the database is damaged; restart Fieldcast to recover the readable data")]
    Corrupt,
    /// A record does not match its stored hash or digest. [`Store::verify_dataset`](crate::Store::verify_dataset)
    /// repairs it if possible.
    #[error("some records on this device are damaged; run the doctor, then download or receive the village again")]
    DamagedRecords,
    /// The storage is full.
    #[error("the storage is full and no data was changed; free some space, then try again")]
    DiskFull,
    /// Another process, or another [`Store`](crate::Store) in this process, has the folder open.
    #[error("{} is in use by another Fieldcast; close that one or choose another folder", .dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// A newer Fieldcast created the database. The file is unchanged.
    #[error("the database has version {found}, but this Fieldcast supports only up to {known}; update Fieldcast")]
    Newer {
        /// The schema version of the file.
        found: u32,
        /// The newest schema version of this build.
        known: u32,
    },
    /// The bundle was not accepted, or was discarded later.
    #[error("this bundle was refused or removed meanwhile; accept it again")]
    NoSuchBundle,
    /// The download run has ended, was replaced by a newer one, or never started.
    #[error("this download has ended or was replaced by a newer one; start it again")]
    NoSuchRun,
    /// The last change of the dataset was not a received bundle, or it was already undone.
    #[error("there is nothing to undo: only the last received data of a village can be undone; download it instead")]
    NothingToUndo,
    /// A file or folder cannot be opened or written.
    #[error("cannot write {}; check that the folder exists and may be written to", .path.display())]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
    },
    /// Any other SQLite error: probably a bug in Fieldcast.
    #[error("the database reported an error: {reason} (SQLite code {code}); please report this")]
    Sqlite {
        /// SQLite's extended result code; 0 if rusqlite itself failed.
        code: i32,
        /// SQLite's message. It contains column names, but no values.
        reason: String,
    },
    /// The storage failed to read or write.
    #[error("the storage failed (SQLite code {code}); check free space and the storage itself, then try again")]
    Storage {
        /// SQLite's extended result code.
        code: i32,
    },
    /// The dataset has local edits, and this device has their only copy.
    #[error("{edits} local edits are not sent yet, so nothing was removed; send them first")]
    UnsentEdits {
        /// The number of unsent edits.
        edits: u64,
    },
}

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The error of a file operation on `path`.
    pub(crate) fn of_io(error: &io::Error, path: &Path) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::NotWritable { path: path.to_owned() },
        }
    }

    /// Adds the path, which SQLite does not report.
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
            // These codes come first: outside a write, a full disk appears as a shared memory file that cannot grow, or
            // as data that cannot be flushed.
            ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_WRITE | ffi::SQLITE_IOERR_FSYNC => Self::DiskFull,
            _ => match code & 0xff {
                ffi::SQLITE_FULL => Self::DiskFull,
                ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => Self::Busy,
                ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => Self::Corrupt,
                ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN | ffi::SQLITE_PERM => {
                    Self::NotWritable { path: PathBuf::new() } // the caller knows the path and adds it
                }
                ffi::SQLITE_IOERR => Self::Storage { code },
                _ => Self::Sqlite { code, reason: reason.to_owned() },
            },
        }
    }

    /// Whether SQLite cannot understand the file. The statements of this crate are correct, so the file is damaged.
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
            // This crate wrote these columns itself, so any other content is damage.
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::InvalidColumnType(..)
            | Sql::Utf8Error(..) => Self::Corrupt,
            other => Self::Sqlite { code: 0, reason: other.to_string() },
        }
    }
}

/// The reason why an [`apply`](crate::Store::apply) failed. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError<E> {
    /// The caller's source of records failed.
    #[error("{0}")]
    Source(E),
    /// The records do not match the snapshot hash that the provenance signed.
    #[error("the records do not match the signature of the device that signed them")]
    NotAuthentic,
    /// The date of a record is later than the server's clock can be.
    #[error("the date of a record is later than the server's time")]
    FromTheFuture {
        /// The date of the record.
        dated: ServerTime,
        /// The server time that this device assumes.
        now: ServerTime,
    },
    /// A bundle contains the same record twice, so the intended version is unknown.
    #[error("the data contains a record twice")]
    Repeated,
    /// No server creates this row version.
    #[error("a record has an invalid row version")]
    RowVersion,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}
