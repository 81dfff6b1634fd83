//! The licences of dependencies that we may ship under MIT OR Apache-2.0.

use std::fs;
use std::path::Path;

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
}
