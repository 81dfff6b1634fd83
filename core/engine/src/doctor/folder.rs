//! Checks of the data folder and its files.

use std::fs;

use fieldcast_net::{Error as NetError, Identity};
use fieldcast_store::{Error as StoreError, Inspected, inspect};

use super::{Check, Checked, DoctorSettings};

pub(super) fn disk(settings: &DoctorSettings) -> Check {
    // If the folder does not exist yet, use the free space of the nearest parent folder that exists.
    let there = settings.data_dir.ancestors().find(|dir| dir.is_dir());
    let asked = || there.and_then(|dir| fieldcast_store::free_space(dir).ok());
    let mib = |bytes: u64| bytes >> 20;
    match settings.free_space.or_else(asked) {
        None => Check::warning(
            Checked::Disk,
            "the system does not report the free space",
            "check the free space in the system settings",
        ),
        Some(free) if free <= settings.reserve => Check::problem(
            Checked::Disk,
            format!("{} MiB free; {} MiB must stay free", mib(free), mib(settings.reserve)),
            "free some space: nothing can be received",
        ),
        Some(free) if free <= settings.reserve.saturating_mul(4) => Check::warning(
            Checked::Disk,
            format!("{} MiB free, of which {} MiB must stay free", mib(free), mib(settings.reserve)),
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
            Check::ok(Checked::Folder, format!("{shown} does not exist yet: it is created on first use"))
        }
        Err(error) => Check::problem(
            Checked::Folder,
            format!("{shown} cannot be read: {error}"),
            "choose another data folder, or make this one readable",
        ),
        Ok(found) if !found.is_dir() => {
            Check::problem(Checked::Folder, format!("{shown} is not a folder"), "choose another data folder")
        }
        Ok(_) if tempfile::tempfile_in(dir).is_err() => Check::problem(
            Checked::Folder,
            format!("{shown} cannot be written"),
            "give its owner write permission, or choose another data folder",
        ),
        Ok(found) if is_open(&found) => Check::warning(
            Checked::Folder,
            format!("other users of this machine can read {shown}"),
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
    false // on these systems only the user can read the user's folder
}

pub(super) fn key(settings: &DoctorSettings) -> Check {
    let path = settings.data_dir.join(crate::api::DEVICE_KEY);
    let shown = path.display();
    match Identity::load(&path) {
        Ok(Some(identity)) => Check::ok(Checked::Key, format!("this device is {}", identity.fingerprint().short())),
        Ok(None) => Check::ok(Checked::Key, "there is no device key yet: it is created on first use"),
        Err(NetError::KeyExposed { .. }) => Check::problem(
            Checked::Key,
            format!("other users can read {shown}"),
            format!("if no other user has read it: chmod 600 {shown}; else move it away to get a new identity"),
        ),
        Err(NetError::KeyWrapped { .. }) => Check::ok(Checked::Key, "the phone's key store keeps the device key"),
        Err(NetError::KeyDamaged { .. }) => Check::problem(
            Checked::Key,
            format!("{shown} is not a device key"),
            "restore a copy of it, or move it away, and this device gets a new identity",
        ),
        Err(error) => Check::problem(Checked::Key, error.to_string(), "let its owner read it"),
    }
}

pub(super) fn database(settings: &DoctorSettings) -> Check {
    match inspect(&settings.data_dir) {
        Ok(Inspected::Undamaged) => Check::ok(Checked::Database, "the database is undamaged"),
        Ok(Inspected::Opens) => {
            Check::ok(Checked::Database, "the database opens; it is too large to be checked completely here")
        }
        Ok(Inspected::LostEdits(edits)) => Check::warning(
            Checked::Database,
            format!("{edits} edits are possibly lost since the database was damaged"),
            "check the list of edits, enter the lost ones again, then confirm",
        ),
        Ok(Inspected::Absent) => Check::ok(Checked::Database, "there is no database yet: it is created on first use"),
        Err(StoreError::InUse { .. }) => Check::warning(
            Checked::Database,
            "another Fieldcast uses the database; it was not checked",
            "close the other Fieldcast, then check again",
        ),
        Err(StoreError::Corrupt) => Check::problem(
            Checked::Database,
            "the database is damaged",
            "make a copy of the folder; the next start recovers the readable data and reports what was lost",
        ),
        Err(StoreError::Newer { found, known }) => Check::problem(
            Checked::Database,
            format!("the database has version {found}, this Fieldcast supports up to {known}"),
            "update Fieldcast",
        ),
        Err(error) => {
            Check::problem(Checked::Database, error.to_string(), "check the storage and the folder's permissions")
        }
    }
}
