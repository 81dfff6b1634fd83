//! Both exchange state machines, with random events of a peer, a user and a clock.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_model::{
    Dataset, DeviceName, Digest, Fingerprint, Provenance, ServerTime, Signature, SnapshotHash, SnapshotSummary,
};
use fieldcast_wire::{
    Action, Applied, ComparisonResult, Credentials, Distributor, DistributorRequest, EndReason, Handshake,
    HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message, Offer, Receipt, ReceiptVerifier, Receiver,
    ReceiverRequest, Role, SavedSnapshot,
};
use libfuzzer_sys::arbitrary::{Result, Unstructured};

/// Runs the events that `data` encodes. No machine panics, an ended machine stays ended, and its last action is a
/// close.
pub fn machines(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let mut scene = Scene::new();
    while !input.is_empty() {
        if scene.step(&mut input).is_err() {
            break;
        }
        scene.check();
    }
}

struct Scene {
    distributor: Distributor,
    receiver: Receiver,
    now: Duration,
    to_receiver: VecDeque<Message>,
    to_distributor: VecDeque<Message>,
    /// The receiver's last request.
    requested: Option<ReceiverRequest>,
    chunks: u32,
    staged: u32,
    closed: [bool; 2],
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn offer(snapshots: u8) -> Offer {
    let summary = |n: u8| SnapshotSummary {
        dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: (n > 0).then(|| n.to_string()) },
        project_name: String::new(),
        boundary_name: String::new(),
        as_of: ServerTime(9),
        records: 5,
        households: 1,
        json_bytes: 500,
        digest: digest(n),
    };
    let provenance = Provenance {
        key: [5; 32],
        name: DeviceName::new("office"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: Vec::new(),
        signature: Signature([6; 64]),
    };
    let snapshots: Vec<_> = (0..snapshots).map(summary).collect();
    Offer { provenance: vec![provenance; snapshots.len()], snapshots, bytes: 500 }
}

impl Scene {
    fn new() -> Self {
        let handshake = |role, nonce| {
            let (name, credentials) = (DeviceName::new("x"), Credentials::default());
            let secret = HandshakeSecret { exporter: [1; 32], nonce: [nonce; 32] };
            Handshake::new(role, HandshakeParameters { name, secret, credentials, session: 1, invite: None })
        };
        let verifier =
            ReceiptVerifier { distributor: Fingerprint([1; 32]), is_signed: Box::new(|_, signed| signed[0] > 9) };
        let limits = Limits::default();
        Self {
            distributor: Distributor::new(handshake(Role::Distributor, 1), verifier, limits, Duration::ZERO),
            receiver: Receiver::new(handshake(Role::Receiver, 2), limits, Duration::ZERO),
            now: Duration::ZERO,
            to_receiver: VecDeque::new(),
            to_distributor: VecDeque::new(),
            requested: None,
            chunks: 0,
            staged: 0,
            closed: [false; 2],
        }
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let now = self.now;
        match input.arbitrary::<u8>()? % 19 {
            0 => {
                self.now += Duration::from_millis(u64::from(input.arbitrary::<u16>()?));
                self.distributor.on_time(self.now);
                self.receiver.on_time(self.now);
            }
            1 | 2 => self.poll_distributor(),
            3 | 4 => self.poll_receiver(),
            5 | 6 => {
                if let Some(message) = self.to_receiver.pop_front() {
                    self.receiver.on_message(message, now);
                }
            }
            7 | 8 => {
                if let Some(message) = self.to_distributor.pop_front() {
                    self.distributor.on_message(message, now);
                }
            }
            9 => self.receiver.on_message(message(input)?, now),
            10 => self.distributor.on_message(message(input)?, now),
            11 => {
                self.chunks = u32::from(input.arbitrary::<u8>()?);
                self.distributor.planned(Ok(vec![1 << 20; self.chunks as usize]), now);
            }
            12 => {
                let wanted = (0..self.chunks).filter(|chunk| chunk % 3 > 0);
                self.staged = 0;
                if self.receiver.on_manifest(now) || input.arbitrary()? {
                    self.receiver.want(Ok(wanted.collect()), now);
                }
            }
            13 => self.chunk(input)?,
            14 => self.answer(input)?,
            15 => self.apply(input)?,
            16 => self.receiver.staged(Ok((input.arbitrary()?, input.arbitrary()?)), now),
            17 => {
                let differ = input.ratio(1, 8)?;
                self.distributor.confirm(if differ { Err(EndReason::CodesDiffer) } else { Ok(()) });
            }
            _ => self.break_off(input)?,
        }
        Ok(())
    }

    fn poll_distributor(&mut self) {
        while let Some(action) = self.distributor.poll() {
            assert!(!self.closed[0], "no action follows a close");
            match action {
                Action::Send(message) => self.to_receiver.push_back(message),
                Action::Do(DistributorRequest::Authorize(_)) => self.distributor.authorize(Ok(offer(2)), self.now),
                Action::Close => self.closed[0] = true,
                _ => {}
            }
        }
        assert_eq!(self.closed[0], self.distributor.is_over(), "the last action is to close");
    }

    fn poll_receiver(&mut self) {
        while let Some(action) = self.receiver.poll() {
            assert!(!self.closed[1], "no action follows a close");
            match action {
                Action::Send(message) => self.to_distributor.push_back(message),
                Action::Do(request) => self.requested = Some(request),
                Action::Close => self.closed[1] = true,
                _ => {}
            }
        }
        assert_eq!(self.closed[1], self.receiver.is_over(), "the last action is to close");
    }

    /// The receiver gets the next chunk, or a chunk that the distributor did not send.
    fn chunk(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let index = match self.distributor.next_chunk(self.now) {
            Some(index) => index,
            None => u32::from(input.arbitrary::<u8>()?),
        };
        if self.receiver.on_chunk(index, self.now) {
            self.staged += 1;
            self.receiver.staged(Ok((self.staged, u64::from(self.staged))), self.now);
        }
        Ok(())
    }

    /// Answers the receiver's last request, or a request that it did not make.
    fn answer(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let yes = if input.ratio(1, 8)? { Err(EndReason::Declined) } else { Ok(()) };
        match self.requested.take() {
            Some(ReceiverRequest::Permit) => self.receiver.permit(yes),
            Some(ReceiverRequest::Authorize(_)) => self.receiver.authorized(yes.map(|()| true)),
            Some(ReceiverRequest::Ask) => self.receiver.answer(yes),
            Some(ReceiverRequest::Accept { .. }) | None => {
                let (as_of, is_ahead) = (ServerTime(input.arbitrary()?), input.arbitrary()?);
                let held = Held { as_of, digest: digest(0), records: 1, is_ahead };
                let count = self.receiver.offer().map_or(0, |offer| offer.snapshots.len());
                self.receiver.accept(yes.map(|()| vec![held; count]), self.now);
            }
            Some(ReceiverRequest::Apply) => {}
        }
        Ok(())
    }

    fn apply(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let outcome = match input.arbitrary::<u8>()? % 4 {
            0 => Err(EndReason::NotStored("disk".into())),
            1 => Ok(Applied::Differs(vec![input.arbitrary()?])),
            _ => Ok(Applied::Saved(receipt(input)?)),
        };
        self.receiver.applied(outcome, self.now);
        Ok(())
    }

    fn break_off(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.arbitrary::<u8>()? % 16 {
            0 => self.distributor.stop(EndReason::Cancelled { by_distributor: true }),
            1 => self.receiver.stop(EndReason::Cancelled { by_distributor: false }),
            2 => self.distributor.on_lost(),
            3 => self.receiver.on_lost(),
            _ => {}
        }
        Ok(())
    }

    fn check(&self) {
        // A closed machine stays closed.
        assert!(!self.closed[0] || self.distributor.is_over());
        assert!(!self.closed[1] || self.receiver.is_over());
        _ = (self.distributor.deadline(), self.receiver.deadline(), self.distributor.bytes_to_send());
    }
}

/// A random receipt.
fn receipt(input: &mut Unstructured<'_>) -> Result<Receipt> {
    Ok(Receipt { saved: saved(input)?, at: input.arbitrary()?, signature: Signature([input.arbitrary()?; 64]) })
}

fn saved(input: &mut Unstructured<'_>) -> Result<Vec<SavedSnapshot>> {
    let count = input.arbitrary::<u8>()? % 4;
    (0..count)
        .map(|n| {
            let comparison = match input.arbitrary::<u8>()? % 4 {
                0 => ComparisonResult::KeptNewer { records: input.arbitrary()? },
                1 => ComparisonResult::Ahead { as_of: ServerTime(input.arbitrary()?) },
                2 => ComparisonResult::Conflict { as_of: ServerTime(input.arbitrary()?), records: input.arbitrary()? },
                _ => ComparisonResult::Equal,
            };
            Ok(SavedSnapshot { digest: digest(n), comparison })
        })
        .collect()
}

fn message(input: &mut Unstructured<'_>) -> Result<Message> {
    Ok(match input.arbitrary::<u8>()? % 13 {
        0 => Message::Hello(Hello {
            protocol: u16::from(input.arbitrary::<u8>()? % 3),
            oldest: u16::from(input.arbitrary::<u8>()? % 3),
            role: if input.arbitrary()? { Role::Distributor } else { Role::Receiver },
            name: DeviceName::new("y"),
            commitment: [input.arbitrary()?; 32],
        }),
        1 => Message::Offer(offer(input.arbitrary::<u8>()? % 4)),
        2 => {
            let held = Held {
                as_of: ServerTime(input.arbitrary()?),
                digest: digest(1),
                records: 1,
                is_ahead: input.arbitrary()?,
            };
            Message::Accept(vec![held; usize::from(input.arbitrary::<u8>()? % 4)])
        }
        3 => Message::Want(input.arbitrary_iter::<u16>()?.flatten().take(40).map(u32::from).collect()),
        4 => Message::Staged { chunks: input.arbitrary()?, bytes: input.arbitrary()? },
        5 => Message::Applying { records: 0 },
        6 => Message::Differs(vec![input.arbitrary()?; usize::from(input.arbitrary::<u8>()? % 3)]),
        7 => Message::Saved(receipt(input)?),
        8 => Message::Stop(EndReason::Busy),
        9 => Message::Alive,
        10 => Message::Reveal { nonce: [input.arbitrary()?; 32], credentials: Credentials::default() },
        _ => {
            let len = usize::from(input.arbitrary::<u8>()?).min(input.len());
            Message::decode(input.bytes(len)?).unwrap_or(Message::Alive)
        }
    })
}
