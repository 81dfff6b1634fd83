//! Both machines with arbitrary input: they never panic, always end, close once, and do nothing after that.

use std::time::Duration;

use fieldcast_model::{DeviceName, ServerTime};
use fieldcast_wire::{
    Action, Applied, ChunkSet, ComparisonResult, Credentials, Distributor, EndReason, Handshake, HandshakeParameters,
    HandshakeSecret, Held, Hello, Limits, Message, Receiver, ReceiverRequest, Role, SavedSnapshot,
};
use proptest::prelude::*;

use super::data::{Bundle, Version, digest, receipt, verifier};
use super::rng::Rng;

const HOUR: Duration = Duration::from_secs(3600);
/// Calls of `on_time` in one hour. A machine whose deadline does not advance exceeds this.
const MAX_CHECKS: u32 = 5_000;

/// One input of a machine, with random numbers.
#[derive(Clone, Debug)]
struct Step {
    what: u8,
    number: u32,
    passes: Duration,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Many inputs start with a correct exchange; otherwise most would end in the greeting.
    let good = prop::sample::select((0..9).map(|length| (0..length).collect::<Vec<u8>>()).collect::<Vec<_>>());
    let anything = prop::collection::vec(0..24_u8, 0..40);
    (good, anything, any::<u64>()).prop_map(|(good, anything, seed)| {
        let mut rng = Rng::new(seed);
        let longest = rng.pick(&[10, 1_000, 20_000]);
        let mut step =
            |what| Step { what, number: rng.pick(&[0, 0, 1, 2, 3, 40, u32::MAX]), passes: rng.millis(0..longest) };
        good.into_iter()
            .map(&mut step)
            .collect::<Vec<_>>()
            .into_iter()
            .chain(anything.into_iter().map(|what| step(what + 9)))
            .collect()
    })
}

fn secret(role: Role) -> HandshakeSecret {
    HandshakeSecret { exporter: [1; 32], nonce: [role as u8; 32] }
}

fn handshake(role: Role) -> Handshake {
    let (name, credentials) = (DeviceName::new("x"), Credentials::default());
    Handshake::new(role, HandshakeParameters { name, secret: secret(role), credentials, session: 1, invite: None })
}

fn reveal(nonce: [u8; 32]) -> Message {
    Message::Reveal { nonce, credentials: Credentials::default() }
}

fn hello(role: Role) -> Message {
    Message::Hello(Hello::new(role, DeviceName::new("x"), &secret(role)))
}

fn message(what: u8, number: u32, bundle: &Bundle) -> Message {
    let count = bundle.whole.len() + usize::from(number == 3);
    let saved = |d| SavedSnapshot { digest: digest(d, Version::Offered), comparison: ComparisonResult::Equal };
    match what % 12 {
        0 => hello(Role::Receiver),
        1 => Message::Accept(vec![Held { as_of: ServerTime(i64::from(number)), ..Held::NOTHING }; count]),
        2 => Message::Want((0..number.min(60)).collect::<ChunkSet>()),
        3 => Message::Staged { chunks: number, bytes: u64::from(number) << 32 },
        4 => Message::Applying { records: 0 },
        5 => Message::Saved(receipt(&bundle.offer(), (0..count).map(saved))),
        6 => Message::Differs(vec![number as u16]),
        7 => Message::Offer(bundle.offer()),
        8 => hello(Role::Distributor),
        9 if number > 100 => Message::Stop(EndReason::Lost),
        10 => reveal([number as u8; 32]),
        11 if number > 100 => Message::Invited([number as u8; 32]),
        _ => Message::Alive,
    }
}

/// Takes all actions. Panics at an action after the close.
fn drain<A: std::fmt::Debug>(closes: &mut u32, mut poll: impl FnMut() -> Option<A>, is_close: impl Fn(&A) -> bool) {
    while let Some(action) = poll() {
        assert_eq!(*closes, 0, "action after the close: {action:?}");
        *closes += u32::from(is_close(&action));
    }
}

proptest! {
    #[test]
    fn distributor_survives_arbitrary_input(steps in steps()) {
        let bundle = Bundle::random(&mut Rng::new(7));
        let mut machine = Distributor::new(handshake(Role::Distributor), verifier(), Limits::default(), Duration::ZERO);
        let (mut now, mut closes) = (Duration::ZERO, 0);
        for step in steps {
            now += step.passes;
            match step.what {
                // A correct exchange: hello, reveal, accept, confirmed, planned, want, chunks, staged, applying, saved.
                0 => {
                    machine.on_message(hello(Role::Receiver), now);
                    machine.on_message(reveal(secret(Role::Receiver).nonce), now);
                    machine.authorize(Ok(bundle.offer()), now);
                }
                1 => {
                    machine.on_message(message(1, 0, &bundle), now);
                    machine.confirm(if step.number > 200 { Err(EndReason::CodesDiffer) } else { Ok(()) });
                }
                2 => machine.planned(Ok(vec![1; 40]), now),
                3 => machine.on_message(Message::Want((0..40).collect()), now),
                4 => while machine.next_chunk(now).is_some() {},
                5 => machine.on_message(Message::Staged { chunks: 40, bytes: 400 }, now),
                6 => machine.on_message(Message::Applying { records: 0 }, now),
                7 => machine.on_message(Message::Differs(vec![0]), now),
                8 | 9 => machine.planned(Ok(vec![step.number; step.number as usize % 100]), now),
                10 => drop(machine.next_chunk(now)),
                11 if step.number > 100 => machine.stop(EndReason::BadData),
                12 if step.number > 100 => machine.on_lost(),
                13..=16 => machine.on_time(now),
                what => machine.on_message(message(what, step.number, &bundle), now),
            }
            drain(&mut closes, || machine.poll(), |action| *action == Action::Close);
            prop_assert_eq!(closes == 1, machine.is_over());
            prop_assert!(!machine.is_over() || !machine.may_send());
        }
        let end = now + HOUR;
        for _ in 0..MAX_CHECKS {
            if now > end || machine.is_over() {
                break;
            }
            now = machine.deadline().max(now);
            machine.on_time(now);
            drain(&mut closes, || machine.poll(), |action| *action == Action::Close);
        }
        prop_assert!(machine.is_over() && closes == 1);
    }

    #[test]
    fn receiver_survives_arbitrary_input(steps in steps()) {
        let bundle = Bundle::random(&mut Rng::new(7));
        let mut machine = Receiver::new(handshake(Role::Receiver), Limits::default(), Duration::ZERO);
        let held = vec![Held::NOTHING; bundle.whole.len()];
        let (mut now, mut closes, mut applies) = (Duration::ZERO, 0, 0);
        for step in steps {
            now += step.passes;
            match step.what {
                // A correct exchange: hello, reveal, offer, yes, manifest, chunks, staged, applied.
                0 => {
                    machine.on_message(hello(Role::Distributor), now);
                    machine.on_message(reveal(secret(Role::Distributor).nonce), now);
                }
                1 => machine.on_message(message(7, 0, &bundle), now),
                2 => {
                    machine.permit(Ok(()));
                    machine.authorized(Ok(true));
                    machine.answer(Ok(()));
                    machine.accept(Ok(held.clone()), now);
                }
                3 => {
                    machine.on_manifest(now);
                    machine.want(Ok((0..3).collect()), now);
                }
                what @ 4..=6 => drop(machine.on_chunk(u32::from(what) - 4, now)),
                7 => machine.staged(Ok((3, 30)), now),
                8 | 9 => machine.applied(Ok(Applied::Differs(vec![0])), now),
                10 => drop(machine.on_chunk(step.number, now)),
                11 if step.number > 2 => machine.want(Ok((0..step.number.min(60)).collect()), now),
                11 => drop(machine.on_manifest(now)),
                12 => machine.staged(Ok((step.number, 1)), now),
                13 if step.number > 100 => machine.on_lost(),
                14 if step.number > 100 => machine.answer(Err(EndReason::Declined)),
                15 if step.number > 100 => machine.applied(Err(EndReason::DigestDiffers), now),
                16 if step.number > 100 => machine.stop(EndReason::BadData),
                17..=19 => machine.on_time(now),
                what => machine.on_message(message(what, step.number, &bundle), now),
            }
            drain(&mut closes, || {
                let action = machine.poll();
                applies += u32::from(action == Some(Action::Do(ReceiverRequest::Apply)));
                action
            }, |action| *action == Action::Close);
            prop_assert_eq!(closes == 1, machine.is_over());
        }
        prop_assert!(applies <= 2);
        let end = now + HOUR;
        for _ in 0..MAX_CHECKS {
            if now > end || machine.is_over() {
                break;
            }
            now = machine.deadline().max(now);
            machine.on_time(now);
            if now + HOUR / 2 > end {
                // The work of this side always ends.
                machine.accept(Ok(held.clone()), now);
                machine.want(Ok((0..3).collect()), now);
                machine.applied(Err(EndReason::DigestDiffers), now);
            }
            drain(&mut closes, || machine.poll(), |action| *action == Action::Close);
        }
        prop_assert!(machine.is_over() && closes == 1);
    }
}
