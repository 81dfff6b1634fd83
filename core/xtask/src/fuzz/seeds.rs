//! Seeds for fuzzing: small, valid inputs of every kind, made from the sandbox and from the golden vectors.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use fieldcast_bundle::{ChunkInfo, FileHead, Manifest, Snapshot, encode_chunk};
use fieldcast_model::{
    Dataset, DeviceName, Digest, EntityType, Fingerprint, Json, Provenance, Record, RecordId, ServerTime, Signature,
    SnapshotHash, SnapshotSummary,
};
use fieldcast_wire::frame::{FrameHeader, FrameKind};
use fieldcast_wire::{
    Breach, ComparisonResult, Credentials, EndReason, HandshakeSecret, Held, Hello, Message, Offer, Receipt,
    Revocations, Role, SavedSnapshot, Statement, chunk_frame,
};

use super::Folders;
use crate::{Outcome, sample};

/// The name and bytes of an input.
type Seed = (String, Vec<u8>);

/// Bodies of all kinds.
const BODIES: [&str; 8] = [
    "null",
    r#"{"a":[1,1.0,1e5,-0,12345678901234567890,0.1,-15.1234567,1500.25],"a!":{"":[{},[],null,true]}}"#,
    r#"{"a":["\ud800","\u0007\n","नमस्ते 😀","H-2025-08-24-000123",false],"b":"c232ab00-9414-11ec-b3c8-9f6bdeced846"}"#,
    r#"{"a":["","C232AB00-9414-11EC-B3C8-9F6BDECED846"],"b":"c232d210-9414-11ec-b3c8-9f6bdeced846"}"#,
    r#"{"a":[[1,2],[3,[4]]],"b":"c232f920-9414-11ec-b3c8-9f6bdeced846","c":"00000000-0000-0000-0000-000000000000"}"#,
    r#"{"a":{"b":{"c":{"d":[0,1,2,3,4,5,6,7,8,9,"ten",{"x":1.5}]}}},"k":"2025-08-24","n":-9223372036854775808}"#,
    r#""a\\\"\/\b\f\r\t\u2028""#,
    r#"{"b":1,"a":2,"a":{"é":"\u00e9"},"f":[3.14,2.71,1.41],"g":123456789.123456789}"#,
];

/// Invites with and without a group and a token.
const INVITES: [&str; 2] = [
    "fieldcast:1?s=DIRECT-fc%20Asha&p=a%26b%3Dc%20%25%2B%23&a=192.168.49.1:47000\
     &k=AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk&x=1760001800&t=paWlpaWlpaWlpaWlpaWlpQ",
    "fieldcast:1?a=%5Bfd00::1%5D:1&k=AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK-2vcTL0tk&x=9&later=1",
];

/// A transfer that the receiver accepts and that succeeds, in the input format of the target `machines`.
const HONEST: [u8; 70] = [
    1, 3, 5, 7, 1, 5, 3, 14, 0, 0, 0, 0, 0, 0, 0, 0, 9, 3, 7, 1, 11, 5, 12, 3, 7, 13, 13, 13, 3, 7, 7, 7, 7, 7, 15, 2,
    2, 2, 2, 3, 7, 1, 5, 0, 0, 4, 1, 3, 5, 7, 16, 3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 3, 7, 17, 3, 1, 3, 1,
];

pub(crate) fn write() -> Outcome {
    let dir = Folders::find().crate_dir.join("seeds");
    let mut bytes = 0;
    for (target, seeds) in all()? {
        let dir = dir.join(target);
        fs::create_dir_all(&dir)?;
        for (name, seed) in seeds {
            bytes += seed.len();
            fs::write(dir.join(name), seed)?;
        }
    }
    println!("{bytes} bytes of seeds in {}", dir.display());
    Ok(ExitCode::SUCCESS)
}

fn all() -> Outcome<Vec<(&'static str, Vec<Seed>)>> {
    let chunks = chunks()?;
    let families: Vec<Vec<Record>> =
        [(1, 1), (2, 2), (3, 6)].map(|(seed, n)| families(seed, n)).into_iter().collect::<Outcome<_>>()?;
    let whole = manifest(&families[..2], None)?;
    let changes = manifest(&families[1..], Some(ServerTime(5)))?;
    let files = [(&whole, &families[..2]), (&changes, &families[1..])];
    let files = files.into_iter().map(|(manifest, chunks)| file(manifest, chunks)).collect::<Outcome<Vec<_>>>()?;
    let golden = golden("manifest.hex")?;
    let manifests = vec![Manifest::new(Vec::new()).encode(), whole.encode(), changes.encode(), golden];
    let bodies = BODIES.map(|body| body.as_bytes().to_vec()).to_vec();
    Ok(vec![
        ("chunk", chunks),
        ("manifest", numbered(manifests)),
        ("bundle_file", numbered(files)),
        ("message", numbered(messages(&whole).iter().map(Message::encode).collect())),
        ("frame_header", numbered(frames())),
        ("json", numbered(bodies)),
        ("invite", numbered(INVITES.map(|invite| invite.as_bytes().to_vec()).to_vec())),
        ("records", numbered(vec![BODIES.join("\n").into_bytes(), lines(&families[0]), lines(&families[1][..4])])),
        ("machines", numbered(vec![HONEST.to_vec(), HONEST[..40].to_vec()])),
    ])
}

fn numbered(inputs: Vec<Vec<u8>>) -> Vec<Seed> {
    (1..).zip(inputs).map(|(n, input): (u32, _)| (n.to_string(), input)).collect()
}

fn lines(records: &[Record]) -> Vec<u8> {
    records.iter().map(|record| record.body.as_str().to_owned() + "\n").collect::<String>().into_bytes()
}

fn chunks() -> Outcome<Vec<Seed>> {
    let odd: Vec<Record> = (0..).zip(BODIES).map(|(n, body)| odd(n, body)).collect::<Outcome<_>>()?;
    let mut seeds = vec![("golden".to_owned(), golden("chunk.hex")?), ("empty".to_owned(), encode_chunk(&[])?.bytes)];
    for (n, record) in odd.iter().enumerate() {
        seeds.push((format!("odd-{n}"), encode_chunk(std::slice::from_ref(record))?.bytes));
    }
    seeds.push(("odd".to_owned(), encode_chunk(&odd)?.bytes));
    for (seed, households) in [(1, 1), (4, 3), (9, 12)] {
        seeds.push((format!("families-{households}"), encode_chunk(&families(seed, households)?)?.bytes));
    }
    Ok(seeds)
}

fn odd(n: i64, body: &str) -> Outcome<Record> {
    Ok(Record {
        entity: EntityType::new("Odd"),
        id: RecordId::parse(&format!("o\"{n}\n")),
        root: RecordId::parse("c232ab00-9414-11ec-b3c8-9f6bdeced846"),
        row_version: i64::MIN + n,
        modified: ServerTime(i64::MAX),
        deleted: n % 2 == 0,
        body: Json::parse(body)?,
    })
}

fn families(seed: u64, households: u64) -> Outcome<Vec<Record>> {
    let moment = sample::campaign(seed, households, 1)?;
    let records = sample::boundary(&moment, 0)?.collect();
    Ok(sample::in_key_order(records))
}

fn golden(name: &str) -> Outcome<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/wire/bundle").join(name);
    let digits: Vec<u8> = fs::read(path)?.into_iter().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
    digits.chunks(2).map(byte).collect()
}

fn summary(n: usize) -> SnapshotSummary {
    SnapshotSummary {
        dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some(format!("MO_{n}")) },
        project_name: "SMC Nampula 2025".into(),
        boundary_name: "Nacuca".into(),
        as_of: ServerTime(1_756_000_000_000),
        records: 0,
        households: 0,
        json_bytes: 0,
        digest: Digest::EMPTY,
    }
}

/// A manifest with one snapshot of one chunk for each set of records.
fn manifest(sets: &[Vec<Record>], since: Option<ServerTime>) -> Outcome<Manifest> {
    let snapshot = |(n, records): (usize, &Vec<Record>)| {
        let chunk = ChunkInfo::describe(0, records, &encode_chunk(records)?);
        let mut summary = summary(n);
        (summary.records, summary.json_bytes, summary.digest) =
            (u64::from(chunk.records), chunk.json_bytes, chunk.digest);
        summary.households = 1;
        Ok(Snapshot { summary, since, bits: 0, chunks: vec![chunk] })
    };
    Ok(Manifest::new(sets.iter().enumerate().map(snapshot).collect::<Outcome<_>>()?))
}

fn file(manifest: &Manifest, sets: &[Vec<Record>]) -> Outcome<Vec<u8>> {
    let head = FileHead::new(manifest.clone(), provenance(manifest), [7; 32], DeviceName::new("Asha"), |_| [9; 64]);
    let mut file = head.encode();
    for records in sets {
        file.extend_from_slice(&encode_chunk(records)?.bytes);
    }
    Ok(file)
}

fn provenance(manifest: &Manifest) -> Vec<Provenance> {
    let provenance = Provenance {
        key: [5; 32],
        name: DeviceName::new("office"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: Vec::new(),
        signature: Signature([6; 64]),
    };
    vec![provenance; manifest.snapshots.len()]
}

fn messages(manifest: &Manifest) -> Vec<Message> {
    let snapshots: Vec<SnapshotSummary> = manifest.snapshots.iter().map(|snapshot| snapshot.summary.clone()).collect();
    let digest = snapshots.first().map_or(Digest::EMPTY, |summary| summary.digest);
    let secret = HandshakeSecret { exporter: [7; 32], nonce: [8; 32] };
    let revoked =
        Statement::Revocations(Revocations { authority: [5; 32], number: 2, devices: vec![Fingerprint([6; 32])] });
    let credentials = Credentials::new(Vec::new(), vec![revoked.sign(|_| [9; 64])]);
    let saved = |comparison| SavedSnapshot { digest, comparison };
    let comparisons = [
        ComparisonResult::Equal,
        ComparisonResult::KeptNewer { records: 7 },
        ComparisonResult::Ahead { as_of: ServerTime(1_756_000_000_000) },
    ];
    vec![
        Message::Hello(Hello::new(Role::Distributor, DeviceName::new("Asha's phone"), &secret)),
        Message::Reveal { nonce: secret.nonce, credentials },
        Message::Offer(Offer { snapshots, provenance: provenance(manifest), bytes: 123_456_789 }),
        Message::Accept(vec![Held { as_of: ServerTime(1_755_000_000_000), digest, records: 300, is_ahead: false }; 2]),
        Message::Want((0..40).filter(|n| n % 3 > 0).collect()),
        Message::Staged { chunks: 17, bytes: 1 << 33 },
        Message::Applying { records: 0 },
        Message::Differs(vec![0, 1, 300]),
        Message::Saved(Receipt {
            saved: comparisons.map(saved).to_vec(),
            at: 1_756_000_000_000,
            signature: Signature([9; 64]),
        }),
        Message::Stop(EndReason::NoSpace { needed: 9, free: 1 }),
        Message::Stop(EndReason::NotStored("disk full".into())),
        Message::Stop(EndReason::Protocol(Breach::OutOfBounds)),
        Message::Alive,
    ]
}

fn frames() -> Vec<Vec<u8>> {
    let kinds = [(FrameKind::Control, 0), (FrameKind::Manifest, 70_000), (FrameKind::Chunk, 8 << 20)];
    let head = |(kind, len)| FrameHeader::new(kind, len).map(|header| header.encode()).unwrap_or_default();
    kinds.map(|kind| [&head(kind)[..], &chunk_frame(7, b"chunk")].concat()).to_vec()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use fieldcast_bundle::{decode_chunk, read_chunk, verify_chunk};

    use super::*;

    #[test]
    fn makes_valid_small_seeds() {
        let all: BTreeMap<&str, Vec<Seed>> = all().unwrap().into_iter().collect();
        assert!(all.values().flatten().map(|(_, seed)| seed.len()).sum::<usize>() < 200_000);
        assert!(all["chunk"].iter().all(|(_, seed)| decode_chunk(seed).is_ok()));
        assert!(all["manifest"].iter().all(|(_, seed)| Manifest::decode(seed).is_ok()));
        assert!(all["message"].iter().all(|(_, seed)| Message::decode(seed).is_ok()));
        for (_, seed) in &all["bundle_file"] {
            let mut file = &seed[..];
            let head = FileHead::read(&mut file, |_, _, _| true).unwrap();
            for chunk in head.manifest.chunks() {
                let bytes = read_chunk(&mut file, chunk.bytes).unwrap();
                verify_chunk(chunk, 0, &bytes).unwrap();
            }
            assert!(file.is_empty());
        }
    }
}
