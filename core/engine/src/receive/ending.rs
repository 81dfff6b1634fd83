//! How an exchange ends: what is signed, remembered and told.

use std::sync::Arc;

use fieldcast_store::{Exchange as Past, ExchangeRole};
use fieldcast_wire::{Applied, EndReason, Message, Receiver, ReceiverState, offer_id};

use super::apply::Outcome;
use super::event::{ReceiveEvent, ReceiveState, Received};
use super::exchange::{Exchange, Work, blocking};
use crate::link::Link;
use crate::{clock, history, origins, receipts};

impl Exchange {
    /// Signs what is in, or keeps what is settled for the second round.
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

    /// Remembers what came of it, if it came as far as the question.
    fn keep(&self, peer_key: [u8; 32], reason: Option<&EndReason>) -> impl Future<Output = ()> + use<> {
        let (past, store, is_resumed) = (self.past(peer_key, reason), self.shared.store.clone(), self.is_resumed);
        async move {
            if let Some(past) = past {
                history::keep(&store, past, is_resumed).await;
            }
        }
    }

    fn past(&self, peer_key: [u8; 32], reason: Option<&EndReason>) -> Option<Past> {
        let (started, sender) = (self.asked?, self.sender.clone()?);
        let outcome = match (reason, &self.receipt) {
            (None, Some(receipt)) => Ok(receipt),
            (reason, _) => Err(reason.unwrap_or(&EndReason::Lost)),
        };
        Some(Past {
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
        // Others need not wait until this peer has hung up, and a question it left open is withdrawn.
        drop(self.place.take());
        self.work = Work::Nothing;
        let reason = match machine.state() {
            ReceiverState::Saved => {
                self.progress.wire = link.close().await;
                self.keep(peer_key, None).await;
                let (store, incoming) = (self.shared.store.clone(), self.incoming);
                if let Err(reason) = blocking(move || store.trim_incoming(&incoming)).await {
                    tracing::warn!(%reason, "chunks of superseded offers are still there");
                }
                let (store, offer) = (self.shared.store.clone(), self.offer.clone());
                let shown = blocking(move || origins::shown(&store, &offer)).await;
                let Self { offer, progress, receipt, .. } = self;
                let offer = shown.unwrap_or(offer);
                let comparisons =
                    receipt.iter().flat_map(|receipt| &receipt.saved).map(|saved| saved.comparison).collect();
                self.shared.events.publish(ReceiveEvent::Saved(Received { sender, offer, progress, comparisons }));
                self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
                return Ok(());
            }
            ReceiverState::Ended(reason) => reason.clone(),
            _ => EndReason::Lost,
        };
        // A yes to a bundle that a person has stopped since, on either side, is no yes to the next one.
        if matches!(reason, EndReason::Cancelled { .. } | EndReason::CodesDiffer | EndReason::NotConfirmed) {
            let (store, incoming) = (self.shared.store.clone(), self.incoming);
            if let Err(reason) = blocking(move || store.withdraw_consent(&incoming)).await {
                tracing::warn!(%reason, "the next offer of this kind will not be asked about");
            }
        }
        self.progress.wire = link.wire_bytes();
        self.keep(peer_key, Some(&reason)).await;
        if self.is_worth_telling(&reason) {
            self.shared.events.publish(ReceiveEvent::Ended(sender, reason.clone()));
            self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
        }
        if matches!(reason, EndReason::Looked { .. }) {
            link.send(&Message::Stop(EndReason::Looked { session: self.shared.identity.session() }));
        }
        // Where there is no network any more there are no last words.
        if !self.network.is_cancelled() {
            link.close().await;
        }
        Err(reason)
    }

    /// Of those turned away because another exchange runs, only that other is worth hearing about; of a line on which
    /// nothing was offered, whether it is called again; and of who only looked, nothing.
    fn is_worth_telling(&self, reason: &EndReason) -> bool {
        !matches!(reason, EndReason::Busy | EndReason::Looked { .. }) && (!self.is_parked || self.sender.is_some())
    }
}
