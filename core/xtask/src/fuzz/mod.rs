//! `cargo xtask fuzz`: builds the targets of tests/fuzz with coverage instrumentation and runs them one after another.
//!
//! The crate `libfuzzer-sys` contains libFuzzer, and instrumentation without a sanitizer needs no unstable option. This
//! task therefore runs wherever the workspace builds and a C++ compiler exists. The targets have their own allocation
//! limit. With cargo-fuzz and a nightly toolchain the same crate runs under AddressSanitizer: see tests/fuzz/README.md.

mod report;
pub(crate) mod seeds;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use self::report::Report;
use crate::Outcome;
use crate::args::Fuzz;

/// The flags that cargo-fuzz also passes.
const INSTRUMENT: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "--cfg=fuzzing",
];

/// The limits of one input. The memory limit also includes the fuzzer's corpus.
const LIMITS: [&str; 4] = ["-timeout=60", "-rss_limit_mb=512", "-malloc_limit_mb=320", "-max_len=65536"];

/// Folders.
struct Folders {
    /// tests/fuzz.
    crate_dir: PathBuf,
    /// target/fuzz: builds, corpora, findings.
    work: PathBuf,
}

impl Folders {
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
    let folders = Folders::find();
    let targets = chosen(&folders.targets()?, &options.targets)?;
    if let Some(reason) = unfit() {
        eprintln!("fuzzing was skipped: {reason}");
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        return Ok(if is_ci { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let programs = build(&folders)?;
    let mut code = ExitCode::SUCCESS;
    for target in &targets {
        let report = fuzz(&folders, &programs, target, options.seconds)?;
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
        Some(unknown) => Err(format!("unknown target {unknown}; choose from {}", all.join(", ")).into()),
        None if asked.is_empty() => Ok(all.to_vec()),
        None => Ok(asked.to_vec()),
    }
}

/// Returns why this machine cannot fuzz, if it cannot.
fn unfit() -> Option<String> {
    if !cfg!(any(target_os = "linux", target_os = "macos")) {
        return Some("fuzzing is supported only on Linux and macOS".into());
    }
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".into());
    let works = Command::new(&compiler).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match works {
        Ok(status) if status.success() => None,
        _ => Some(format!(
            "libFuzzer needs a C++ compiler, but {compiler} does not run; install one (Debian: apt-get install g++)"
        )),
    }
}

/// Builds all targets and returns their folder.
fn build(folders: &Folders) -> Outcome<PathBuf> {
    let host = host()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let status = Command::new(cargo)
        .args(["build", "--release", "--locked", "--quiet", "--target", &host, "--manifest-path"])
        .arg(folders.crate_dir.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&folders.work)
        // With an explicit target, cargo does not instrument build scripts and macros.
        .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENT.join("\u{1f}"))
        .status()?;
    if !status.success() {
        return Err("cannot build tests/fuzz".into());
    }
    Ok(folders.work.join(host).join("release"))
}

fn host() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not report the host platform")?.to_owned())
}

fn fuzz(folders: &Folders, programs: &Path, target: &str, seconds: u32) -> Outcome<Report> {
    let (corpus, findings) = (folders.work.join("corpus").join(target), folders.work.join("findings").join(target));
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&findings)?;
    let log = folders.work.join(format!("{target}.log"));
    let written = File::create(&log)?;
    let status = Command::new(programs.join(target))
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .args([corpus, folders.crate_dir.join("seeds").join(target)])
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
    fn builds_every_target_with_seeds() {
        let folders = Folders::find();
        let manifest = fs::read_to_string(folders.crate_dir.join("Cargo.toml")).unwrap();
        for target in folders.targets().unwrap() {
            assert!(manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")), "{target} is not built");
            let seeds = fs::read_dir(folders.crate_dir.join("seeds").join(&target)).unwrap();
            assert!(seeds.count() > 0, "{target} has no seeds; run `cargo xtask fuzz-seeds`");
        }
    }

    #[test]
    fn names_unknown_target() {
        let all = ["chunk".to_owned(), "json".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        assert_eq!(chosen(&all, &all[1..]).unwrap(), all[1..]);
        let error = chosen(&all, &["chunks".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "unknown target chunks; choose from chunk, json");
    }
}
