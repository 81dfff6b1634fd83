//! Builds the `fieldcast` command, and starts cargo for other builds.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;

/// Prefixes of the environment variables that `cargo run` sets.
const CARGO_RUN_PREFIXES: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Returns cargo without the variables of `cargo run`: with them, build scripts would run again.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let names = std::env::vars_os().map(|(name, _)| name);
    let is_from_cargo = |name: &str| CARGO_RUN_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    for name in names.filter(|name| name.to_str().is_some_and(is_from_cargo)) {
        cargo.env_remove(name);
    }
    cargo
}

/// Builds the command, optimised or not, and returns its path.
pub(crate) fn build(is_optimised: bool) -> Outcome<PathBuf> {
    let args = ["build", "--package", "fieldcast-cli", "--message-format=json-render-diagnostics"];
    let built = cargo().args(args).args(is_optimised.then_some("--release")).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8(built.stdout)?;
    let binary = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let name = message["target"]["name"].as_str()?;
        message["executable"].as_str().filter(|_| name == "fieldcast").map(PathBuf::from)
    });
    binary.ok_or_else(|| "cannot build `fieldcast`".into())
}
