//! The phone's services for Fieldcast, as traits that the app implements. Each is optional. Fieldcast never calls them
//! on the caller's thread.

use std::fmt;
use std::sync::Arc;

use fieldcast::KeyWrap;

use crate::{FieldcastError, GroupChanges, IpAddr, PeerDiscovery, WifiGroup};

/// The error of a platform port.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PortError {
    /// The user or the system does not allow it.
    #[error("not allowed: {reason}")]
    Denied {
        /// Message of the system.
        reason: String,
    },
    /// Wi-Fi is off, busy or missing.
    #[error("not available: {reason}")]
    Unavailable {
        /// Message of the system.
        reason: String,
    },
    /// It failed for another reason.
    #[error("failed: {reason}")]
    Failed {
        /// Details.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for PortError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // The text after the first line is a stack trace.
        Self::Failed { reason: error.reason.lines().next().unwrap_or_default().to_owned() }
    }
}

impl From<PortError> for FieldcastError {
    fn from(error: PortError) -> Self {
        let reason = error.to_string();
        match error {
            PortError::Denied { .. } => Self::PermissionNeeded { reason },
            PortError::Unavailable { .. } => Self::NoNetwork { reason },
            PortError::Failed { .. } => Self::Internal { reason },
        }
    }
}

/// The phone's key store: Android Keystore or the iOS Keychain. Only the wrapped device key is stored on disk.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// Encrypts the key, so that only this phone can unwrap it.
    ///
    /// # Errors
    /// Any system error.
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, PortError>;

    /// Decrypts a wrapped key.
    ///
    /// # Errors
    /// Any system error, for example while the phone is locked.
    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError>;
}

/// Whether the internet connection is metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum NetworkKind {
    /// Wi-Fi or similar.
    Unmetered,
    /// Mobile data.
    Metered,
}

/// Reports whether the current internet connection is metered.
#[uniffi::export(foreign)]
pub trait NetworkMonitor: Send + Sync {
    /// The kind of the connection; none if there is no internet or the kind is unknown.
    ///
    /// # Errors
    /// Any system error.
    fn kind(&self) -> Result<Option<NetworkKind>, PortError>;
}

/// Android's multicast lock. Without it, Wi-Fi drops multicast and no device is found. Held while a session runs.
#[uniffi::export(foreign)]
pub trait MulticastLock: Send + Sync {
    /// Acquires the lock.
    ///
    /// # Errors
    /// Any system error.
    fn acquire(&self) -> Result<(), PortError>;

    /// Releases the lock.
    ///
    /// # Errors
    /// Any system error.
    fn release(&self) -> Result<(), PortError>;
}

/// The phone's Wi-Fi group functions: Wi-Fi Direct on Android, joining a network on iOS.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait WifiLink: Send + Sync {
    /// Makes the group and returns this device's address in it. Afterwards, reports through `changes` when the group is
    /// lost or available again.
    ///
    /// # Errors
    /// Any system error.
    async fn make_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError>;

    /// Joins the group and returns this device's address in it. Afterwards, reports through `changes` when the group is
    /// lost or available again.
    ///
    /// # Errors
    /// Any system error.
    async fn join_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError>;

    /// Leaves the group that was made or joined. Has no effect if there is none.
    ///
    /// # Errors
    /// Any system error.
    async fn leave_group(&self) -> Result<(), PortError>;
}

/// The phone's services for Fieldcast.
#[derive(Clone, Default, uniffi::Record)]
pub struct PlatformPorts {
    /// Protects the device key.
    #[uniffi(default = None)]
    pub key_store: Option<Arc<dyn KeyStore>>,
    /// Distinguishes mobile data from Wi-Fi.
    #[uniffi(default = None)]
    pub network: Option<Arc<dyn NetworkMonitor>>,
    /// Enables multicast.
    #[uniffi(default = None)]
    pub multicast: Option<Arc<dyn MulticastLock>>,
    /// Makes and joins Wi-Fi groups.
    #[uniffi(default = None)]
    pub link: Option<Arc<dyn WifiLink>>,
    /// Announces this device and discovers others.
    #[uniffi(default = None)]
    pub discovery: Option<Arc<dyn PeerDiscovery>>,
}

/// A key store, in the form that the engine needs.
pub(crate) struct Wrap(pub(crate) Arc<dyn KeyStore>);

impl fmt::Debug for Wrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the phone's key store")
    }
}

impl KeyWrap for Wrap {
    fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, String> {
        self.0.wrap_key(key.to_vec()).map_err(|error| error.to_string())
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, String> {
        self.0.unwrap_key(wrapped.to_vec()).map_err(|error| error.to_string())
    }
}

/// The multicast lock while it is held.
pub(crate) struct Held(Arc<dyn MulticastLock>);

impl Held {
    /// Acquires the lock. If that fails, devices may not be discovered but can still connect, so the session starts
    /// anyway.
    pub(crate) fn acquire(lock: Arc<dyn MulticastLock>) -> Option<Self> {
        match lock.acquire() {
            Ok(()) => Some(Self(lock)),
            Err(error) => {
                tracing::warn!(%error, "no multicast lock: devices may not be discovered automatically");
                None
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = self.0.release() {
            tracing::warn!(%error, "the multicast lock was not released");
        }
    }
}
