//! Checks of the documents against the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Collects the names of all functions in the Rust files below a folder.
fn functions(below: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            functions(&entry, names);
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            let text = fs::read_to_string(&entry).unwrap();
            let after = text.split("fn ").skip(1);
            names.extend(after.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
        }
    }
}

#[test]
fn finds_every_test_named_in_failures() {
    let mut known = BTreeSet::new();
    ["core", "tests/e2e"].iter().for_each(|folder| functions(&root().join(folder), &mut known));
    let text = fs::read_to_string(root().join("docs/FAILURES.md")).unwrap();
    let is_name = |word: &&str| word.contains('_') && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let named: Vec<&str> = text.split('`').filter(is_name).collect();
    assert!(named.len() > 50, "{} names found", named.len());
    let missing: Vec<_> = named.into_iter().filter(|name| !known.contains(*name)).collect();
    assert!(missing.is_empty(), "these tests do not exist: {missing:?}");
}

/// The text between `// snippet: NAME` and `// end`.
fn marked(source: &str) -> Vec<&str> {
    let after = source.split("// snippet: ").skip(1);
    after.map(|rest| rest.split_once('\n').unwrap().1.split_once("// end").unwrap().0.trim()).collect()
}

/// The code blocks of a document in one language.
fn fenced<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let after = document.split(fence.as_str()).skip(1);
    after.map(|rest| rest.split_once("```").unwrap().0.trim()).collect()
}

/// Each guide, its language, and the test source that contains its examples.
const GUIDES: [(&str, &str, &str); 2] = [
    ("docs/sdk-kotlin.md", "kotlin", "android/sdk/src/test/kotlin/org/fieldcast/sdk/docs/Snippets.kt"),
    ("docs/sdk-swift.md", "swift", "ios/Sdk/Tests/FieldcastSdkTests/Snippets.swift"),
];

#[test]
fn shows_only_compiled_code_in_guides() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    for (guide, language, tests) in GUIDES {
        let (source, document) = (read(tests), read(guide));
        let (mut compiled, mut shown) = (marked(&source), fenced(&document, language));
        assert!(shown.len() > 5, "{guide}");
        compiled.sort_unstable();
        shown.sort_unstable();
        assert_eq!(compiled, shown, "{guide}");
    }
}

#[test]
fn compares_every_sdk_guide() {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().file_name());
    let guides: BTreeSet<_> = docs.map(|name| format!("docs/{}", name.to_str().unwrap())).collect();
    let guides: Vec<_> = guides.iter().filter(|name| name.starts_with("docs/sdk-")).collect();
    assert_eq!(guides, GUIDES.map(|(guide, ..)| guide));
}
