//! One process, one store, one folder.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// The lock's name in its folder.
pub(crate) const FILE: &str = "fieldcast.lock";

/// How long a holder that is just going is waited for: a process that was killed, or a child of ours that has not yet
/// become the program it is to run.
const PATIENCE: Duration = Duration::from_secs(1);

/// Takes `<dir>/fieldcast.lock` for as long as the file stays open. The system lets go of it however the process
/// ends, kill -9 included; the empty file stays and means nothing.
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
