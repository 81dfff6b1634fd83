//! Runs benchmarks in an optimised build, even if `cargo xtask` itself is not optimised.

use std::process::{Command, ExitCode};

use crate::Outcome;

/// In an unoptimised build, starts the optimised build with the same arguments and returns its exit code.
pub(crate) fn relaunched() -> Outcome<Option<ExitCode>> {
    if !cfg!(debug_assertions) {
        return Ok(None);
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let status = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--package", "xtask", "--manifest-path"])
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "--"])
        .args(std::env::args_os().skip(1))
        .status()?;
    Ok(Some(status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(code as u8))))
}
