//! Other devices: those that are known, and what went on with them.

use fieldcast::{Engine, Fingerprint, KnownPeer, Reach};

use crate::{Fieldcast, FieldcastError, PastExchange};

#[uniffi::export]
impl Fieldcast {
    /// Devices whose code was compared, and is not shown again.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn known_peers(&self) -> Result<Vec<KnownPeer>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.known_peers().await }).await
    }

    /// Forgets a known device, whose code will be compared anew; tells whether it was known.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn forget_peer(&self, fingerprint: Fingerprint) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.forget_peer(fingerprint).await }).await
    }

    /// The newest exchanges of this device that are over, the newest first.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn history(&self, limit: u32) -> Result<Vec<PastExchange>, FieldcastError> {
        let past = self.core.run(|engine: Engine| async move { engine.history(limit as usize).await }).await?;
        Ok(past.into_iter().map(Into::into).collect())
    }

    /// For each dataset this device has sent: how many devices have saved its present version.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn coverage(&self) -> Result<Vec<Reach>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.coverage().await }).await
    }
}
