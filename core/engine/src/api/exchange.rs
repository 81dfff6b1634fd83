//! Exchanges of datasets between devices, over a network or in a file, and their history.

use std::path::PathBuf;

use fieldcast_model::{Dataset, Fingerprint};
use fieldcast_net::Interface;
use fieldcast_store::{DistributionStats, Store};

use super::{Engine, EngineInner};
use crate::bundle_file::{self, BundleInfo, Imported};
use crate::offer::Bundle;
use crate::trust::history;
use crate::trust::provenance::Signer;
use crate::{Error, ExchangeSettings, Offer, OfferSession, PastExchange, ReceiveSession, Trust, UnfinishedOffer, task};

impl Engine {
    /// The newest finished exchanges of this device, newest first. Each receipt is verified again.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn history(&self, limit: usize) -> Result<Vec<PastExchange>, Error> {
        let own = self.inner.identity.clone();
        let check = move |store: &Store| {
            let exchanges = store.exchanges(limit)?;
            Ok(exchanges.into_iter().map(|exchange| history::check(&own, exchange)).collect())
        };
        self.store_call(check).await
    }

    /// For each dataset that this device has sent: how many devices have saved its current version.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn distribution_stats(&self) -> Result<Vec<DistributionStats>, Error> {
        self.store_call(Store::distribution_stats).await
    }

    /// Accepted offers that are not saved yet, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn unfinished_offers(&self) -> Result<Vec<UnfinishedOffer>, Error> {
        let unfinished =
            |store: &Store| store.incoming()?.into_iter().map(|status| UnfinishedOffer::named(store, status)).collect();
        self.store_call(unfinished).await
    }

    /// Withdraws the acceptance of a sender's unfinished offers and deletes their staged chunks. They do not resume
    /// without a new question. A running transfer is cancelled.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn withdraw_offers(&self, sender: Fingerprint) -> Result<(), Error> {
        self.store_call(move |store| store.withdraw_incoming(&sender)).await
    }

    /// The default settings of an exchange.
    pub fn exchange_settings(&self) -> ExchangeSettings {
        ExchangeSettings::new(self.inner.name.clone())
    }

    /// Prepares these datasets and offers them to receivers on the interface. Receivers can also connect to this
    /// device. Takes seconds if much data is new.
    ///
    /// # Errors
    /// [`Error::NothingToSend`], [`Error::NotDownloaded`], [`Error::TooManyBoundaries`], [`Error::Network`].
    pub async fn offer(
        &self,
        datasets: Vec<Dataset>,
        interface: Interface,
        settings: ExchangeSettings,
    ) -> Result<OfferSession, Error> {
        let (store, identity, name) = (self.inner.store.clone(), self.inner.identity.clone(), settings.name.clone());
        let prepare = move || {
            let signer = Signer { identity: &identity, name: &name };
            Bundle::prepare(store, &datasets, signer)
        };
        let bundle = task::blocking(prepare).await?;
        self.want_trusted(&settings).await?;
        OfferSession::start(settings, self.inner.identity.clone(), interface, bundle).await
    }

    /// Writes these datasets into a bundle file, signed with this device's key.
    ///
    /// # Errors
    /// As [`offer`](Self::offer), and [`Error::File`].
    pub async fn export(&self, datasets: Vec<Dataset>, path: PathBuf) -> Result<Offer, Error> {
        let EngineInner { store, identity, name, .. } = &*self.inner;
        let (store, identity, name) = (store.clone(), identity.clone(), name.clone());
        let export = move || {
            let signer = Signer { identity: &identity, name: &name };
            bundle_file::export(store, signer, &datasets, &path)
        };
        task::blocking(export).await
    }

    /// Reads the signer and the contents of a bundle file, so that the app can ask the user before
    /// [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::File`].
    pub async fn inspect(&self, path: PathBuf) -> Result<BundleInfo, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || bundle_file::inspect(&store, own, &path)).await
    }

    /// Imports a bundle file. An interrupted import resumes.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Refused`], [`Error::Store`]. After an error each dataset is unchanged or complete.
    pub async fn import(&self, path: PathBuf) -> Result<Imported, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || bundle_file::import(&store, own, &path)).await
    }

    /// Announces this device on the interface and waits for distributors.
    ///
    /// # Errors
    /// [`Error::Network`].
    pub async fn receive(&self, interface: Interface, settings: ExchangeSettings) -> Result<ReceiveSession, Error> {
        let (store, identity) = (self.inner.store.clone(), self.inner.identity.clone());
        self.want_trusted(&settings).await?;
        ReceiveSession::start(settings, store, identity, interface).await
    }

    /// Makes sure that trusted devices are listed, even if many other devices are announced.
    async fn want_trusted(&self, settings: &ExchangeSettings) -> Result<(), Error> {
        settings.wanted.add(self.trusted_peers().await?.into_iter().map(|peer| peer.fingerprint));
        if let Trust::Compare(pinned) = &settings.trust {
            settings.wanted.add(pinned.iter().copied());
        }
        Ok(())
    }
}
