//! Access to the database: one writer, many readers. The type of the connection says which one it is.

use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::clock_reading::ClockReading;
use crate::tx::WriteTx;
use crate::{Error, Reader, Result, ServerClock, connection};

/// The number of idle readers that stay open. The store opens more readers when more reads run at once. So a read
/// inside another read never waits for a free reader.
const IDLE_READERS: usize = 4;

/// The store of one device. It is a handle: all clones share one database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<StoreInner>,
}

// Rust drops the fields in this order: the writer closes last and merges the -wal file into the database, then the
// folder lock is released.
struct StoreInner {
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Writer>,
    /// The last server clock reading that this process received.
    clock_reading: Mutex<Option<ClockReading>>,
    /// How often the store was read or written.
    uses: AtomicU64,
    path: PathBuf,
    suspect: PathBuf,
    _lock: File,
}

struct Writer {
    conn: Connection,
    durability: Option<Durability>,
}

/// How durable a transaction is against a power cut. A kill of the process never loses a committed transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// A power cut can lose the last transactions, each of them as a whole. For data that can be downloaded or received
    /// again.
    Normal,
    /// The data is on the storage when the call returns. For data that this device acknowledges to the user or to a
    /// peer.
    Full,
}

impl Store {
    pub(crate) fn new(writer: Connection, path: PathBuf, suspect: PathBuf, lock: File) -> Self {
        let writer = Mutex::new(Writer { conn: writer, durability: None });
        Self {
            inner: Arc::new(StoreInner {
                readers: Mutex::default(),
                writer,
                clock_reading: Mutex::default(),
                uses: AtomicU64::new(0),
                path,
                suspect,
                _lock: lock,
            }),
        }
    }

    /// The free bytes for this process on the storage of the database.
    ///
    /// # Errors
    /// [`Error::NotWritable`] if the system does not report the free space.
    pub fn free_space(&self) -> Result<u64> {
        crate::free_space(&self.inner.path)
    }

    /// The bytes of the database on the storage, with its write-ahead log.
    ///
    /// # Errors
    /// [`Error::NotWritable`] if the system does not report the file size.
    pub fn used_space(&self) -> Result<u64> {
        let path = &self.inner.path;
        let database = fs::metadata(path).map_err(|error| Error::of_io(&error, path))?.len();
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Ok(database + fs::metadata(log).map_or(0, |log| log.len()))
    }

    /// Runs several reads on one consistent state, independent of concurrent writes. Keep it short: during the read,
    /// SQLite cannot merge the write-ahead log into the database, and the log grows.
    ///
    /// # Errors
    /// The error of the closure. Also fails if the database cannot be read.
    pub fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let (mut f, mut out) = (Some(f), None);
        self.reading(&mut |reader| {
            out = f.take().map(|f| f(reader)).transpose()?;
            Ok(())
        })?;
        out.ok_or_else(not_run)
    }

    /// Runs `f` in the single write transaction, then commits.
    pub(crate) fn write<T>(&self, durability: Durability, f: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> Result<T> {
        let (mut f, mut out) = (Some(f), None);
        self.writing(durability, &mut |tx| {
            out = f.take().map(|f| f(tx)).transpose()?;
            Ok(())
        })?;
        out.ok_or_else(not_run)
    }

    /// How often the store was read or written since it was opened. If the number does not change, the store is idle.
    pub fn uses(&self) -> u64 {
        self.inner.uses.load(Ordering::Relaxed)
    }

    // The code below is not generic: otherwise the binary would contain one copy for each of the many closures.

    fn reading(&self, f: &mut dyn FnMut(&Reader<'_>) -> Result<()>) -> Result<()> {
        self.inner.uses.fetch_add(1, Ordering::Relaxed);
        let idle = locked(&self.inner.readers).pop();
        let run = || {
            let conn = idle.map_or_else(|| connection::reader(&self.inner.path), Ok)?;
            let tx = conn.unchecked_transaction()?;
            f(&Reader::new(&tx))?;
            drop(tx);
            let mut readers = locked(&self.inner.readers);
            if readers.len() < IDLE_READERS {
                readers.push(conn);
            }
            Ok(())
        };
        run().map_err(|e| self.completed(e))
    }

    fn writing(&self, durability: Durability, f: &mut dyn FnMut(&WriteTx<'_>) -> Result<()>) -> Result<()> {
        self.inner.uses.fetch_add(1, Ordering::Relaxed);
        let mut writer = locked(&self.inner.writer);
        writer.run(durability, f).map_err(|e| self.completed(e))
    }

    pub(crate) fn clock_reading(&self) -> Option<ClockReading> {
        *locked(&self.inner.clock_reading)
    }

    pub(crate) fn set_clock_reading(&self, clock: ServerClock) {
        *locked(&self.inner.clock_reading) = Some(ClockReading::now(clock));
    }

    /// Adds the path to an error. If the error is damage, creates the file that makes the next open check the whole
    /// database.
    fn completed(&self, error: Error) -> Error {
        if matches!(error, Error::Corrupt) {
            tracing::error!("SQLite reports a damaged database");
            if let Err(e) = fs::write(&self.inner.suspect, "") {
                tracing::warn!(kind = ?e.kind(), "cannot mark the database for a check at the next start");
            }
        }
        error.at(&self.inner.path)
    }

    /// The writing connection, for tests that prepare or damage data.
    #[cfg(test)]
    pub(crate) fn with_writer<T>(&self, f: impl FnOnce(&Connection) -> T) -> T {
        f(&locked(&self.inner.writer).conn)
    }
}

impl Writer {
    fn run(&mut self, durability: Durability, f: &mut dyn FnMut(&WriteTx<'_>) -> Result<()>) -> Result<()> {
        if self.durability != Some(durability) {
            // SQLite does not allow this change inside a transaction.
            let level = if durability == Durability::Full { "FULL" } else { "NORMAL" };
            self.conn.pragma_update(None, "synchronous", level)?;
            self.durability = Some(durability);
        }
        let tx = WriteTx::new(Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?);
        f(&tx)?;
        tx.commit()
    }
}

/// The error for a closure that was not called. This cannot happen.
fn not_run() -> Error {
    Error::Sqlite { code: 0, reason: "the closure was not called".to_owned() }
}

/// Locks the mutex even if the previous holder panicked: its transaction was rolled back during the panic.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}
