//! What the codec achieves on the sandbox's data: `cargo run --release -p fieldcast-bundle --example measure [households]`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fieldcast_bundle::{decode_chunk, encode_chunk, range_bits};
use fieldcast_model::{EntityType, Json, Record, RecordId, ServerTime};
use fieldcast_sandbox::{Campaign, Moment, SandboxConfig};

fn main() {
    let households = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(8_000);
    let campaign = Campaign::new(&SandboxConfig { seed: 7, households, ..SandboxConfig::default() }).unwrap();
    let moment = campaign.moment();
    let chunks: Vec<Vec<Record>> = (0..moment.leaves().len()).flat_map(|leaf| cut(boundary(&moment, leaf))).collect();
    let records: usize = chunks.iter().map(Vec::len).sum();
    let json: usize = chunks.iter().flatten().map(|record| record.body.len()).sum();
    println!("{records} records, {json} B of JSON, {} B/record, {} chunks", json / records, chunks.len());

    let start = Instant::now();
    let encoded: Vec<_> = chunks.iter().map(|chunk| encode_chunk(chunk).unwrap()).collect();
    let encoding = start.elapsed();
    let start = Instant::now();
    let mut decoding = Duration::ZERO;
    for (chunk, encoded) in chunks.iter().zip(&encoded) {
        let start = Instant::now();
        let decoded = decode_chunk(&encoded.bytes).unwrap();
        decoding += start.elapsed();
        assert!(decoded == *chunk);
    }
    _ = start;
    let mut sums = [0u64; 8];
    for chunk in &encoded {
        let mut at = 1;
        let mut n = [0u64; 8];
        for n in &mut n[..7] { let mut shift = 0; loop { let b = chunk.bytes[at]; at += 1; *n |= u64::from(b & 127) << shift; shift += 7; if b < 128 { break } } }
        n[7] = chunk.bytes.len() as u64 - at as u64 - n[5] - n[6];
        for (s, n) in sums.iter_mut().zip(n) { *s += n; }
    }
    for (name, s) in ["records","json","structure","lengths","texts","squeezed","coded","raw"].iter().zip(sums) { println!("{name:10} {:.2}", s as f64 / records as f64); }
    let bytes: usize = encoded.iter().map(|chunk| chunk.bytes.len()).sum();
    row("columns (this)", bytes, records, json);
    let rate = |time: Duration| json as f64 / 1e6 / time.as_secs_f64();
    println!("encode {:.0} MB/s, decode {:.0} MB/s", rate(encoding), rate(decoding));

    row("JSON lines by family, zstd -3", chunks.iter().map(|chunk| lines(chunk.iter())).sum(), records, json);
    let by_id = |chunk: &Vec<Record>| {
        let mut order: BTreeMap<_, _> = BTreeMap::new();
        chunk.iter().for_each(|record| _ = order.insert((record.entity.clone(), record.id.clone()), record));
        lines(order.into_values())
    };
    row("JSON lines by key, zstd -3", chunks.iter().map(by_id).sum(), records, json);
    row("UUIDs alone (122 bits each, once a chunk)", chunks.iter().map(|chunk| uuids(chunk)).sum(), records, json);
}

fn row(name: &str, bytes: usize, records: usize, json: usize) {
    let (per_record, ratio) = (bytes as f64 / records as f64, json as f64 / bytes as f64);
    println!("{name:42} {bytes:>10} B {per_record:>7.2} B/record {ratio:>6.2} x smaller");
}

/// The records of a boundary in the order of their keys.
fn boundary(moment: &Moment, leaf: usize) -> Vec<Record> {
    let project = &moment.projects()[0].id;
    let mut root = RecordId::parse("");
    let convert = |record: fieldcast_sandbox::Record| {
        let id = RecordId::parse(&record.client_reference_id);
        if record.entity == "Households" {
            root = id.clone();
        }
        Record {
            entity: EntityType::new(name(record.entity)),
            id,
            root: root.clone(),
            row_version: record.row_version.map_or(0, i64::from),
            modified: ServerTime(record.modified.unwrap_or_default()),
            deleted: record.deleted,
            body: Json::parse(&record.json).unwrap(),
        }
    };
    let mut records: Vec<Record> = moment.records(project, &moment.leaves()[leaf].code).unwrap().map(convert).collect();
    records.sort_by_cached_key(|r| (r.root_hash(), r.root.clone(), r.entity.clone(), r.id.clone()));
    records
}

fn name(list: &'static str) -> &'static str {
    match list {
        "ProjectBeneficiaries" => "ProjectBeneficiary",
        other => other.trim_end_matches('s'),
    }
}

/// Cuts a boundary into chunks.
fn cut(records: Vec<Record>) -> Vec<Vec<Record>> {
    let bits = range_bits(records.iter().map(|record| record.body.len() as u64).sum());
    let mut chunks: BTreeMap<u32, Vec<Record>> = BTreeMap::new();
    for record in records {
        chunks.entry(record.root_hash().range(bits)).or_default().push(record);
    }
    chunks.into_values().collect()
}

fn lines<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    let text: Vec<&str> = records.map(|record| record.body.as_str()).collect();
    zstd::bulk::compress(text.join("\n").as_bytes(), 3).unwrap().len()
}

fn uuids(records: &[Record]) -> usize {
    let strings = records.iter().flat_map(|record| record.body.as_str().split('"'));
    let distinct: std::collections::BTreeSet<RecordId> =
        strings.filter(|text| text.len() == 36).map(RecordId::parse).filter(|id| matches!(id, RecordId::Uuid(_))).collect();
    distinct.len() * 122 / 8
}
