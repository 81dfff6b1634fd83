//! Sending to one receiver: call it, drive the machine, call again when the connection breaks.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_bundle::{ChunkInfo, Manifest};
use fieldcast_model::Fingerprint;
use fieldcast_net::Error as NetworkError;
use fieldcast_store::{Exchange, ExchangeRole};
use fieldcast_wire::{
    Breach, Distributor, DistributorAction, DistributorState, Introduction, Message, Offer, Reason, Receipt,
};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::admit::compared;
use super::bundle::Bundle;
use super::session::Shared;
use super::{SendProgress, SendState, Sent};
use crate::link::{Frame, Link};
use crate::{Answer, Error, clock, history, receipts, trust};

/// How long one call may take, TLS included.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// The pause before the first new call; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Losses before a yes that renew the time to resume.
const MOST_FRUITLESS: u32 = 5;
const CANCELLED: Reason = Reason::Cancelled { by_distributor: true };

/// Sends to one receiver until it has saved, or for good has not.
pub(crate) struct Sending {
    pub(super) shared: Arc<Shared>,
    pub(super) receiver: Fingerprint,
    cancel: CancellationToken,
    /// What the receiver is offered: all, or as much as was granted it, judged anew on each connection.
    pub(super) offer: Offer,
    /// The places of that in the bundle.
    pub(super) offered: Vec<usize>,
    /// When it began, by this device's clock.
    started: i64,
    /// The receiver's key, once it was reached.
    peer_key: Option<[u8; 32]>,
    /// What this connection is to carry.
    chunks: Vec<ChunkInfo>,
    progress: SendProgress,
    /// Bytes that were staged before this connection.
    staged_before: u64,
    /// Bytes that were staged in the round of changes, if whole snapshots had to follow.
    staged_in_rounds: u64,
    /// Bytes over the sockets of earlier connections.
    wire_before: u64,
    /// When sending last came a step further, or this side had to notice that the receiver was lost: what the time to
    /// resume counts from. A receiver that comes and goes without letting anything happen does not renew it.
    last_progress: Option<Instant>,
    /// Losses in a row before the receiver said yes.
    fruitless: u32,
    /// Whether the receiver's key is one to send to: known before, or by a code compared in this session.
    pub(super) is_verified: bool,
    /// A person compares the code.
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
            chunks: Vec::new(),
            progress: SendProgress::default(),
            staged_before: 0,
            staged_in_rounds: 0,
            wire_before: 0,
            last_progress: None,
            fruitless: 0,
            is_verified: false,
            comparing: None,
        }
    }

    pub(crate) async fn run(mut self) {
        let outcome = self.send().await;
        // Before it is told: whoever hears that it is over may look at the history next.
        self.keep(&outcome).await;
        self.enter(match outcome {
            Ok(receipt) => {
                let standings = receipt.saved.iter().map(|saved| saved.standing).collect();
                SendState::Saved(Sent { progress: self.progress, standings })
            }
            Err(reason) => SendState::Failed(reason, self.progress),
        });
    }

    /// Remembers what came of it.
    async fn keep(&self, outcome: &Result<Receipt, Reason>) {
        let past = Exchange {
            role: ExchangeRole::Sent,
            peer: self.receiver,
            peer_key: self.peer_key,
            peer_name: self.shared.name_of(self.receiver),
            started: self.started,
            ended: clock::now(),
            offered: self.offer.snapshots.clone(),
            wire_bytes: self.progress.wire,
            result: history::result(outcome.as_ref()),
        };
        history::keep(&self.shared.store, past, false).await;
    }

    /// Whether the receiver has signed that it saved this very offer.
    fn is_signed(&self, receipt: &Receipt, link: &Link) -> bool {
        receipts::holds(receipt, &link.peer_key(), &self.shared.identity.fingerprint(), &self.offer.snapshots)
    }

    async fn send(&mut self) -> Result<Receipt, Reason> {
        let live = self.shared.live.clone();
        let mut next_pause = FIRST_PAUSE;
        loop {
            // Only for as long as it talks does a receiver take a place from the others.
            let place = tokio::select! {
                place = live.acquire() => place,
                () = self.cancel.cancelled() => return Err(CANCELLED),
            };
            let before = self.progress.staged;
            self.last_progress.get_or_insert_with(Instant::now);
            let reason = match self.attempt().await {
                Ok(receipt) => return Ok(receipt),
                Err(reason) => reason,
            };
            drop(place);
            let is_over = self.last_progress.is_some_and(|at| at.elapsed() >= self.shared.settings.resume_for);
            if is_over || !matches!(reason, Reason::Lost | Reason::Unreachable(_)) {
                return Err(reason);
            }
            self.enter(SendState::Lost(self.progress));
            let pause = if self.progress.staged > before { FIRST_PAUSE } else { next_pause };
            next_pause = LONGEST_PAUSE.min(pause * 2);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.cancel.cancelled() => return Err(CANCELLED),
            }
        }
    }

    /// One connection, from the call to its end.
    async fn attempt(&mut self) -> Result<Receipt, Reason> {
        self.enter(SendState::Calling);
        let addr = self.shared.addr_of(self.receiver).ok_or(Reason::Lost)?;
        let shared = self.shared.clone();
        let call = fieldcast_net::dial(&shared.interface, &shared.identity, addr, Some(self.receiver), CALL_LIMIT);
        let connection = tokio::select! {
            connection = call => connection.map_err(|error| self.not_called(error))?,
            () = self.cancel.cancelled() => return Err(CANCELLED),
        };
        self.peer_key = Some(connection.peer_key());
        self.wire_before = self.progress.wire;
        let introduction = trust::introduce(&connection, &self.shared.settings.name, &self.shared.credentials)?;
        self.exchange(Link::new(connection, self.shared.settings.limits.heartbeat), introduction).await
    }

    /// This side had to notice by itself that the receiver is lost: the time to resume begins now. Not without end for one
    /// that never comes to a yes.
    fn noticed_loss(&mut self, state: &DistributorState) {
        if matches!(state, DistributorState::Greeting | DistributorState::Asking) {
            self.fruitless += 1;
        }
        if self.fruitless < MOST_FRUITLESS {
            self.last_progress = Some(Instant::now());
        }
    }

    /// Why a call failed; only what may pass is [`Reason::Unreachable`].
    fn not_called(&self, error: NetworkError) -> Reason {
        match error {
            NetworkError::WrongPeer { .. } => Reason::WrongDevice,
            NetworkError::OtherVersion => Reason::Incompatible,
            NetworkError::Tls { .. } => Reason::NotSecure,
            error => {
                self.shared.doubt(self.receiver);
                Reason::Unreachable(error.to_string())
            }
        }
    }

    async fn exchange(&mut self, mut link: Link, introduction: Introduction) -> Result<Receipt, Reason> {
        let start = Instant::now();
        let mut machine = Distributor::new(introduction, self.shared.settings.limits, Duration::ZERO);
        loop {
            while let Some(action) = machine.poll() {
                self.progress.wire = self.wire_before + link.wire_bytes();
                if action == DistributorAction::Close {
                    return self.finish(link, &machine).await;
                }
                self.carry_out(action, &link, &mut machine, start).await;
            }
            let place = link.place();
            tokio::select! {
                incoming = link.next() => match incoming {
                    Ok(Frame::Message(Message::Saved(receipt))) if !self.is_signed(&receipt, &link) => {
                        machine.stop(Reason::NotSigned);
                    }
                    Ok(Frame::Message(message)) => machine.on_message(message, start.elapsed()),
                    Ok(_) => machine.stop(Reason::Protocol(Breach::OutOfTurn)),
                    Err(Reason::Lost) => {
                        self.noticed_loss(machine.state());
                        machine.on_lost();
                    }
                    Err(reason) => machine.stop(reason),
                },
                place = place, if machine.chunks_to_send().len() > 0 => {
                    if let Some(index) = machine.next_chunk(start.elapsed()) {
                        match self.chunk(index).await {
                            Ok(chunk) => link.send_chunk(place, index, &chunk),
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
                    machine.confirm(self.on_answer(answer).await);
                }
                () = self.cancel.cancelled() => machine.stop(CANCELLED),
            }
        }
    }

    async fn carry_out(&mut self, action: DistributorAction, link: &Link, machine: &mut Distributor, start: Instant) {
        match action {
            DistributorAction::Send(message) => link.send(&message),
            DistributorAction::Admit(shown) => {
                let offer = self.admit(shown).await;
                machine.admit(offer, start.elapsed());
            }
            DistributorAction::Confirm(code) => self.confirm(code, machine).await,
            DistributorAction::Plan(held) => {
                let offered = self.offered.clone();
                let planned = self.on_bundle(move |bundle| bundle.manifest_for(&offered, &held));
                let manifest = link.alive_during(planned).await;
                self.plan(manifest, link, machine, start);
            }
            DistributorAction::PlanWhole(indexes) => {
                self.staged_in_rounds = self.progress.staged;
                let offered = self.offered.clone();
                let manifest = self.on_bundle(move |bundle| Ok(bundle.whole(&offered, &indexes))).await;
                self.plan(manifest, link, machine, start);
            }
            DistributorAction::Staged { bytes, .. } => {
                self.last_progress = Some(Instant::now());
                // The peer's number: it may say anything.
                self.progress.staged = self.staged_before.saturating_add(bytes).min(self.progress.total);
                self.enter(SendState::Sending(self.progress));
            }
            DistributorAction::Entered(state) => self.entered(&state, machine),
            DistributorAction::Close => {} // the caller's
        }
    }

    async fn finish(&mut self, link: Link, machine: &Distributor) -> Result<Receipt, Reason> {
        self.comparing = None; // a question that is still open is withdrawn
        self.progress.wire = self.wire_before + link.close().await;
        match machine.state() {
            DistributorState::Saved(receipt) => Ok(receipt.clone()),
            DistributorState::Ended(reason) => Err(reason.clone()),
            _ => Err(Reason::Lost),
        }
    }

    /// Sends the manifest of what the receiver lacks.
    fn plan(&mut self, manifest: Result<Manifest, Reason>, link: &Link, machine: &mut Distributor, start: Instant) {
        match manifest {
            Ok(manifest) => {
                link.send_manifest(manifest.encode());
                self.chunks = manifest.chunks().cloned().collect();
                machine.planned(self.chunks.len() as u32, start.elapsed());
            }
            Err(reason) => machine.stop(reason),
        }
    }

    async fn chunk(&self, index: u32) -> Result<Arc<Vec<u8>>, Reason> {
        let hash = self.chunks.get(index as usize).ok_or(Reason::Protocol(Breach::OutOfBounds))?.hash;
        self.on_bundle(move |bundle| bundle.chunk(hash)).await
    }

    /// Asks the bundle where blocking is allowed.
    pub(super) async fn on_bundle<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Bundle) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Reason> {
        let shared = self.shared.clone();
        match tokio::task::spawn_blocking(move || ask(&shared.bundle)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Reason::NotRead(error.to_string())),
            Err(error) => Err(Reason::NotRead(error.to_string())),
        }
    }

    fn entered(&mut self, state: &DistributorState, machine: &Distributor) {
        let state = match state {
            DistributorState::Asking => SendState::Asking,
            DistributorState::Confirming if self.comparing.is_some() => SendState::Confirming,
            DistributorState::Planning => SendState::Agreeing,
            DistributorState::Sending => {
                let wanted = machine.chunks_to_send().filter_map(|index| self.chunks.get(index as usize));
                let wanted: u64 = wanted.map(|chunk| u64::from(chunk.bytes)).sum();
                // What an earlier connection brought counts; so does what an earlier round of this one brought.
                let known = self.progress.total.max(self.staged_in_rounds + wanted);
                self.progress.total = known;
                self.staged_before = known - wanted;
                self.progress.staged = self.staged_before;
                SendState::Sending(self.progress)
            }
            DistributorState::Applying => SendState::Applying(self.progress),
            // Told when the connection is closed and its bytes are counted, or not worth telling.
            DistributorState::Greeting
            | DistributorState::Confirming
            | DistributorState::Agreeing
            | DistributorState::Saved(_)
            | DistributorState::Ended(_) => return,
        };
        if state != SendState::Asking {
            (self.last_progress, self.fruitless) = (Some(Instant::now()), 0);
        }
        self.enter(state);
    }

    fn enter(&self, state: SendState) {
        self.shared.enter(self.receiver, state);
    }
}
