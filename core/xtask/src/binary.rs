//! The `fieldcast` command, built anew.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Outcome;

/// How the variables begin that `cargo run` sets.
const TOLD: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Builds the command, optimised or not, and tells where it is.
pub(crate) fn build(is_optimised: bool) -> Outcome<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What `cargo run` tells this program is not for build scripts, which would run anew for it.
    let told = std::env::vars_os().map(|(name, _)| name);
    for name in told.filter(|name| name.to_str().is_some_and(|name| TOLD.iter().any(|told| name.starts_with(told)))) {
        cargo.env_remove(name);
    }
    let args = ["build", "--package", "fieldcast-cli", "--message-format=json-render-diagnostics"];
    let built = cargo.args(args).args(is_optimised.then_some("--release")).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8(built.stdout)?;
    let binary = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
        let name = message["target"]["name"].as_str()?;
        message["executable"].as_str().filter(|_| name == "fieldcast").map(PathBuf::from)
    });
    binary.ok_or_else(|| "`fieldcast` could not be built".into())
}
