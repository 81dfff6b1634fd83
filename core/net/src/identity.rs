//! Who this device is: an Ed25519 key.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use fieldcast_model::Fingerprint;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::key_wrap::{KeyWrap, WRAPPED};
use crate::weak_key::is_weak;
use crate::{Error, key_file, tls};

/// A device's key pair, ready to prove itself in TLS and to sign. A clone is the same key; no output ever shows it.
#[derive(Clone)]
pub struct Identity {
    pair: Arc<Ed25519KeyPair>,
    tls: tls::Credentials,
    public: [u8; 32],
    session: u32,
}

impl Identity {
    /// A new key from the system's random source, kept in memory only.
    ///
    /// # Errors
    /// [`Error::Io`] when the system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        Self::from_pkcs8(new_pkcs8()?.as_ref()).ok_or_else(no_randomness)
    }

    /// The key in the file `path`, made there first when there is no file. Only one process may do this at a time.
    ///
    /// The file is PKCS #8 DER, readable by its owner alone from the moment it exists, and appears whole or not at all.
    ///
    /// # Errors
    /// [`Error::KeyExposed`] when others may read the file (its mode is left as found, for a person to judge),
    /// [`Error::KeyDamaged`] when it is no such key (it is never replaced), [`Error::KeyWrapped`] when a phone's key store
    /// keeps it, [`Error::KeyFile`] when it cannot be used.
    pub fn load_or_create(path: &Path) -> Result<Self, Error> {
        let der = match key_file::read(path)? {
            Some(der) => der,
            None => {
                key_file::create(path, new_pkcs8()?.as_ref())?;
                // Read back, so that what is used is what the next start will find.
                key_file::read(path)?.ok_or_else(|| Error::KeyDamaged { path: path.to_owned() })?
            }
        };
        Self::from_file(&der, path)
    }

    /// As [`load_or_create`](Self::load_or_create), the key in the file wrapped by the phone's key store. One that lies
    /// there bare, of a time before there was a key store, is wrapped now.
    ///
    /// # Errors
    /// As there, and [`Error::KeyStore`].
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
        // A key store that would not give back what it took would cost this device its name: found out before it counts.
        if wrap.unwrap(&wrapped).map_err(store)? != bare {
            return Err(store("it gives back another key than it was given".to_owned()));
        }
        key_file::create(path, &[WRAPPED, &wrapped].concat())?;
        Ok(identity)
    }

    /// The key in the file `path`, or `None` when there is no file. Makes nothing.
    ///
    /// # Errors
    /// As [`load_or_create`](Self::load_or_create).
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
        Some(Self { tls: tls::Credentials::new(der)?, pair: Arc::new(pair), public, session })
    }

    /// What other devices know this one by: the BLAKE3 hash of [`public_key`](Self::public_key).
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.public)
    }

    /// The raw Ed25519 public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.public
    }

    /// A random number, other each time a key is loaded or made: it tells apart the processes, and devices, that have one key.
    pub const fn session(&self) -> u32 {
        self.session
    }

    /// The Ed25519 signature of `message`. Sign only what begins with a label of its own use.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // Ed25519 signatures are 64 bytes by definition, so the lengths always agree.
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }

    pub(crate) fn credentials(&self) -> &tls::Credentials {
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
    Error::Io(std::io::Error::other("no randomness from the system"))
}

/// 32 bytes from the system's random source.
///
/// # Errors
/// [`Error::Io`] when the system gives no randomness.
pub fn random() -> Result<[u8; 32], Error> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| no_randomness())?;
    Ok(bytes)
}

/// Whether `signature` is that of `message` by the owner of `public_key` (raw Ed25519). Keys of small order, which nobody
/// owns, have signed nothing.
pub fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    !is_weak(public_key) && UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

/// The fingerprint of a raw Ed25519 public key: its BLAKE3 hash.
pub fn fingerprint_of(public_key: &[u8; 32]) -> Fingerprint {
    Fingerprint(*blake3::hash(public_key).as_bytes())
}
