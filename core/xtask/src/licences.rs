//! The licences of dependencies that we may ship under MIT OR Apache-2.0.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;
use crate::metadata::Package;

/// The part of deny.toml that lists the allowed licences.
#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

/// Reads the allowed licences from deny.toml in the workspace folder. Permissive licences require only a notice and do
/// not affect our code. MPL-2.0 affects only the dependency's files.
pub(crate) fn allowed(root: &Path) -> Outcome<Vec<String>> {
    Ok(toml::from_str::<Deny>(&fs::read_to_string(root.join("deny.toml"))?)?.licenses.allow)
}

/// Returns one line for each package whose licence is not allowed.
pub(crate) fn problems(packages: &[Package], allowed: &[String]) -> Vec<String> {
    let is_allowed = |package: &&Package| package.license.as_deref().is_some_and(|it| is_allowed(it, allowed));
    packages
        .iter()
        .filter(|package| !is_allowed(package))
        .map(|package| {
            format!("{}: licence {:?} is not in the list of allowed licences", package.name, package.license)
        })
        .collect()
}

/// Returns whether an SPDX expression is allowed: each part joined by AND needs one allowed choice among those joined
/// by OR.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let choice = |choice: &str| allowed.iter().any(|it| it == choice.trim().split(" WITH ").next().unwrap_or_default());
    let part = |part: &str| part.trim_matches(['(', ')', ' ']).replace('/', " OR ").split(" OR ").any(choice);
    expression.split(" AND ").all(part)
}

/// The licences that the Android app shows, a line for each library: `name: licence`.
const SHOWN: &str = "android/app/src/main/res/raw/licences.txt";

/// Returns one line for each package in the phone library that the app's list of licences lacks, or has in excess.
pub(crate) fn shown_problems(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(root.join(SHOWN))?;
    // The Java libraries come first, and SQLite, which is in a package, is the last of them.
    let (_, shown) = text.split_once("SQLite: public domain\n").ok_or("the list of licences has no line for SQLite")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["tree", "--package", "fieldcast-ffi", "--features", "jni", "--target", "aarch64-linux-android"]);
    cargo.args([
        "--edges",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--no-dedupe",
        "--format",
        "{p}:{l}",
        "--locked",
    ]);
    let output = cargo.current_dir(root).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let tree = String::from_utf8(output.stdout)?;
    Ok(differences(&shown.lines().map(str::to_owned).collect(), &packages(&tree)))
}

/// The packages of others in a dependency tree with lines `name version (...):licence`, as the app shows them.
fn packages(tree: &str) -> BTreeSet<String> {
    let lines = tree.lines().filter(|line| !line.starts_with("fieldcast"));
    let split = lines.filter_map(|line| Some((line.split_once(' ')?.0, line.rsplit_once(':')?.1)));
    split.map(|(name, licence)| format!("{name}: {}", licence.replace('/', " OR "))).collect()
}

fn differences(shown: &BTreeSet<String>, shipped: &BTreeSet<String>) -> Vec<String> {
    let missing = shipped.difference(shown).map(|line| format!("{SHOWN}: add \"{line}\""));
    let excess = shown.difference(shipped).map(|line| format!("{SHOWN}: remove \"{line}\""));
    missing.chain(excess).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requires_allowed_choice_in_every_part() {
        let allowed = allowed(&crate::bindings::root()).unwrap();
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good, &allowed), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND AGPL-3.0", "", "SSPL-1.0 OR BUSL-1.1"] {
            assert!(!is_allowed(bad, &allowed), "{bad}");
        }
    }

    #[test]
    fn compares_shown_licences_with_shipped_packages() {
        let tree = "fieldcast-ffi v0.1.0 (/a):MIT OR Apache-2.0\na v1.0.0:MIT/Apache-2.0\nb v2.0.0:Zlib\na v1.0.0:MIT/Apache-2.0\n";
        let shown = BTreeSet::from(["a: MIT OR Apache-2.0".to_owned(), "c: MIT".to_owned()]);
        let expected = [format!("{SHOWN}: add \"b: Zlib\""), format!("{SHOWN}: remove \"c: MIT\"")];
        assert_eq!(differences(&shown, &packages(tree)), expected);
    }
}
