//! Data that cannot be downloaded again survives a damaged database, and a lost policy never permits more.

use std::fs;
use std::path::Path;

use fieldcast_model::{DeviceName, Fingerprint, Record};

use super::{Fresh, apply, fresh, household, record, village};
use crate::{LocalEdit, Opened, Recovery, Store, TrustedPeer, copy, files};

fn edit(n: usize) -> LocalEdit {
    let Record { entity, id, root, body, .. } = record("Task", &format!("t{n}"), "h1", 1, 1);
    LocalEdit { dataset: village("v"), entity, id, root, deleted: false, body, edited_at: n as i64 }
}

/// A closed store with data, edits, settings and trust.
fn filled() -> tempfile::TempDir {
    let Fresh { store, dir } = fresh();
    let records: Vec<_> = (0..200).map(|n| household(&format!("h{n}"), 1, n)).collect();
    apply(&store, &village("v"), &records);
    (0..50).for_each(|n| store.put_edit(&edit(n)).unwrap());
    store.set_setting("grant_policy", "required").unwrap();
    store.trust_campaign(&[7; 32], "Nets", 1).unwrap();
    store.keep_revocations(&[7; 32], 3, "list").unwrap();
    store
        .trust_peer(&TrustedPeer { fingerprint: Fingerprint([8; 32]), name: DeviceName::new("Asha"), since: 1 })
        .unwrap();
    dir
}

fn overwrite(path: &Path, from: usize, to: usize) {
    let mut bytes = fs::read(path).unwrap();
    let to = to.min(bytes.len());
    bytes[from..to].fill(0xff);
    fs::write(path, bytes).unwrap();
}

fn assert_kept(store: &Store, edits: usize) {
    assert_eq!(store.edits().unwrap().len(), edits);
    assert_eq!(store.setting("grant_policy").unwrap().as_deref(), Some("required"));
    assert_eq!(store.campaigns().unwrap()[0].revoked_number, Some(3));
    assert!(store.trusts_peer(&Fingerprint([8; 32])).unwrap());
}

#[test]
fn recovers_edits_settings_and_trust_from_either_file() {
    let whole = filled();
    let pages = fs::read(whole.path().join(files::FILE)).unwrap().len() / 4096;
    for page in 0..pages {
        let dir = tempfile::tempdir().unwrap();
        for file in [files::FILE, copy::FILE] {
            fs::copy(whole.path().join(file), dir.path().join(file)).unwrap();
        }
        overwrite(&dir.path().join(files::FILE), page * 4096, (page + 1) * 4096);
        let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
        assert_kept(&store, 50);
        if let Some(Recovery { edits, lost_edits, settings_lost, .. }) = recovery {
            assert_eq!((edits, lost_edits, settings_lost), (50, 0, false), "page {page}");
        }
    }
    let dir = filled();
    overwrite(&dir.path().join(copy::FILE), 0, usize::MAX);
    let opened = Store::open(dir.path()).unwrap();
    assert_eq!(opened.recovery, None, "the first file is undamaged");
    assert_kept(&opened.store, 50);
    drop(opened);
    fs::remove_file(dir.path().join(files::FILE)).unwrap();
    let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
    assert!(recovery.is_some_and(|recovery| !recovery.settings_lost && recovery.edits == 50));
    assert_kept(&store, 50);
}

#[test]
fn updates_copy_with_every_change() {
    let dir = filled();
    let store = Store::open(dir.path()).unwrap().store;
    store.edit_sent(&edit(3)).unwrap();
    store.put_edit(&LocalEdit { edited_at: 99, ..edit(4) }).unwrap();
    store.set_setting("new", "1").unwrap();
    store.forget_peer(&Fingerprint([8; 32])).unwrap();
    store.forget_campaign(&[7; 32]).unwrap();
    let edits = store.edits().unwrap();
    drop(store);
    overwrite(&dir.path().join(files::FILE), 0, usize::MAX);
    let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
    let recovery = recovery.unwrap();
    assert_eq!((recovery.edits, recovery.lost_edits, recovery.settings_lost), (49, 0, false));
    assert_eq!(store.edits().unwrap().len(), edits.len());
    assert!(store.edits().unwrap().iter().any(|status| status.edit.edited_at == 99));
    assert_eq!(store.setting("new").unwrap().as_deref(), Some("1"));
    assert!(!store.trusts_peer(&Fingerprint([8; 32])).unwrap() && store.campaigns().unwrap().is_empty());
}

#[test]
fn restores_rows_that_only_the_copy_has() {
    let dir = filled();
    let (store, lost) = (Store::open(dir.path()).unwrap().store, tempfile::tempdir().unwrap());
    let before = fs::read(dir.path().join(files::FILE)).unwrap(); // without the changes that its log gets from here on
    store.put_edit(&edit(50)).unwrap();
    store.edit_sent(&edit(1)).unwrap();
    fs::write(lost.path().join(files::FILE), before).unwrap();
    fs::copy(dir.path().join(copy::FILE), lost.path().join(copy::FILE)).unwrap();
    let Opened { store, recovery, .. } = Store::open(lost.path()).unwrap();
    assert_eq!(recovery, None);
    assert_kept(&store, 50);
    let ids: Vec<_> = store.edits().unwrap().iter().map(|status| status.edit.id.to_string()).collect();
    assert!(ids.contains(&"t50".to_owned()) && !ids.contains(&"t1".to_owned()), "{ids:?}");
}

#[test]
fn reports_losses_until_user_confirms() {
    let dir = filled();
    overwrite(&dir.path().join(copy::FILE), 0, usize::MAX);
    overwrite(&dir.path().join(files::FILE), 0, usize::MAX);
    let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
    let recovery = recovery.unwrap();
    assert!(recovery.settings_lost && recovery.lost_edits == 1 && recovery.old.is_some(), "{recovery:?}");
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!((store.lost_edits().unwrap().len(), store.are_settings_lost().unwrap()), (1, true), "still reported");
    store.confirm_lost_edits().unwrap();
    assert_eq!(store.lost_edits().unwrap(), []);
}

#[test]
fn names_edits_on_damaged_pages() {
    let dir = filled();
    overwrite(&dir.path().join(copy::FILE), 0, usize::MAX);
    let path = dir.path().join(files::FILE);
    let bytes = fs::read(&path).unwrap();
    // The page of the table, not of the index, with one edit; it is found by the body of the edit.
    let needle = edit(10).body.as_str().as_bytes().to_vec();
    let at = bytes.windows(needle.len()).position(|window| window == needle).unwrap();
    overwrite(&path, at / 4096 * 4096, at / 4096 * 4096 + 4096);
    let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
    let recovery = recovery.unwrap();
    assert_eq!(recovery.edits + recovery.lost_edits, 50, "{recovery:?}");
    assert!(
        store
            .lost_edits()
            .unwrap()
            .iter()
            .any(|(entity, id)| (entity.as_str(), id.to_string().as_str()) == ("Task", "t10"))
    );
}

#[test]
fn repeats_or_finishes_recovery_after_kill() {
    let dir = filled();
    let path = dir.path().join(files::FILE);
    fs::write(dir.path().join("fieldcast.db.recovered"), "half").unwrap();
    overwrite(&path, 0, usize::MAX);
    let store = Store::open(dir.path()).unwrap().store;
    assert_kept(&store, 50);
    drop(store);
    fs::rename(&path, dir.path().join("fieldcast.db.recovered")).unwrap();
    let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
    assert_eq!(recovery, None);
    assert_kept(&store, 50);
}

/// The positions of these bytes in a file.
fn places(path: &Path, sought: &[u8]) -> Vec<usize> {
    let bytes = fs::read(path).unwrap();
    (0..bytes.len()).filter(|at| bytes[*at..].starts_with(sought)).collect()
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 4;
    fs::write(path, bytes).unwrap();
}

fn copied(from: &Path) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in [files::FILE, copy::FILE] {
        fs::copy(from.join(file), dir.path().join(file)).unwrap();
    }
    dir
}

#[test]
fn keeps_written_row_when_one_bit_differs() {
    let whole = filled();
    let edits = Store::open(whole.path()).unwrap().store.edits().unwrap();
    let body = edit(10).body;
    let kept: [&[u8]; 4] = [body.as_str().as_bytes(), b"grant_policy", &[7; 32], &[8; 32]];
    for (file, sought) in [files::FILE, copy::FILE].into_iter().flat_map(|file| kept.map(|sought| (file, sought))) {
        let places = places(&whole.path().join(file), sought);
        assert!(!places.is_empty());
        for at in places {
            let dir = copied(whole.path());
            flip(&dir.path().join(file), at + sought.len() - 2);
            for _ in 0..2 {
                let store = Store::open(dir.path()).unwrap().store;
                assert_kept(&store, 50);
                assert!(store.edits().unwrap() == edits && store.lost_edits().unwrap().is_empty(), "{file} {at}");
                assert_eq!((store.campaigns().unwrap()[0].key, store.are_settings_lost().unwrap()), ([7; 32], false));
            }
        }
    }
}

#[test]
fn reports_damage_in_both_files() {
    let whole = filled();
    for (sought, edits, are_settings_lost) in
        [(edit(10).body.as_str().as_bytes(), 49, false), (b"grant_policy", 50, true)]
    {
        let dir = copied(whole.path());
        for (file, offset) in [(files::FILE, 4), (copy::FILE, 5)] {
            let path = dir.path().join(file);
            places(&path, sought).into_iter().for_each(|at| flip(&path, at + offset));
        }
        let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
        let recovery = recovery.expect("the store is recovered");
        assert_eq!((recovery.edits, recovery.settings_lost), (edits, are_settings_lost));
        let lost: Vec<_> = store.lost_edits().unwrap().iter().map(|(_, id)| id.to_string()).collect();
        assert_eq!(lost, if edits < 50 { vec!["t10"] } else { Vec::new() }, "the index names the edit");
        assert_eq!(store.are_settings_lost().unwrap(), are_settings_lost);
    }
}

#[test]
fn reports_damaged_rows_with_damaged_copy() {
    let whole = filled();
    for (sought, lost, are_settings_lost) in
        [(edit(10).body.as_str().as_bytes(), 1, false), (b"grant_policy", 0, true), (b"nothing of that", 0, false)]
    {
        let dir = copied(whole.path());
        overwrite(&dir.path().join(copy::FILE), 0, 4096);
        let path = dir.path().join(files::FILE);
        places(&path, sought).first().into_iter().for_each(|at| flip(&path, at + 4));
        let Opened { store, recovery, .. } = Store::open(dir.path()).unwrap();
        assert_eq!(recovery.is_some(), lost > 0 || are_settings_lost);
        assert_eq!((store.lost_edits().unwrap().len(), store.are_settings_lost().unwrap()), (lost, are_settings_lost));
        assert_eq!(store.edits().unwrap().len(), 50 - lost);
        drop(store);
        assert_eq!(Store::open(dir.path()).unwrap().recovery, None);
    }
}
