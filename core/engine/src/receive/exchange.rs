//! One connection from a distributor, from hello to saved.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fieldcast_bundle::Manifest;
use fieldcast_model::ServerTime;
use fieldcast_wire::{
    Breach, Credentials, EndReason, HandshakeParameters, Limits, Message, Offer, Receipt, Receiver, ReceiverAction,
    ReceiverState, Sas, split_chunk_frame,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::apply::{self, Application, Outcome, Round};
use super::event::{ReceiveEvent, ReceiveProgress, ReceiveState, Sender};
use super::not_stored;
use super::session::Shared;
use super::stage::{Expected, Stager};
use crate::inbound::Proven;
use crate::link::{Frame, Link};
use crate::{Answer, Error, task};

/// The current work beside the state machine.
pub(super) enum Work {
    Nothing,
    /// An earlier exchange of this distributor still holds the permit.
    Waiting(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>),
    Asking(oneshot::Receiver<Answer>),
    Staging(Stager),
    Applying(task::Work<Result<Result<Outcome, EndReason>, Error>>),
}

/// The result of the work beside the state machine.
enum Done {
    Permitted(Option<OwnedSemaphorePermit>),
    Answered(Answer),
    Staged(Result<super::stage::OnDisk, EndReason>),
    Applied(Result<Outcome, EndReason>),
}

pub(crate) struct Exchange {
    pub(super) shared: Arc<Shared>,
    pub(super) cancel: CancellationToken,
    /// Cancelled when this exchange is dropped.
    pub(super) abandoned: CancellationToken,
    _abandons: DropGuard,
    /// Cancelled when this distributor connects again. This connection is then dead, even if this device has not
    /// noticed.
    pub(super) superseded: CancellationToken,
    pub(super) work: Work,
    pub(super) sender: Option<Sender>,
    pub(super) offer: Offer,
    /// The code on both screens.
    pub(super) code: Option<Sas>,
    /// Whether the sender's key is trusted, so that no code is compared here.
    pub(super) is_known: bool,
    /// Whether to store the sender as trusted after its user has compared the code too.
    pub(super) trusts_after_consent: bool,
    /// The server's time when the offer arrived, as this device knows it.
    pub(super) now: ServerTime,
    /// The sender's credentials from its campaign.
    pub(super) credentials: Credentials,
    /// The id of the offer and its sender, for staged chunks and consent.
    pub(super) incoming: [u8; 32],
    pub(super) manifest: Option<Manifest>,
    pub(super) chunks: Vec<Expected>,
    pub(super) progress: ReceiveProgress,
    /// The results of an earlier round.
    pub(super) earlier: Arc<Round>,
    /// The number of applied records.
    pub(super) applied: Arc<AtomicU64>,
    /// Signed after everything is applied.
    pub(super) receipt: Option<Receipt>,
    /// When the user was asked, or when a question was not necessary, by this device's clock. From then on the exchange
    /// goes into the history.
    pub(super) asked: Option<i64>,
    /// Whether it resumes an interrupted exchange.
    pub(super) is_resumed: bool,
    /// The permit for one exchange at a time, held from the question to the end.
    pub(super) permit: Option<OwnedSemaphorePermit>,
    /// Whether this device dialed and waits on a parked connection.
    pub(super) is_parked: bool,
    /// Whether this device has the distributor's invite, so that neither side asks for a code.
    pub(super) is_invited: bool,
    /// Cancelled when the network is lost.
    pub(super) network: CancellationToken,
    /// Set to proven when the exchange gets its permit. Until then other connections may replace this one.
    proven: Proven,
}

impl Exchange {
    pub(crate) fn new(shared: Arc<Shared>, cancel: CancellationToken, network: &CancellationToken) -> Self {
        let abandoned = CancellationToken::new();
        Self {
            _abandons: abandoned.clone().drop_guard(),
            abandoned,
            shared,
            cancel,
            superseded: network.child_token(),
            network: network.clone(),
            proven: Proven::default(),
            is_parked: false,
            is_invited: false,
            work: Work::Nothing,
            sender: None,
            offer: Offer::default(),
            code: None,
            is_known: false,
            trusts_after_consent: false,
            now: ServerTime::default(),
            credentials: Credentials::default(),
            incoming: [0; 32],
            manifest: None,
            chunks: Vec::new(),
            progress: ReceiveProgress::default(),
            earlier: Arc::default(),
            applied: Arc::default(),
            receipt: None,
            asked: None,
            is_resumed: false,
            permit: None,
        }
    }

    /// For a connection that the distributor made, one of several.
    pub(super) fn proving(self, proven: Proven) -> Self {
        Self { proven, ..self }
    }

    /// For a connection that this device made.
    pub(super) fn parked(self) -> Self {
        Self { is_parked: true, ..self }
    }

    /// Runs to the end; `Err` is the reason why nothing was saved.
    pub(crate) async fn run(
        mut self,
        mut link: Link,
        handshake: HandshakeParameters,
        limits: Limits,
    ) -> Result<(), EndReason> {
        let start = Instant::now();
        let token = self.shared.invites().get(&link.peer()).copied();
        if let Some(token) = token {
            link.send(&Message::Invited(token.proof(&handshake.opening.exporter)));
            self.is_invited = true;
        }
        let mut machine = Receiver::new(handshake, limits, Duration::ZERO);
        let mut is_superseded = false;
        loop {
            while let Some(action) = machine.poll() {
                self.progress.wire = link.wire_bytes();
                match action {
                    ReceiverAction::Send(message) => link.send(&message),
                    ReceiverAction::Ask { sender, code, credentials, offer } => {
                        (self.code, self.credentials) = (Some(code), credentials);
                        self.on_offer(&mut machine, &link, sender, offer, start);
                    }
                    ReceiverAction::Apply => self.apply(),
                    ReceiverAction::Entered(state) => self.entered(&state),
                    ReceiverAction::Close => return self.finish(link, &machine).await,
                }
            }
            tokio::select! {
                incoming = link.next() => match incoming {
                    Ok(Frame::Message(message)) => machine.on_message(message, start.elapsed()),
                    Ok(Frame::Manifest(bytes)) => self.on_manifest(&mut machine, &link, bytes, start).await,
                    Ok(Frame::Chunk(frame)) => self.on_chunk(&mut machine, &link, &frame, start).await,
                    Err(EndReason::Lost) => machine.on_lost(),
                    Err(reason) => machine.stop(reason),
                },
                done = self.work.done() => self.on_done(&mut machine, &link, done, start).await,
                () = tokio::time::sleep_until(start + machine.deadline()) => {
                    if link.has_received_more() {
                        machine.on_message(Message::Alive, start.elapsed());
                    }
                    machine.applying(self.applied.load(Ordering::Relaxed));
                    machine.on_time(start.elapsed());
                }
                () = self.superseded.cancelled(), if !is_superseded => {
                    is_superseded = true;
                    machine.on_lost();
                }
                () = self.cancel.cancelled(), if !matches!(self.work, Work::Applying(_)) => {
                    machine.stop(EndReason::Cancelled { by_distributor: false });
                }
            }
        }
    }

    async fn on_manifest(&mut self, machine: &mut Receiver, link: &Link, bytes: Vec<u8>, start: Instant) {
        if *machine.state() != ReceiverState::Agreeing {
            return machine.stop(EndReason::Protocol(Breach::OutOfTurn));
        }
        if std::mem::take(&mut self.trusts_after_consent) {
            self.remember().await;
        }
        let (store, incoming, offer, reserve) =
            (self.shared.store.clone(), self.incoming, self.offer.clone(), self.shared.settings.reserve);
        let earlier = self.earlier.clone();
        let plan = task::blocking(move || apply::plan(&store, &incoming, &bytes, &offer, reserve, &earlier));
        match link.alive_during(plan).await.unwrap_or_else(|error| Err(not_stored(error))) {
            Ok(plan) => {
                self.progress.total = plan.wanted_bytes;
                self.manifest = Some(plan.manifest);
                self.chunks = plan.chunks;
                let wanted = plan.wanted.iter().count() as u32;
                self.work = Work::Staging(Stager::start(self.shared.store.clone(), self.incoming, wanted));
                machine.on_manifest(plan.wanted, start.elapsed());
            }
            Err(reason) => machine.stop(reason),
        }
    }

    async fn on_chunk(&mut self, machine: &mut Receiver, link: &Link, frame: &[u8], start: Instant) {
        let (index, chunk) = match split_chunk_frame(frame) {
            Ok(split) => split,
            Err(breach) => return machine.stop(EndReason::Protocol(breach)),
        };
        if machine.on_chunk(index, start.elapsed())
            && let (Work::Staging(stager), Some(expected)) = (&self.work, self.chunks.get(index as usize))
        {
            link.alive_during(stager.stage(expected.clone(), chunk.to_vec())).await;
        }
    }

    async fn on_done(&mut self, machine: &mut Receiver, link: &Link, done: Done, start: Instant) {
        match done {
            Done::Permitted(permit) => {
                (self.permit, self.work) = (permit, Work::Nothing);
                self.proven.prove();
                self.ask(machine, link, start).await;
            }
            Done::Answered(answer) => {
                self.work = Work::Nothing;
                self.on_answer(machine, link, answer, start).await;
            }
            Done::Staged(Ok(on_disk)) => {
                self.progress.staged = on_disk.bytes;
                machine.staged(on_disk.chunks, on_disk.bytes, start.elapsed());
                if *machine.state() == ReceiverState::Receiving {
                    self.shared.events.publish(ReceiveEvent::Changed(ReceiveState::Receiving(self.progress)));
                }
            }
            Done::Staged(Err(reason)) => machine.stop(reason),
            Done::Applied(outcome) => {
                self.work = Work::Nothing;
                let applied = outcome.map(|outcome| self.settle(outcome, link));
                machine.applied(applied, start.elapsed());
            }
        }
    }

    fn apply(&mut self) {
        if let (Some(manifest), Some(sender)) = (self.manifest.take(), self.sender.clone()) {
            let application = Application {
                store: self.shared.store.clone(),
                incoming: self.incoming,
                offer: self.offer.clone(),
                manifest,
                earlier: self.earlier.clone(),
                sender,
                now: self.now,
                applied: self.applied.clone(),
                abandoned: self.abandoned.clone(),
            };
            self.work = Work::Applying(task::blocking(|| application.run()));
        }
    }

    fn entered(&self, state: &ReceiverState) {
        let state = match state {
            ReceiverState::Receiving => ReceiveState::Receiving(self.progress),
            ReceiverState::Applying => ReceiveState::Applying(self.progress),
            _ => return,
        };
        self.shared.events.publish(ReceiveEvent::Changed(state));
    }
}

impl Work {
    /// Waits for the current work; pends forever if there is none.
    async fn done(&mut self) -> Done {
        match self {
            Self::Nothing => std::future::pending().await,
            Self::Waiting(permit) => Done::Permitted(permit.await),
            // If the screen is closed, the user has not accepted.
            Self::Asking(answer) => Done::Answered(answer.await.unwrap_or(Answer::Decline)),
            Self::Staging(stager) => Done::Staged(stager.progress().await),
            Self::Applying(task) => Done::Applied(task.await.unwrap_or_else(|error| Err(not_stored(error)))),
        }
    }
}

pub(super) async fn blocking<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, EndReason> {
    match task::blocking(work).await {
        Ok(done) => done.map_err(not_stored),
        Err(error) => Err(not_stored(error)),
    }
}
