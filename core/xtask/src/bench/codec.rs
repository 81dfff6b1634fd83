//! `cargo xtask bench codec`: compares our encoding with common ones, on the same records in the same run.

use std::collections::HashSet;
use std::process::ExitCode;
use std::time::Duration;

use fieldcast_bundle::{CHUNK_JSON_TARGET, decode_chunk, encode_chunk};
use fieldcast_model::{Record, RecordId};

use super::lines::{self, Compression};
use crate::Outcome;
use crate::args::BenchCodec;
use crate::clock::{Spent, Stopwatch};
use crate::figures::{mb_per_second, median, ratio};
use crate::sample;

/// The size limits that `columns` must keep, on the reference data.
const MOST_PER_RECORD: f64 = 82.0;
const LEAST_TIMES_SMALLER: f64 = 14.0;
/// The speed goals in MB/s. They depend on the machine, so a missed goal does not fail the run.
const ENCODE: f64 = 100.0;
const DECODE: f64 = 200.0;
const PLAIN: &str = "zstd -3 on plain JSON lines";

/// The result of one encoding in one round.
#[derive(Clone, Copy, Default)]
pub(crate) struct CodecRun {
    pub(crate) bytes: u64,
    pub(crate) encoding: Spent,
    pub(crate) decoding: Spent,
}

/// The results of one encoding in all rounds.
struct Figures {
    bytes: u64,
    encoding: Duration,
    decoding: Duration,
}

pub(crate) fn run(options: &BenchCodec) -> Outcome {
    let moment = sample::reference(options.seed, options.households)?;
    let leaves = 0..moment.leaves().len();
    let generated: Vec<Vec<Record>> =
        leaves.map(|leaf| Ok(sample::boundary(&moment, leaf)?.collect())).collect::<Outcome<_>>()?;
    let keyed: Vec<Vec<Record>> = generated.iter().cloned().map(sample::in_key_order).collect();
    let set = Set::new(&generated, &keyed);
    set.head(options);
    let names = ["columns", "json+gzip", "json+zstd by key", "json+zstd by family", PLAIN];
    let mut runs: [Vec<CodecRun>; 5] = Default::default();
    for _ in 0..options.rounds {
        // Alternate the encodings, so that a slow phase of the machine affects all of them.
        runs[0].push(set.columns()?);
        runs[1].push(lines::run(&set.generated, Compression::Gzip)?);
        runs[2].push(lines::run(&set.by_key, Compression::Zstd)?);
        runs[3].push(lines::run(&set.chunks, Compression::Zstd)?);
        runs[4].push(lines::run(&set.generated, Compression::Zstd)?);
    }
    let medians = runs.map(|runs| figures(&runs));
    names.iter().zip(&medians).for_each(|(name, run)| set.row(name, run));
    println!("the UUIDs' random bits alone {:5.1} B/record", ratio(set.floor() as f64, set.records as f64));
    let [ours, .., plain] = medians;
    println!(
        "columns against {PLAIN}: {:.2} x its bytes, {:.2} x its encode speed, {:.2} x its decode speed",
        ratio(ours.bytes as f64, plain.bytes as f64),
        ratio(plain.encoding.as_secs_f64(), ours.encoding.as_secs_f64()),
        ratio(plain.decoding.as_secs_f64(), ours.decoding.as_secs_f64()),
    );
    Ok(if set.goals(&ours) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn figures(runs: &[CodecRun]) -> Figures {
    Figures {
        bytes: runs.first().map_or(0, |run| run.bytes),
        encoding: median(runs.iter().map(|run| run.encoding.time()).collect()),
        decoding: median(runs.iter().map(|run| run.decoding.time()).collect()),
    }
}

/// The same records in three orders, each divided into blocks of about the same size.
struct Set<'a> {
    records: u64,
    json: u64,
    /// By key range, families together.
    chunks: Vec<Vec<&'a Record>>,
    /// All records of one type together, by id.
    by_key: Vec<Vec<&'a Record>>,
    /// In the server's order: families together, in order of registration.
    generated: Vec<Vec<&'a Record>>,
    columns: Vec<&'a [Record]>,
}

impl<'a> Set<'a> {
    fn new(generated: &'a [Vec<Record>], keyed: &'a [Vec<Record>]) -> Self {
        let columns: Vec<&[Record]> = keyed.iter().flat_map(|records| sample::cut(records)).collect();
        let mut by_key: Vec<&Record> = generated.iter().flatten().collect();
        by_key.sort_by_cached_key(|record| (record.entity.clone(), record.id.clone()));
        Self {
            records: by_key.len() as u64,
            json: by_key.iter().map(|record| record.body.len() as u64).sum(),
            chunks: columns.iter().map(|chunk| chunk.iter().collect()).collect(),
            by_key: blocks(by_key.into_iter()),
            generated: blocks(generated.iter().flatten()),
            columns,
        }
    }

    fn columns(&self) -> Outcome<CodecRun> {
        let mut run = CodecRun::default();
        for records in &self.columns {
            let start = Stopwatch::start();
            let chunk = encode_chunk(records)?;
            run.encoding += start.elapsed();
            let start = Stopwatch::start();
            let decoded = decode_chunk(&chunk.bytes)?;
            run.decoding += start.elapsed();
            if decoded != **records {
                return Err("the decoded records differ from the encoded records".into());
            }
            run.bytes += chunk.bytes.len() as u64;
        }
        Ok(run)
    }

    /// A lower bound for every encoding, in bytes: 122 random bits for each UUID, once per chunk.
    fn floor(&self) -> u64 {
        let distinct = |records: &&[Record]| {
            let texts =
                records.iter().flat_map(|record| record.body.as_str().split('"')).filter(|text| text.len() == 36);
            let ids = texts.map(RecordId::parse).filter(|id| matches!(id, RecordId::Uuid(_)));
            ids.collect::<HashSet<RecordId>>().len() as u64
        };
        self.columns.iter().map(distinct).sum::<u64>() * 122 / 8
    }

    fn head(&self, options: &BenchCodec) {
        let Self { records, json, .. } = *self;
        println!(
            "{} households, seed {}: {records} records, {json} B of JSON, {:.0} B/record",
            options.households,
            options.seed,
            ratio(json as f64, records as f64)
        );
        println!(
            "blocks of about 1 MiB; MB of JSON per second of processor time of one thread, median of {} rounds",
            options.rounds
        );
        println!("decoding returns records for columns, and unparsed text for the others");
    }

    fn row(&self, name: &str, run: &Figures) {
        println!(
            "{name:27} {:6.1} B/record {:6.1} x smaller  encode {:5.0} MB/s  decode {:5.0} MB/s",
            ratio(run.bytes as f64, self.records as f64),
            ratio(self.json as f64, run.bytes as f64),
            mb_per_second(self.json, run.encoding),
            mb_per_second(self.json, run.decoding),
        );
    }

    /// Prints the goals. Returns whether the size goals are met; they are the same on every machine.
    fn goals(&self, run: &Figures) -> bool {
        let (encode, decode) = (mb_per_second(self.json, run.encoding), mb_per_second(self.json, run.decoding));
        println!("speed: {encode:.0} MB/s in (goal {ENCODE:.0}), {decode:.0} MB/s out (goal {DECODE:.0})");
        let per_record = ratio(run.bytes as f64, self.records as f64);
        let is_small = run.bytes > 0
            && per_record <= MOST_PER_RECORD
            && ratio(self.json as f64, run.bytes as f64) >= LEAST_TIMES_SMALLER;
        println!(
            "goal: at most {MOST_PER_RECORD:.0} B/record and {LEAST_TIMES_SMALLER:.0} x smaller: {}",
            if is_small { "met" } else { "MISSED" }
        );
        is_small
    }
}

/// Divides records, in the given order, into blocks with the JSON size of a chunk.
fn blocks<'a>(records: impl Iterator<Item = &'a Record>) -> Vec<Vec<&'a Record>> {
    let mut blocks: Vec<Vec<&Record>> = Vec::new();
    let mut room = 0;
    for record in records {
        let len = record.body.len() as u64;
        match blocks.last_mut() {
            Some(block) if len <= room => {
                block.push(record);
                room -= len;
            }
            _ => {
                blocks.push(vec![record]);
                room = CHUNK_JSON_TARGET.saturating_sub(len);
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_same_records_in_all_orders() {
        let moment = sample::campaign(5, 120, 2).unwrap();
        let generated: Vec<Vec<Record>> =
            (0..2).map(|leaf| sample::boundary(&moment, leaf).unwrap().collect()).collect();
        let keyed: Vec<Vec<Record>> = generated.iter().cloned().map(sample::in_key_order).collect();
        let set = Set::new(&generated, &keyed);
        let sizes = [&set.chunks, &set.by_key, &set.generated].map(|blocks| {
            let json = blocks.iter().flatten().map(|record| record.body.len() as u64).sum::<u64>();
            assert_eq!(json, set.json);
            blocks.iter().map(Vec::len).sum::<usize>() as u64
        });
        assert_eq!(sizes, [set.records; 3]);
        assert!(set.generated.len() > 1);
    }
}
