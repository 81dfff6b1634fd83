//! The identity of this device: an Ed25519 key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::key_wrap::{KeyWrap, WRAPPED};
use crate::weak_key::is_weak;
use crate::{Error, key_file, tls};

/// The key pair of a device, for TLS and for signatures. A clone is the same key. No output shows the secret key.
#[derive(Clone)]
pub struct Identity {
    pair: Arc<Ed25519KeyPair>,
    tls: tls::TlsCredentials,
    public: [u8; 32],
    session: u32,
}

impl Identity {
    /// Creates a new key from the system's random source, in memory only.
    ///
    /// # Errors
    /// [`Error::Io`] if the system provides no random bytes.
    pub fn generate() -> Result<Self, Error> {
        Self::from_pkcs8(new_pkcs8()?.as_ref()).ok_or_else(no_randomness)
    }

    /// Loads the key from the file `path`, or creates the file with a new key. Only one process may do this at a time.
    ///
    /// The file is PKCS #8 DER. Only its owner can read it, from its creation on, and it is written atomically.
    ///
    /// # Errors
    /// [`Error::KeyExposed`] if other users can read the file (its mode does not change; the user decides);
    /// [`Error::KeyDamaged`] if it is not a valid key (it is never replaced); [`Error::KeyWrapped`] if it is wrapped by
    /// a phone's key store; [`Error::KeyFile`] if it cannot be read or written.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        let der = match key_file::read(path)? {
            Some(der) => der,
            None => {
                key_file::create(path, new_pkcs8()?.as_ref())?;
                // Read the file again, so the used key is the one that the next start will find.
                key_file::read(path)?.ok_or_else(|| Error::KeyDamaged { path: path.to_owned() })?
            }
        };
        Self::from_file(&der, path)
    }

    /// Like [`load_or_create`](Self::load_or_create), but the key in the file is wrapped by the phone's key store. An
    /// unwrapped key from a version without key store is wrapped now.
    ///
    /// # Errors
    /// The same errors, and [`Error::KeyStore`].
    pub fn load_or_create_wrapped(path: &Path, wrap: &dyn KeyWrap) -> Result<Self, Error> {
        let store = |reason| Error::KeyStore { reason };
        let damaged = || Error::KeyDamaged { path: path.to_owned() };
        let bare = match key_file::read(path)? {
            Some(kept) => match kept.strip_prefix(WRAPPED) {
                Some(wrapped) => {
                    return Self::from_pkcs8(&wrap.unwrap(wrapped).map_err(store)?).ok_or_else(damaged);
                }
                None => kept,
            },
            None => new_pkcs8()?.as_ref().to_vec(),
        };
        let identity = Self::from_pkcs8(&bare).ok_or_else(damaged)?;
        let wrapped = wrap.wrap(&bare).map_err(store)?;
        // Test the key store before the file is replaced: if it cannot unwrap the key, this device would lose its
        // identity.
        if wrap.unwrap(&wrapped).map_err(store)? != bare {
            return Err(store("it returned another key than the stored one".to_owned()));
        }
        key_file::create(path, &[WRAPPED, &wrapped].concat())?;
        Ok(identity)
    }

    /// Loads the key from the file `path`. Returns `None` if the file does not exist, and creates nothing.
    ///
    /// # Errors
    /// The same errors as [`load_or_create`](Self::load_or_create).
    pub fn load(path: &Path) -> Result<Option<Self>, Error> {
        key_file::read(path)?.map(|der| Self::from_file(&der, path)).transpose()
    }

    fn from_file(kept: &[u8], path: &Path) -> Result<Self, Error> {
        if kept.starts_with(WRAPPED) {
            return Err(Error::KeyWrapped { path: path.to_owned() });
        }
        Self::from_pkcs8(kept).ok_or_else(|| Error::KeyDamaged { path: path.to_owned() })
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(der).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        let [a, b, c, d, ..] = random().ok()?;
        let session = u32::from_le_bytes([a, b, c, d]);
        Some(Self { tls: tls::TlsCredentials::new(der)?, pair: Arc::new(pair), public, session })
    }

    /// The fingerprint by which other devices know this device: the BLAKE3 hash of [`public_key`](Self::public_key).
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.public)
    }

    /// The raw Ed25519 public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// A random number, different each time a key is loaded or created. It distinguishes processes and devices with the
    /// same key.
    pub const fn session(&self) -> u32 {
        self.session
    }

    /// The Ed25519 signature of `message`. Sign only messages that begin with a label for their purpose.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // An Ed25519 signature always has 64 bytes, so the lengths always match.
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    pub(crate) fn credentials(&self) -> &tls::TlsCredentials {
        &self.tls
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({:?})", self.fingerprint())
    }
}

fn new_pkcs8() -> Result<ring::pkcs8::Document, Error> {
    Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| no_randomness())
}

fn no_randomness() -> Error {
    Error::Io(std::io::Error::other("the system provides no random bytes"))
}

/// 32 bytes from the system's random source.
///
/// # Errors
/// [`Error::Io`] if the system provides no random bytes.
pub fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(bytes)
}

/// Whether `signature` is a valid signature of `message` by `public_key` (raw Ed25519). Rejects keys of small order,
/// which have no owner.
pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    !is_weak(public_key) && UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

/// The fingerprint of a raw Ed25519 public key: its BLAKE3 hash.
pub fn fingerprint_of(public_key: &[u8; 32]) -> Fingerprint {
    Fingerprint(*blake3::hash(public_key).as_bytes())
}
