//! One process, one store, one folder.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::{Error, Result};

/// Takes `<dir>/fieldcast.lock` for as long as the file stays open. The system lets go of it however the process
/// ends, kill -9 included; the empty file stays and means nothing.
pub(crate) fn take(dir: &Path) -> Result<File> {
    let path = dir.join("fieldcast.lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|e| Error::of_io(&e, &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(e)) => Err(Error::of_io(&e, &path)),
    }
}
