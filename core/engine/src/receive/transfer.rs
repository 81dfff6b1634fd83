//! One connection from a distributor: drives the exchange, does what it requests, and reports its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fieldcast_bundle::Manifest;
use fieldcast_model::ServerTime;
use fieldcast_wire::{
    Action, Applied, Breach, EndReason, ExchangeState, Held, Receiver, ReceiverRequest, offer_id, split_chunk_frame,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::apply::{self, Application, ApplyOutcome, Plan, Round};
use super::consent::{self, AuthorizedOffer};
use super::event::{Question, ReceiveEvent, ReceiveProgress, ReceiveState, Received, Sender};
use super::incoming::{IncomingOffer, publish_end};
use super::staging::{Expected, OnDisk, Stager};
use super::state::ReceiverState;
use crate::clock::{self, Monotonic};
use crate::error::not_stored;
use crate::network::{Frame, Link, Proven};
use crate::task::{self, Work, blocking, on_store};
use crate::trust::{identity, receipts};
use crate::{Answer, Error};

/// A new connection to a distributor.
pub(super) struct IncomingConnection {
    pub(super) link: Link,
    /// The time of `machine`.
    pub(super) clock: Monotonic,
    pub(super) machine: Receiver,
    /// Cancelled when the network is lost.
    pub(super) network: CancellationToken,
    /// Set to proven when the exchange gets its permit. Until then other connections may replace this one.
    pub(super) proven: Proven,
    /// Whether this device dialed and waits on a parked connection.
    pub(super) is_parked: bool,
}

/// The result of work that the machine has requested.
enum IncomingWork {
    Permitted,
    Authorized(Result<AuthorizedOffer, EndReason>),
    Answered(Answer),
    Accepted(Result<Vec<Held>, EndReason>),
    Planned(Result<Plan, EndReason>),
    Applied(Result<ApplyOutcome, EndReason>),
}

/// The state of applying, across rounds.
struct ApplyState {
    /// The results of an earlier round.
    earlier: Arc<Round>,
    /// The number of applied records.
    records: Arc<AtomicU64>,
    /// Cancelled when the exchange is dropped.
    abandoned: CancellationToken,
    _abandons: DropGuard,
}

pub(super) struct IncomingTransfer {
    state: Arc<ReceiverState>,
    connected: IncomingConnection,
    /// Cancelled by this device's user.
    cancel: CancellationToken,
    /// Cancelled when this distributor connects again, or when the network is lost. This connection is then dead, even
    /// if this device has not noticed.
    superseded: CancellationToken,
    incoming: Option<IncomingOffer>,
    /// The running work; the machine requests one thing at a time.
    work: Option<Work<IncomingWork>>,
    /// The chunks of the manifest.
    chunks: Vec<Expected>,
    manifest: Option<Manifest>,
    stager: Option<Stager>,
    applying: ApplyState,
    progress: ReceiveProgress,
}

impl IncomingTransfer {
    /// Runs the exchange to its end; `Err` is the reason why nothing was saved.
    pub(super) async fn run(
        state: Arc<ReceiverState>,
        connected: IncomingConnection,
        cancel: CancellationToken,
    ) -> Result<(), EndReason> {
        let abandoned = CancellationToken::new();
        let applying = ApplyState {
            earlier: Arc::default(),
            records: Arc::default(),
            _abandons: abandoned.clone().drop_guard(),
            abandoned,
        };
        let this = Self {
            state,
            superseded: connected.network.child_token(),
            connected,
            cancel,
            incoming: None,
            work: None,
            chunks: Vec::new(),
            manifest: None,
            stager: None,
            applying,
            progress: ReceiveProgress::default(),
        };
        this.drive().await
    }

    async fn drive(mut self) -> Result<(), EndReason> {
        let (mut is_superseded, mut is_cancelled) = (false, false);
        loop {
            while let Some(action) = self.connected.machine.poll() {
                self.progress.wire = self.connected.link.wire_bytes();
                match action {
                    Action::Send(message) => self.connected.link.send(&message),
                    Action::Do(request) => self.start(request),
                    Action::Entered(state) => self.entered(&state),
                    Action::Close => return self.finish().await,
                }
            }
            let IncomingConnection { link, machine, clock, .. } = &mut self.connected;
            let has_room = self.stager.as_ref().is_none_or(Stager::has_room);
            tokio::select! {
                incoming = link.next(), if has_room => self.on_incoming(incoming),
                done = task::next(&mut self.work) => self.on_done(done),
                staged = next_staged(&mut self.stager) => self.on_staged(staged),
                () = clock.sleep_until(machine.deadline()) => {
                    // While there is no room, this side does not read.
                    if link.has_received_more() || !has_room {
                        machine.on_bytes(clock.now());
                    }
                    machine.applying(self.applying.records.load(Ordering::Relaxed));
                    machine.on_time(clock.now());
                }
                () = self.superseded.cancelled(), if !is_superseded => {
                    is_superseded = true;
                    machine.on_lost();
                }
                () = self.cancel.cancelled(), if !is_cancelled && *machine.state() != ExchangeState::Applying => {
                    is_cancelled = true;
                    machine.stop(EndReason::Cancelled { by_distributor: false });
                }
            }
        }
    }

    fn on_incoming(&mut self, incoming: Result<Frame, EndReason>) {
        let IncomingConnection { machine, clock, .. } = &mut self.connected;
        match incoming {
            Ok(Frame::Message(message)) => machine.on_message(message, clock.now()),
            Ok(Frame::Manifest(bytes)) => self.on_manifest(bytes),
            Ok(Frame::Chunk(frame)) => self.on_chunk(&frame),
            Err(EndReason::Lost) => machine.on_lost(),
            Err(reason) => machine.stop(reason),
        }
    }

    fn on_manifest(&mut self, bytes: Vec<u8>) {
        let IncomingConnection { machine, clock, .. } = &mut self.connected;
        let Some(IncomingOffer { offer, id, sender, trusts_after_consent, .. }) = &mut self.incoming else {
            return machine.breach(Breach::OutOfTurn);
        };
        if !machine.on_manifest(clock.now()) {
            return;
        }
        let (store, reserve) = (self.state.store.clone(), self.state.settings.reserve);
        let (id, offer, earlier) = (*id, offer.clone(), self.applying.earlier.clone());
        // Both users have seen the same code.
        if std::mem::take(trusts_after_consent) {
            let Sender { fingerprint, name } = sender.clone();
            task::spawn(identity::trust(&store, fingerprint, name));
        }
        let plan = on_store(&store, move |store| {
            apply::plan(store, &id, &bytes, &offer, reserve, &earlier).map_err(Error::Refused)
        });
        self.work = Some(Box::pin(async { IncomingWork::Planned(plan.await.map_err(not_stored)) }));
    }

    fn on_chunk(&mut self, frame: &[u8]) {
        let IncomingConnection { machine, clock, .. } = &mut self.connected;
        let (index, chunk) = match split_chunk_frame(frame) {
            Ok(split) => split,
            Err(breach) => return machine.breach(breach),
        };
        if machine.on_chunk(index, clock.now())
            && let (Some(stager), Some(expected)) = (&mut self.stager, self.chunks.get(index as usize))
        {
            stager.stage(expected.clone(), chunk.to_vec());
        }
    }

    /// Starts the requested work.
    fn start(&mut self, request: ReceiverRequest) {
        if request == ReceiverRequest::Permit {
            return self.request_permit();
        }
        let Some(incoming) = &mut self.incoming else { return };
        let IncomingOffer { sender, offer, id, .. } = &*incoming;
        self.work = Some(match request {
            ReceiverRequest::Permit => return,
            ReceiverRequest::Ask => {
                let Some(question) = incoming.question.take() else { return };
                self.state.events.publish(ReceiveEvent::Changed(ReceiveState::Asking));
                let answer = self.state.ask(question);
                // If the screen is closed, the user has not accepted.
                Box::pin(async { IncomingWork::Answered(answer.await.unwrap_or(Answer::Decline)) })
            }
            ReceiverRequest::Authorize(credentials) => {
                self.connected.proven.prove();
                let authorized = consent::authorize(&self.state, sender, *id, offer.clone(), credentials);
                Box::pin(async { IncomingWork::Authorized(authorized.await) })
            }
            ReceiverRequest::Accept { is_new } => {
                let accepted = consent::accept(&self.state, sender, *id, offer.clone(), is_new);
                Box::pin(async { IncomingWork::Accepted(accepted.await) })
            }
            ReceiverRequest::Apply => {
                let Some(manifest) = self.manifest.take() else { return };
                let application = Application {
                    store: self.state.store.clone(),
                    incoming: *id,
                    offer: offer.clone(),
                    manifest,
                    earlier: self.applying.earlier.clone(),
                    sender: sender.clone(),
                    now: incoming.now,
                    applied: self.applying.records.clone(),
                    abandoned: self.applying.abandoned.clone(),
                };
                let applied = blocking(|| application.run().map_err(Error::Refused));
                Box::pin(async { IncomingWork::Applied(applied.await.map_err(not_stored)) })
            }
        });
    }

    fn request_permit(&mut self) {
        let IncomingConnection { machine, link, .. } = &mut self.connected;
        let fingerprint = link.peer();
        let (Some(offer), Some(name)) = (machine.offer().cloned(), machine.peer_name().cloned()) else { return };
        match self.state.slot.request(fingerprint, self.superseded.clone()) {
            Ok(permit) => {
                let granted = permit.granted();
                self.incoming = Some(IncomingOffer {
                    sender: Sender { fingerprint, name },
                    id: offer.id(&fingerprint),
                    offer,
                    permit: Some(permit),
                    now: ServerTime::default(),
                    is_known: false,
                    trusts_after_consent: false,
                    asked: None,
                    is_resumed: false,
                    question: None,
                });
                self.work = Some(Box::pin(async {
                    granted.await;
                    IncomingWork::Permitted
                }));
            }
            Err(busy) => machine.permit(Err(busy)),
        }
    }

    fn on_done(&mut self, done: IncomingWork) {
        let IncomingConnection { machine, link, clock, .. } = &mut self.connected;
        match done {
            IncomingWork::Permitted => machine.permit(Ok(())),
            IncomingWork::Authorized(authorized) => self.on_authorized(authorized),
            IncomingWork::Answered(answer) => {
                if let Some(incoming) = &mut self.incoming {
                    // Trust only after the distributor's user has confirmed the code too, and only if a code was
                    // compared.
                    incoming.trusts_after_consent = answer == Answer::Trust && !incoming.is_known;
                }
                machine.answer(match answer {
                    Answer::Trust | Answer::Once => Ok(()),
                    Answer::Decline => Err(EndReason::Declined),
                    Answer::CodesDiffer => Err(EndReason::CodesDiffer),
                });
            }
            IncomingWork::Accepted(held) => {
                link.take_data();
                machine.accept(held, clock.now());
            }
            IncomingWork::Planned(plan) => {
                let wanted = plan.map(|plan| {
                    self.progress.total = plan.wanted_bytes;
                    (self.manifest, self.chunks) = (Some(plan.manifest), plan.chunks);
                    plan.wanted
                });
                if let (Ok(wanted), Some(incoming)) = (&wanted, &self.incoming) {
                    let count = wanted.iter().count() as u32;
                    self.stager = Some(Stager::start(self.state.store.clone(), incoming.id, count));
                }
                machine.want(wanted, clock.now());
            }
            IncomingWork::Applied(outcome) => {
                let applied = outcome.map(|outcome| self.settle(outcome));
                self.connected.machine.applied(applied, self.connected.clock.now());
            }
        }
    }

    /// Asks the user, unless exactly this offer was accepted before.
    fn on_authorized(&mut self, authorized: Result<AuthorizedOffer, EndReason>) {
        let machine = &mut self.connected.machine;
        let (Some(code), Some(incoming)) = (machine.code(), &mut self.incoming) else { return };
        let must_ask = authorized.map(|AuthorizedOffer { now, is_trusted, question }| {
            (incoming.now, incoming.asked) = (now, Some(clock::now()));
            (incoming.is_resumed, incoming.is_known) = (question.is_none(), is_trusted || machine.is_invited());
            let (sender, is_known) = (incoming.sender.clone(), incoming.is_known);
            let Some((sources, offer)) = question else {
                self.state.events.publish(ReceiveEvent::Resumed(sender, code));
                return false;
            };
            incoming.question = Some(Question { id: 0, sender, sources, offer, code, is_known });
            true
        });
        machine.authorized(must_ask);
    }

    /// Chunks were committed, or there is room for the next chunk.
    fn on_staged(&mut self, staged: Option<Result<OnDisk, EndReason>>) {
        let Some(staged) = staged else { return };
        let IncomingConnection { machine, clock, .. } = &mut self.connected;
        let staged = staged.map(|on_disk| {
            self.progress.staged = on_disk.bytes;
            (on_disk.chunks, on_disk.bytes)
        });
        machine.staged(staged, clock.now());
        if *machine.state() == ExchangeState::Transferring {
            self.state.events.publish(ReceiveEvent::Changed(ReceiveState::Receiving(self.progress)));
        }
    }

    /// Signs the receipt of saved data, or keeps the settled state for the second round.
    fn settle(&mut self, outcome: ApplyOutcome) -> Applied {
        match outcome {
            ApplyOutcome::Saved(saved) => {
                let sender = self.connected.link.peer();
                let offered = self.incoming.as_ref().map_or(&[][..], |incoming| &incoming.offer.snapshots);
                let offer = offer_id(&sender, offered);
                let receipt = receipts::sign(&self.state.identity, &sender, &offer, saved);
                Applied::Saved(receipt)
            }
            ApplyOutcome::Differs { snapshots, round } => {
                self.applying.earlier = Arc::new(round);
                Applied::Differs(snapshots)
            }
        }
    }

    fn entered(&self, state: &ExchangeState) {
        let state = match state {
            ExchangeState::Transferring => ReceiveState::Receiving(self.progress),
            ExchangeState::Applying => ReceiveState::Applying(self.progress),
            _ => return,
        };
        self.state.events.publish(ReceiveEvent::Changed(state));
    }

    async fn finish(self) -> Result<(), EndReason> {
        let Self { state, connected, mut incoming, mut progress, stager, work, .. } = self;
        drop((stager, work)); // withdraws an open question
        let IncomingConnection { link, machine, network, is_parked, .. } = connected;
        let (fingerprint, peer_key) = (link.peer(), link.peer_key());
        // Release the permit before the peer disconnects, so that others need not wait.
        drop(incoming.as_mut().map(|incoming| incoming.permit.take()));
        match (machine.outcome(), incoming) {
            (Ok(receipt), Some(incoming)) => {
                progress.wire = link.close().await;
                incoming.store_in_history(&state, peer_key, Ok(receipt), progress).await;
                let comparisons = receipt.saved.iter().map(|saved| saved.comparison).collect();
                let offer = incoming.clean_up(&state).await;
                let received = Received { sender: fingerprint, offer, progress, comparisons };
                state.events.publish(ReceiveEvent::Saved(received));
                state.events.publish(ReceiveEvent::Changed(ReceiveState::Waiting));
                Ok(())
            }
            (Ok(_), None) => Err(EndReason::Lost), // nothing is saved without an offer
            (Err(reason), incoming) => {
                progress.wire = link.wire_bytes();
                if let Some(incoming) = &incoming {
                    incoming.withdraw_consent(&state, &reason).await;
                    incoming.store_in_history(&state, peer_key, Err(&reason), progress).await;
                }
                publish_end(&state, fingerprint, &reason, is_parked && incoming.is_none());
                // Without a network no last message can be sent.
                if !network.is_cancelled() {
                    link.close().await;
                }
                Err(reason)
            }
        }
    }
}

/// Waits for the next event of the stager; pends forever if there is none.
async fn next_staged(stager: &mut Option<Stager>) -> Option<Result<OnDisk, EndReason>> {
    match stager {
        Some(stager) => stager.next().await,
        None => std::future::pending().await,
    }
}
