//! One connection to a receiver: drives the exchange and does what it requests.

use std::sync::Arc;

use fieldcast_bundle::{ChunkInfo, Manifest};
use fieldcast_wire::{
    Action, Breach, Distributor, DistributorRequest, EndReason, ExchangeState, Receipt, ReceiptVerifier,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio_util::sync::CancellationToken;

use super::admission::OfferedPart;
use super::bundle::Bundle;
use super::delivery::Delivery;
use super::dialer::OutgoingConnection;
use super::event::SendState;
use crate::clock::Monotonic;
use crate::error::not_read;
use crate::network::{Frame, Link};
use crate::task::{self, Work};
use crate::{Answer, Error};

/// The end of an exchange because this device's user has cancelled it.
pub(super) const CANCELLED: EndReason = EndReason::Cancelled { by_distributor: true };

/// The result of work that the machine has requested.
enum OutgoingWork {
    Authorized(Result<OfferedPart, EndReason>),
    Verified(Result<bool, EndReason>),
    Compared(Answer),
    /// The manifest, and the transfer slot if a new one was necessary.
    Planned(Option<OwnedSemaphorePermit>, Result<Manifest, EndReason>),
    Read(OwnedSemaphorePermit, u32, Result<Arc<Vec<u8>>, EndReason>),
}

pub(super) struct OutgoingTransfer<'a> {
    delivery: &'a mut Delivery,
    cancel: &'a CancellationToken,
    machine: Distributor,
    link: Link,
    clock: Monotonic,
    network: CancellationToken,
    /// The running work. A new request replaces it, because the old one then came from an earlier state.
    work: Option<Work<OutgoingWork>>,
    /// Whether the user on this side is asked to compare the codes.
    is_comparing: bool,
    /// The chunks of the manifest.
    chunks: Vec<ChunkInfo>,
}

impl<'a> OutgoingTransfer<'a> {
    /// Runs the exchange on this connection to its end.
    pub(super) async fn run(
        delivery: &'a mut Delivery,
        connected: OutgoingConnection,
        cancel: &'a CancellationToken,
    ) -> Result<Receipt, EndReason> {
        let OutgoingConnection { link, handshake, network, listed: _listed } = connected;
        let (clock, peer_key) = (delivery.clock, link.peer_key());
        delivery.peer_key = Some(peer_key);
        delivery.progress.begin_connection();
        let verifier = ReceiptVerifier {
            distributor: delivery.state.identity.fingerprint(),
            is_signed: Box::new(move |message, signature| fieldcast_net::verify(&peer_key, message, signature)),
        };
        let machine = Distributor::new(handshake, verifier, delivery.state.settings.limits, clock.now());
        let this = Self {
            delivery,
            cancel,
            machine,
            link,
            clock,
            network,
            work: None,
            is_comparing: false,
            chunks: Vec::new(),
        };
        this.drive().await
    }

    async fn drive(mut self) -> Result<Receipt, EndReason> {
        loop {
            while let Some(action) = self.machine.poll() {
                self.delivery.progress.on_wire(self.link.wire_bytes());
                match action {
                    Action::Send(message) => self.link.send(&message),
                    Action::Do(request) => self.start(request),
                    Action::Entered(state) => self.entered(&state),
                    Action::Close => return self.finish().await,
                }
            }
            let permit = self.link.permit();
            tokio::select! {
                incoming = self.link.next() => self.on_incoming(incoming),
                permit = permit, if self.machine.may_send() && self.work.is_none() => self.read_chunk(permit),
                done = task::next(&mut self.work) => self.on_done(done),
                () = self.clock.sleep_until(self.machine.deadline()) => {
                    if self.link.has_received_more() {
                        self.machine.on_bytes(self.clock.now());
                    }
                    self.machine.on_time(self.clock.now());
                }
                () = self.network.cancelled(), if !self.machine.is_over() => self.machine.on_lost(),
                () = self.cancel.cancelled() => self.machine.stop(CANCELLED),
            }
        }
    }

    fn on_incoming(&mut self, incoming: Result<Frame, EndReason>) {
        match incoming {
            Ok(Frame::Message(message)) => self.machine.on_message(message, self.clock.now()),
            Ok(_) => self.machine.breach(Breach::OutOfTurn),
            Err(EndReason::Lost) => self.machine.on_lost(),
            Err(reason) => self.machine.stop(reason),
        }
    }

    /// Starts the requested work.
    fn start(&mut self, request: DistributorRequest) {
        let delivery = &mut *self.delivery;
        self.work = Some(match request {
            DistributorRequest::Authorize(credentials) => {
                delivery.peer_name = self.machine.peer_name().cloned();
                let part = delivery.admission.authorize(credentials);
                Box::pin(async { OutgoingWork::Authorized(part.await) })
            }
            DistributorRequest::Confirm(_) => {
                let verified = delivery.admission.verify(self.machine.is_invited());
                Box::pin(async { OutgoingWork::Verified(verified.await) })
            }
            DistributorRequest::Plan(held) => {
                let consented = delivery.admission.on_consent(delivery.name());
                let indexes = delivery.part.indexes.clone();
                let manifest = self.on_bundle(move |bundle| bundle.manifest_for(&indexes, &held));
                Box::pin(async {
                    consented.await;
                    OutgoingWork::Planned(None, manifest.await)
                })
            }
            // The receiver has released its transfer slot when it began to apply.
            DistributorRequest::PlanWhole(snapshots) => {
                delivery.progress.begin_second_round();
                let slots = delivery.state.transfer_slots.clone();
                let (indexes, bundle) = (delivery.part.indexes.clone(), delivery.state.bundle.clone());
                Box::pin(async move {
                    let slot = slots.acquire_owned().await.ok();
                    OutgoingWork::Planned(slot, Ok(bundle.whole(&indexes, &snapshots)))
                })
            }
            DistributorRequest::ShowStaged(bytes) => {
                delivery.resumption.on_staged(self.clock.now());
                delivery.progress.on_staged(bytes);
                return delivery.enter(SendState::Sending(delivery.progress.shown()));
            }
        });
    }

    /// Reads the next chunk; the connection has room for it.
    fn read_chunk(&mut self, permit: OwnedSemaphorePermit) {
        let Some(index) = self.machine.next_chunk(self.clock.now()) else { return };
        let Some(hash) = self.chunks.get(index as usize).map(|chunk| chunk.hash) else {
            return self.machine.breach(Breach::OutOfBounds);
        };
        let read = self.on_bundle(move |bundle| bundle.chunk(hash));
        self.work = Some(Box::pin(async move { OutgoingWork::Read(permit, index, read.await) }));
    }

    fn on_done(&mut self, done: OutgoingWork) {
        let now = self.clock.now();
        match done {
            OutgoingWork::Authorized(part) => {
                let offer = part.map(|part| {
                    let offer = part.offer.clone();
                    self.delivery.part = part;
                    offer
                });
                self.machine.authorize(offer, now);
            }
            OutgoingWork::Verified(Ok(false)) => {
                let Some(code) = self.machine.code() else { return };
                let answer = self.delivery.state.compare(self.delivery.receiver, code);
                self.is_comparing = true;
                if *self.machine.state() == ExchangeState::Confirming {
                    self.delivery.enter(SendState::Confirming); // the receiver's user was faster
                }
                self.work = Some(compared(answer));
            }
            OutgoingWork::Verified(Ok(true)) => {
                if let Some(code) = self.machine.code() {
                    self.delivery.state.show_code(self.delivery.receiver, code);
                }
                self.machine.confirm(Ok(()));
            }
            OutgoingWork::Verified(Err(reason)) => self.machine.stop(reason),
            OutgoingWork::Compared(answer) => {
                self.is_comparing = false;
                self.machine.confirm(self.delivery.admission.on_answer(answer));
            }
            OutgoingWork::Planned(slot, manifest) => {
                self.delivery.slot = slot.or(self.delivery.slot.take());
                self.on_manifest(manifest);
            }
            OutgoingWork::Read(permit, index, Ok(chunk)) => {
                // A receiver that lies may have left this state.
                if *self.machine.state() == ExchangeState::Transferring {
                    self.link.send_chunk(permit, index, &chunk);
                }
            }
            OutgoingWork::Read(_, _, Err(reason)) => self.machine.stop(reason),
        }
    }

    fn on_manifest(&mut self, manifest: Result<Manifest, EndReason>) {
        let sizes = manifest.map(|manifest| {
            self.link.send_manifest(manifest.encode());
            self.chunks = manifest.chunks().cloned().collect();
            self.chunks.iter().map(|chunk| chunk.bytes).collect()
        });
        self.machine.planned(sizes, self.clock.now());
    }

    fn entered(&mut self, state: &ExchangeState) {
        let delivery = &mut *self.delivery;
        delivery.resumption.on_state(state, self.clock.now());
        let shown = match state {
            ExchangeState::Asking => SendState::Asking,
            ExchangeState::Confirming if self.is_comparing => SendState::Confirming,
            ExchangeState::Planning => SendState::Agreeing,
            ExchangeState::Transferring => {
                delivery.progress.on_wanted(self.machine.bytes_to_send());
                SendState::Sending(delivery.progress.shown())
            }
            ExchangeState::Applying => {
                delivery.slot = None; // other receivers need not wait until this one has applied
                SendState::Applying(delivery.progress.shown())
            }
            // Published after the connection is closed and its bytes are counted, or not worth an event.
            _ => return,
        };
        delivery.enter(shown);
    }

    async fn finish(mut self) -> Result<Receipt, EndReason> {
        self.work = None; // withdraws an open question
        if let Some(state) = self.machine.lost_in() {
            self.delivery.resumption.on_loss(state, self.clock.now());
        }
        // Without a network no last message can be sent.
        let wire = if self.network.is_cancelled() { self.link.wire_bytes() } else { self.link.close().await };
        self.delivery.progress.on_wire(wire);
        self.machine.outcome().cloned()
    }

    /// Calls the bundle on a blocking thread.
    fn on_bundle<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Bundle) -> Result<T, Error> + Send + 'static,
    ) -> Work<Result<T, EndReason>> {
        let bundle = self.delivery.state.bundle.clone();
        let asked = task::blocking(move || ask(&bundle));
        Box::pin(async { asked.await.map_err(not_read) })
    }
}

/// The user's answer about a code. If the screen is closed, the user has not confirmed that the codes agree.
fn compared(answer: oneshot::Receiver<Answer>) -> Work<OutgoingWork> {
    Box::pin(async { OutgoingWork::Compared(answer.await.unwrap_or(Answer::Decline)) })
}
