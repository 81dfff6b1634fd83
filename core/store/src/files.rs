//! The files of a store's folder: their names, creation, renaming and removal.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::{Error, Result};

/// The suffixes of SQLite's companion files and of the database itself. The order matters: a -wal file without its
/// database is harmless, but a new database beside an old -wal file is not.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", ""];

/// The file name of the database.
pub(crate) const FILE: &str = "fieldcast.db";

/// This file exists from the time when SQLite reported damage until the next open has checked the database.
pub(crate) const SUSPECT: &str = "fieldcast.suspect";

/// Renames the database and its companions to the first free `<name>.corrupt-<n>`.
pub(crate) fn move_aside(path: &Path) -> Result<PathBuf> {
    let with = |suffix: &str| with_suffix(path, suffix);
    let mut n = 1;
    while with(&format!(".corrupt-{n}")).exists() {
        n += 1;
    }
    for companion in COMPANIONS {
        let (from, to) = (with(companion), with(&format!(".corrupt-{n}{companion}")));
        if from.exists() {
            fs::rename(&from, &to).map_err(|e| Error::of_io(&e, &from))?;
        }
    }
    Ok(with(&format!(".corrupt-{n}")))
}

/// Removes a database and its companion files, if they exist.
pub(crate) fn remove(path: &Path) -> Result<()> {
    for file in COMPANIONS.map(|suffix| with_suffix(path, suffix)) {
        if file.exists() {
            fs::remove_file(&file).map_err(|e| Error::of_io(&e, &file))?;
        }
    }
    Ok(())
}

/// The path of the companion file with this suffix.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Creates the folder for this user only: the data says who lives where, and other users of a shared computer must not
/// read it. The mode of an existing folder does not change.
pub(crate) fn make_folder(dir: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(dir)
}

/// Creates an empty database file if none exists: SQLite would make it readable for all users. SQLite gives the
/// companion files the permissions of the database.
pub(crate) fn make_file(path: &Path) -> Result<()> {
    let mut file = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    let made = file.create(true).truncate(false).write(true).open(path);
    made.map(drop).map_err(|e| Error::of_io(&e, path))
}
