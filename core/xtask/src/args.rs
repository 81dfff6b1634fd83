//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use fieldcast_bundle::{CHUNK_JSON_TARGET, MAX_CHUNK_JSON};

/// Developer tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// No crate uses one above it, and each outside library stays in the crate that wraps it
    Layers,
    /// Every dependency's licence is one we may ship
    Licences,
    /// Encode and decode any file of JSON lines, check that it comes back, and say what it took
    Codec(Codec),
    /// Measure; builds itself for release
    #[command(subcommand)]
    Bench(Bench),
    /// Feed the decoders and state machines what a stranger might
    Fuzz(Fuzz),
    /// Write tests/fuzz/seeds anew
    FuzzSeeds,
    /// Flip bits in a device's files and check that it passes nothing wrong on, loses nothing silently, and heals
    Torture(Torture),
    /// Make the Kotlin and Swift sources of the SDK from core/ffi
    Bindings(Bindings),
    /// The SDK's whole journey in another language
    Journey { language: Language },
}

impl Task {
    /// Whether what it says of speed or memory holds for optimised code only.
    pub(crate) fn is_measurement(&self) -> bool {
        matches!(self, Self::Codec(_) | Self::Bench(_))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Codec {
    /// One JSON value a line; blank lines are passed over
    pub(crate) file: PathBuf,
    /// Bytes of JSON a chunk holds
    #[arg(long, value_name = "BYTES", default_value_t = CHUNK_JSON_TARGET,
        value_parser = clap::value_parser!(u64).range(1..=MAX_CHUNK_JSON as u64))]
    pub(crate) chunk_json: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Our encoding beside gzip and zstd, on the sandbox's reference set
    Codec(BenchCodec),
    /// Many receivers at once: the distributor's memory, and what two in trouble cost the others
    Crowd(BenchCrowd),
    /// Peak memory of encoding and decoding a stream of records
    Memory(BenchMemory),
    /// The SDK's library: its size, what takes it, and an app's wait at its start; needs `strip` and `nm`
    Sdk(BenchSdk),
    /// Bulk loads into the store, held against a plain loop that inserts the same rows
    Store(BenchStore),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchCodec {
    #[arg(long, default_value_t = 8_000)]
    pub(crate) households: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Each figure is the median of so many
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchCrowd {
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(3..=256))]
    pub(crate) receivers: u16,
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u64).range(100..))]
    pub(crate) households: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Each figure is the median of so many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchMemory {
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) records: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchSdk {
    /// Start nothing
    #[arg(long)]
    pub(crate) size_only: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchStore {
    #[arg(long, default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) households: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Each figure is the median of so many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Households of a downsync page
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: u32,
    /// Where the databases are made and removed again; the system's folder for such files by default
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fuzz {
    /// Which targets, by the names of tests/fuzz/fuzz_targets; all by default
    pub(crate) targets: Vec<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Torture {
    /// How many copies of the device's folder are damaged, each in its own way
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) databases: u64,
    /// Chooses the bits
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Only this database of the run
    #[arg(long, value_name = "NUMBER")]
    pub(crate) only: Option<u64>,
    /// Households over three villages; from about 500 on the database is too large to be checked whole at each start
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u64).range(24..))]
    pub(crate) households: u64,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Language {
    /// A smoke test
    Python,
    /// The test suite of android/sdk, on the JVM; needs Maven and a JDK
    Kotlin,
    /// The test suite of ios/Sdk; skipped, saying so, where there is no Swift on the PATH or in FIELDCAST_SWIFT_ROOT
    Swift,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bindings {
    /// Write nothing; fail if what is there differs
    #[arg(long)]
    pub(crate) verify: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, clap::Error> {
        Args::try_parse_from(std::iter::once("xtask").chain(line.split(' '))).map(|args| args.task)
    }

    #[test]
    fn what_is_not_said_has_the_reference_set_for_a_default() {
        let Ok(Task::Bench(Bench::Codec(options))) = parsed("bench codec") else { panic!() };
        assert_eq!((options.households, options.seed), (8_000, 7));
        let Ok(Task::Bench(Bench::Memory(options))) = parsed("bench memory") else { panic!() };
        assert_eq!(options.records, 1_000_000);
        let Ok(Task::Codec(options)) = parsed("codec a.ndjson") else { panic!() };
        assert_eq!(options.chunk_json, 1 << 20);
    }

    #[test]
    fn what_is_said_counts() {
        let Ok(Task::Codec(options)) = parsed("codec a.ndjson --chunk-json 4096") else { panic!() };
        assert_eq!((options.file.to_str(), options.chunk_json), (Some("a.ndjson"), 4096));
        let Ok(Task::Fuzz(options)) = parsed("fuzz chunk json --seconds 5") else { panic!() };
        assert_eq!((options.targets, options.seconds), (vec!["chunk".to_owned(), "json".to_owned()], 5));
        let Ok(Task::Torture(options)) = parsed("torture --seed 3 --only 41") else { panic!() };
        assert_eq!((options.databases, options.seed, options.only), (300, 3, Some(41)));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in
            ["", "bench", "codec", "codec a --chunk-json 0", "codec a --chunk-json 67108865", "bench codec --seed x"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
