//! The folder lock: one process and one store per folder.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// The file name of the lock.
pub(crate) const FILE: &str = "fieldcast.lock";

/// How long to wait for a holder that is about to release the lock: a killed process, or a forked child that has not
/// yet started its program.
const PATIENCE: Duration = Duration::from_secs(1);

/// Locks `<dir>/fieldcast.lock` until the file is closed. The system releases the lock at any end of the process, also
/// after kill -9. The empty file remains and has no meaning.
pub(crate) fn take(dir: &Path) -> Result<File> {
    let path = dir.join(FILE);
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| Error::of_io(&e, &path))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 50),
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { dir: dir.to_owned() }),
            Err(TryLockError::Error(e)) => return Err(Error::of_io(&e, &path)),
        }
    }
}
