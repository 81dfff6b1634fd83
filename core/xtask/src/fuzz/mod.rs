//! `cargo xtask fuzz`: the targets of tests/fuzz, built with coverage instrumentation and run one after another.
//!
//! libFuzzer comes with the crate `libfuzzer-sys`, and instrumenting needs no unstable option as long as no sanitizer is
//! asked for; so this runs wherever the workspace builds and there is a C++ compiler. The targets bring their own
//! allocation limit. With cargo-fuzz and a nightly the same crate runs under AddressSanitizer: see tests/fuzz/README.md.

mod report;
pub(crate) mod seeds;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use self::report::Report;
use crate::Outcome;
use crate::args::Fuzz;

/// What cargo-fuzz passes too.
const INSTRUMENT: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// An input may cost so much and no more. The limit on memory counts the fuzzer's own corpus too.
const LIMITS: [&str; 4] = ["-timeout=60", "-rss_limit_mb=512", "-malloc_limit_mb=320", "-max_len=65536"];

/// Where things are.
struct Places {
    /// tests/fuzz.
    crate_dir: PathBuf,
    /// target/fuzz: builds, corpora, findings.
    work: PathBuf,
}

impl Places {
    fn find() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        Self { crate_dir: root.join("tests/fuzz"), work: root.join("target/fuzz") }
    }

    /// The names of all targets.
    fn targets(&self) -> Outcome<Vec<String>> {
        let mut names = Vec::new();
        for file in fs::read_dir(self.crate_dir.join("fuzz_targets"))? {
            names.extend(file?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
        names.sort();
        Ok(names)
    }
}

pub(crate) fn run(options: &Fuzz) -> Outcome {
    let places = Places::find();
    let targets = chosen(&places.targets()?, &options.targets)?;
    if let Some(reason) = unfit() {
        eprintln!("nothing was fuzzed: {reason}");
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        return Ok(if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let programs = build(&places)?;
    let mut code = ExitCode::SUCCESS;
    for target in &targets {
        let report = fuzz(&places, &programs, target, options.seconds)?;
        println!("{target:13} {report}");
        if report.is_finding {
            println!("{}", report.tail);
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn chosen(all: &[String], asked: &[String]) -> Outcome<Vec<String>> {
    match asked.iter().find(|target| !all.contains(target)) {
        Some(unknown) => Err(format!("no target is called {unknown}; there are {}", all.join(", ")).into()),
        None if asked.is_empty() => Ok(all.to_vec()),
        None => Ok(asked.to_vec()),
    }
}

/// Why fuzzing cannot be done on this machine.
fn unfit() -> Option<String> {
    if !cfg!(any(target_os = "linux", target_os = "macos")) {
        return Some("libFuzzer is only used on Linux and macOS here".into());
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let works = Command::new(&compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match works {
        Ok(status) if status.success() => None,
        _ => Some(format!("libFuzzer is C++, and there is no C++ compiler {compiler} (Debian: apt-get install g++)")),
    }
}

/// Builds all targets and returns the folder they are in.
fn build(places: &Places) -> Outcome<PathBuf> {
    let host = host()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--target", &host, "--manifest-path"])
        .arg(places.crate_dir.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&places.work)
        // With a target named, build scripts and macros stay as they are.
        .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENT.join("\u{1f}"))
        .status()?;
    if !status.success() {
        return Err("tests/fuzz does not build".into());
    }
    Ok(places.work.join(host).join("release"))
}

fn host() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say what machine this is")?.to_owned())
}

fn fuzz(places: &Places, programs: &Path, target: &str, seconds: u32) -> Outcome<Report> {
    let (corpus, findings) = (places.work.join("corpus").join(target), places.work.join("findings").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    let log = places.work.join(format!("{target}.log"));
    let written = File::create(&log)?;
    let status = Command::new(programs.join(target))
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .args([corpus, places.crate_dir.join("seeds").join(target)])
        .stdin(Stdio::null())
        .stdout(written.try_clone()?)
        .stderr(written)
        .status()?;
    Ok(Report::read(&String::from_utf8_lossy(&fs::read(&log)?), status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_is_built() {
        let places = Places::find();
        let manifest = fs::read_to_string(places.crate_dir.join("Cargo.toml")).unwrap();
        for target in places.targets().unwrap() {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target} is not built");
            let seeds = fs::read_dir(places.crate_dir.join("seeds").join(&target)).unwrap();
            assert!(seeds.count() > 0, "{target} has no seeds: cargo xtask fuzz-seeds");
        }
    }

    #[test]
    fn a_target_that_is_not_there_is_told_by_name() {
        let all = ["chunk".to_owned(), "json".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        assert_eq!(chosen(&all, &all[1..]).unwrap(), all[1..]);
        let error = chosen(&all, &["chunks".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "no target is called chunks; there are chunk, json");
    }
}
