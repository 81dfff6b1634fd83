//! `cargo xtask bench memory`: encodes and decodes a stream of records chunk by chunk and measures the peak memory.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::process::ExitCode;

use fieldcast_bundle::{CHUNK_JSON_TARGET, decode_chunk, encode_chunk};
use fieldcast_model::{Digest, Record};
use fieldcast_sandbox::Moment;

use crate::Outcome;
use crate::args::BenchMemory;
use crate::figures::Mib;
use crate::memory::Baseline;
use crate::sample;

/// The maximum memory, which a phone can provide.
const MOST: u64 = 64 << 20;
/// The minimum average number of records per household.
const PER_HOUSEHOLD: u64 = 16;
const PER_BOUNDARY: u64 = 1_000;

pub(crate) fn run(options: &BenchMemory) -> Outcome {
    let households = options.records / PER_HOUSEHOLD + 10;
    let boundaries = households.div_ceil(PER_BOUNDARY).min(100_000) as u32;
    let moment = sample::campaign(options.seed, households, boundaries)?;
    let mut file = tempfile::tempfile()?;
    let baseline = Baseline::take();
    let written = encode_all(&moment, options.records, &mut file)?;
    let encode = baseline.peak_above();
    println!("{} records, {} B of JSON, {} B encoded", written.records, written.json, written.bytes);
    println!("encode: peak memory {} above baseline, including the generation of records", Mib(encode));
    file.rewind()?;
    baseline.begin_again();
    let read = decode_all(&file)?;
    let decode = baseline.peak_above();
    println!("decode: peak memory {} above baseline", Mib(decode));
    if (read.records, read.digest) != (written.records, written.digest) {
        return Err("the decoded records differ from the encoded records".into());
    }
    let is_fine = [encode, decode].iter().flatten().all(|peak| *peak < MOST);
    println!("goal: below {} each way: {}", Mib(Some(MOST)), if is_fine { "met" } else { "MISSED" });
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Totals of the processed records.
struct StreamTotals {
    records: u64,
    json: u64,
    bytes: u64,
    digest: Digest,
}

impl StreamTotals {
    const NONE: Self = Self { records: 0, json: 0, bytes: 0, digest: Digest::EMPTY };

    fn count(&mut self, records: &[Record], bytes: usize) {
        self.records += records.len() as u64;
        self.json += sample::json_bytes(records);
        self.bytes += bytes as u64;
        records.iter().for_each(|record| self.digest.insert(record.hash()));
    }
}

/// Writes chunks, each with its length in front.
fn encode_all(moment: &Moment, most: u64, file: &mut File) -> Outcome<StreamTotals> {
    let mut file = BufWriter::new(file);
    let mut stream = StreamTotals::NONE;
    let mut put = |records: &mut Vec<Record>| -> Outcome<()> {
        let chunk = encode_chunk(records)?;
        stream.count(records, chunk.bytes.len());
        file.write_all(&(chunk.bytes.len() as u32).to_le_bytes())?;
        file.write_all(&chunk.bytes)?;
        records.clear();
        Ok(())
    };
    let (mut made, mut json, mut records) = (0, 0, Vec::new());
    'all: for leaf in 0..moment.leaves().len() {
        for record in sample::boundary(moment, leaf)? {
            if made == most {
                break 'all;
            }
            made += 1;
            json += record.body.len() as u64;
            records.push(record);
            if json >= CHUNK_JSON_TARGET {
                put(&mut records)?;
                json = 0;
            }
        }
    }
    put(&mut records)?;
    file.flush()?;
    Ok(stream)
}

fn decode_all(file: &File) -> Outcome<StreamTotals> {
    let mut file = BufReader::new(file);
    let mut stream = StreamTotals::NONE;
    let mut len = [0; 4];
    while file.read_exact(&mut len).is_ok() {
        let mut bytes = vec![0; u32::from_le_bytes(len) as usize];
        file.read_exact(&mut bytes)?;
        stream.count(&decode_chunk(&bytes)?, bytes.len());
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_and_decodes_requested_record_count() {
        let moment = sample::campaign(7, 200, 2).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        let written = encode_all(&moment, 2_500, &mut file).unwrap();
        file.rewind().unwrap();
        let read = decode_all(&file).unwrap();
        assert_eq!((written.records, read.records, read.digest), (2_500, 2_500, written.digest));
    }
}
