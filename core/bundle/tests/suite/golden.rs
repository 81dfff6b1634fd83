//! Golden files of the format. Every later version must decode the files in `schema/wire/bundle/`. The encoder must
//! write the same bytes as long as it makes the same choices.
//!
//! If the encoder changes to make better choices, rewrite the files with `FIELDCAST_WRITE_GOLDEN=1`. Keep the old chunk
//! next to the new one, because devices in the field have such chunks.

use std::fs;
use std::path::PathBuf;

use fieldcast_bundle::{
    ChunkInfo, EncodedChunk, FileHead, Manifest, Snapshot, decode_chunk, encode_chunk, verify_chunk,
};
use fieldcast_model::{
    Dataset, DeviceName, Digest, EntityType, Json, Provenance, Record, RecordId, ServerTime, Signature, SnapshotHash,
    SnapshotSummary,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::campaign::campaign;
use crate::common::record;

/// A record as a line of `records.jsonl`.
#[derive(Serialize, Deserialize)]
struct Line {
    entity: String,
    id: String,
    root: String,
    row_version: i64,
    modified: i64,
    deleted: bool,
    body: Box<RawValue>,
}

impl From<&Record> for Line {
    fn from(record: &Record) -> Self {
        Self {
            entity: record.entity.to_string(),
            id: record.id.to_string(),
            root: record.root.to_string(),
            row_version: record.row_version,
            modified: record.modified.0,
            deleted: record.deleted,
            body: RawValue::from_string(record.body.as_str().to_owned()).unwrap(),
        }
    }
}

impl From<Line> for Record {
    fn from(line: Line) -> Self {
        Self {
            entity: EntityType::new(&line.entity),
            id: RecordId::parse(&line.id),
            root: RecordId::parse(&line.root),
            row_version: line.row_version,
            modified: ServerTime(line.modified),
            deleted: line.deleted,
            body: Json::parse(line.body.get()).unwrap(),
        }
    }
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema/wire/bundle")).join(name)
}

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(64).map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n");
    lines.collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn manifest(records: &[Record], chunk: &EncodedChunk) -> Manifest {
    let info = ChunkInfo::describe(0, records, chunk);
    let summary = SnapshotSummary {
        dataset: Dataset {
            tenant: "mz".into(),
            project: "5d5a5b5c-0000-4000-8000-000000000001".into(),
            boundary: Some("MO_13_NACUCA".into()),
        },
        project_name: "SMC Nampula 2025".into(),
        boundary_name: "Nacuca".into(),
        as_of: ServerTime(1_756_000_000_000),
        records: u64::from(info.records),
        households: 3,
        json_bytes: info.json_bytes,
        digest: info.digest,
    };
    Manifest::new(vec![Snapshot { summary, since: None, bits: 0, chunks: vec![info] }])
}

/// The changes of one day: as many records as the chunk has, from a larger dataset.
fn delta(manifest: &Manifest) -> Manifest {
    let mut delta = manifest.clone();
    let snapshot = &mut delta.snapshots[0];
    snapshot.since = Some(ServerTime(1_755_913_600_000));
    snapshot.summary.records += 1_000;
    snapshot.summary.households += 50;
    snapshot.summary.json_bytes += 1_200_000;
    snapshot.summary.digest = Digest::from_bytes(std::array::from_fn(|n| n as u8));
    delta
}

/// Uses a placeholder key and signature; the reader of a file is responsible for their verification.
fn head(manifest: Manifest) -> FileHead {
    let signer_name = DeviceName::new("distribuidor-3 नमस्ते");
    let provenance = Provenance {
        key: [0xc3; 32],
        name: DeviceName::new("escritório-1"),
        snapshot_hash: SnapshotHash([0x5e; 32]),
        sources: Vec::new(),
        signature: Signature([0x3c; 64]),
    };
    FileHead::new(manifest, vec![provenance], [0xa5; 32], signer_name, |_| [0x5a; 64])
}

fn golden(name: &str) -> Vec<u8> {
    unhex(&fs::read_to_string(file(name)).unwrap())
}

/// Campaign data, plus data that campaigns do not have: unusual JSON, unusual ids, version 1 UUIDs.
fn records() -> Vec<Record> {
    let mut records = campaign(8, 3);
    for (n, body) in [
        "null",
        r#"{"a":[1,1.0,1e5,-0,12345678901234567890,0.1,-15.1234567,1500.25],"a!":{"":[{},[],null,true]}}"#,
        r#"{"a":["\ud800","\u0007\n","नमस्ते 😀","H-2025-08-24-000123",false],"b":"c232ab00-9414-11ec-b3c8-9f6bdeced846"}"#,
        r#"{"a":["","C232AB00-9414-11EC-B3C8-9F6BDECED846"],"b":"c232d210-9414-11ec-b3c8-9f6bdeced846"}"#,
        r#"{"a":[[1,2],[3,[4]]],"b":"c232f920-9414-11ec-b3c8-9f6bdeced846","c":"00000000-0000-0000-0000-000000000000"}"#,
    ]
    .iter()
    .enumerate()
    {
        let base = record("Odd", &format!("o\"{n}\n"), "c232ab00-9414-11ec-b3c8-9f6bdeced846", body);
        records.push(Record { row_version: i64::MIN + n as i64, modified: ServerTime(i64::MAX), deleted: true, ..base });
    }
    records
}

#[test]
fn reads_and_writes_golden_files() {
    if std::env::var_os("FIELDCAST_WRITE_GOLDEN").is_some() {
        let records = records();
        let chunk = encode_chunk(&records).unwrap();
        fs::create_dir_all(file("")).unwrap();
        let lines: Vec<String> =
            records.iter().map(|r| serde_json::to_string(&Line::from(r)).unwrap() + "\n").collect();
        fs::write(file("records.jsonl"), lines.concat()).unwrap();
        fs::write(file("chunk.hex"), hex(&chunk.bytes)).unwrap();
        let manifest = manifest(&records, &chunk);
        fs::write(file("manifest.hex"), hex(&manifest.encode())).unwrap();
        fs::write(file("manifest_since.hex"), hex(&delta(&manifest).encode())).unwrap();
        fs::write(file("file.hex"), hex(&head(manifest).encode())).unwrap();
    }
    let lines = fs::read_to_string(file("records.jsonl")).unwrap();
    let records: Vec<Record> = lines.lines().map(|line| serde_json::from_str::<Line>(line).unwrap().into()).collect();
    let bytes = golden("chunk.hex");
    assert!(decode_chunk(&bytes).unwrap() == records, "the golden chunk must decode to the golden records");

    let chunk = encode_chunk(&records).unwrap();
    assert!(chunk.bytes == bytes, "the encoder writes different bytes: see the top of this file");

    let manifest = manifest(&records, &chunk);
    for (name, manifest) in [("manifest.hex", &manifest), ("manifest_since.hex", &delta(&manifest))] {
        let bytes = golden(name);
        assert_eq!(&Manifest::decode(&bytes).unwrap(), manifest, "{name}");
        assert_eq!(manifest.encode(), bytes, "{name}");
    }
    assert!(verify_chunk(&manifest.snapshots[0].chunks[0], 0, &bytes).is_ok());

    let (head, bytes) = (head(manifest), golden("file.hex"));
    let mut to_sign = Vec::new();
    FileHead::new(head.manifest.clone(), head.provenance.clone(), head.signer, head.signer_name.clone(), |message| {
        to_sign = message.to_vec();
        head.signature
    });
    let is_signed = |key: &[u8; 32], message: &[u8], signature: &[u8; 64]| {
        (*key, message, *signature) == (head.signer, &to_sign[..], head.signature)
    };
    assert_eq!(FileHead::read(&mut &bytes[..], is_signed).unwrap(), head);
    assert_eq!(head.encode(), bytes);
}
