//! Who may touch the database: one writer, many readers, and the type says which.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldcast_model::EntityType;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::server_clock::ClockReading;
use crate::tx::WriteTx;
use crate::{Error, Result, ServerClock, open};

/// Idle readers kept open. More are opened when more are wanted at once, so that a read inside a read cannot starve.
const IDLE_READERS: usize = 4;

/// A device's store. A handle: clones share one database.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

// Dropped in this order: the writer closes last and folds the -wal into the database, then the folder is let go.
struct Inner {
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Writer>,
    /// When this process last heard of the server's clock.
    heard: Mutex<Option<ClockReading>>,
    /// How often it was read or written.
    uses: AtomicU64,
    path: PathBuf,
    suspect: PathBuf,
    _lock: File,
}

struct Writer {
    conn: Connection,
    durability: Option<Durability>,
}

/// What must survive a power cut. A kill of the process never loses a committed transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The last moments may be lost, whole transactions at a time: for what can be had again.
    Normal,
    /// On the storage when the call returns: for what is acknowledged to somebody.
    Full,
}

impl Store {
    pub(crate) fn new(writer: Connection, path: PathBuf, suspect: PathBuf, lock: File) -> Self {
        let writer = Mutex::new(Writer { conn: writer, durability: None });
        Self {
            inner: Arc::new(Inner {
                readers: Mutex::default(),
                writer,
                heard: Mutex::default(),
                uses: AtomicU64::new(0),
                path,
                suspect,
                _lock: lock,
            }),
        }
    }

    /// Bytes this process may still write to the storage the database is on.
    ///
    /// # Errors
    /// [`Error::NotWritable`] when the system does not tell.
    pub fn free_space(&self) -> Result<u64> {
        crate::free_space(&self.inner.path)
    }

    /// Bytes the database takes on the storage, with what waits to be folded into it.
    ///
    /// # Errors
    /// [`Error::NotWritable`] when the system does not tell.
    pub fn used_space(&self) -> Result<u64> {
        let path = &self.inner.path;
        let database = fs::metadata(path).map_err(|error| Error::of_io(&error, path))?.len();
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Ok(database + fs::metadata(log).map_or(0, |log| log.len()))
    }

    /// Several reads of one and the same state, whatever is written meanwhile. Keep it short: while it runs, the
    /// write-ahead log cannot be folded back and grows.
    ///
    /// # Errors
    /// The closure's, and whatever stands in the way of reading.
    pub fn read<T>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
        let (mut f, mut out) = (Some(f), None);
        self.reading(&mut |reader| {
            out = f.take().map(|f| f(reader)).transpose()?;
            Ok(())
        })?;
        out.ok_or_else(not_run)
    }

    /// Runs `f` in the one write transaction there is, then commits.
    pub(crate) fn write<T>(&self, durability: Durability, f: impl FnOnce(&WriteTx<'_>) -> Result<T>) -> Result<T> {
        let (mut f, mut out) = (Some(f), None);
        self.writing(durability, &mut |tx| {
            out = f.take().map(|f| f(tx)).transpose()?;
            Ok(())
        })?;
        out.ok_or_else(not_run)
    }

    /// How often the store was read or written so far: if that stays the same, nobody uses it.
    pub fn uses(&self) -> u64 {
        self.inner.uses.load(Ordering::Relaxed)
    }

    // What follows is no generic code: phones would have a copy of it for each of the many closures.

    fn reading(&self, f: &mut dyn FnMut(&Reader<'_>) -> Result<()>) -> Result<()> {
        self.inner.uses.fetch_add(1, Ordering::Relaxed);
        let idle = locked(&self.inner.readers).pop();
        let run = || {
            let conn = idle.map_or_else(|| open::reader(&self.inner.path), Ok)?;
            let tx = conn.unchecked_transaction()?;
            f(&Reader::new(&tx))?;
            drop(tx);
            let mut readers = locked(&self.inner.readers);
            if readers.len() < IDLE_READERS {
                readers.push(conn);
            }
            Ok(())
        };
        run().map_err(|e| self.told(e))
    }

    fn writing(&self, durability: Durability, f: &mut dyn FnMut(&WriteTx<'_>) -> Result<()>) -> Result<()> {
        self.inner.uses.fetch_add(1, Ordering::Relaxed);
        let mut writer = locked(&self.inner.writer);
        writer.run(durability, f).map_err(|e| self.told(e))
    }

    pub(crate) fn heard(&self) -> Option<ClockReading> {
        *locked(&self.inner.heard)
    }

    pub(crate) fn hear(&self, clock: ServerClock) {
        *locked(&self.inner.heard) = Some(ClockReading::now(clock));
    }

    /// Completes an error, and leaves a note for the next open when it was damage.
    fn told(&self, error: Error) -> Error {
        if matches!(error, Error::Corrupt) {
            tracing::error!("SQLite reports a damaged database");
            if let Err(e) = fs::write(&self.inner.suspect, "") {
                tracing::warn!(kind = ?e.kind(), "the damage could not be noted for the next start");
            }
        }
        error.at(&self.inner.path)
    }

    /// The writing connection, for tests that prepare or damage things.
    #[cfg(test)]
    pub(crate) fn with_writer<T>(&self, f: impl FnOnce(&Connection) -> T) -> T {
        f(&locked(&self.inner.writer).conn)
    }
}

impl Writer {
    fn run(&mut self, durability: Durability, f: &mut dyn FnMut(&WriteTx<'_>) -> Result<()>) -> Result<()> {
        if self.durability != Some(durability) {
            // Cannot be changed inside a transaction.
            let level = if durability == Durability::Full { "FULL" } else { "NORMAL" };
            self.conn.pragma_update(None, "synchronous", level)?;
            self.durability = Some(durability);
        }
        let tx = WriteTx::new(Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?);
        f(&tx)?;
        tx.commit()
    }
}

/// For a closure that was not called, which cannot be.
fn not_run() -> Error {
    Error::Sqlite { code: 0, reason: "the work was not done".to_owned() }
}

/// A lock whose holder panicked is taken over: its transaction was rolled back while it unwound.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

/// One consistent view of the store.
pub struct Reader<'c> {
    pub(crate) conn: &'c Connection,
    entities: OnceCell<HashMap<i64, EntityType>>,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        Self { conn, entities: OnceCell::new() }
    }

    /// All entity types by their interned id.
    pub(crate) fn entities(&self) -> Result<&HashMap<i64, EntityType>> {
        if let Some(known) = self.entities.get() {
            return Ok(known);
        }
        let mut statement = self.conn.prepare("SELECT id, name FROM entity")?;
        let rows = statement.query_map((), |row| Ok((row.get(0)?, EntityType::from(row.get::<_, String>(1)?))))?;
        let read = rows.collect::<Result<HashMap<_, _>, _>>()?;
        Ok(self.entities.get_or_init(|| read))
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
