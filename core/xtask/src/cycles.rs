//! Import cycles between the modules of a crate: modules in a cycle can only be understood and changed together.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// Crates whose modules have no import cycle, by folder.
const CHECKED: [&str; 10] = ["model", "bundle", "wire", "downsync", "net", "store", "engine", "cli", "ffi", "sandbox"];

/// A module by its path in the crate, without `crate`.
type Module = Vec<String>;

/// Returns one line for each cycle.
pub(crate) fn problems(root: &Path) -> io::Result<Vec<String>> {
    let mut problems = Vec::new();
    for name in CHECKED {
        let mut sources = BTreeMap::new();
        read(&root.join("core").join(name).join("src"), &Vec::new(), &mut sources)?;
        let cycles = cycles(&imports(&sources)).into_iter();
        problems.extend(cycles.map(|cycle| format!("core/{name}: import cycle between {}", cycle.join(", "))));
    }
    Ok(problems)
}

/// Reads the sources of all modules but tests.
fn read(folder: &Path, parent: &Module, sources: &mut BTreeMap<Module, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_root = ["mod", "lib", "main"].contains(&name.as_str());
        let module = if is_root { parent.clone() } else { [parent.as_slice(), std::slice::from_ref(&name)].concat() };
        if name.contains("tests") {
            continue;
        } else if path.is_dir() {
            read(&path, &module, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.insert(module, fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// The modules that each module names by `crate::` or `super::`, outside its unit tests. The root of the crate does not
/// count, because all modules share what it exports.
fn imports(sources: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let targets = |module: &Module, source: &str| {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let mut found = BTreeSet::new();
        for (at, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
            let is_part = code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            let is_later = code[..at].ends_with("super::");
            if is_part || is_later {
                continue;
            }
            let mut rest = &code[at..];
            let mut base: Module = module.clone();
            if let Some(after) = rest.strip_prefix("crate::") {
                (rest, base) = (after, Module::new());
            }
            while let Some(after) = rest.strip_prefix("super::") {
                rest = after;
                base.pop();
            }
            for path in paths(rest) {
                let mut target = base.clone();
                for part in path {
                    target.push(part);
                    if !sources.contains_key(&target) {
                        target.pop();
                        break;
                    }
                }
                if !target.is_empty() && target != *module && sources.contains_key(&target) {
                    found.insert(target);
                }
            }
        }
        found
    };
    sources.iter().map(|(module, source)| (module.clone(), targets(module, source))).collect()
}

/// The paths that begin here: one, or each of a list in braces.
fn paths(text: &str) -> Vec<Vec<String>> {
    let path = |text: &str| {
        let name = |part: &str| part.trim().split(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
        text.split("::").map_while(name).filter(|part| !part.is_empty()).collect()
    };
    match text.strip_prefix('{').and_then(|list| list.split_once('}')) {
        Some((list, _)) => list.split(',').map(path).collect(),
        None => vec![path(text.split([' ', '\n', ';', '(', ')', ',']).next().unwrap_or_default())],
    }
}

/// The groups of modules that reach each other.
fn cycles(imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Vec<String>> {
    let reached = |from: &Module| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = imports.get(from).into_iter().flatten().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(imports.get(module).into_iter().flatten());
            }
        }
        reached
    };
    let reach: BTreeMap<&Module, BTreeSet<&Module>> = imports.keys().map(|module| (module, reached(module))).collect();
    let mut groups = BTreeSet::new();
    for (module, reached) in &reach {
        let back = reached.iter().filter(|other| reach.get(*other).is_some_and(|back| back.contains(module)));
        let group: BTreeSet<String> = back.map(|module| module.join("::")).collect();
        if !group.is_empty() {
            groups.insert(group.into_iter().collect::<Vec<_>>());
        }
    }
    groups.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
        let module = |path: &str| path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
        cycles(&imports(&sources.iter().map(|(path, source)| (module(path), (*source).to_owned())).collect()))
    }

    #[test]
    fn finds_cycles_through_any_form_of_import() {
        let a = ("a", "use crate::b::{C, d};\n#[cfg(test)]\nuse crate::e;");
        assert_eq!(found(&[a, ("b", "fn f() { super::a::g() }"), ("e", "use crate::a::A;")]), [["a", "b"]]);
        let nested = [("a", ""), ("a::x", "use super::y;"), ("a::y", "use super::super::a::x::{self};")];
        assert_eq!(found(&nested), [["a::x", "a::y"]]);
        let list = [("a", "use crate::{Error, b};"), ("b", "use crate::a;")];
        assert_eq!(found(&list), [["a", "b"]]);
    }

    #[test]
    fn ignores_what_is_no_cycle() {
        let root = ("", "pub use a::A;");
        assert!(
            found(&[root, ("a", "use crate::{Error, Result};\nuse crate::b::B;"), ("b", "use crate::Error;")])
                .is_empty()
        );
    }
}
