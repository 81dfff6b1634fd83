//! Both machines against each other, and each machine against a peer that misbehaves.

use std::time::Duration;

use fieldcast_model::{
    Dataset, DeviceName, Digest, Fingerprint, Provenance, ServerTime, Signature, SnapshotHash, SnapshotSummary,
};

use crate::{
    Action, Applied, Breach, ChunkSet, ComparisonResult, Credentials, Distributor, DistributorRequest, EndReason,
    ExchangeState, Handshake, HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message, Offer, Parked,
    ParkedAction, Receipt, ReceiptVerifier, Receiver, ReceiverRequest, Role, SavedSnapshot, Token, offer_id,
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
    let provenance = Provenance {
        key: [5; 32],
        name: DeviceName::new("office"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: Vec::new(),
        signature: Signature([6; 64]),
    };
    Offer { snapshots: vec![summary], provenance: vec![provenance], bytes: 500 }
}

fn saved(byte: u8, comparison: ComparisonResult) -> SavedSnapshot {
    SavedSnapshot { digest: digest(byte), comparison }
}

const OTTO: Fingerprint = Fingerprint([9; 32]);

/// A signature of the receiver: the hash of the message, twice.
fn sign(message: &[u8]) -> [u8; 64] {
    let hash = *blake3::hash(message).as_bytes();
    std::array::from_fn(|i| hash[i % 32])
}

fn verifier() -> ReceiptVerifier {
    ReceiptVerifier { distributor: OTTO, is_signed: Box::new(|message, signature| sign(message) == *signature) }
}

fn receipt(saved: Vec<SavedSnapshot>) -> Receipt {
    let signed = Receipt::signed(&OTTO, &offer_id(&OTTO, &offer().snapshots), &saved, 5);
    Receipt { saved, at: 5, signature: Signature(sign(&signed)) }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The handshake secret of this role on the only connection.
fn secret(role: Role) -> HandshakeSecret {
    HandshakeSecret { exporter: [1; 32], nonce: [role as u8; 32] }
}

fn handshake(role: Role, invite: Option<Token>) -> Handshake {
    let (name, credentials) = (DeviceName::new("phone"), Credentials::default());
    Handshake::new(role, HandshakeParameters { name, secret: secret(role), credentials, session: 1, invite })
}

fn hello(role: Role) -> Message {
    Message::Hello(Hello::new(role, DeviceName::new("phone"), &secret(role)))
}

fn reveal(role: Role) -> Message {
    Message::Reveal { nonce: secret(role).nonce, credentials: Credentials::default() }
}

/// Advances a distributor to the question.
fn reach_asking(distributor: &mut Distributor, now: Duration) {
    distributor.on_message(hello(Role::Receiver), now);
    distributor.on_message(reveal(Role::Receiver), now);
    distributor.authorize(Ok(offer()), now);
    assert_eq!(distributor.state(), &ExchangeState::Asking);
}

/// Advances a receiver to the question.
fn be_asked(receiver: &mut Receiver, now: Duration) {
    receiver.on_message(hello(Role::Distributor), now);
    receiver.on_message(reveal(Role::Distributor), now);
    receiver.on_message(Message::Offer(offer()), now);
    receiver.permit(Ok(()));
    receiver.authorized(Ok(true));
    assert_eq!(receiver.state(), &ExchangeState::Asking);
}

/// The receiver's user accepts.
fn say_yes(receiver: &mut Receiver, now: Duration) {
    receiver.answer(Ok(()));
    receiver.accept(Ok(vec![Held::NOTHING]), now);
}

/// A manifest arrives, of which the receiver lacks these chunks.
fn take_manifest(receiver: &mut Receiver, wanted: ChunkSet, now: Duration) {
    assert!(receiver.on_manifest(now));
    receiver.want(Ok(wanted), now);
}

fn accept() -> Message {
    Message::Accept(vec![Held::NOTHING])
}

fn machines() -> (Distributor, Receiver) {
    let limits = Limits::default();
    (
        Distributor::new(handshake(Role::Distributor, None), verifier(), limits, Duration::ZERO),
        Receiver::new(handshake(Role::Receiver, None), limits, Duration::ZERO),
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
                Action::Send(message) => receiver.on_message(message, now),
                Action::Do(DistributorRequest::Authorize(_)) => distributor.authorize(Ok(offer()), now),
                Action::Do(DistributorRequest::Confirm(code)) => {
                    assert_eq!(shown.replace(code).unwrap_or(code), code, "both screens show the same code");
                    distributor.confirm(Ok(()));
                }
                Action::Do(DistributorRequest::Plan(_) | DistributorRequest::PlanWhole(_)) => {
                    staged = 0;
                    distributor.planned(Ok(vec![1; CHUNKS as usize]), now);
                    let wanted = (0..CHUNKS).filter(|c| !phone.on_disk.contains(c)).collect();
                    take_manifest(receiver, wanted, now);
                }
                _ => {}
            }
        }
        while let Some(index) = distributor.next_chunk(now) {
            idle = false;
            assert!(receiver.on_chunk(index, now));
            crossed.push(index);
            staged += 1;
            receiver.staged(Ok((staged, 100 * u64::from(staged))), now);
        }
        while let Some(action) = receiver.poll() {
            idle = false;
            match action {
                Action::Send(message) => distributor.on_message(message, now),
                Action::Do(ReceiverRequest::Permit) => receiver.permit(Ok(())),
                Action::Do(ReceiverRequest::Authorize(_)) => receiver.authorized(Ok(true)),
                Action::Do(ReceiverRequest::Ask) => {
                    let code = receiver.code().expect("a code");
                    assert_eq!(shown.replace(code).unwrap_or(code), code, "both screens show the same code");
                    let sender = receiver.peer_name().map(DeviceName::as_str);
                    assert_eq!((sender, receiver.offer()), (Some("phone"), Some(&offer())));
                    receiver.answer(phone.answer.clone().map(drop));
                }
                Action::Do(ReceiverRequest::Accept { is_new: true }) => receiver.accept(phone.answer.clone(), now),
                Action::Do(ReceiverRequest::Apply) => {
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
    assert_eq!(distributor.state(), &ExchangeState::Saved);
    assert_eq!(distributor.outcome(), Ok(&receipt(vec![saved(7, ComparisonResult::Equal)])), "it is unchanged");
    assert_eq!(receiver.state(), &ExchangeState::Saved);
}

#[test]
fn skips_chunks_already_on_disk() {
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { on_disk: vec![0, 1, 3], ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), [2, 4]);
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { on_disk: (0..CHUNKS).collect(), ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), []);
    assert!(matches!(distributor.state(), ExchangeState::Saved));
}

#[test]
fn sends_decline_reason_to_distributor() {
    for reason in [EndReason::Declined, EndReason::Busy, EndReason::NoSpace { needed: 9, free: 1 }] {
        let (mut distributor, mut receiver) = machines();
        let phone = Phone { answer: Err(reason.clone()), ..Phone::default() };
        assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO), []);
        assert_eq!(distributor.state(), &ExchangeState::Ended(reason.clone()));
        assert_eq!(receiver.state(), &ExchangeState::Ended(reason));
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
        assert_eq!(matches!(distributor.state(), ExchangeState::Saved), believed, "{comparison:?}");
        assert!(believed || *distributor.state() == ExchangeState::Ended(EndReason::DigestDiffers));
    }
}

#[test]
fn sends_whole_snapshot_once_if_changes_fail() {
    let (mut distributor, mut receiver) = machines();
    let phone = Phone { differs_once: true, ..Phone::default() };
    assert_eq!(run(&mut distributor, &mut receiver, &phone, Duration::ZERO).len() as u32, 2 * CHUNKS);
    assert!(matches!(distributor.state(), ExchangeState::Saved));
    assert_eq!(receiver.state(), &ExchangeState::Saved);

    let (mut distributor, _) = machines();
    reach_applying(&mut distributor);
    distributor.on_message(Message::Differs(vec![0]), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Planning);
    distributor.planned(Ok(Vec::new()), Duration::ZERO);
    distributor.on_message(Message::Want(ChunkSet::default()), Duration::ZERO);
    distributor.on_message(Message::Applying { records: 0 }, Duration::ZERO);
    distributor.on_message(Message::Differs(vec![0]), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfTurn)), "only once");
}

fn reach_applying(distributor: &mut Distributor) {
    reach_asking(distributor, Duration::ZERO);
    distributor.on_message(accept(), Duration::ZERO);
    distributor.confirm(Ok(()));
    distributor.planned(Ok(Vec::new()), Duration::ZERO);
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
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Lost));
    assert_eq!(receiver.state(), &ExchangeState::Ended(EndReason::Lost));
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
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::NotAnswered));
}

#[test]
fn sends_alive_from_both_sides() {
    let (mut distributor, _) = machines();
    while distributor.poll().is_some() {}
    assert_eq!(distributor.deadline(), Limits::default().heartbeat);
    distributor.on_time(distributor.deadline());
    assert_eq!(distributor.poll(), Some(Action::Send(Message::Alive)));
}

#[test]
fn waits_one_minute_for_applying_receiver() {
    let (mut distributor, mut receiver) = machines();
    reach_applying(&mut distributor);
    distributor.on_time(seconds(59));
    assert!(!distributor.is_over());
    distributor.on_time(seconds(60));
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Lost));

    be_asked(&mut receiver, Duration::ZERO);
    say_yes(&mut receiver, Duration::ZERO);
    take_manifest(&mut receiver, ChunkSet::default(), Duration::ZERO);
    receiver.on_lost();
    receiver.on_time(seconds(600));
    assert_eq!(receiver.state(), &ExchangeState::Applying);
    receiver.applied(Ok(Applied::Saved(receipt(vec![saved(7, ComparisonResult::Equal)]))), seconds(601));
    assert_eq!(receiver.state(), &ExchangeState::Saved);
}

/// A distributor that has sent two of three wanted chunks.
fn sending() -> Distributor {
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.on_message(accept(), Duration::ZERO);
    distributor.confirm(Ok(()));
    distributor.planned(Ok(vec![1; CHUNKS as usize]), Duration::ZERO);
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
        assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Lost));
    }
    let mut distributor = sending();
    distributor.on_message(Message::Staged { chunks: 3, bytes: 1 }, Duration::ZERO);
    assert_eq!(
        distributor.state(),
        &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfTurn)),
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
    let breach = |state: &ExchangeState| matches!(state, ExchangeState::Ended(EndReason::Protocol(_)));
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
    distributor.planned(Ok(vec![1; CHUNKS as usize]), Duration::ZERO);
    distributor.on_message(Message::Want([CHUNKS].into_iter().collect()), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfBounds)));

    let (_, mut receiver) = machines();
    receiver.on_message(Message::Offer(offer()), Duration::ZERO);
    assert_eq!(
        receiver.state(),
        &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfTurn)),
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
            assert!(!matches!(action, Action::Do(DistributorRequest::Plan(_))));
        }
        steps(&mut distributor, !confirms_first);
        assert_eq!(distributor.state(), &ExchangeState::Planning);
    }
}

#[test]
fn ends_on_different_or_unconfirmed_code() {
    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.confirm(Err(EndReason::CodesDiffer));
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::CodesDiffer));
    distributor.confirm(Ok(()));
    distributor.on_message(accept(), Duration::ZERO);
    assert!(distributor.is_over(), "the end is final");

    let (mut distributor, _) = machines();
    reach_asking(&mut distributor, Duration::ZERO);
    distributor.on_message(accept(), seconds(7));
    distributor.on_message(Message::Alive, seconds(120));
    distributor.on_time(seconds(126));
    assert_eq!(distributor.state(), &ExchangeState::Confirming);
    distributor.on_message(Message::Alive, seconds(126));
    distributor.on_time(seconds(127));
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::NotConfirmed));

    // The receiver's wait began earlier and lasts longer, so the receiver gets the correct reason.
    let (_, mut receiver) = machines();
    be_asked(&mut receiver, Duration::ZERO);
    say_yes(&mut receiver, Duration::ZERO);
    for now in (10..=130).step_by(10) {
        receiver.on_message(Message::Alive, seconds(now));
        receiver.on_time(seconds(now));
    }
    assert_eq!(receiver.state(), &ExchangeState::Agreeing);
    receiver.on_message(Message::Stop(EndReason::NotConfirmed), seconds(131));
    assert_eq!(receiver.state(), &ExchangeState::Ended(EndReason::NotConfirmed));
}

#[test]
fn rejects_reveal_different_from_commitment() {
    let breach = EndReason::Protocol(Breach::NotCommitted);
    let (mut distributor, mut receiver) = machines();
    distributor.on_message(hello(Role::Receiver), Duration::ZERO);
    distributor.on_message(Message::Reveal { nonce: [9; 32], credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(breach.clone()));
    while let Some(action) = distributor.poll() {
        assert!(!matches!(action, Action::Send(Message::Offer(_))));
    }
    receiver.on_message(hello(Role::Distributor), Duration::ZERO);
    receiver.on_message(Message::Reveal { nonce: [9; 32], credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(receiver.state(), &ExchangeState::Ended(breach));
}

#[test]
fn reveals_nonce_only_after_peer_commits() {
    let (mut distributor, mut receiver) = machines();
    let reveals = |action| matches!(action, Some(Action::Send(Message::Reveal { .. })));
    assert!(!std::iter::from_fn(|| distributor.poll()).any(|action| reveals(Some(action))));
    distributor.on_message(reveal(Role::Receiver), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfTurn)));
    receiver.on_message(hello(Role::Distributor), Duration::ZERO);
    receiver.on_message(Message::Offer(offer()), Duration::ZERO);
    assert_eq!(receiver.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfTurn)));
}

#[test]
fn rejects_hello_replayed_from_other_connection() {
    let (mut distributor, _) = machines();
    let elsewhere = HandshakeSecret { exporter: [2; 32], nonce: [8; 32] };
    let replayed = Hello::new(Role::Receiver, DeviceName::new("phone"), &elsewhere);
    distributor.on_message(Message::Hello(replayed), Duration::ZERO);
    distributor
        .on_message(Message::Reveal { nonce: elsewhere.nonce, credentials: Credentials::default() }, Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::NotCommitted)));
}

#[test]
fn sends_no_offer_to_unauthorized_receiver() {
    let (mut distributor, _) = machines();
    distributor.authorize(Ok(offer()), Duration::ZERO);
    distributor.on_message(hello(Role::Receiver), Duration::ZERO);
    distributor.authorize(Ok(offer()), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Greeting, "neither side has revealed its nonce");
    distributor.on_message(reveal(Role::Receiver), Duration::ZERO);
    let reason = EndReason::NotGranted { to_distributor: false };
    distributor.authorize(Err(reason.clone()), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(reason));
    while let Some(action) = distributor.poll() {
        assert!(!matches!(action, Action::Send(Message::Offer(_))));
    }
}

#[test]
fn rejects_receipt_without_valid_signature() {
    let (mut distributor, _) = machines();
    reach_applying(&mut distributor);
    let right = receipt(vec![saved(7, ComparisonResult::Equal)]);
    distributor.on_message(Message::Saved(Receipt { at: 6, ..right }), Duration::ZERO);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::NotSigned));
}

/// A connection that a receiver opened, with the messages that its machine sends first.
fn park(invites: [Option<Token>; 2]) -> (Parked, Receiver) {
    let [ours, theirs] = invites;
    let mut parked = Parked::new(handshake(Role::Distributor, ours), Limits::default(), Duration::ZERO);
    let mut receiver = Receiver::parked(handshake(Role::Receiver, theirs), Limits::default(), Duration::ZERO);
    while let Some(action) = receiver.poll() {
        let Action::Send(message) = action else { panic!("{action:?}") };
        parked.on_message(message, Duration::ZERO);
    }
    (parked, receiver)
}

#[test]
fn uses_parked_connection_for_an_exchange() {
    let (mut parked, mut receiver) = park([None; 2]);
    assert!(matches!(parked.poll(), Some(ParkedAction::Greeted(hello)) if hello.role == Role::Receiver));
    for now in (4..3_000).step_by(4).map(seconds) {
        parked.on_time(now);
        receiver.on_time(now);
        assert_eq!(parked.poll(), Some(ParkedAction::Send(Message::Alive)));
        assert_eq!(receiver.poll(), Some(Action::Send(Message::Alive)));
        parked.on_message(Message::Alive, now);
        receiver.on_message(Message::Alive, now);
    }
    assert!(!parked.is_invited());
    let mut distributor = Distributor::new(parked.into_handshake(), verifier(), Limits::default(), seconds(3_000));
    assert_eq!(run(&mut distributor, &mut receiver, &Phone::default(), seconds(3_000)).len() as u32, CHUNKS);
    assert_eq!(distributor.state(), &ExchangeState::Saved);
}

#[test]
fn ends_parked_connection_of_silent_receiver() {
    let (mut parked, _) = park([None; 2]);
    parked.on_time(seconds(14));
    parked.on_time(seconds(15));
    let closes = std::iter::from_fn(|| parked.poll()).filter(|action| *action == ParkedAction::Close(EndReason::Lost));
    assert_eq!(closes.count(), 1);
    let mut silent = Parked::new(handshake(Role::Distributor, None), Limits::default(), Duration::ZERO);
    silent.on_time(seconds(10));
    assert_eq!(silent.poll(), Some(ParkedAction::Send(Message::Stop(EndReason::Lost))));
    assert_eq!(silent.poll(), Some(ParkedAction::Close(EndReason::Lost)));
}

#[test]
fn accepts_only_its_own_invites() {
    let [ours, other] = [Token([1; 16]), Token([2; 16])];
    let (mut parked, receiver) = park([Some(ours); 2]);
    assert!(matches!(parked.poll(), Some(ParkedAction::Greeted(_))));
    assert!(parked.is_invited() && receiver.is_invited());
    for valid in [Some(ours), None] {
        let (mut parked, _) = park([valid, Some(other)]);
        assert_eq!(parked.poll(), Some(ParkedAction::Send(Message::Stop(EndReason::NotInvited))));
        assert_eq!(parked.poll(), Some(ParkedAction::Close(EndReason::NotInvited)));
    }
}

#[test]
fn answers_a_device_that_only_looks() {
    let look = Message::Stop(EndReason::Looked { session: 7 });
    let answer = Message::Stop(EndReason::Looked { session: 1 });
    let (mut parked, mut receiver) = park([None; 2]);
    parked.poll();
    parked.on_message(look.clone(), Duration::ZERO);
    assert_eq!(parked.poll(), Some(ParkedAction::Send(answer.clone())));
    receiver.on_message(look, Duration::ZERO);
    assert_eq!(receiver.poll(), Some(Action::Send(answer)));
}

#[test]
fn probes_an_address_for_its_device() {
    let mut probe = Parked::probe(handshake(Role::Distributor, None), Limits::default(), Duration::ZERO);
    assert!(matches!(probe.poll(), Some(ParkedAction::Send(Message::Hello(_)))));
    probe.on_message(hello(Role::Receiver), Duration::ZERO);
    assert!(matches!(probe.poll(), Some(ParkedAction::Greeted(_))));
    assert_eq!(probe.poll(), Some(ParkedAction::Send(Message::Stop(EndReason::Looked { session: 1 }))));
    assert!(matches!(probe.poll(), Some(ParkedAction::Close(_))));
    let mut probe = Parked::probe(handshake(Role::Distributor, None), Limits::default(), Duration::ZERO);
    probe.on_message(hello(Role::Distributor), Duration::ZERO);
    assert!(std::iter::from_fn(|| probe.poll()).any(|action| action == ParkedAction::Close(EndReason::SameRole)));
}

/// A receiver whose consent is being stored.
fn storing_consent() -> Receiver {
    let (_, mut receiver) = machines();
    be_asked(&mut receiver, Duration::ZERO);
    receiver.answer(Ok(()));
    while receiver.poll().is_some() {}
    receiver
}

#[test]
fn ends_only_after_consent_is_stored() {
    let mut receiver = storing_consent();
    receiver.on_message(Message::Stop(EndReason::CodesDiffer), Duration::ZERO);
    receiver.stop(EndReason::Cancelled { by_distributor: false });
    assert_eq!(receiver.state(), &ExchangeState::Asking, "the consent could not be withdrawn yet");
    assert_eq!(receiver.poll(), None);
    receiver.accept(Ok(vec![Held::NOTHING]), Duration::ZERO);
    assert_eq!(receiver.state(), &ExchangeState::Ended(EndReason::CodesDiffer), "the first reason");
    assert!(!std::iter::from_fn(|| receiver.poll()).any(|action| matches!(action, Action::Send(_))));

    let mut receiver = storing_consent();
    receiver.stop(EndReason::Cancelled { by_distributor: false });
    receiver.accept(Err(EndReason::Busy), Duration::ZERO);
    let stop = Message::Stop(EndReason::Cancelled { by_distributor: false });
    assert_eq!(receiver.poll(), Some(Action::Send(stop)), "the distributor is told");
}

#[test]
fn counts_no_time_while_this_side_stores() {
    let mut receiver = storing_consent();
    for now in (10..600).step_by(10).map(seconds) {
        receiver.on_message(Message::Alive, now);
        receiver.on_time(now);
    }
    receiver.accept(Ok(vec![Held::NOTHING]), seconds(600));
    assert_eq!(receiver.state(), &ExchangeState::Agreeing);

    let (_, mut receiver) = machines();
    receiver.on_message(hello(Role::Distributor), Duration::ZERO);
    receiver.on_message(reveal(Role::Distributor), Duration::ZERO);
    receiver.on_message(Message::Offer(offer()), Duration::ZERO);
    receiver.permit(Ok(()));
    receiver.authorized(Ok(false));
    receiver.on_message(Message::Alive, seconds(119));
    receiver.on_time(seconds(121));
    assert_eq!(receiver.state(), &ExchangeState::Asking, "no question was asked that could be unanswered");
}
