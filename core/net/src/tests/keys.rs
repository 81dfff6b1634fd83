use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::{Error, Identity, fingerprint_of, verify};

#[test]
fn a_key_file_is_made_once_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new folder").join("device.key");
    let first = Identity::load_or_create(&path).unwrap();
    let again = Identity::load_or_create(&path).unwrap();
    assert_eq!(first.fingerprint(), again.fingerprint());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    Identity::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = Identity::load_or_create(&path).unwrap_err();
        assert!(matches!(error, Error::KeyExposed { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}

#[test]
fn a_damaged_key_is_told_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    let whole = {
        Identity::load_or_create(&path).unwrap();
        fs::read(&path).unwrap()
    };
    for damaged in [&whole[..40], b"", &[0; 5000]] {
        fs::write(&path, damaged).unwrap();
        assert!(matches!(Identity::load_or_create(&path), Err(Error::KeyDamaged { .. })));
        assert_eq!(fs::read(&path).unwrap(), damaged);
    }
    let nowhere = dir.path().join("device.key").join("below a file");
    assert!(matches!(Identity::load_or_create(&nowhere), Err(Error::KeyFile { .. })));
}

#[test]
fn a_signature_holds_for_its_message_and_key() {
    let (one, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let signature = one.sign(b"receipt");
    assert!(verify(&one.public_key(), b"receipt", &signature));
    assert!(!verify(&one.public_key(), b"receipT", &signature));
    assert!(!verify(&other.public_key(), b"receipt", &signature));
    assert_eq!(one.fingerprint(), fingerprint_of(&one.public_key()));
    assert_eq!(format!("{one:?}"), format!("Identity({})", one.fingerprint().short()));
}
