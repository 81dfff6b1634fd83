//! Sends to one receiver: connect, drive the state machine, reconnect when the connection breaks.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_bundle::{ChunkInfo, Manifest};
use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_store::{Exchange, ExchangeRole};
use fieldcast_wire::{Breach, Distributor, DistributorAction, DistributorState, EndReason, Message, Offer, Receipt};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::admit::compared;
use super::bundle::Bundle;
use super::dialer::Connected;
use super::peers::Route;
use super::session::Shared;
use super::{SendProgress, SendState, Sent};
use crate::link::{Frame, Link};
use crate::{Answer, Error, clock, history, receipts, task};

/// The timeout of one dial, with TLS.
pub(super) const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
pub(super) const CANCELLED: EndReason = EndReason::Cancelled { by_distributor: true };

/// Sends to one receiver until it has saved the data, or failed permanently.
pub(crate) struct Sending {
    pub(super) shared: Arc<Shared>,
    pub(super) receiver: Fingerprint,
    pub(super) cancel: CancellationToken,
    /// The offer to the receiver: everything, or the granted part. It is authorized again on each connection.
    pub(super) offer: Offer,
    /// The indexes of the offered snapshots in the bundle.
    pub(super) offered: Vec<usize>,
    /// The start time, by this device's clock.
    started: i64,
    /// The receiver's key, after the first connection.
    pub(super) peer_key: Option<[u8; 32]>,
    /// The name that the receiver has sent under its key.
    pub(super) peer_name: Option<DeviceName>,
    /// The route of the last attempt.
    pub(super) last_route: Option<Route>,
    /// The chunks of this connection's manifest.
    chunks: Vec<ChunkInfo>,
    pub(super) progress: SendProgress,
    /// Bytes that were staged before this connection.
    staged_before: u64,
    /// Bytes that were staged in the round of changes, if complete snapshots had to follow.
    staged_in_rounds: u64,
    /// Bytes over the sockets of earlier connections.
    pub(super) wire_before: u64,
    /// The last time that the send made progress, or that this side detected a loss itself. The resume timeout counts
    /// from here. A receiver that reconnects without progress does not restart it.
    pub(super) last_progress: Option<Instant>,
    /// Whether the last attempt ended before the peer had proven a key. Then its result says nothing about the
    /// receiver.
    pub(super) is_unproven: bool,
    /// Consecutive connection losses before the receiver consented.
    pub(super) losses_before_consent: u32,
    /// Whether the receiver's key is verified: its code was compared in this session, or no comparison was necessary.
    pub(super) is_verified: bool,
    /// Whether it proved an invite of this session on this connection; then neither side asks for a code.
    pub(super) is_by_invite: bool,
    /// Whether to store the receiver as trusted after its user accepts too.
    pub(super) trusts_after_consent: bool,
    /// The transfer slot; released after the last byte has arrived.
    pub(super) slot: Option<OwnedSemaphorePermit>,
    /// The pending answer to the code comparison.
    pub(super) comparing: Option<oneshot::Receiver<Answer>>,
}

impl Sending {
    pub(crate) fn new(shared: Arc<Shared>, receiver: Fingerprint, cancel: CancellationToken) -> Self {
        Self {
            offer: shared.offer.clone(),
            shared,
            receiver,
            cancel,
            offered: Vec::new(),
            started: clock::now(),
            peer_key: None,
            peer_name: None,
            last_route: None,
            chunks: Vec::new(),
            progress: SendProgress::default(),
            staged_before: 0,
            staged_in_rounds: 0,
            wire_before: 0,
            last_progress: None,
            is_unproven: false,
            losses_before_consent: 0,
            is_verified: false,
            is_by_invite: false,
            trusts_after_consent: false,
            slot: None,
            comparing: None,
        }
    }

    pub(crate) async fn run(mut self) {
        let outcome = self.send().await;
        // Write the history before the event, because a subscriber may read the history at once.
        self.keep(&outcome).await;
        self.enter(match outcome {
            Ok(receipt) => {
                let comparisons = receipt.saved.iter().map(|saved| saved.comparison).collect();
                SendState::Saved(Sent { progress: self.progress, comparisons })
            }
            Err(reason) => SendState::Failed(reason, self.progress),
        });
    }

    /// Stores the result in the history.
    async fn keep(&self, outcome: &Result<Receipt, EndReason>) {
        let entry = Exchange {
            role: ExchangeRole::Sent,
            peer: self.receiver,
            peer_key: self.peer_key,
            peer_name: self.name(),
            started: self.started,
            ended: clock::now(),
            offered: self.offer.snapshots.clone(),
            wire_bytes: self.progress.wire,
            result: history::result(outcome.as_ref()),
        };
        history::keep(&self.shared.store, entry, false).await;
    }

    /// The receiver's name: as it sent it under its key, else as it was announced, which is not authenticated.
    pub(super) fn name(&self) -> DeviceName {
        self.peer_name.clone().unwrap_or_else(|| self.shared.name_of(self.receiver))
    }

    /// Whether the receiver has signed that it saved exactly this offer.
    fn is_signed(&self, receipt: &Receipt, link: &Link) -> bool {
        receipts::holds(receipt, &link.peer_key(), &self.shared.identity.fingerprint(), &self.offer.snapshots)
    }

    pub(super) async fn exchange(&mut self, connected: Connected) -> Result<Receipt, EndReason> {
        let Connected { mut link, handshake, hello, network, is_invited, listed: _listed } = connected;
        self.is_by_invite = is_invited;
        let exporter = handshake.opening.exporter;
        let start = Instant::now();
        let mut machine = Distributor::new(handshake, self.shared.settings.limits, Duration::ZERO);
        if let Some(hello) = hello {
            machine.on_message(Message::Hello(hello), start.elapsed());
        }
        loop {
            while let Some(action) = machine.poll() {
                self.progress.wire = self.wire_before + link.wire_bytes();
                if action == DistributorAction::Close {
                    return self.finish(link, &machine, network.is_cancelled()).await;
                }
                self.carry_out(action, &link, &mut machine, start).await;
            }
            let permit = link.permit();
            tokio::select! {
                incoming = link.next() => self.on_incoming(incoming, &mut machine, &link, &exporter, start.elapsed()),
                permit = permit, if machine.may_send() => {
                    if let Some(index) = machine.next_chunk(start.elapsed()) {
                        match self.chunk(index).await {
                            Ok(chunk) => link.send_chunk(permit, index, &chunk),
                            Err(reason) => machine.stop(reason),
                        }
                    }
                }
                () = tokio::time::sleep_until(start + machine.deadline()) => {
                    if link.has_received_more() {
                        machine.on_message(Message::Alive, start.elapsed());
                    }
                    let state = machine.state().clone();
                    machine.on_time(start.elapsed());
                    if machine.is_over() {
                        self.noticed_loss(&state);
                    }
                }
                answer = compared(&mut self.comparing) => {
                    self.comparing = None;
                    machine.confirm(self.on_answer(answer));
                }
                () = network.cancelled(), if !machine.is_over() => {
                    self.noticed_loss(machine.state());
                    machine.on_lost();
                }
                () = self.cancel.cancelled() => machine.stop(CANCELLED),
            }
        }
    }

    fn on_incoming(
        &mut self,
        incoming: Result<Frame, EndReason>,
        machine: &mut Distributor,
        link: &Link,
        exporter: &[u8; 32],
        now: Duration,
    ) {
        match incoming {
            // A receiver that was dialed may have an invite too. An invalid invite is ignored.
            Ok(Frame::Message(Message::Invited(proof))) if machine.peer_name().is_none() => {
                self.is_by_invite = self.shared.is_valid_invite(&proof, exporter);
            }
            Ok(Frame::Message(Message::Saved(receipt))) if !self.is_signed(&receipt, link) => {
                machine.stop(EndReason::NotSigned);
            }
            Ok(Frame::Message(message)) => machine.on_message(message, now),
            Ok(_) => machine.stop(EndReason::Protocol(Breach::OutOfTurn)),
            Err(EndReason::Lost) => {
                self.noticed_loss(machine.state());
                machine.on_lost();
            }
            Err(reason) => machine.stop(reason),
        }
    }

    async fn carry_out(&mut self, action: DistributorAction, link: &Link, machine: &mut Distributor, start: Instant) {
        match action {
            DistributorAction::Send(message) => link.send(&message),
            DistributorAction::Admit(shown) => {
                self.peer_name = machine.peer_name().cloned();
                let offer = self.admit(shown).await;
                machine.admit(offer, start.elapsed());
            }
            DistributorAction::Confirm(code) => self.confirm(code, machine).await,
            DistributorAction::Plan(held) => {
                self.remember().await;
                let offered = self.offered.clone();
                let planned = self.on_bundle(move |bundle| bundle.manifest_for(&offered, &held));
                let manifest = link.alive_during(planned).await;
                self.plan(manifest, link, machine, start);
            }
            DistributorAction::PlanWhole(indexes) => {
                self.staged_in_rounds = self.progress.staged;
                let slots = self.shared.transfer_slots.clone();
                self.slot = link.alive_during(slots.acquire_owned()).await.ok();
                let offered = self.offered.clone();
                let manifest = self.on_bundle(move |bundle| Ok(bundle.whole(&offered, &indexes))).await;
                self.plan(manifest, link, machine, start);
            }
            DistributorAction::Staged { bytes, .. } => {
                self.last_progress = Some(Instant::now());
                // The number comes from the peer and can be wrong, so limit it.
                self.progress.staged = self.staged_before.saturating_add(bytes).min(self.progress.total);
                self.enter(SendState::Sending(self.progress));
            }
            DistributorAction::Entered(state) => self.entered(&state, machine),
            DistributorAction::Close => {} // handled by the caller
        }
    }

    async fn finish(&mut self, link: Link, machine: &Distributor, is_cut: bool) -> Result<Receipt, EndReason> {
        self.comparing = None; // withdraws an open question
        // Without a network no last message can be sent.
        let wire = if is_cut { link.wire_bytes() } else { link.close().await };
        self.progress.wire = self.wire_before + wire;
        match machine.state() {
            DistributorState::Saved(receipt) => Ok(receipt.clone()),
            DistributorState::Ended(reason) => Err(reason.clone()),
            _ => Err(EndReason::Lost),
        }
    }

    /// Sends the manifest of the chunks that the receiver lacks.
    fn plan(&mut self, manifest: Result<Manifest, EndReason>, link: &Link, machine: &mut Distributor, start: Instant) {
        match manifest {
            Ok(manifest) => {
                link.send_manifest(manifest.encode());
                self.chunks = manifest.chunks().cloned().collect();
                machine.planned(self.chunks.iter().map(|chunk| chunk.bytes).collect(), start.elapsed());
            }
            Err(reason) => machine.stop(reason),
        }
    }

    async fn chunk(&self, index: u32) -> Result<Arc<Vec<u8>>, EndReason> {
        let hash = self.chunks.get(index as usize).ok_or(EndReason::Protocol(Breach::OutOfBounds))?.hash;
        self.on_bundle(move |bundle| bundle.chunk(hash)).await
    }

    /// Calls the bundle on a blocking thread.
    pub(super) async fn on_bundle<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Bundle) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, EndReason> {
        let shared = self.shared.clone();
        match task::blocking(move || ask(&shared.bundle)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(EndReason::NotRead(error.to_string())),
            Err(error) => Err(EndReason::NotRead(error.to_string())),
        }
    }

    fn entered(&mut self, state: &DistributorState, machine: &Distributor) {
        let state = match state {
            DistributorState::Asking => SendState::Asking,
            DistributorState::Confirming if self.comparing.is_some() => SendState::Confirming,
            DistributorState::Planning => {
                self.is_verified = true; // this holds for later connections too
                SendState::Agreeing
            }
            DistributorState::Sending => {
                let wanted = machine.chunks_to_send().filter_map(|index| self.chunks.get(index as usize));
                let wanted: u64 = wanted.map(|chunk| u64::from(chunk.bytes)).sum();
                // Count the bytes of earlier connections and of earlier rounds of this connection.
                let known = self.progress.total.max(self.staged_in_rounds + wanted);
                self.progress.total = known;
                self.staged_before = known - wanted;
                self.progress.staged = self.staged_before;
                SendState::Sending(self.progress)
            }
            DistributorState::Applying => {
                self.slot = None; // other receivers need not wait until this one has applied
                SendState::Applying(self.progress)
            }
            // Published after the connection is closed and its bytes are counted, or not worth an event.
            DistributorState::Greeting
            | DistributorState::Confirming
            | DistributorState::Agreeing
            | DistributorState::Saved(_)
            | DistributorState::Ended(_) => return,
        };
        if state != SendState::Asking {
            (self.last_progress, self.losses_before_consent) = (Some(Instant::now()), 0);
        }
        self.enter(state);
    }

    pub(super) fn enter(&self, state: SendState) {
        self.shared.enter(self.receiver, state);
    }
}
