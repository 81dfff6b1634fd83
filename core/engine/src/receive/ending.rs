//! The end of an exchange: receipt, history and event.

use std::sync::Arc;

use fieldcast_store::{Exchange as HistoryEntry, ExchangeRole};
use fieldcast_wire::{Applied, EndReason, Message, Receiver, ReceiverState, offer_id};

use super::apply::Outcome;
use super::event::{ReceiveEvent, ReceiveState, Received};
use super::exchange::{Exchange, Work, blocking};
use crate::link::Link;
use crate::shared_key::looked;
use crate::{clock, history, origins, receipts};

impl Exchange {
    /// Signs the receipt of saved data, or keeps the settled state for the second round.
    pub(super) fn settle(&mut self, outcome: Outcome, link: &Link) -> Applied {
        match outcome {
            Outcome::Saved(saved) => {
                let offer = offer_id(&link.peer(), &self.offer.snapshots);
                let receipt = receipts::sign(&self.shared.identity, &link.peer(), &offer, saved);
                self.receipt = Some(receipt.clone());
                Applied::Saved(receipt)
            }
            Outcome::Differs { snapshots, round } => {
                self.earlier = Arc::new(round);
                Applied::Differs(snapshots)
            }
        }
    }

    /// Stores the result in the history, if the exchange got as far as the question.
    fn keep(&self, peer_key: [u8; 32], reason: Option<&EndReason>) -> impl Future<Output = ()> + use<> {
        let (entry, store, is_resumed) = (self.entry(peer_key, reason), self.shared.store.clone(), self.is_resumed);
        async move {
            if let Some(entry) = entry {
                history::keep(&store, entry, is_resumed).await;
            }
        }
    }

    fn entry(&self, peer_key: [u8; 32], reason: Option<&EndReason>) -> Option<HistoryEntry> {
        let (started, sender) = (self.asked?, self.sender.clone()?);
        let outcome = match (reason, &self.receipt) {
            (None, Some(receipt)) => Ok(receipt),
            (reason, _) => Err(reason.unwrap_or(&EndReason::Lost)),
        };
        Some(HistoryEntry {
            role: ExchangeRole::Received,
            peer: sender.fingerprint,
            peer_key: Some(peer_key),
            peer_name: sender.name,
            started,
            ended: clock::now(),
            offered: self.offer.snapshots.clone(),
            wire_bytes: self.progress.wire,
            result: history::result(outcome),
        })
    }

    pub(super) async fn finish(mut self, link: Link, machine: &Receiver) -> Result<(), EndReason> {
        let (sender, peer_key) = (link.peer(), link.peer_key());
        // Release the permit before the peer disconnects, so that others need not wait. An open question is withdrawn.
        drop(self.permit.take());
        self.work = Work::Nothing;
        let reason = match machine.state() {
            ReceiverState::Saved => {
                self.progress.wire = link.close().await;
                self.keep(peer_key, None).await;
                let (store, incoming, offer) = (self.shared.store.clone(), self.incoming, self.offer.clone());
                let named = blocking(move || {
                    if let Err(error) = store.trim_incoming(&incoming) {
                        tracing::warn!(%error, "chunks of superseded offers could not be deleted");
                    }
                    origins::with_local_names(&store, &offer)
                });
                let named = named.await;
                let Self { offer, progress, receipt, .. } = self;
                let offer = named.unwrap_or(offer);
                let comparisons =
                    receipt.iter().flat_map(|receipt| &receipt.saved).map(|saved| saved.comparison).collect();
                self.shared.events.publish(ReceiveEvent::Saved(Received { sender, offer, progress, comparisons }));
                self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
                return Ok(());
            }
            ReceiverState::Ended(reason) => reason.clone(),
            _ => EndReason::Lost,
        };
        // If a user stopped the bundle on either side, the consent is not valid for the next one.
        if matches!(reason, EndReason::Cancelled { .. } | EndReason::CodesDiffer | EndReason::NotConfirmed) {
            let (store, incoming) = (self.shared.store.clone(), self.incoming);
            if let Err(reason) = blocking(move || store.withdraw_consent(&incoming)).await {
                tracing::warn!(%reason, "consent not withdrawn: the next such offer resumes without a question");
            }
        }
        self.progress.wire = link.wire_bytes();
        self.keep(peer_key, Some(&reason)).await;
        if self.should_publish(&reason) {
            self.shared.events.publish(ReceiveEvent::Ended(sender, reason.clone()));
            self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
        }
        if matches!(reason, EndReason::Looked { .. }) {
            link.send(&Message::Stop(looked(&self.shared.identity)));
        }
        // Without a network no last message can be sent.
        if !self.network.is_cancelled() {
            link.close().await;
        }
        Err(reason)
    }

    /// Whether to publish the end. Not if another exchange was running, not for a parked connection without an offer,
    /// because it is dialed again, and not for a peer that only looked.
    fn should_publish(&self, reason: &EndReason) -> bool {
        !matches!(reason, EndReason::Busy | EndReason::Looked { .. }) && (!self.is_parked || self.sender.is_some())
    }
}
