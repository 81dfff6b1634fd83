//! A device key that is stored encrypted under another key, which never leaves the phone's hardware.

use std::fmt;

/// The first bytes of a wrapped key file. A PKCS #8 file cannot begin with them.
pub(crate) const WRAPPED: &[u8] = b"fieldcast wrapped key 1\n";

/// The phone's key store. Both calls may block.
pub trait KeyWrap: fmt::Debug + Send + Sync {
    /// Encrypts the key. Only this phone can [`unwrap`](Self::unwrap) it.
    ///
    /// # Errors
    /// The error of the system. For logs only.
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, String>;

    /// Decrypts a wrapped key.
    ///
    /// # Errors
    /// The error of the system. For logs only.
    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, String>;
}
