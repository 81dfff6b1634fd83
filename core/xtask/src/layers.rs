//! The allowed dependencies between crates, as in docs/ARCHITECTURE.md.

use crate::metadata::Package;

/// The layers, lowest first. A crate may use only crates of lower layers.
const LAYERS: &[&[&str]] = &[
    &["fieldcast-model", "fieldcast-sandbox", "fieldcast-jvm"],
    &["fieldcast-bundle", "fieldcast-wire"],
    &["fieldcast-store", "fieldcast-downsync", "fieldcast-net"],
    &["fieldcast"],
    &["fieldcast-cli", "fieldcast-ffi"],
];

/// Libraries that only one crate may use, so that their use is defined in one place.
const WRAPPED: &[(&str, &str)] = &[
    ("rusqlite", "fieldcast-store"),
    ("reqwest", "fieldcast-downsync"),
    ("mdns-sd", "fieldcast-net"),
    ("socket2", "fieldcast-net"),
    ("tokio-rustls", "fieldcast-net"),
    ("axum", "fieldcast-sandbox"),
    ("uniffi", "fieldcast-ffi"),
    ("jni-sys", "fieldcast-jvm"),
];

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// Returns one line for each broken rule.
pub(crate) fn problems(packages: &[Package]) -> Vec<String> {
    packages.iter().filter(|package| package.name != "xtask").flat_map(package_problems).collect()
}

fn package_problems(package: &Package) -> Vec<String> {
    let name = &package.name;
    let Some(own) = layer(name) else {
        return vec![format!("{name} has no layer; add it to core/xtask/src/layers.rs and docs/ARCHITECTURE.md")];
    };
    let mut problems = Vec::new();
    for used in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
        if layer(&used.name).is_some_and(|used| used >= own) {
            problems.push(format!("{name} uses {}, which is not in a lower layer", used.name));
        }
        if let Some((library, owner)) = WRAPPED.iter().find(|(library, owner)| *library == used.name && owner != name) {
            problems.push(format!("{name} uses {library}, which only {owner} may use"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependency =
            |(name, kind): &(&str, Option<&str>)| Dependency { name: (*name).into(), kind: kind.map(Into::into) };
        Package { name: name.into(), license: None, dependencies: uses.iter().map(dependency).collect() }
    }

    #[test]
    fn allows_only_lower_layers() {
        assert!(problems(&[package("fieldcast-store", &[("fieldcast-model", None), ("rusqlite", None)])]).is_empty());
        assert_eq!(problems(&[package("fieldcast-model", &[("fieldcast-store", None)])]).len(), 1);
        assert_eq!(problems(&[package("fieldcast-net", &[("fieldcast-store", None)])]).len(), 1);
        assert!(
            problems(&[package("fieldcast-net", &[("fieldcast", Some("dev"))])]).is_empty(),
            "tests may use higher layers"
        );
    }

    #[test]
    fn reports_wrapped_libraries_and_new_crates() {
        assert_eq!(problems(&[package("fieldcast", &[("rusqlite", None)])]).len(), 1);
        assert_eq!(problems(&[package("fieldcast-new", &[])]).len(), 1);
    }
}
