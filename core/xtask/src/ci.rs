//! Everything that CI checks, as one command.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::args::Ci;
use crate::{Outcome, bindings};

/// A command that has to succeed.
struct CiStep {
    name: &'static str,
    command: &'static [&'static str],
    fast: bool,
    full: bool,
}

const fn both(name: &'static str, command: &'static [&'static str]) -> CiStep {
    CiStep { name, command, fast: true, full: true }
}

const fn fast(name: &'static str, command: &'static [&'static str]) -> CiStep {
    CiStep { name, command, fast: true, full: false }
}

const fn full(name: &'static str, command: &'static [&'static str]) -> CiStep {
    CiStep { name, command, fast: false, full: true }
}

const DOC_WARNINGS: &str = r#"build.rustdocflags=["-Dwarnings"]"#;

/// In the order in which they run. The README's test command comes first.
const STEPS: &[CiStep] = &[
    full("tests", &["cargo", "test", "--workspace", "--locked"]),
    both("format", &["cargo", "fmt", "--all", "--check"]),
    both("layers", &["cargo", "xtask", "layers"]),
    both("licences", &["cargo", "xtask", "licences"]),
    both("clippy", &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    fast("unit tests", &["cargo", "test", "--workspace", "--lib", "--bins", "--locked"]),
    full("docs", &["cargo", "--config", DOC_WARNINGS, "doc", "--workspace", "--no-deps", "--locked", "--quiet"]),
    full("the SDK's sources", &["cargo", "xtask", "bindings", "--verify"]),
    full("the SDK in Python", &["cargo", "xtask", "journey", "python"]),
    full("the SDK in Kotlin", &["cargo", "xtask", "journey", "kotlin"]),
    full("the Android app", &["cargo", "xtask", "app", "android", "--test", "--apk"]),
    full("sizes", &["cargo", "xtask", "bench", "codec", "--rounds", "1"]),
    full("memory", &["cargo", "xtask", "bench", "memory", "--records", "200000"]),
    full("the phone library", &["cargo", "xtask", "bench", "sdk"]),
    full("flipped bits", &["cargo", "xtask", "torture", "--databases", "27"]),
    full("thirty-two receivers at the same time", &["cargo", "xtask", "bench", "crowd", "--rounds", "3"]),
    full("fuzzing", &["cargo", "xtask", "fuzz", "--seconds", "5"]),
    full("the command line", &["cargo", "build", "--release", "-p", "fieldcast-cli", "--locked"]),
    full("the demo", &["timeout", "60", "cargo", "demo"]),
    full("the core for phones", &[".ci/cross"]),
    full("the SDK in Swift", &[".ci/swift"]),
];

pub(crate) fn run(options: &Ci) -> Outcome {
    let begun = Instant::now();
    for step in STEPS.iter().filter(|step| if options.full { step.full } else { step.fast }) {
        println!("\n== {} (after {} s)", step.name, begun.elapsed().as_secs());
        if !runs(step, &bindings::root())? {
            eprintln!("failed: {}", step.command.join(" "));
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("\n== done (after {} s)", begun.elapsed().as_secs());
    Ok(ExitCode::SUCCESS)
}

fn runs(step: &CiStep, root: &Path) -> Outcome<bool> {
    let [program, args @ ..] = step.command else { return Err("a step without a command".into()) };
    let status = Command::new(program).args(args).current_dir(root).status();
    Ok(status.map_err(|error| format!("{program}: {error}"))?.success())
}
