use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::{Error, Identity, KeyWrap, fingerprint_of, verify};

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

/// Wraps by turning every bit over; one that is broken, by losing the last byte.
#[derive(Debug)]
struct Turns {
    is_broken: bool,
}

impl KeyWrap for Turns {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, String> {
        Ok(key[..key.len() - usize::from(self.is_broken)].iter().map(|byte| !byte).collect())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
        Ok(wrapped.iter().map(|byte| !byte).collect())
    }
}

#[test]
fn a_wrapped_key_is_the_same_each_time_and_never_on_the_disk_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    let first = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    let again = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    assert_eq!(first.fingerprint(), again.fingerprint());
    let kept = std::fs::read(&path).unwrap();
    assert!(
        !kept.windows(5).any(|bytes| bytes == [0x06, 0x03, 0x2b, 0x65, 0x70]),
        "PKCS #8 names Ed25519 in the clear"
    );
    assert!(matches!(Identity::load_or_create(&path), Err(Error::KeyWrapped { .. })));
    assert!(matches!(Identity::load(&path), Err(Error::KeyWrapped { .. })));
}

#[test]
fn a_bare_key_is_wrapped_where_there_is_a_key_store_unless_that_is_broken() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    let bare = Identity::load_or_create(&path).unwrap();
    let broken = Identity::load_or_create_wrapped(&path, &Turns { is_broken: true });
    assert!(matches!(broken, Err(Error::KeyStore { .. })));
    assert_eq!(Identity::load_or_create(&path).unwrap().fingerprint(), bare.fingerprint(), "left as it was");
    let wrapped = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    assert_eq!(wrapped.fingerprint(), bare.fingerprint());
    assert!(matches!(Identity::load(&path), Err(Error::KeyWrapped { .. })));
}
