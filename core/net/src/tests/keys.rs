use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::{Error, Identity, KeyWrap, fingerprint_of, verify};

#[test]
fn creates_key_file_once_for_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("new folder").join("device.key");
    let first = Identity::load_or_create(&path).unwrap();
    let again = Identity::load_or_create(&path).unwrap();
    assert_eq!(first.fingerprint(), again.fingerprint());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn rejects_key_readable_by_others() {
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
fn reports_damaged_key_and_keeps_file() {
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
fn verifies_signature_of_message_and_key() {
    let (one, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
    let signature = one.sign(b"receipt");
    assert!(verify(&one.public_key(), b"receipt", &signature));
    assert!(!verify(&one.public_key(), b"receipT", &signature));
    assert!(!verify(&other.public_key(), b"receipt", &signature));
    assert_eq!(one.fingerprint(), fingerprint_of(&one.public_key()));
    assert_eq!(format!("{one:?}"), format!("Identity({})", one.fingerprint().short()));
}

/// Wraps by inverting every bit. A broken one loses the last byte.
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
fn stores_only_wrapped_key_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    let first = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    let again = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    assert_eq!(first.fingerprint(), again.fingerprint());
    let kept = std::fs::read(&path).unwrap();
    assert!(
        !kept.windows(5).any(|bytes| bytes == [0x06, 0x03, 0x2b, 0x65, 0x70]),
        "an unwrapped PKCS #8 file contains the Ed25519 id"
    );
    assert!(matches!(Identity::load_or_create(&path), Err(Error::KeyWrapped { .. })));
    assert!(matches!(Identity::load(&path), Err(Error::KeyWrapped { .. })));
}

#[test]
fn wraps_existing_key_with_working_key_store() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device.key");
    let bare = Identity::load_or_create(&path).unwrap();
    let broken = Identity::load_or_create_wrapped(&path, &Turns { is_broken: true });
    assert!(matches!(broken, Err(Error::KeyStore { .. })));
    assert_eq!(Identity::load_or_create(&path).unwrap().fingerprint(), bare.fingerprint(), "the file is unchanged");
    let wrapped = Identity::load_or_create_wrapped(&path, &Turns { is_broken: false }).unwrap();
    assert_eq!(wrapped.fingerprint(), bare.fingerprint());
    assert!(matches!(Identity::load(&path), Err(Error::KeyWrapped { .. })));
}
