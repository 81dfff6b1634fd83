//! Compressed JSON lines, for comparison with our encoding.

use std::io::{Read, Write};

use fieldcast_model::Record;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::codec::CodecRun;
use crate::Outcome;
use crate::clock::Stopwatch;

#[derive(Clone, Copy)]
pub(crate) enum Compression {
    /// Level 6, the common default.
    Gzip,
    /// Level 3, its default.
    Zstd,
}

/// Compresses and decompresses each block. The time for joining the lines is not included.
pub(crate) fn run(blocks: &[Vec<&Record>], compression: Compression) -> Outcome<CodecRun> {
    let mut run = CodecRun::default();
    for block in blocks {
        let text = joined(block);
        let start = Stopwatch::start();
        let bytes = compression.compress(&text)?;
        run.encoding += start.elapsed();
        let start = Stopwatch::start();
        let back = compression.decompress(&bytes, text.len())?;
        run.decoding += start.elapsed();
        if back != text {
            return Err("a decompressed block differs from the original".into());
        }
        run.bytes += bytes.len() as u64;
    }
    Ok(run)
}

fn joined(block: &[&Record]) -> Vec<u8> {
    let mut text = Vec::with_capacity(block.iter().map(|record| record.body.len() + 1).sum());
    for record in block {
        text.extend_from_slice(record.body.as_str().as_bytes());
        text.push(b'\n');
    }
    text
}

impl Compression {
    fn compress(self, text: &[u8]) -> Outcome<Vec<u8>> {
        Ok(match self {
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
                encoder.write_all(text)?;
                encoder.finish()?
            }
            Self::Zstd => zstd::bulk::compress(text, 3)?,
        })
    }

    fn decompress(self, bytes: &[u8], len: usize) -> Outcome<Vec<u8>> {
        Ok(match self {
            Self::Gzip => {
                let mut text = Vec::with_capacity(len);
                GzDecoder::new(bytes).read_to_end(&mut text)?;
                text
            }
            Self::Zstd => zstd::bulk::decompress(bytes, len)?,
        })
    }
}
