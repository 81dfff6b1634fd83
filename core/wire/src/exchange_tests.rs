//! Both machines against each other, and each machine against a peer that misbehaves.

use std::time::Duration;

use fieldcast_model::{Dataset, DeviceName, Digest, Origin, ServerTime, Signature, SnapshotHash, SnapshotSummary};

use crate::{
    Applied, Breach, ChunkSet, ComparisonResult, Credentials, Distributor, DistributorAction, DistributorState,
    EndReason, HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message, Offer, Receipt, Receiver,
    ReceiverAction, ReceiverState, Role, SavedSnapshot,
};

const CHUNKS: u32 = 5;

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn offer() -> Offer {
    let dataset = Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("b".into()) };
    let summary = SnapshotSummary {
        dataset,
        project_name: "Nets".into(),
        boundary_name: "Cavina".into(),
        as_of: ServerTime(9),
        records: 50,
        households: 5,
        json_bytes: 5000,
        digest: digest(7),
    };
    let origin = Origin {
        key: [5; 32],
        name: DeviceName::new("office"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: Vec::new(),
        signature: Signature([6; 64]),
    };
    Offer { snapshots: vec![summary], origins: vec![origin], bytes: 500 }
}

fn saved(byte: u8, comparison: ComparisonResult) -> SavedSnapshot {
    SavedSnapshot { digest: digest(byte), comparison }
}

/// The machines do not check the signature: the callers sign and verify.
fn receipt(saved: Vec<SavedSnapshot>) -> Receipt {
    Receipt { saved, at: 5, signature: Signature([6; 64]) }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The handshake secret of this role on the only connection.
fn opening(role: Role) -> HandshakeSecret {
    HandshakeSecret { exporter: [1; 32], nonce: [role as u8; 32] }
}

fn introduction(role: Role) -> HandshakeParameters {
    HandshakeParameters { name: DeviceName::new("phone"), opening: opening(role), credentials: Credentials::default() }
}

fn hello(role: Role) -> Message {
    Message::Hello(Hello::new(role, DeviceName::new("phone"), &opening(role)))
}

fn reveal(role: Role) -> Message {
    Message::Reveal { nonce: opening(role).nonce, credentials: Credentials::default() }
}

/// Advances a distributor to the question.
fn reach_asking(distributor: &mut Distributor, now: Duration) {
    distributor.on_message(hello(Role::Receiver), now);
    distributor.on_message(reveal(Role::Receiver), now);
    distributor.admit(Ok(offer()), now);
    assert_eq!(distributor.state(), &DistributorState::Asking);
}

/// Advances a receiver to the question.
fn be_asked(receiver: &mut Receiver, now: Duration) {
    receiver.on_message(hello(Role::Distributor), now);
    receiver.on_message(reveal(Role::Distributor), now);
    receiver.on_message(Message::Offer(offer()), now);
    assert_eq!(receiver.state(), &ReceiverState::Asking);
}

fn accept() -> Message {
    Message::Accept(vec![Held::NOTHING])
}

fn machines() -> (Distributor, Receiver) {
    let limits = Limits::default();
    (
        Distributor::new(introduction(Role::Distributor), limits, Duration::ZERO),
        Receiver::new(introduction(Role::Receiver), limits, Duration::ZERO),
    )
}

/// The behaviour of the users and of the receiver's store.
struct Phone {
    answer: Result<Vec<Held>, EndReason>,
    on_disk: Vec<u32>,
    saved: SavedSnapshot,
    /// Whether the first apply leaves a difference.
    differs_once: bool,
}

impl Default for Phone {
    fn default() -> Self {
        Self {
            answer: Ok(vec![Held::NOTHING]),
            on_disk: vec![],
            saved: saved(7, ComparisonResult::Equal),
            differs_once: false,
        }
    }
}

/// Runs both machines over a perfect link until both are idle. Returns the chunks that were sent.
fn run(distributor: &mut Distributor, receiver: &mut Receiver, phone: &Phone, now: Duration) -> Vec<u32> {
    let mut crossed = Vec::new();
    let (mut applied, mut staged, mut shown) = (0, 0, None);
    loop {
        let mut idle = true;
        while let Some(action) = distributor.poll() {
            idle = false;
            match action {
                DistributorAction::Send(message) => receiver.on_message(message, now),
                DistributorAction::Admit(_) => distributor.admit(Ok(offer()), now),
                DistributorAction::Confirm(code) => {
                    assert_eq!(shown.replace(code).unwrap_or(code), code, "both screens show the same code");
                    distributor.confirm(Ok(()));
                }
                DistributorAction::Plan(_) | DistributorAction::PlanWhole(_) => {
                    staged = 0;
                    distributor.planned(vec![1; CHUNKS as usize], now);
                    receiver.on_manifest((0..CHUNKS).filter(|c| !phone.on_disk.contains(c)).collect(), now);
                }
                _ => {}
            }
        }
        while let Some(index) = distributor.next_chunk(now) {
            idle = false;
            assert!(receiver.on_chunk(index, now));
            crossed.push(index);
            staged += 1;
            receiver.staged(staged, 100 * u64::from(staged), now);
        }
        while let Some(action) = receiver.poll() {
            idle = false;
            match action {
                ReceiverAction::Send(message) => distributor.on_message(message, now),
                ReceiverAction::Ask { sender, code, offer: asked, .. } => {
                    assert_eq!(shown.replace(code).unwrap_or(code), code, "both screens show the same code");
                    assert_eq!((sender.as_str(), asked), ("phone", offer()));
                    receiver.answer(phone.answer.clone(), now);
                }
                ReceiverAction::Apply => {
                    let outcome = match applied {
                        0 if phone.differs_once => Applied::Differs(vec![0]),
                        _ => Applied::Saved(receipt(vec![phone.saved.clone()])),
                    };
                    applied += 1;
                    receiver.applied(Ok(outcome), now);
                }
                _ => {}
            }
        }
        if idle {
            return crossed;
        }
    }
}

#[test]
fn transfers_each_chunk_once_and_saves() {
    let (mut distributor, mut receiver) = machines();
    let crossed = run(&mut distributor, &mut receiver, &Phone::default(), Duration::ZERO);
    assert_eq!(crossed, [0, 1, 2, 3, 4]);
    assert_eq!(
        distributor.state(),
        &DistributorState::Saved(receipt(vec![saved(7, ComparisonResult::Equal)])),
        "the receipt is unchanged"
    );
    assert_eq!(receiver.state(), &ReceiverState::Saved);
}

#[test]
fn skips_chunks_already_on_disk() {
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { on_disk: vec![0, 1, 3], ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), [2, 4]);
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { on_disk: (0..CHUNKS).collect(), ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), []);
    assert!(matches!(distributor.state(), DistributorState::Saved(_)));
}

#[test]
fn sends_decline_reason_to_distributor() {
    for reason in [EndReason::Declined, EndReason::Busy, EndReason::NoSpace { needed: 9, free: 1 }] {
        let (mut distributor, mut receiver) = machines();
        let phone = Phone { answer: Err(reason.clone()), ..Phone::default() };
        assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), []);
        assert_eq!(distributor.state(), &DistributorState::Ended(reason.clone()));
        assert_eq!(receiver.state(), &ReceiverState::Ended(reason));
    }
}

#[test]
fn rejects_saved_with_unexplained_digest() {
    let comparisons = [
        (ComparisonResult::Equal, false),
        (ComparisonResult::KeptNewer { records: 0 }, false),
        (ComparisonResult::KeptNewer { records: 1 }, true),
        (ComparisonResult::Ahead { as_of: ServerTime(9) }, false),
        (ComparisonResult::Ahead { as_of: ServerTime(10) }, true),
    ];
    for (comparison, believed) in comparisons {
        let (mut distributor, mut receiver) = machines();
        let held = Held { as_of: ServerTime(10), is_ahead: true, ..Held::NOTHING };
        let phone = Phone { saved: saved(8, comparison), answer: Ok(vec![held]), ..Phone::default() };
        run(&mut distributor, &mut receiver, &phone, Duration::ZERO);
        assert_eq!(matches!(distributor.state(), DistributorState::Saved(_)), believed, "{comparison:?}");
        assert!(believed || *distributor.state() == DistributorState::Ended(EndReason::DigestDiffers));
    }
}

#[test]
fn sends_whole_snapshot_once_if_changes_fail() {
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { differs_once: true, ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO).len() as u32, 2 * CHUNKS);
    assert!(matches!(distributor.state(), DistributorState::Saved(_)));
    assert_eq!(receiver.state(), &ReceiverState::Saved);

    let (mut distributor, _) = machines();
    reach_applying(&mut distributor);
    distributor.on_message(Message::Differs(vec![0]), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Planning);
    distributor.planned(Vec::new(), Duration::ZERO);
    distributor.on_message(Message::Want(ChunkSet::default()), Duration::ZERO);
    distributor.on_message(Message::Applying { records: 0 }, Duration::ZERO);
    distributor.on_message(Message::Differs(vec![0]), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Protocol(Breach::OutOfTurn)), "only once");
}

fn reach_applying(distributor: &mut Distributor) {
    reach_asking(distributor, Duration::ZERO);
    distributor.on_message(accept(), Duration::ZERO);
    distributor.confirm(Ok(()));
    distributor.planned(Vec::new(), Duration::ZERO);
    distributor.on_message(Message::Want(ChunkSet::default()), Duration::ZERO);
    distributor.on_message(Message::Applying { records: 0 }, Duration::ZERO);
}

#[test]
fn ends_after_fifteen_seconds_of_silence() {
    let (mut distributor, mut receiver) = machines();
    reach_asking(&mut distributor, seconds(1));
    be_asked(&mut receiver, seconds(1));
    for now in 2..16 {
        distributor.on_time(seconds(now));
        receiver.on_time(seconds(now));
        assert!(!distributor.is_over() && !receiver.is_over(), "{now} s");
    }
    distributor.on_time(seconds(16));
    receiver.on_time(seconds(16));
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Lost));
    assert_eq!(receiver.state(), &ReceiverState::Ended(EndReason::Lost));
}

#[test]
fn ends_unanswered_question_after_limit() {
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    for now in 0..120 {
        distributor.on_message(Message::Alive, seconds(now));
        distributor.on_time(seconds(now));
        assert!(!distributor.is_over(), "{now} s");
    }
    distributor.on_time(seconds(120));
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::NotAnswered));
}

#[test]
fn sends_alive_from_both_sides() {
    let (mut distributor, _) = machines();
    while distributor.poll().is_some() {}
    assert_eq!(distributor.deadline(), Limits::default().heartbeat);
    distributor.on_time(distributor.deadline());
    assert_eq!(distributor.poll(), Some(DistributorAction::Send(Message::Alive)));
}

#[test]
fn waits_one_minute_for_applying_receiver() {
    let (mut distributor, mut receiver) = machines();
    reach_applying(&mut distributor);
    distributor.on_time(seconds(59));
    assert!(!distributor.is_over());
    distributor.on_time(seconds(60));
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Lost));

    be_asked(&mut receiver, Duration::ZERO);
    receiver.answer(Ok(vec![Held::NOTHING]), Duration::ZERO);
    receiver.on_manifest(ChunkSet::default(), Duration::ZERO);
    receiver.on_lost();
    receiver.on_time(seconds(600));
    assert_eq!(receiver.state(), &ReceiverState::Applying);
    receiver.applied(Ok(Applied::Saved(receipt(vec![saved(7, ComparisonResult::Equal)]))), seconds(601));
    assert_eq!(receiver.state(), &ReceiverState::Saved);
}

/// A distributor that has sent two of three wanted chunks.
fn sending() -> Distributor {
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.on_message(accept(), Duration::ZERO);
    distributor.confirm(Ok(()));
    distributor.planned(vec![1; CHUNKS as usize], Duration::ZERO);
    distributor.on_message(Message::Want((0..3).collect()), Duration::ZERO);
    assert_eq!([distributor.next_chunk(Duration::ZERO), distributor.next_chunk(Duration::ZERO)], [Some(0), Some(1)]);
    distributor
}

#[test]
fn ignores_repeated_staged_reports_as_progress() {
    for repeated in [0, 1] {
        let mut distributor = sending();
        distributor.on_message(Message::Staged { chunks: 1, bytes: 1 }, Duration::ZERO);
        for now in 1..60 {
            distributor.on_message(Message::Staged { chunks: repeated, bytes: 1 }, seconds(now));
            distributor.on_time(seconds(now));
            assert!(!distributor.is_over(), "{now} s");
        }
        distributor.on_message(Message::Staged { chunks: repeated, bytes: 1 }, seconds(60));
        distributor.on_time(seconds(60));
        assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Lost));
    }
    let mut distributor = sending();
    distributor.on_message(Message::Staged { chunks: 3, bytes: 1 }, Duration::ZERO);
    assert_eq!(
        distributor.state(),
        &DistributorState::Ended(EndReason::Protocol(Breach::OutOfTurn)),
        "more chunks than were sent"
    );
}

#[test]
fn ends_apply_without_progress_despite_alive() {
    let apply = |progress: fn(u64) -> Message| {
        let (mut distributor, _) = machines();
        reach_applying(&mut distributor);
        (1..100_000).find(|now| {
            distributor.on_message(progress(*now), seconds(*now));
            distributor.on_time(seconds(*now));
            distributor.is_over()
        })
    };
    assert_eq!(apply(|_| Message::Alive), Some(180));
    assert_eq!(apply(|_| Message::Applying { records: 7 }), Some(181), "one step of progress");
    assert_eq!(apply(|_| Message::Applying { records: u64::MAX }), Some(180), "more records than offered");
    assert_eq!(apply(|now| Message::Applying { records: now }), Some(100 + 180), "all offered records, in both rounds");
}

#[test]
fn ends_on_message_out_of_turn_or_bounds() {
    let breach = |state: &DistributorState| matches!(state, DistributorState::Ended(EndReason::Protocol(_)));
    let early = [
        Message::Applying { records: 0 },
        Message::Want(ChunkSet::default()),
        Message::Saved(receipt(vec![])),
        Message::Accept(vec![]),
    ];
    for message in early {
        let (mut distributor, _) = machines();
        distributor.on_message(message, Duration::ZERO);
        assert!(breach(distributor.state()));
    }
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.on_message(accept(), Duration::ZERO);
    distributor.confirm(Ok(()));
    distributor.planned(vec![1; CHUNKS as usize], Duration::ZERO);
    distributor.on_message(Message::Want([CHUNKS].into_iter().collect()), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Protocol(Breach::OutOfBounds)));

    let (_, mut receiver) = machines();
    receiver.on_message(Message::Offer(offer()), Duration::ZERO);
    assert_eq!(
        receiver.state(),
        &ReceiverState::Ended(EndReason::Protocol(Breach::OutOfTurn)),
        "an offer before hello"
    );
    let (_, mut receiver) = machines();
    assert!(!receiver.on_chunk(0, Duration::ZERO), "a chunk before consent is rejected");
    assert!(receiver.is_over());
}

#[test]
fn plans_only_after_both_users_agree() {
    for confirms_first in [true, false] {
        let (mut distributor, _) = machines();
        reach_asking(&mut distributor, Duration::ZERO);
        let steps = |distributor: &mut Distributor, confirm: bool| match confirm {
            true => distributor.confirm(Ok(())),
            false => distributor.on_message(accept(), Duration::ZERO),
        };
        steps(&mut distributor, confirms_first);
        while let Some(action) = distributor.poll() {
            assert!(!matches!(action, DistributorAction::Plan(_)));
        }
        steps(&mut distributor, !confirms_first);
        assert_eq!(distributor.state(), &DistributorState::Planning);
    }
}

#[test]
fn ends_on_different_or_unconfirmed_code() {
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.confirm(Err(EndReason::CodesDiffer));
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::CodesDiffer));
    distributor.confirm(Ok(()));
    distributor.on_message(accept(), Duration::ZERO);
    assert!(distributor.is_over(), "the end is final");

    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.on_message(accept(), seconds(7));
    distributor.on_message(Message::Alive, seconds(120));
    distributor.on_time(seconds(126));
    assert_eq!(distributor.state(), &DistributorState::Confirming);
    distributor.on_message(Message::Alive, seconds(126));
    distributor.on_time(seconds(127));
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::NotConfirmed));

    // The receiver's wait began earlier and lasts longer, so the receiver gets the correct reason.
    let (_, mut receiver) = machines();
    be_asked(&mut receiver, Duration::ZERO);
    receiver.answer(Ok(vec![Held::NOTHING]), Duration::ZERO);
    for now in (10..=130).step_by(10) {
        receiver.on_message(Message::Alive, seconds(now));
        receiver.on_time(seconds(now));
    }
    assert_eq!(receiver.state(), &ReceiverState::Agreeing);
    receiver.on_message(Message::Stop(EndReason::NotConfirmed), seconds(131));
    assert_eq!(receiver.state(), &ReceiverState::Ended(EndReason::NotConfirmed));
}

#[test]
fn rejects_reveal_different_from_commitment() {
    let breach = EndReason::Protocol(Breach::NotCommitted);
    let (mut distributor, mut receiver) = machines();
    distributor.on_message(hello(Role::Receiver), Duration::ZERO);
    distributor.on_message(Message::Reveal { nonce: [9; 32], credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(breach.clone()));
    while let Some(action) = distributor.poll() {
        assert!(!matches!(action, DistributorAction::Send(Message::Offer(_))));
    }
    receiver.on_message(hello(Role::Distributor), Duration::ZERO);
    receiver.on_message(Message::Reveal { nonce: [9; 32], credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(receiver.state(), &ReceiverState::Ended(breach));
}

#[test]
fn reveals_nonce_only_after_peer_commits() {
    let (mut distributor, mut receiver) = machines();
    let reveals = |action| matches!(action, Some(DistributorAction::Send(Message::Reveal { .. })));
    assert!(!std::iter::from_fn(|| distributor.poll()).any(|action| reveals(Some(action))));
    distributor.on_message(reveal(Role::Receiver), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Protocol(Breach::OutOfTurn)));
    receiver.on_message(hello(Role::Distributor), Duration::ZERO);
    receiver.on_message(Message::Offer(offer()), Duration::ZERO);
    assert_eq!(receiver.state(), &ReceiverState::Ended(EndReason::Protocol(Breach::OutOfTurn)));
}

#[test]
fn rejects_hello_replayed_from_other_connection() {
    let (mut distributor, _) = machines();
    let elsewhere = HandshakeSecret { exporter: [2; 32], nonce: [8; 32] };
    let replayed = Hello::new(Role::Receiver, DeviceName::new("phone"), &elsewhere);
    distributor.on_message(Message::Hello(replayed), Duration::ZERO);
    distributor
        .on_message(Message::Reveal { nonce: elsewhere.nonce, credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Protocol(Breach::NotCommitted)));
}

#[test]
fn sends_no_offer_to_unauthorized_receiver() {
    let (mut distributor, _) = machines();
    distributor.admit(Ok(offer()), Duration::ZERO);
    distributor.on_message(hello(Role::Receiver), Duration::ZERO);
    distributor.admit(Ok(offer()), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Greeting, "neither side has revealed its nonce");
    distributor.on_message(reveal(Role::Receiver), Duration::ZERO);
    let reason = EndReason::NotGranted { to_distributor: false };
    distributor.admit(Err(reason.clone()), Duration::ZERO);
    assert_eq!(distributor.state(), &DistributorState::Ended(reason));
    while let Some(action) = distributor.poll() {
        assert!(!matches!(action, DistributorAction::Send(Message::Offer(_))));
    }
}
