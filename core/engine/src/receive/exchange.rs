//! One connection from a distributor, from hello to saved.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fieldcast_bundle::Manifest;
use fieldcast_model::{DeviceName, SnapshotSummary};
use fieldcast_store::Incoming;
use fieldcast_wire::{
    Applied, Breach, Code, Credentials, Introduction, Message, Offer, Reason, Receiver, ReceiverAction, ReceiverState,
    Role, SavedSnapshot, split_chunk_frame,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::apply::{self, Application};
use super::not_stored;
use super::session::{ReceiveEvent, ReceiveProgress, ReceiveState, Received, Sender, Shared};
use super::stage::{Expected, Stager};
use crate::grants::Judge;
use crate::link::{Frame, Link};
use crate::{Answer, Error, trust};

/// How many accepted offers are kept besides the one at hand, the newest; those that are spent count, too.
const UNFINISHED_KEPT: usize = 4;

/// What came of applying, and what it settled of each offered snapshot.
type Settled = (Applied, Vec<Option<SavedSnapshot>>);

/// What runs beside the machine, if anything does.
enum Work {
    Nothing,
    /// An earlier exchange of this distributor has the place still.
    Waiting(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>),
    Asking(oneshot::Receiver<Answer>),
    Staging(Stager),
    Applying(tokio::task::JoinHandle<Result<Settled, Reason>>),
}

/// What the work beside the machine has brought.
enum Done {
    Placed(Option<OwnedSemaphorePermit>),
    Answered(Answer),
    Staged(Result<super::stage::OnDisk, Reason>),
    Applied(Result<Settled, Reason>),
}

pub(crate) struct Exchange {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    /// Cancelled when this exchange is dropped.
    abandoned: CancellationToken,
    _abandons: DropGuard,
    /// Cancelled when this distributor calls anew: then this connection is dead, noticed or not.
    superseded: CancellationToken,
    work: Work,
    sender: Option<Sender>,
    offer: Offer,
    /// What both screens show.
    code: Option<Code>,
    /// What the campaign has said of the sender.
    shown: Credentials,
    /// Names the offer and its sender: under it chunks are staged, and consent is remembered.
    incoming: [u8; 32],
    manifest: Option<Manifest>,
    chunks: Vec<Expected>,
    progress: ReceiveProgress,
    /// What has been applied of each offered snapshot and compared.
    settled: Vec<Option<SavedSnapshot>>,
    /// Held from the question to the end: one exchange at a time.
    place: Option<OwnedSemaphorePermit>,
}

impl Exchange {
    pub(crate) fn new(shared: Arc<Shared>, cancel: CancellationToken) -> Self {
        let abandoned = CancellationToken::new();
        Self {
            _abandons: abandoned.clone().drop_guard(),
            abandoned,
            shared,
            cancel,
            superseded: CancellationToken::new(),
            work: Work::Nothing,
            sender: None,
            offer: Offer { snapshots: Vec::new(), bytes: 0 },
            code: None,
            shown: Credentials::default(),
            incoming: [0; 32],
            manifest: None,
            chunks: Vec::new(),
            progress: ReceiveProgress::default(),
            settled: Vec::new(),
            place: None,
        }
    }

    pub(crate) async fn run(mut self, mut link: Link, introduction: Introduction) {
        let start = Instant::now();
        let mut machine = Receiver::new(introduction, self.shared.settings.limits, Duration::ZERO);
        let mut is_superseded = false;
        loop {
            while let Some(action) = machine.poll() {
                self.progress.wire = link.wire_bytes();
                match action {
                    ReceiverAction::Send(message) => link.send(&message),
                    ReceiverAction::Ask { sender, code, credentials, offer } => {
                        (self.code, self.shown) = (Some(code), credentials);
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
                    Err(Reason::Lost) => machine.on_lost(),
                    Err(reason) => machine.stop(reason),
                },
                done = self.work.done() => self.on_done(&mut machine, &link, done, start).await,
                () = tokio::time::sleep_until(start + machine.deadline()) => {
                    if link.has_received_more() {
                        machine.on_message(Message::Alive, start.elapsed());
                    }
                    machine.on_time(start.elapsed());
                }
                () = self.superseded.cancelled(), if !is_superseded => {
                    is_superseded = true;
                    machine.on_lost();
                }
                () = self.cancel.cancelled(), if !matches!(self.work, Work::Applying(_)) => {
                    machine.stop(Reason::Cancelled { by_distributor: false });
                }
            }
        }
    }

    /// Takes an offer as far as the place for it, unless another distributor has that.
    fn on_offer(&mut self, machine: &mut Receiver, link: &Link, sender: DeviceName, offer: Offer, start: Instant) {
        let fingerprint = link.peer();
        if let Err(reason) = apply::check_time(&offer, SystemTime::now()) {
            return machine.answer(Err(reason), start.elapsed());
        }
        match self.shared.place(fingerprint, &self.superseded) {
            Some(place) => self.work = Work::Waiting(Box::pin(place)),
            None => return machine.answer(Err(Reason::Busy), start.elapsed()),
        }
        self.incoming = offer.id(&fingerprint);
        self.sender = Some(Sender { fingerprint, name: sender });
        self.offer = offer;
    }

    /// Asks the person, unless this very offer was accepted before.
    async fn ask(&mut self, machine: &mut Receiver, link: &Link, start: Instant) {
        let Some(sender) = self.sender.clone() else { return };
        let (store, incoming, offer) = (self.shared.store.clone(), self.incoming, self.offer.clone());
        let (trust, fingerprint) = (self.shared.settings.trust.clone(), sender.fingerprint);
        let shown = std::mem::take(&mut self.shown);
        let looked = blocking(move || {
            let judge = Judge::of(&store, fingerprint, &shown)?;
            let may = |offered: &SnapshotSummary| judge.admits(Role::Distributor, &offered.dataset);
            if judge.is_revoked() {
                return Ok(Err(Reason::Revoked { of_distributor: true }));
            } else if !offer.snapshots.iter().all(may) {
                return Ok(Err(Reason::NotGranted { to_distributor: true }));
            }
            let is_trusted = trust.covers(&store, &fingerprint)?;
            apply::needs_no_question(&store, &incoming, &offer).map(|resumes| Ok((resumes, is_trusted)))
        });
        match looked.await.and_then(|looked| looked) {
            Ok((true, _)) => {
                self.shared.events.tell(ReceiveEvent::Resumed(sender));
                self.accept(machine, link, start).await;
            }
            Ok((false, is_trusted)) => {
                self.shared.events.tell(ReceiveEvent::Changed(ReceiveState::Asking));
                let code = self.code.filter(|_| !is_trusted);
                self.work = Work::Asking(self.shared.ask(sender, self.offer.clone(), code));
            }
            Err(reason) => machine.answer(Err(reason), start.elapsed()),
        }
    }

    /// Remembers the distributor: the person has seen the same code on both screens.
    fn remember(&self) -> impl Future<Output = ()> + use<> {
        let (sender, store) = (self.sender.clone(), self.shared.store.clone());
        async move {
            let Some(Sender { fingerprint, name }) = sender else { return };
            let remembered = tokio::task::spawn_blocking(move || trust::remember(&store, fingerprint, &name));
            let _only_asked_again_otherwise = remembered.await;
        }
    }

    /// Notes the person's yes, so that the same offer is not asked for twice, and says what is held already.
    async fn accept(&mut self, machine: &mut Receiver, link: &Link, start: Instant) {
        let (store, offer) = (self.shared.store.clone(), self.offer.clone());
        let (accepted, current) = (self.accepted(Vec::new()), self.incoming);
        let held = blocking(move || {
            if let Some(accepted) = accepted {
                store.begin_incoming(&accepted, &[])?;
            }
            // Offers that were accepted and never came to an end must not fill the phone.
            let others = store.incoming()?.into_iter().rev().filter(|other| other.incoming.bundle_id != current);
            for old in others.skip(UNFINISHED_KEPT) {
                store.discard_incoming(&old.incoming.bundle_id)?;
            }
            apply::held(&store, &offer)
        });
        match link.alive_during(held).await {
            Ok(held) => {
                link.take_data();
                machine.answer(Ok(held), start.elapsed());
            }
            Err(reason) => machine.stop(reason),
        }
    }

    async fn on_manifest(&mut self, machine: &mut Receiver, link: &Link, bytes: Vec<u8>, start: Instant) {
        if *machine.state() != ReceiverState::Agreeing {
            return machine.stop(Reason::Protocol(Breach::OutOfTurn));
        }
        let Some(accepted) = self.accepted(bytes) else { return };
        let (store, offer, reserve) = (self.shared.store.clone(), self.offer.clone(), self.shared.settings.reserve);
        let plan = tokio::task::spawn_blocking(move || apply::plan(&store, &accepted, &offer, reserve));
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

    fn accepted(&self, manifest: Vec<u8>) -> Option<Incoming> {
        let Sender { fingerprint, name } = self.sender.clone()?;
        Some(Incoming { bundle_id: self.incoming, manifest, sender: fingerprint, sender_name: name })
    }

    async fn on_chunk(&mut self, machine: &mut Receiver, link: &Link, frame: &[u8], start: Instant) {
        let (index, chunk) = match split_chunk_frame(frame) {
            Ok(split) => split,
            Err(breach) => return machine.stop(Reason::Protocol(breach)),
        };
        if machine.on_chunk(index, start.elapsed())
            && let (Work::Staging(stager), Some(expected)) = (&self.work, self.chunks.get(index as usize))
        {
            link.alive_during(stager.stage(expected.clone(), chunk.to_vec())).await;
        }
    }

    async fn on_done(&mut self, machine: &mut Receiver, link: &Link, done: Done, start: Instant) {
        match done {
            Done::Placed(place) => {
                (self.place, self.work) = (place, Work::Nothing);
                self.ask(machine, link, start).await;
            }
            Done::Answered(answer) => {
                self.work = Work::Nothing;
                match answer {
                    Answer::Trust => {
                        self.remember().await;
                        self.accept(machine, link, start).await;
                    }
                    Answer::Once => self.accept(machine, link, start).await,
                    Answer::Decline => machine.answer(Err(Reason::Declined), start.elapsed()),
                    Answer::CodesDiffer => machine.answer(Err(Reason::CodesDiffer), start.elapsed()),
                }
            }
            Done::Staged(Ok(on_disk)) => {
                self.progress.staged = on_disk.bytes;
                machine.staged(on_disk.chunks, on_disk.bytes, start.elapsed());
                if *machine.state() == ReceiverState::Receiving {
                    self.shared.events.tell(ReceiveEvent::Changed(ReceiveState::Receiving(self.progress)));
                }
            }
            Done::Staged(Err(reason)) => machine.stop(reason),
            Done::Applied(outcome) => {
                self.work = Work::Nothing;
                let outcome = outcome.map(|(applied, settled)| {
                    self.settled = settled;
                    applied
                });
                machine.applied(outcome, start.elapsed());
            }
        }
    }

    fn apply(&mut self) {
        if let Some(manifest) = self.manifest.take() {
            let application = Application {
                store: self.shared.store.clone(),
                incoming: self.incoming,
                offer: self.offer.clone(),
                manifest,
                settled: std::mem::take(&mut self.settled),
                abandoned: self.abandoned.clone(),
            };
            self.work = Work::Applying(tokio::task::spawn_blocking(|| application.run()));
        }
    }

    fn entered(&self, state: &ReceiverState) {
        let state = match state {
            ReceiverState::Receiving => ReceiveState::Receiving(self.progress),
            ReceiverState::Applying => ReceiveState::Applying(self.progress),
            _ => return,
        };
        self.shared.events.tell(ReceiveEvent::Changed(state));
    }

    async fn finish(mut self, link: Link, machine: &Receiver) {
        let sender = link.peer();
        // Others need not wait until this peer has hung up, and a question it left open is withdrawn.
        drop(self.place.take());
        self.work = Work::Nothing;
        let reason = match machine.state() {
            ReceiverState::Saved => {
                self.progress.wire = link.close().await;
                let Self { offer, progress, settled, .. } = self;
                let standings = settled.into_iter().flatten().map(|saved| saved.standing).collect();
                self.shared.events.tell(ReceiveEvent::Saved(Received { sender, offer, progress, standings }));
                self.shared.events.tell(ReceiveEvent::Changed(ReceiveState::Waiting));
                return;
            }
            ReceiverState::Ended(reason) => reason.clone(),
            _ => Reason::Lost,
        };
        // A yes to a bundle that a person has stopped since, on either side, is no yes to the next one.
        if matches!(reason, Reason::Cancelled { .. } | Reason::CodesDiffer | Reason::NotConfirmed) {
            let (store, incoming) = (self.shared.store.clone(), self.incoming);
            if let Err(reason) = blocking(move || store.withdraw_consent(&incoming)).await {
                tracing::warn!(%reason, "the next offer of this kind will not be asked about");
            }
        }
        // Of those turned away because another exchange runs, only that other is worth hearing about.
        if reason != Reason::Busy {
            self.shared.events.tell(ReceiveEvent::Ended(sender, reason));
            self.shared.events.tell(ReceiveEvent::Changed(ReceiveState::Waiting));
        }
        link.close().await;
    }
}

impl Work {
    /// Waits for what runs; for ever if nothing does.
    async fn done(&mut self) -> Done {
        match self {
            Self::Nothing => std::future::pending().await,
            Self::Waiting(place) => Done::Placed(place.await),
            // A person who is gone has not said yes.
            Self::Asking(answer) => Done::Answered(answer.await.unwrap_or(Answer::Decline)),
            Self::Staging(stager) => Done::Staged(stager.progress().await),
            Self::Applying(task) => Done::Applied(task.await.unwrap_or_else(|error| Err(not_stored(error)))),
        }
    }
}

async fn blocking<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Reason> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(not_stored),
        Err(error) => Err(not_stored(error)),
    }
}
