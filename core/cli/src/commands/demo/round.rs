//! One send to all receivers, and the contents of all devices after it.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use fieldcast::{Dataset, Engine, NetworkError, Offer, OfferSession, Settings, Trust, choose_interface};

use super::LOOPBACK;
use super::proof::Contents;
use super::receiver::ReceiverProcess;
use crate::app::App;
use crate::commands::send::pick::Picker;
use crate::commands::send::watch::{Sent, Watch};
use crate::error::{Error, Result};
use crate::offers::OfferTotals;

/// Time limit for mDNS to find all receivers.
const FIND_LIMIT: Duration = Duration::from_secs(30);

/// The devices of the demo.
pub(super) struct Roles<'a> {
    pub(super) app: &'a App,
    pub(super) distributor: Engine,
    pub(super) receivers: u16,
    /// The folder that holds one folder per device.
    pub(super) dir: &'a Path,
}

/// The result of a send.
pub(super) struct SendRound {
    pub(super) offer: Offer,
    pub(super) sent: Vec<Sent>,
    pub(super) own: Contents,
    /// Contents by receiver name.
    pub(super) theirs: Vec<(String, Contents)>,
}

impl Roles<'_> {
    /// Starts the receivers with the data of their folders.
    pub(super) async fn start(&self) -> Result<Vec<ReceiverProcess>> {
        let mut starting = Vec::new();
        for number in 1..=self.receivers {
            let name = format!("receiver-{number}");
            starting.push(ReceiverProcess::spawn(&self.dir.join(&name), name, &self.distributor.fingerprint())?);
        }
        let mut receivers = Vec::new();
        for one in starting {
            receivers.push(one.listening().await?);
        }
        Ok(receivers)
    }

    /// Offers all data of the distributor.
    pub(super) async fn offer(&self, receivers: &[ReceiverProcess]) -> Result<OfferSession> {
        let held = self.distributor.datasets().await?;
        let datasets: Vec<Dataset> = held.into_iter().map(|status| status.summary.dataset).collect();
        let mut exchange = self.distributor.exchange_settings();
        // This program started these processes, so it trusts their keys.
        exchange.trust = Trust::Compare(receivers.iter().map(|receiver| receiver.fingerprint).collect());
        exchange.max_live = self.receivers.into();
        Ok(self.distributor.offer(datasets, choose_interface(Some(LOOPBACK))?, exchange).await?)
    }

    /// Waits until the session has found all of them.
    pub(super) async fn find(&self, session: &OfferSession, receivers: &[ReceiverProcess]) -> Result {
        let mut events = session.subscribe();
        let all_found = async {
            loop {
                let found: BTreeSet<_> = session.peers().into_iter().map(|(peer, _)| peer.fingerprint).collect();
                let is_found = |receiver: &ReceiverProcess| found.contains(&receiver.fingerprint);
                if receivers.iter().all(is_found) || events.next().await.is_none() {
                    return;
                }
            }
        };
        tokio::time::timeout(FIND_LIMIT, all_found).await.map_err(|_| {
            let reason = format!("not all receivers were found on {LOOPBACK} within {} s", FIND_LIMIT.as_secs());
            Error::from(NetworkError::Discovery { reason })
        })
    }

    /// Sends to all of them.
    pub(super) async fn send(&self, session: OfferSession, receivers: &[ReceiverProcess]) -> Result<Vec<Sent>> {
        let picked = receivers.iter().map(|receiver| receiver.fingerprint).collect();
        let mut watch = Watch::new(self.app, &session).without_codes();
        watch.drive(&session, Picker::Chosen(picked)).await?;
        let (sent, _) = watch.finish(Vec::new());
        session.stop().await;
        Ok(sent)
    }

    /// Waits until the receivers have ended and reads the contents of all devices.
    pub(super) async fn prove(
        &self,
        offer: Offer,
        sent: Vec<Sent>,
        receivers: Vec<ReceiverProcess>,
    ) -> Result<SendRound> {
        let own = Contents::read(&self.distributor).await?;
        let mut theirs = Vec::new();
        for receiver in receivers {
            let (name, dir) = receiver.ended().await?;
            let engine = Engine::open(Settings::new(dir)).await?;
            theirs.push((name, Contents::read(&engine).await?));
        }
        Ok(SendRound { offer, sent, own, theirs })
    }
}

impl SendRound {
    pub(super) fn is_equal(&self) -> bool {
        self.theirs.iter().all(|(_, contents)| *contents == self.own)
    }

    pub(super) fn saved(&self) -> usize {
        self.sent.iter().filter(|one| one.is_saved()).count()
    }

    /// Whether all receivers saved, and all data matches.
    pub(super) fn is_done(&self) -> bool {
        self.saved() == self.theirs.len() && self.is_equal()
    }

    pub(super) fn totals(&self) -> OfferTotals {
        OfferTotals::of(&self.offer)
    }

    /// Bytes on the network for one receiver, the maximum over all receivers.
    pub(super) fn wire_bytes(&self) -> u64 {
        self.sent.iter().map(|one| one.progress.wire).max().unwrap_or(0)
    }

    /// The result for one receiver.
    pub(super) fn sent_to(&self, name: &str) -> Option<&Sent> {
        self.sent.iter().find(|one| one.name == name)
    }
}
