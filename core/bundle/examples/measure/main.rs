//! What the codec achieves on the sandbox's data:
//! `cargo run --release -p fieldcast-bundle --example measure [households] [seed]`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use fieldcast_bundle::{decode_chunk, encode_chunk, range_bits};
use fieldcast_model::{Record, RecordId};
use fieldcast_sandbox::{Campaign, SandboxConfig};

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../tests/suite/campaign.rs"]
mod campaign;

fn main() {
    let argument = |n: usize, or: u64| std::env::args().nth(n).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (households, seed) = (argument(1, 8_000), argument(2, 7));
    let moment = Campaign::new(&SandboxConfig { seed, households, ..SandboxConfig::default() }).unwrap().moment();
    let boundaries: Vec<Vec<Record>> =
        (0..moment.leaves().len()).map(|leaf| campaign::boundary(&moment, leaf)).collect();
    let all: Vec<&Record> = boundaries.iter().flatten().collect();
    let measure = Measure { records: all.len(), json: all.iter().map(|record| record.body.len()).sum() };
    println!("{} households, seed {seed}: {} records, {} B of JSON", households, measure.records, measure.json);

    let chunks: Vec<&[Record]> = boundaries.iter().flat_map(|records| cut(records)).collect();
    let start = Instant::now();
    let encoded: Vec<_> = chunks.iter().map(|chunk| encode_chunk(chunk).unwrap()).collect();
    let encoding = start.elapsed();
    let start = Instant::now();
    let decoded: Vec<_> = encoded.iter().map(|chunk| decode_chunk(&chunk.bytes).unwrap()).collect();
    let decoding = start.elapsed();
    assert!(
        decoded.iter().zip(&chunks).all(|(decoded, chunk)| decoded == chunk),
        "what is decoded is what was encoded"
    );
    let rate = |time: std::time::Duration| measure.json as f64 / 1e6 / time.as_secs_f64();
    println!("{} chunks; encode {:.0} MB/s, decode {:.0} MB/s of JSON", chunks.len(), rate(encoding), rate(decoding));

    measure.row("columns, this codec", encoded.iter().map(|chunk| chunk.bytes.len()).sum());
    measure.row("JSON lines by family, zstd -3, same chunks", chunks.iter().map(|chunk| zstd(chunk.iter())).sum());
    let mut by_key = all.clone();
    by_key.sort_by_cached_key(|record| (record.entity.clone(), record.id.clone()));
    let size = chunks[0].len();
    measure
        .row("JSON lines by key, zstd -3, as large chunks", by_key.chunks(size).map(|c| zstd(c.iter().copied())).sum());
    measure.row("UUIDs alone, once a chunk, 122 bits each", chunks.iter().map(|chunk| uuids(chunk)).sum());
}

struct Measure {
    records: usize,
    json: usize,
}

impl Measure {
    fn row(&self, name: &str, bytes: usize) {
        let (per_record, ratio) = (bytes as f64 / self.records as f64, self.json as f64 / bytes as f64);
        println!("{name:44} {bytes:>10} B {per_record:>7.2} B/record {ratio:>6.2} x smaller");
    }
}

/// Cuts a boundary into chunks.
fn cut(records: &[Record]) -> Vec<&[Record]> {
    let bits = range_bits(records.iter().map(|record| record.body.len() as u64).sum());
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    records.iter().for_each(|record| *counts.entry(record.root_hash().range(bits)).or_default() += 1);
    let mut rest = records;
    let mut take = |count| {
        let (chunk, more) = rest.split_at(count);
        rest = more;
        chunk
    };
    counts.into_values().map(&mut take).collect()
}

fn zstd<'a>(records: impl Iterator<Item = &'a Record>) -> usize {
    let text: Vec<&str> = records.map(|record| record.body.as_str()).collect();
    zstd::bulk::compress(text.join("\n").as_bytes(), 3).unwrap().len()
}

/// The floor: what the random bits of the UUIDs alone take.
fn uuids(records: &[Record]) -> usize {
    let strings = records.iter().flat_map(|record| record.body.as_str().split('"')).filter(|text| text.len() == 36);
    let distinct: BTreeSet<RecordId> =
        strings.map(RecordId::parse).filter(|id| matches!(id, RecordId::Uuid(_))).collect();
    distinct.len() * 122 / 8
}
