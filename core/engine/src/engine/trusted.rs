//! Whom this device trusts: devices whose code was compared, campaigns, and what those have said.

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_store::{Campaign, Store, TrustedPeer};
use fieldcast_wire::{SignedStatement, Statement};

use super::Engine;
use crate::grants::{self, Policy};
use crate::{Error, clock, task};

impl Engine {
    /// Devices whose code was compared, and is not shown again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn trusted_peers(&self) -> Result<Vec<TrustedPeer>, Error> {
        self.store_call(Store::trusted_peers).await
    }

    /// Forgets a known device, whose code will be compared anew; tells whether it was known.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_peer(&self, fingerprint: Fingerprint) -> Result<bool, Error> {
        self.store_call(move |store| store.forget_peer(&fingerprint)).await
    }

    /// Trusts a campaign's key to say who may distribute and receive what, until it is forgotten.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn trust_campaign(&self, key: [u8; 32], name: &str) -> Result<(), Error> {
        let (name, since) = (DeviceName::new(name), clock::now());
        self.store_call(move |store| store.trust_campaign(&key, name.as_str(), since)).await
    }

    /// The campaigns that are trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        self.store_call(Store::campaigns).await
    }

    /// Trusts a campaign no more; its grants to this device go with it. Tells whether it was trusted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn forget_campaign(&self, key: [u8; 32]) -> Result<bool, Error> {
        self.store_call(move |store| store.forget_campaign(&key)).await
    }

    /// Keeps what a trusted campaign says: a grant to this device, or a list of revoked devices.
    ///
    /// # Errors
    /// [`Error::Statement`], [`Error::UnknownCampaign`], [`Error::GrantOfAnother`], [`Error::Store`].
    pub async fn keep_statement(&self, signed: SignedStatement) -> Result<Statement, Error> {
        let (store, device) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || grants::keep(&store, device, &signed)).await?
    }

    /// What was granted to this device, expired or not, with its signature.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn held_grants(&self) -> Result<Vec<SignedStatement>, Error> {
        let held = self.store_call(Store::held_grants).await?;
        Ok(held.iter().filter_map(|text| SignedStatement::from_text(text).ok()).collect())
    }

    /// What a device without a grant may do here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn policy(&self) -> Result<Policy, Error> {
        let store = self.inner.store.clone();
        task::blocking(move || grants::policy(&store)).await?
    }

    /// Sets what a device without a grant may do here.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn set_policy(&self, policy: Policy) -> Result<(), Error> {
        let store = self.inner.store.clone();
        task::blocking(move || grants::set_policy(&store, policy)).await?
    }
}
