//! Datasets from device to device: over a network or in a file, and what came of it.

use std::path::PathBuf;

use fieldcast_model::{Dataset, Fingerprint};
use fieldcast_net::Interface;
use fieldcast_store::{DistributionStats, Store};

use super::{Engine, Inner};
use crate::bundle_file::{self, BundleInfo, Imported};
use crate::history::{self, PastExchange};
use crate::offer::Bundle;
use crate::origins::Signer;
use crate::{Error, ExchangeSettings, Offer, OfferSession, ReceiveSession, Trust, UnfinishedOffer, task};

impl Engine {
    /// The newest exchanges of this device that are over, the newest first; receipts are verified anew.
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

    /// For each dataset this device has sent: how many devices have saved its present version.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn distribution_stats(&self) -> Result<Vec<DistributionStats>, Error> {
        self.store_call(Store::reach).await
    }

    /// Offers that were accepted and are not saved yet, the oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn unfinished_offers(&self) -> Result<Vec<UnfinishedOffer>, Error> {
        let unfinished =
            |store: &Store| store.incoming()?.into_iter().map(|status| UnfinishedOffer::named(store, status)).collect();
        self.store_call(unfinished).await
    }

    /// Withdraws the acceptance of a sender's unfinished offers and drops what has come of them: they do not go on without a
    /// new question. A transfer that runs is cancelled.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn withdraw_offers(&self, sender: Fingerprint) -> Result<(), Error> {
        self.store_call(move |store| store.withdraw_incoming(&sender)).await
    }

    /// How exchanges behave unless told otherwise.
    pub fn exchange_settings(&self) -> ExchangeSettings {
        ExchangeSettings::new(self.inner.name.clone())
    }

    /// Prepares these datasets and offers them to receivers on the interface, who may also call in. Takes seconds when
    /// much is new.
    ///
    /// # Errors
    /// [`Error::NothingToSend`], [`Error::NotDownloaded`], [`Error::Network`].
    pub async fn offer(
        &self,
        datasets: Vec<Dataset>,
        interface: Interface,
        settings: ExchangeSettings,
    ) -> Result<OfferSession, Error> {
        let (store, identity, name) = (self.inner.store.clone(), self.inner.identity.clone(), settings.name.clone());
        let prepare = move || {
            let maker = Signer { identity: &identity, name: &name };
            Bundle::prepare(store, &datasets, maker)
        };
        let bundle = task::blocking(prepare).await??;
        self.want_trusted(&settings).await?;
        OfferSession::start(settings, self.inner.identity.clone(), interface, bundle).await
    }

    /// Writes these datasets into a bundle file, signed with this device's key.
    ///
    /// # Errors
    /// As [`offer`](Self::offer), and [`Error::File`].
    pub async fn export(&self, datasets: Vec<Dataset>, path: PathBuf) -> Result<Offer, Error> {
        let Inner { store, identity, name, .. } = &*self.inner;
        let (store, identity, name) = (store.clone(), identity.clone(), name.clone());
        let export = move || {
            let maker = Signer { identity: &identity, name: &name };
            bundle_file::export(store, maker, &datasets, &path)
        };
        task::blocking(export).await?
    }

    /// Reads who made a bundle file and what it holds, to ask a person before [`import`](Self::import).
    ///
    /// # Errors
    /// [`Error::File`].
    pub async fn inspect(&self, path: PathBuf) -> Result<BundleInfo, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || bundle_file::inspect(&store, own, &path)).await?
    }

    /// Takes over what a bundle file holds. An import that was interrupted goes on where it was.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Refused`], [`Error::Store`]; each dataset is then as it was or complete.
    pub async fn import(&self, path: PathBuf) -> Result<Imported, Error> {
        let (store, own) = (self.inner.store.clone(), self.fingerprint());
        task::blocking(move || bundle_file::import(&store, own, &path)).await?
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

    /// Has devices that are trusted listed however many others are announced.
    async fn want_trusted(&self, settings: &ExchangeSettings) -> Result<(), Error> {
        settings.wanted.add(self.trusted_peers().await?.into_iter().map(|peer| peer.fingerprint));
        if let Trust::Compare(pinned) = &settings.trust {
            settings.wanted.add(pinned.iter().copied());
        }
        Ok(())
    }
}
