//! Other devices: trusted devices, and past exchanges with them.

use fieldcast::{DistributionStats, Engine, Fingerprint, TrustedPeer};

use crate::{Fieldcast, FieldcastError, PastExchange};

#[uniffi::export]
impl Fieldcast {
    /// Trusted devices: their code was compared and is not shown again.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn trusted_peers(&self) -> Result<Vec<TrustedPeer>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.trusted_peers().await }).await
    }

    /// Removes a trusted device. Its code must then be compared again. Returns whether the device was trusted.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn forget_peer(&self, fingerprint: Fingerprint) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.forget_peer(fingerprint).await }).await
    }

    /// The most recent finished exchanges of this device, newest first.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn history(&self, limit: u32) -> Result<Vec<PastExchange>, FieldcastError> {
        let past = self.core.run(|engine: Engine| async move { engine.history(limit as usize).await }).await?;
        Ok(past.into_iter().map(Into::into).collect())
    }

    /// For each dataset that this device has sent: how many devices have saved its current version.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn distribution_stats(&self) -> Result<Vec<DistributionStats>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.distribution_stats().await }).await
    }
}
