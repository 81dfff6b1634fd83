//! The data folder and what is in it.

use std::fs;

use fieldcast_net::{Error as NetError, Identity};
use fieldcast_store::{Error as StoreError, Inspected, inspect};

use super::{Check, Checked, DoctorSettings};

pub(super) fn disk(settings: &DoctorSettings) -> Check {
    // A folder that is still to be made gets the space of the nearest one that is there.
    let there = settings.data_dir.ancestors().find(|dir| dir.is_dir());
    let asked = || there.and_then(|dir| fieldcast_store::free_space(dir).ok());
    let mib = |bytes: u64| bytes >> 20;
    match settings.free_space.or_else(asked) {
        None => Check::warning(Checked::Disk, "the system does not tell how much is free", "look in its settings"),
        Some(free) if free <= settings.reserve => Check::problem(
            Checked::Disk,
            format!("{} MiB free; {} MiB are to stay so", mib(free), mib(settings.reserve)),
            "free some space: nothing can be received",
        ),
        Some(free) if free <= settings.reserve.saturating_mul(4) => Check::warning(
            Checked::Disk,
            format!("{} MiB free, of which {} MiB are to stay so", mib(free), mib(settings.reserve)),
            "free some space: large boundaries will not fit",
        ),
        Some(free) => Check::ok(Checked::Disk, format!("{} MiB free", mib(free))),
    }
}

pub(super) fn folder(settings: &DoctorSettings) -> Check {
    let dir = &settings.data_dir;
    let shown = dir.display();
    match fs::metadata(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::ok(Checked::Folder, format!("{shown} is not there yet: it is made on first use"))
        }
        Err(error) => Check::problem(
            Checked::Folder,
            format!("{shown} cannot be looked at: {error}"),
            "choose another data folder, or make this one readable",
        ),
        Ok(found) if !found.is_dir() => {
            Check::problem(Checked::Folder, format!("{shown} is not a folder"), "choose another data folder")
        }
        Ok(_) if tempfile::tempfile_in(dir).is_err() => Check::problem(
            Checked::Folder,
            format!("{shown} cannot be written"),
            "let its owner write there, or choose another data folder",
        ),
        Ok(found) if is_open(&found) => Check::warning(
            Checked::Folder,
            format!("other users of this machine can look into {shown}"),
            format!("chmod 700 {shown}"),
        ),
        Ok(_) => Check::ok(Checked::Folder, format!("{shown} can be written")),
    }
}

#[cfg(unix)]
fn is_open(found: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open(_: &fs::Metadata) -> bool {
    false // there, a user's folder is the user's alone
}

pub(super) fn key(settings: &DoctorSettings) -> Check {
    let path = settings.data_dir.join(crate::engine::DEVICE_KEY);
    let shown = path.display();
    match Identity::load(&path) {
        Ok(Some(identity)) => Check::ok(Checked::Key, format!("this device is {}", identity.fingerprint().short())),
        Ok(None) => Check::ok(Checked::Key, "there is no device key yet: it is made on first use"),
        Err(NetError::KeyExposed { .. }) => Check::problem(
            Checked::Key,
            format!("others can read {shown}"),
            format!("if nobody has: chmod 600 {shown}; else move it away, and this device becomes another"),
        ),
        Err(NetError::KeyWrapped { .. }) => Check::ok(Checked::Key, "the phone's key store keeps the device key"),
        Err(NetError::KeyDamaged { .. }) => Check::problem(
            Checked::Key,
            format!("{shown} is no device key"),
            "put back a copy of it, or move it away, and this device becomes another",
        ),
        Err(error) => Check::problem(Checked::Key, error.to_string(), "let its owner read it"),
    }
}

pub(super) fn database(settings: &DoctorSettings) -> Check {
    match inspect(&settings.data_dir) {
        Ok(Inspected::Sound) => Check::ok(Checked::Database, "the database is sound"),
        Ok(Inspected::Opens) => Check::ok(Checked::Database, "the database opens; too large to be read whole here"),
        Ok(Inspected::LostEdits(edits)) => Check::warning(
            Checked::Database,
            format!("{edits} edits are possibly lost since the database was damaged"),
            "look at the list of edits, make them again if need be, then confirm",
        ),
        Ok(Inspected::Absent) => Check::ok(Checked::Database, "there is no database yet: it is made on first use"),
        Err(StoreError::InUse { .. }) => Check::warning(
            Checked::Database,
            "another Fieldcast uses the database; it was not looked at",
            "to have it checked, close that one first",
        ),
        Err(StoreError::Corrupt) => Check::problem(
            Checked::Database,
            "the database is damaged",
            "copy the folder to be safe; the next start recovers what can be read, and says what was lost",
        ),
        Err(StoreError::Newer { found, known }) => Check::problem(
            Checked::Database,
            format!("the database is of version {found}, this Fieldcast knows up to {known}"),
            "update Fieldcast",
        ),
        Err(error) => {
            Check::problem(Checked::Database, error.to_string(), "check the storage and the folder's permissions")
        }
    }
}
