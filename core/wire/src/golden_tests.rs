//! Compares the bytes of every message and every reason with schema/wire/messages.txt, the format of phones in the
//! field.
//!
//! Lines may only be added to the file. A changed line breaks every device that is not updated. A new message or reason
//! goes to the end of its enum and gets a line, written with `FIELDCAST_WRITE_GOLDEN=1`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use fieldcast_model::{
    Dataset, DeviceName, Digest, Fingerprint, Provenance, ServerTime, Signature, SnapshotHash, SnapshotSource,
    SnapshotSummary,
};

use serde::de::DeserializeOwned;

use crate::{
    Breach, ChunkSet, ComparisonResult, Credentials, EndReason, Grant, HandshakeSecret, Held, Hello, Message, Offer,
    Receipt, Revocations, Role, SavedSnapshot, Statement, Token,
};

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn secret(nonce: u8) -> HandshakeSecret {
    HandshakeSecret { exporter: [0xee; 32], nonce: [nonce; 32] }
}

fn offer() -> Offer {
    let summary = |boundary: Option<&str>| SnapshotSummary {
        dataset: Dataset { tenant: "mz".into(), project: "p-1".into(), boundary: boundary.map(str::to_owned) },
        project_name: "SMC Nampula 2025".into(),
        boundary_name: boundary.unwrap_or_default().into(),
        as_of: ServerTime(1_756_000_000_000),
        records: 300,
        households: 40,
        json_bytes: 1 << 20,
        digest: digest(0xd1),
    };
    let provenance = Provenance {
        key: [0xc3; 32],
        name: DeviceName::new("escritório-1"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: vec![SnapshotSource {
            fingerprint: Fingerprint([0xf3; 32]),
            name: DeviceName::new("Bela"),
            records: 40,
            as_of: ServerTime(1_755_000_000_000),
        }],
        signature: Signature([0x3c; 64]),
    };
    Offer { snapshots: vec![summary(Some("Nacuca")), summary(None)], provenance: vec![provenance; 2], bytes: 80_000 }
}

fn credentials() -> Credentials {
    let grant = Statement::Grant(Grant {
        authority: [0xa1; 32],
        device: Fingerprint([0xf1; 32]),
        user: DeviceName::new("Asha"),
        role: Some(Role::Receiver),
        tenant: "mz".into(),
        project: None,
        boundaries: vec!["Nacuca".into()],
        expires: 1_800_000_000_000,
    });
    let revoked = Revocations { authority: [0xa1; 32], number: 2, devices: vec![Fingerprint([0xf2; 32])] };
    let sign = |statement: Statement| statement.sign(|_| [0x5a; 64]);
    Credentials { grants: vec![sign(grant)], revocations: vec![sign(Statement::Revocations(revoked))] }
}

fn messages() -> Vec<Message> {
    let comparisons = [
        ComparisonResult::Equal,
        ComparisonResult::KeptNewer { records: 7 },
        ComparisonResult::Ahead { as_of: ServerTime(9) },
        ComparisonResult::Conflict { as_of: ServerTime(9), records: 7 },
    ];
    let saved = comparisons.map(|comparison| SavedSnapshot { digest: digest(0xd2), comparison }).to_vec();
    let mut all = vec![
        Message::Hello(Hello::new(Role::Receiver, DeviceName::new("नमस्ते-2"), &secret(1))),
        Message::Offer(offer()),
        Message::Accept(vec![Held {
            as_of: ServerTime(1_755_000_000_000),
            digest: digest(0xd3),
            records: 300,
            is_ahead: true,
        }]),
        Message::Want([0, 2, 9].into_iter().collect::<ChunkSet>()),
        Message::Staged { chunks: 300, bytes: 1 << 33 },
        Message::Applying { records: 0 },
        Message::Differs(vec![0, 127]),
        Message::Saved(Receipt { saved, at: 1_756_000_000_001, signature: Signature([0x5a; 64]) }),
        Message::Alive,
        Message::Reveal { nonce: [0x11; 32], credentials: credentials() },
        Message::Invited(Token([0x22; 16]).proof(&[0xee; 32])),
    ];
    all.extend(reasons().into_iter().map(Message::Stop));
    all
}

fn reasons() -> Vec<EndReason> {
    let text = || "a text".to_owned();
    let breaches = [Breach::OutOfTurn, Breach::Unreadable, Breach::TooLong, Breach::OutOfBounds, Breach::NotCommitted];
    let mut all = vec![
        EndReason::Declined,
        EndReason::NotAnswered,
        EndReason::Busy,
        EndReason::NoSpace { needed: 1 << 30, free: 7 },
        EndReason::Incompatible,
        EndReason::SameRole,
        EndReason::BadData,
        EndReason::NotStored(text()),
        EndReason::NotRead(text()),
        EndReason::DigestDiffers,
        EndReason::Lost,
        EndReason::Unreachable(text()),
        EndReason::WrongDevice,
        EndReason::NotSecure,
        EndReason::CodesDiffer,
        EndReason::NotConfirmed,
        EndReason::NotSigned,
        EndReason::NotAuthentic,
        EndReason::SignerRevoked(text()),
        EndReason::NotInvited,
        EndReason::Looked { session: 7 },
        EndReason::ClockDiffers { dated: 1_756_000_000_000, clock: 1_678_579_200_000 },
        EndReason::ForgedVersions,
        EndReason::SharedKey { session: 8 },
    ];
    all.extend(breaches.map(EndReason::Protocol));
    for side in [true, false] {
        all.push(EndReason::Cancelled { by_distributor: side });
        all.push(EndReason::NotGranted { to_distributor: side });
        all.push(EndReason::Revoked { of_distributor: side });
    }
    all
}

/// A line of the file: name and bytes.
fn line(message: &Message) -> String {
    let name = match message {
        Message::Stop(EndReason::Protocol(breach)) => format!("Stop/protocol/{breach:?}"),
        Message::Stop(reason) => format!("Stop/{}", reason.code()),
        other => format!("{other:?}").split([' ', '(']).next().unwrap_or_default().to_owned(),
    };
    let hex: String = message.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{name} {hex}")
}

#[test]
fn encodes_every_message_as_golden_file() {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/wire/messages.txt"));
    let lines: Vec<String> = messages().iter().map(line).collect();
    let golden = fs::read_to_string(&path).unwrap();
    for golden in golden.lines() {
        let ours = lines.iter().any(|ours| ours == golden);
        assert!(ours, "`{golden}` is no longer encoded: phones with earlier versions could not read the new bytes");
    }
    if std::env::var_os("FIELDCAST_WRITE_GOLDEN").is_some() {
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        return;
    }
    for (message, ours) in messages().into_iter().zip(&lines) {
        let is_known = golden.lines().any(|golden| golden == ours);
        assert!(
            is_known,
            "`{ours}` is new: write it with FIELDCAST_WRITE_GOLDEN=1 cargo test -p fieldcast-wire golden"
        );
        let (_, hex) = ours.split_once(' ').unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        assert_eq!(Message::decode(&bytes), Ok(message));
    }
}

/// Checks by the first byte that the samples contain every variant of an enum.
fn assert_complete<T: DeserializeOwned>(samples: impl Iterator<Item = Vec<u8>>) {
    let seen: BTreeSet<u8> = samples.map(|bytes| bytes[0]).collect();
    assert!(seen.iter().copied().eq(0..seen.len() as u8), "a variant is missing: {seen:?}");
    // Zeros decode as every type: an empty text, no elements, the first variant.
    let next = [&[seen.len() as u8][..], &[0; 400]].concat();
    assert!(
        postcard::take_from_bytes::<T>(&next).is_err(),
        "the last variant of {} has no example in this file",
        std::any::type_name::<T>()
    );
}

#[test]
fn covers_every_message_and_reason() {
    assert_complete::<Message>(messages().iter().map(Message::encode));
    assert_complete::<EndReason>(reasons().iter().map(|reason| postcard::to_stdvec(reason).unwrap()));
    let breaches = self::reasons().into_iter().filter_map(|reason| match reason {
        EndReason::Protocol(breach) => Some(postcard::to_stdvec(&breach).unwrap()),
        _ => None,
    });
    assert_complete::<Breach>(breaches);
}

#[test]
fn gives_each_reason_its_own_code() {
    let reasons = reasons();
    let codes: BTreeSet<_> = reasons.iter().map(EndReason::code).collect();
    let breaches = reasons.iter().filter(|reason| matches!(reason, EndReason::Protocol(_))).count();
    assert_eq!(codes.len(), reasons.len() - breaches + 1);
}

#[test]
fn derives_fixed_code_from_fixed_secrets() {
    let (distributor, receiver) = (secret(1), secret(2));
    let commitment = receiver.commitment(Role::Receiver);
    let code = distributor.compare(Role::Distributor, &commitment, &receiver.nonce);
    assert_eq!(code.map(|code| code.to_string()).as_deref(), Some("132 164"));
}
