//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use fieldcast_bundle::{CHUNK_JSON_TARGET, MAX_CHUNK_JSON};

/// Developer tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) task: TaskCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TaskCommand {
    /// Run the checks of CI. --full runs all of them and needs what .ci/run installs
    Ci(Ci),
    /// Check that no crate uses a crate of a higher layer, that only the wrapping crate uses each wrapped library, and
    /// that modules do not import each other in a circle
    Layers,
    /// Check that we may ship every dependency under its licence, and that the Android app shows the licences
    Licences,
    /// Encode and decode a file of JSON lines, compare the result, and print sizes and speed
    Codec(Codec),
    /// Run a benchmark in an optimised build
    #[command(subcommand)]
    Bench(Bench),
    /// Fuzz the decoders and state machines with untrusted input
    Fuzz(Fuzz),
    /// Rewrite tests/fuzz/seeds
    FuzzSeeds,
    /// Flip bits in a device's files. Check that the device sends no wrong data, loses nothing silently, and recovers
    Torture(Torture),
    /// Generate the Kotlin and Swift sources of the SDK from core/ffi
    Bindings(Bindings),
    /// Test the SDK end to end in another language
    Journey { language: Language },
    /// Build and test an app
    #[command(subcommand)]
    App(App),
    /// Make the bundle file with which the Android app's debug and training builds rehearse without a server
    PracticeBundle {
        /// The file to write, as target/android-app/assets/practice.fcb
        out: PathBuf,
    },
}

impl TaskCommand {
    /// Returns whether the task measures speed or memory, which is valid only for optimised code.
    pub(crate) fn is_measurement(&self) -> bool {
        matches!(self, Self::Codec(_) | Self::Bench(_))
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Ci {
    /// Run only what needs nothing but Rust and a C compiler, in a few minutes; this is the default
    #[arg(long, conflicts_with = "full")]
    pub(crate) fast: bool,
    /// Run everything
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Codec {
    /// The file, with one JSON value per line; blank lines are skipped
    pub(crate) file: PathBuf,
    /// The size of a chunk, in bytes of JSON
    #[arg(long, value_name = "BYTES", default_value_t = CHUNK_JSON_TARGET,
        value_parser = clap::value_parser!(u64).range(1..=MAX_CHUNK_JSON as u64))]
    pub(crate) chunk_json: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Compare our encoding with gzip and zstd, on the sandbox's reference data
    Codec(BenchCodec),
    /// Measure a send to many receivers: the distributor's memory, and the delay caused by two failing receivers
    Crowd(BenchCrowd),
    /// Measure the peak memory of encoding and decoding a stream of records
    Memory(BenchMemory),
    /// Measure the SDK's library: its size by crate, and the start-up time of an app; needs `strip` and `nm`
    Sdk(BenchSdk),
    /// Compare bulk loads into the store with a plain loop that inserts the same rows
    Store(BenchStore),
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchCodec {
    #[arg(long, default_value_t = 8_000)]
    pub(crate) households: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// The number of rounds; each figure is their median
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
    /// The number of rounds; each figure is their median
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
    /// Do not measure the start-up time
    #[arg(long)]
    pub(crate) size_only: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BenchStore {
    #[arg(long, default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) households: u64,
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// The number of rounds; each figure is their median
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// The number of households in a downsync page
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) page: u32,
    /// The folder for the databases, which are deleted afterwards; default: the system's temporary folder
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Fuzz {
    /// The targets to run, by their names in tests/fuzz/fuzz_targets; default: all
    pub(crate) targets: Vec<String>,
    /// The run time of each target, in seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) seconds: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Torture {
    /// The number of copies of the device's folder; each is damaged differently
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) databases: u64,
    /// The seed that selects the bits
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Run only the database with this number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) only: Option<u64>,
    /// Households in three villages; from about 500 on the database is too large for a full check at each start
    #[arg(long, default_value_t = 36, value_parser = clap::value_parser!(u64).range(24..))]
    pub(crate) households: u64,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Language {
    /// A smoke test
    Python,
    /// The test suite of android/sdk, on the JVM; needs Maven and a JDK
    Kotlin,
    /// The test suite of ios/Sdk; skipped with a message if there is no Swift on the PATH or in FIELDCAST_SWIFT_ROOT
    Swift,
}

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// Build android/app without Gradle and Google's Android SDK; needs Maven, a JDK and aapt2, for --apk also zipalign and
    /// apksigner
    Android(AndroidApp),
}

#[derive(Debug, clap::Args)]
pub(crate) struct AndroidApp {
    /// Run the tests whose class names contain one of these texts; default: all
    #[arg(long, value_name = "FILTER", num_args = 0..)]
    pub(crate) test: Option<Vec<String>>,
    /// Run the tests named *ScreensTest, which rewrite docs/pictures
    #[arg(long)]
    pub(crate) screens: bool,
    /// Make the release for arm64 phones, signed with a key for tests, and check it; after the tests, if there are any
    #[arg(long)]
    pub(crate) apk: bool,
    /// Make the APK for trainings instead: it offers to practise without a server
    #[arg(long, requires = "apk")]
    pub(crate) training: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bindings {
    /// Write nothing; fail if the existing files differ
    #[arg(long)]
    pub(crate) verify: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<TaskCommand, clap::Error> {
        Args::try_parse_from(std::iter::once("xtask").chain(line.split(' '))).map(|args| args.task)
    }

    #[test]
    fn uses_reference_data_by_default() {
        let Ok(TaskCommand::Bench(Bench::Codec(options))) = parsed("bench codec") else { panic!() };
        assert_eq!((options.households, options.seed), (8_000, 7));
        let Ok(TaskCommand::Bench(Bench::Memory(options))) = parsed("bench memory") else { panic!() };
        assert_eq!(options.records, 1_000_000);
        let Ok(TaskCommand::Codec(options)) = parsed("codec a.ndjson") else { panic!() };
        assert_eq!(options.chunk_json, 1 << 20);
    }

    #[test]
    fn parses_given_options() {
        let Ok(TaskCommand::Codec(options)) = parsed("codec a.ndjson --chunk-json 4096") else { panic!() };
        assert_eq!((options.file.to_str(), options.chunk_json), (Some("a.ndjson"), 4096));
        let Ok(TaskCommand::Fuzz(options)) = parsed("fuzz chunk json --seconds 5") else { panic!() };
        assert_eq!((options.targets, options.seconds), (vec!["chunk".to_owned(), "json".to_owned()], 5));
        let Ok(TaskCommand::PracticeBundle { out }) = parsed("practice-bundle a.fcb") else { panic!() };
        assert_eq!(out.to_str(), Some("a.fcb"));
        let Ok(TaskCommand::Torture(options)) = parsed("torture --seed 3 --only 41") else { panic!() };
        assert_eq!((options.databases, options.seed, options.only), (300, 3, Some(41)));
    }

    #[test]
    fn takes_filters_after_test_only() {
        let Ok(TaskCommand::App(App::Android(options))) = parsed("app android --test --apk") else { panic!() };
        assert_eq!((options.test, options.apk), (Some(Vec::new()), true));
        let Ok(TaskCommand::App(App::Android(options))) = parsed("app android --test Home Send") else { panic!() };
        assert_eq!((options.test, options.apk), (Some(vec!["Home".to_owned(), "Send".to_owned()]), false));
    }

    #[test]
    fn rejects_invalid_arguments() {
        for line in
            ["", "bench", "codec", "codec a --chunk-json 0", "codec a --chunk-json 67108865", "bench codec --seed x"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
