//! A device key that lies on the disk encrypted under another, which never leaves the phone's hardware.

use std::fmt;

/// What a wrapped key's file begins with; a bare one is PKCS #8 and cannot.
pub(crate) const WRAPPED: &[u8] = b"fieldcast wrapped key 1\n";

/// The phone's key store. Both calls may block.
pub trait KeyWrap: fmt::Debug + Send + Sync {
    /// The key, encrypted so that this phone alone can [`unwrap`](Self::unwrap) it.
    ///
    /// # Errors
    /// What the system said, for a log.
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, String>;

    /// The key that was wrapped.
    ///
    /// # Errors
    /// What the system said, for a log.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, String>;
}
