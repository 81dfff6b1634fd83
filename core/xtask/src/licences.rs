//! The licences of dependencies that we may ship under MIT OR Apache-2.0.

use crate::metadata::Package;

/// Permissive licences require only a notice and do not affect our code. MPL-2.0 affects only the dependency's files.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Returns one line for each package whose licence is not allowed.
pub(crate) fn problems(packages: &[Package]) -> Vec<String> {
    let refused = packages.iter().filter(|package| !package.license.as_deref().is_some_and(is_allowed));
    refused
        .map(|package| {
            format!("{}: licence {:?} is not in the list of allowed licences", package.name, package.license)
        })
        .collect()
}

/// Returns whether an SPDX expression is allowed: each part joined by AND needs one allowed choice among those joined
/// by OR.
fn is_allowed(expression: &str) -> bool {
    let choice = |choice: &str| ALLOWED.contains(&choice.trim().split(" WITH ").next().unwrap_or_default());
    let part = |part: &str| part.trim_matches(['(', ')', ' ']).replace('/', " OR ").split(" OR ").any(choice);
    expression.split(" AND ").all(part)
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn requires_allowed_choice_in_every_part() {
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND AGPL-3.0", "", "SSPL-1.0 OR BUSL-1.1"] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
