//! `cargo xtask codec`: runs the chunk codec on any file of JSON lines.

use std::fs::File;
use std::io::BufReader;
use std::process::ExitCode;

use fieldcast_bundle::{Error, decode_chunk, encode_chunk};
use fieldcast_model::Record;

use crate::Outcome;
use crate::args::Codec;
use crate::clock::{Spent, Stopwatch};
use crate::figures::{Mib, mb_per_second, ratio};
use crate::memory::Baseline;
use crate::ndjson::{BadLine, Lines};
use crate::sample::json_bytes;

/// How many bad lines are printed. After these, only their number is printed.
const MAX_PRINTED: u64 = 20;

pub(crate) fn run(options: &Codec) -> Outcome {
    let file = File::open(&options.file).map_err(|error| format!("{}: {error}", options.file.display()))?;
    let baseline = Baseline::take();
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, file));
    let mut totals = CodecTotals::default();
    loop {
        let mut bad = 0;
        let records = lines.chunk(options.chunk_json, &mut |line| {
            bad += 1;
            print_bad_line(totals.bad + bad, &line);
        })?;
        totals.bad += bad;
        if records.is_empty() {
            break;
        }
        totals.chunk(&records)?;
    }
    totals.print(baseline.peak_above());
    Ok(if totals.bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_bad_line(count: u64, line: &BadLine) {
    if count <= MAX_PRINTED {
        eprintln!("line {}: {}", line.number, line.fault);
    } else if count == MAX_PRINTED + 1 {
        eprintln!("... and more");
    }
}

#[derive(Default)]
struct CodecTotals {
    records: u64,
    chunks: u64,
    json: u64,
    encoded: u64,
    bad: u64,
    encoding: Spent,
    decoding: Spent,
}

impl CodecTotals {
    /// Encodes and decodes the records.
    fn chunk(&mut self, records: &[Record]) -> Outcome<()> {
        let start = Stopwatch::start();
        let chunk = match encode_chunk(records) {
            Err(Error::TooLarge { .. }) if records.len() > 1 => {
                let (first, second) = records.split_at(records.len() / 2);
                self.chunk(first)?;
                return self.chunk(second);
            }
            Err(error @ Error::TooLarge { .. }) => {
                self.bad += 1;
                eprintln!("line {}: {error}", records.first().map(|record| record.id.to_string()).unwrap_or_default());
                return Ok(());
            }
            chunk => chunk?,
        };
        self.encoding += start.elapsed();
        let start = Stopwatch::start();
        let decoded = decode_chunk(&chunk.bytes)?;
        self.decoding += start.elapsed();
        if decoded != records {
            return Err(different(records, &decoded).into());
        }
        self.chunks += 1;
        self.records += records.len() as u64;
        self.json += json_bytes(records);
        self.encoded += chunk.bytes.len() as u64;
        Ok(())
    }

    fn print(&self, peak: Option<u64>) {
        let Self { records, chunks, json, encoded, .. } = *self;
        println!("records        {records}");
        println!("chunks         {chunks}");
        println!("JSON bytes     {json}");
        println!("encoded bytes  {encoded}");
        println!("B/record       {:.1}", ratio(encoded as f64, records as f64));
        println!("ratio          {:.1} x smaller", ratio(json as f64, encoded as f64));
        println!("encode         {:.0} MB/s", mb_per_second(json, self.encoding.time()));
        println!("decode         {:.0} MB/s", mb_per_second(json, self.decoding.time()));
        println!("peak memory    {} above baseline", Mib(peak));
        match self.bad {
            0 => println!("equal          yes: every line was decoded unchanged"),
            bad => println!("equal          yes, except {bad} bad lines, which were skipped"),
        }
    }
}

/// Returns which line is wrong, without its text, because bodies are personal data.
fn different(records: &[Record], decoded: &[Record]) -> String {
    let line = records.iter().zip(decoded).find(|(record, decoded)| record != decoded);
    match line {
        Some((record, _)) => format!("line {}: the decoded record differs", record.id),
        None => format!("{} records encoded, but {} decoded", records.len(), decoded.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Record> {
        Lines::new(text.as_bytes()).chunk(1 << 20, &mut |line| panic!("{line:?}")).unwrap()
    }

    #[test]
    fn adds_up_totals() {
        let mut totals = CodecTotals::default();
        totals.chunk(&lines("{\"a\":1}\n{\"a\":2}\n")).unwrap();
        totals.chunk(&lines("[1.0,1,1e0,12345678901234567890123]")).unwrap();
        assert_eq!((totals.records, totals.chunks, totals.json, totals.bad), (3, 2, 49, 0));
    }

    #[test]
    fn splits_too_large_chunk() {
        // Half of the bytes of each line are random.
        let hash = |n: u64| fieldcast_bundle::ChunkHash::of(&n.to_le_bytes()).to_string();
        let noise: String =
            (0..30_000).map(|n| format!("\"{}\"\n", (0..10).map(|i| hash(10 * n + i)).collect::<String>())).collect();
        let records = Lines::new(noise.as_bytes()).chunk(60 << 20, &mut |line| panic!("{line:?}")).unwrap();
        let mut totals = CodecTotals::default();
        totals.chunk(&records).unwrap();
        assert_eq!((totals.records, totals.chunks, totals.bad), (30_000, 2, 0));
    }

    #[test]
    fn reports_difference_by_line() {
        let (a, b) = (lines("1\n2\n3\n"), lines("1\n7\n3\n"));
        assert_eq!(different(&a, &b), "line 2: the decoded record differs");
        assert_eq!(different(&a, &a[..2]), "3 records encoded, but 2 decoded");
    }
}
