//! Who may use whom, as docs/ARCHITECTURE.md draws it.

use crate::metadata::Package;

/// Lowest first. A crate may use crates of lower layers only.
const LAYERS: &[&[&str]] = &[
    &["fieldcast-model", "fieldcast-sandbox", "fieldcast-jvm"],
    &["fieldcast-bundle", "fieldcast-wire"],
    &["fieldcast-store", "fieldcast-downsync", "fieldcast-net"],
    &["fieldcast"],
    &["fieldcast-cli", "fieldcast-ffi"],
];

/// Libraries that one crate wraps, so that one place decides how they are used.
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

/// One line for each rule broken.
pub(crate) fn problems(packages: &[Package]) -> Vec<String> {
    packages.iter().filter(|package| package.name != "xtask").flat_map(package_problems).collect()
}

fn package_problems(package: &Package) -> Vec<String> {
    let name = &package.name;
    let Some(own) = layer(name) else {
        return vec![format!("{name} has no layer: give it one in core/xtask/src/layers.rs and docs/ARCHITECTURE.md")];
    };
    let mut problems = Vec::new();
    for used in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
        if layer(&used.name).is_some_and(|used| used >= own) {
            problems.push(format!("{name} uses {}, which is not below it", used.name));
        }
        if let Some((library, owner)) = WRAPPED.iter().find(|(library, owner)| *library == used.name && owner != name) {
            problems.push(format!("{name} uses {library}, which only {owner} may"));
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
    fn down_is_allowed_and_up_or_sideways_is_not() {
        assert!(problems(&[package("fieldcast-store", &[("fieldcast-model", None), ("rusqlite", None)])]).is_empty());
        assert_eq!(problems(&[package("fieldcast-model", &[("fieldcast-store", None)])]).len(), 1);
        assert_eq!(problems(&[package("fieldcast-net", &[("fieldcast-store", None)])]).len(), 1);
        assert!(problems(&[package("fieldcast-net", &[("fieldcast", Some("dev"))])]).is_empty(), "tests may look up");
    }

    #[test]
    fn wrapped_libraries_and_new_crates_are_noticed() {
        assert_eq!(problems(&[package("fieldcast", &[("rusqlite", None)])]).len(), 1);
        assert_eq!(problems(&[package("fieldcast-new", &[])]).len(), 1);
    }
}
