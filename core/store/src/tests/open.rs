//! Opening a store, and the data it keeps.

use std::fs;

use super::{Fresh, apply, arriving, fresh, household, village};
use crate::{Error, Login, Store};

#[test]
fn locks_folder_until_last_handle_is_dropped() {
    let first = fresh();
    let second = Store::open(first.dir.path());
    assert!(matches!(second, Err(Error::InUse { dir }) if dir == first.dir.path()));
    let clone = first.store.clone();
    drop(first.store);
    assert!(matches!(Store::open(first.dir.path()), Err(Error::InUse { .. })));
    drop(clone);
    Store::open(first.dir.path()).unwrap();
}

#[test]
fn keeps_data_after_reopening() {
    let Fresh { store, dir } = fresh();
    store.set_setting("device.name", "Asha").unwrap();
    store.set_setting("device.name", "Asha's phone").unwrap();
    let digest = apply(&store, &village("v"), &[household("h", 1, 1)]).summary.digest;
    drop(store);
    let opened = Store::open(dir.path()).unwrap();
    assert_eq!(opened.recovery, None);
    assert_eq!(opened.store.setting("device.name").unwrap().as_deref(), Some("Asha's phone"));
    assert_eq!(opened.store.setting("other").unwrap(), None);
    assert_eq!(opened.store.summary(&village("v")).unwrap().unwrap().digest, digest);
}

#[test]
fn stores_login_and_never_prints_it() {
    let Fresh { store, dir: _dir } = fresh();
    assert_eq!(store.login().unwrap(), None);
    let login = Login { server: "https://s".into(), tenant: "mz".into(), session: "s3cret".into() };
    store.save_login(&login).unwrap();
    assert_eq!(store.login().unwrap().as_ref(), Some(&login));
    let other = Login { tenant: "ng".into(), ..login };
    store.save_login(&other).unwrap();
    assert_eq!(store.login().unwrap().as_ref(), Some(&other));
    assert!(!format!("{other:?}").contains("s3cret"));
    store.forget_login().unwrap();
    assert_eq!(store.login().unwrap(), None);
}

#[test]
fn names_path_that_cannot_be_written() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("under")).unwrap_err();
    assert!(matches!(&error, Error::NotWritable { path } if path.starts_with(&file)), "{error}");
    assert!(error.to_string().contains("check that the folder exists"));
    // A folder with the name of the database.
    fs::create_dir(dir.path().join("fieldcast.db")).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(&error, Error::NotWritable { path } if path.ends_with("fieldcast.db")), "{error}");
}

#[cfg(unix)]
#[test]
fn creates_folder_and_files_for_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("new/data");
    let store = Store::open(&folder).unwrap().store;
    apply(&store, &village("v"), &[household("h", 1, 1)]);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["fieldcast.db", "fieldcast.db-wal", "fieldcast.db-shm"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn reads_without_waiting_for_writer() {
    let Fresh { store, dir: _dir } = fresh();
    let refused = store.read(|r| Ok(r.conn.execute("DELETE FROM record", ())?)).unwrap_err();
    assert!(matches!(refused, Error::NotWritable { .. }), "{refused}");
    let (mut seen, mut first) = (None, true);
    let records = [household("h", 1, 1)];
    let batch = &mut || {
        seen = Some(store.summary(&village("v")).unwrap());
        Ok::<_, std::convert::Infallible>(std::mem::take(&mut first).then(|| super::batch(&records)))
    };
    let (snapshot, provenance) = (super::snapshot(&village("v"), 1), super::provenance_of(&records));
    store.apply(&arriving(&snapshot, &provenance, Some(&[])), batch).unwrap();
    assert_eq!(seen, Some(None), "a reader sees the whole apply or nothing");
}
