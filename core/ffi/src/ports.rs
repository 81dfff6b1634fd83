//! What the phone does for Fieldcast, as traits the app implements. Each is optional; none is called on the caller's thread.

use std::fmt;
use std::sync::Arc;

use fieldcast::KeyWrap;

use crate::{FieldcastError, GroupChanges, IpAddr, PeerDiscovery, WifiGroup};

/// What a platform port may throw.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PortError {
    /// The person, or the system, does not allow it.
    #[error("not allowed: {reason}")]
    Denied {
        /// What the system said.
        reason: String,
    },
    /// Wi-Fi is off, busy, or not there.
    #[error("not available: {reason}")]
    Unavailable {
        /// What the system said.
        reason: String,
    },
    /// It failed.
    #[error("failed: {reason}")]
    Failed {
        /// How.
        reason: String,
    },
}

impl From<uniffi::UnexpectedUniFFICallbackError> for PortError {
    fn from(error: uniffi::UnexpectedUniFFICallbackError) -> Self {
        // What follows the first line is a stack trace.
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

/// The phone's key store: Android Keystore, the iOS Keychain. The device key lies on the disk only as it was wrapped.
#[uniffi::export(foreign)]
pub trait KeyStore: Send + Sync {
    /// The key, encrypted so that this phone alone can unwrap it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, PortError>;

    /// The key that was wrapped.
    ///
    /// # Errors
    /// Whatever the system says, as while the phone is locked.
    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError>;
}

/// What the way to the internet costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum NetworkKind {
    /// Wi-Fi or the like.
    Unmetered,
    /// Mobile data.
    Metered,
}

/// Tells what the way to the internet costs just now.
#[uniffi::export(foreign)]
pub trait NetworkMonitor: Send + Sync {
    /// Its kind; none when there is no internet or nobody knows.
    ///
    /// # Errors
    /// Whatever the system says.
    fn kind(&self) -> Result<Option<NetworkKind>, PortError>;
}

/// Android's lock without which Wi-Fi drops multicast, so that nobody is found. Held while a session runs.
#[uniffi::export(foreign)]
pub trait MulticastLock: Send + Sync {
    /// Takes it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn acquire(&self) -> Result<(), PortError>;

    /// Lets go of it.
    ///
    /// # Errors
    /// Whatever the system says.
    fn release(&self) -> Result<(), PortError>;
}

/// The phone's part in a Wi-Fi group: Wi-Fi Direct on Android, joining a network on iOS.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait WifiLink: Send + Sync {
    /// Makes the group, and tells this device's address in it; later, by `changes`, that the group was lost or is back.
    ///
    /// # Errors
    /// Whatever the system says.
    async fn make_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError>;

    /// Joins the group, and tells this device's address in it; later, by `changes`, that the group was lost or is back.
    ///
    /// # Errors
    /// Whatever the system says.
    async fn join_group(&self, group: WifiGroup, changes: Arc<GroupChanges>) -> Result<IpAddr, PortError>;

    /// Leaves the group that was made or joined; nothing happens if there is none.
    ///
    /// # Errors
    /// Whatever the system says.
    async fn leave_group(&self) -> Result<(), PortError>;
}

/// What the phone does for Fieldcast.
#[derive(Clone, Default, uniffi::Record)]
pub struct PlatformPorts {
    /// Keeps the device key.
    #[uniffi(default = None)]
    pub key_store: Option<Arc<dyn KeyStore>>,
    /// Tells mobile data from Wi-Fi.
    #[uniffi(default = None)]
    pub network: Option<Arc<dyn NetworkMonitor>>,
    /// Lets multicast through.
    #[uniffi(default = None)]
    pub multicast: Option<Arc<dyn MulticastLock>>,
    /// Makes and joins Wi-Fi groups.
    #[uniffi(default = None)]
    pub link: Option<Arc<dyn WifiLink>>,
    /// Announces this device and finds others.
    #[uniffi(default = None)]
    pub discovery: Option<Arc<dyn PeerDiscovery>>,
}

/// A key store, as the engine wants it.
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
    /// Takes the lock. Without it devices may not be found, but can call in, so a session begins all the same.
    pub(crate) fn acquire(lock: Arc<dyn MulticastLock>) -> Option<Self> {
        match lock.acquire() {
            Ok(()) => Some(Self(lock)),
            Err(error) => {
                tracing::warn!(%error, "no multicast lock: devices may not be found by themselves");
                None
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = self.0.release() {
            tracing::warn!(%error, "the multicast lock was not let go of");
        }
    }
}
