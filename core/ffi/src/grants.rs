//! Trusted campaigns and their grants.

use fieldcast::{Engine, Policy, SignedStatement};

use crate::{CampaignStatement, Fieldcast, FieldcastError, PublicKey, TrustedCampaign};

#[uniffi::export]
impl Fieldcast {
    /// Trusts a campaign's key to permit devices to distribute and receive.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn trust_campaign(&self, key: PublicKey, name: String) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.trust_campaign(key, &name).await }).await
    }

    /// The trusted campaigns.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn campaigns(&self) -> Result<Vec<TrustedCampaign>, FieldcastError> {
        let trusted = self.core.run(|engine: Engine| async move { engine.campaigns().await }).await?;
        Ok(trusted.into_iter().map(Into::into).collect())
    }

    /// Stops trusting a campaign and removes its grants to this device. Returns whether it was trusted.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn forget_campaign(&self, key: PublicKey) -> Result<bool, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.forget_campaign(key).await }).await
    }

    /// Stores a statement of a trusted campaign: a grant to this device, or a list of revoked devices.
    ///
    /// # Errors
    /// [`FieldcastError::NotTrusted`], [`FieldcastError::Unreadable`], [`FieldcastError::StorageFailed`].
    pub async fn keep_statement(&self, statement: SignedStatement) -> Result<CampaignStatement, FieldcastError> {
        let kept = self.core.run(|engine: Engine| async move { engine.keep_statement(statement).await }).await?;
        Ok(kept.into())
    }

    /// The grants to this device, including expired ones.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn held_grants(&self) -> Result<Vec<SignedStatement>, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.held_grants().await }).await
    }

    /// The permissions of devices without a grant.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn policy(&self) -> Result<Policy, FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.policy().await }).await
    }

    /// Sets the permissions of devices without a grant.
    ///
    /// # Errors
    /// [`FieldcastError::StorageFailed`].
    pub async fn set_policy(&self, policy: Policy) -> Result<(), FieldcastError> {
        self.core.run(|engine: Engine| async move { engine.set_policy(policy).await }).await
    }
}
