//! Trust: devices whose code was compared, campaigns, and their grants and revocations.

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_store::{Campaign, Store, TrustedPeer};
use fieldcast_wire::{SignedStatement, Statement};

use super::Engine;
use crate::trust::grants::{self, Policy};
use crate::{Error, clock, task};

impl Engine {
    /// Devices whose code was compared. Their code is not shown again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn trusted_peers(&self) -> Result<Vec<TrustedPeer>, Error> {
        self.store_call(Store::trusted_peers).await
    }

    /// Removes a trusted device, so that its code must be compared again. Returns whether it was trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_peer(&self, fingerprint: Fingerprint) -> Result<bool, Error> {
        self.store_call(move |store| store.forget_peer(&fingerprint)).await
    }

    /// Trusts a campaign's key until it is removed. The key decides who may distribute and receive which data.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn trust_campaign(&self, key: [u8; 32], name: &str) -> Result<(), Error> {
        let (name, since) = (DeviceName::new(name), clock::now());
        self.store_call(move |store| store.trust_campaign(&key, name.as_str(), since)).await
    }

    /// The trusted campaigns.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        self.store_call(Store::campaigns).await
    }

    /// Removes a campaign and its grants to this device. Returns whether it was trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_campaign(&self, key: [u8; 32]) -> Result<bool, Error> {
        self.store_call(move |store| store.forget_campaign(&key)).await
    }

    /// Stores a statement of a trusted campaign: a grant to this device, or a list of revoked devices.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::UnknownCampaign`], [`Error::GrantOfAnother`], [`Error::Store`].
    pub async fn keep_statement(&self, signed: SignedStatement) -> Result<Statement, Error> {
        let (store, device) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || grants::keep(&store, device, &signed)).await
    }

    /// The grants to this device with their signatures, expired or not.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn held_grants(&self) -> Result<Vec<SignedStatement>, Error> {
        let held = self.store_call(Store::held_grants).await?;
        Ok(held.iter().filter_map(|text| SignedStatement::from_text(text).ok()).collect())
    }

    /// What a device without a grant may do on this device.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn policy(&self) -> Result<Policy, Error> {
        let store = self.inner.store.clone();
        task::blocking(move || grants::policy(&store)).await
    }

    /// Sets what a device without a grant may do on this device.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        let store = self.inner.store.clone();
        task::blocking(move || grants::set_policy(&store, policy)).await
    }
}
