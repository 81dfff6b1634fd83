//! Manifests, and the verification of chunks against them.

use fieldcast_bundle::{
    ChunkHash, ChunkInfo, Error, MAX_CHUNK_BYTES, MAX_CHUNK_JSON, MAX_MANIFEST_BYTES, Manifest, Snapshot, encode_chunk,
    verify_chunk,
};
use fieldcast_model::{Dataset, Digest, Record, ServerTime, SnapshotSummary};

use crate::campaign::campaign;
use crate::common::record;

const BITS: u8 = 2;

/// The records and the bytes of a chunk.
type Chunk = (Vec<Record>, Vec<u8>);

/// The manifest of a small campaign with one snapshot, and its records by key range.
fn offer() -> (Manifest, Vec<Chunk>) {
    let mut ranges: Vec<Vec<Record>> = vec![Vec::new(); 1 << BITS];
    for record in campaign(5, 12) {
        ranges[record.root_hash().range(BITS) as usize].push(record);
    }
    let mut chunks = Vec::new();
    let mut infos = Vec::new();
    for (range, records) in (0..).zip(ranges).filter(|(_, records)| !records.is_empty()) {
        let chunk = encode_chunk(&records).unwrap();
        infos.push(ChunkInfo::describe(range, &records, &chunk));
        chunks.push((records, chunk.bytes));
    }
    let summary = SnapshotSummary {
        dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("B".into()) },
        project_name: "SMC".into(),
        boundary_name: "Nacuca".into(),
        as_of: ServerTime(1_756_000_000_000),
        records: infos.iter().map(|info| u64::from(info.records)).sum(),
        households: 12,
        json_bytes: infos.iter().map(|info| info.json_bytes).sum(),
        digest: infos.iter().map(|info| info.digest).sum(),
    };
    (Manifest::new(vec![Snapshot { summary, since: None, bits: BITS, chunks: infos }]), chunks)
}

#[test]
fn decodes_encoded_manifest() {
    let (manifest, chunks) = offer();
    let bytes = manifest.encode();
    assert_eq!(Manifest::decode(&bytes).unwrap(), manifest);
    assert_eq!(manifest.total_bytes(), chunks.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    let nothing = Manifest::new(Vec::new());
    assert_eq!(Manifest::decode(&nothing.encode()).unwrap(), nothing);
}

#[test]
fn rejects_inconsistent_manifest() {
    type Change = fn(&mut Manifest);
    let changes: [(&str, Change); 17] = [
        ("format", |m| m.format = 0),
        ("newer", |m| m.format = 2),
        ("twice", |m| m.snapshots.push(m.snapshots[0].clone())),
        ("bits", |m| m.snapshots[0].bits = 13),
        ("range", |m| m.snapshots[0].chunks.last_mut().unwrap().range = 1 << BITS),
        ("order", |m| m.snapshots[0].chunks.swap(0, 1)),
        ("repeat", |m| m.snapshots[0].chunks[1].range = m.snapshots[0].chunks[0].range),
        ("records", |m| m.snapshots[0].summary.records += 1),
        ("json", |m| m.snapshots[0].summary.json_bytes -= 1),
        ("digest", |m| m.snapshots[0].summary.digest = Digest::EMPTY),
        ("households", |m| m.snapshots[0].summary.households = u64::MAX),
        ("name", |m| m.snapshots[0].summary.boundary_name = "x".repeat(121)),
        ("code", |m| m.snapshots[0].summary.dataset.boundary = Some("x".repeat(257))),
        ("missing", |m| _ = m.snapshots[0].chunks.pop()),
        ("bytes", |m| m.snapshots[0].chunks[0].bytes = MAX_CHUNK_BYTES as u32 + 1),
        ("json cap", |m| m.snapshots[0].chunks[0].json_bytes = MAX_CHUNK_JSON as u64 + 1),
        ("empty", |m| m.snapshots[0].chunks[0].records = 0),
    ];
    for (name, change) in changes {
        let (mut manifest, _) = offer();
        change(&mut manifest);
        let decoded = Manifest::decode(&manifest.encode());
        assert!(decoded.is_err(), "{name}");
        assert_eq!(matches!(decoded, Err(Error::UnknownFormat { found: 2, known: 1 })), name == "newer");
    }
}

#[test]
fn rejects_delta_larger_than_its_snapshot() {
    let (mut manifest, _) = offer();
    let snapshot = &mut manifest.snapshots[0];
    snapshot.since = Some(ServerTime(1_755_000_000_000));
    snapshot.chunks.pop();
    assert_eq!(Manifest::decode(&manifest.encode()).unwrap(), manifest);
    manifest.snapshots[0].summary.records = 1;
    manifest.snapshots[0].summary.households = 1;
    assert!(Manifest::decode(&manifest.encode()).is_err());
}

#[test]
fn rejects_damaged_manifest() {
    let bytes = offer().0.encode();
    for len in 0..bytes.len() {
        assert!(Manifest::decode(&bytes[..len]).is_err(), "{len}");
    }
    assert!(Manifest::decode(&[&bytes[..], &[0]].concat()).is_err());
    assert!(Manifest::decode(&[&[0x81, 0], &bytes[1..]].concat()).is_err(), "a number in a longer form");
    assert!(Manifest::decode(&vec![1; MAX_MANIFEST_BYTES + 1]).is_err());
}

#[test]
fn verifies_chunk_against_manifest() {
    let (manifest, chunks) = offer();
    let infos = &manifest.snapshots[0].chunks;
    for (info, (records, bytes)) in infos.iter().zip(&chunks) {
        assert_eq!(&verify_chunk(info, BITS, bytes).unwrap(), records);
    }
    let (info, bytes) = (&infos[0], &chunks[0].1);
    let mismatch = |info: ChunkInfo, bytes: &[u8]| match verify_chunk(&info, BITS, bytes) {
        Err(Error::Mismatch { what }) => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(mismatch(info.clone(), &bytes[1..]), "size");
    assert_eq!(mismatch(ChunkInfo { hash: ChunkHash([0; 32]), ..info.clone() }, bytes), "hash");
    assert_eq!(mismatch(ChunkInfo { records: 1, ..info.clone() }, bytes), "record count");
    assert_eq!(mismatch(ChunkInfo { json_bytes: 1, ..info.clone() }, bytes), "JSON size");
    assert_eq!(mismatch(ChunkInfo { digest: Digest::EMPTY, ..info.clone() }, bytes), "digest");
    assert_eq!(mismatch(ChunkInfo { range: (info.range + 1) % 4, ..info.clone() }, bytes), "key range");
    assert!(verify_chunk(info, 13, bytes).is_err());
}

#[test]
fn prints_chunk_hash_as_hexadecimal() {
    let chunk = encode_chunk(&[record("X", "x", "x", "{}")]).unwrap();
    assert_eq!(chunk.hash, ChunkHash::of(&chunk.bytes));
    assert_eq!(chunk.hash.to_string(), blake3::hash(&chunk.bytes).to_hex().as_str());
}
