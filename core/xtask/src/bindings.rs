//! `cargo xtask bindings`: generates the Kotlin and Swift sources of the SDK, and the Python sources for its smoke
//! test, from the built library. Reads only the library and core/ffi/uniffi.toml.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use camino::Utf8PathBuf;
use serde::Deserialize;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

use crate::args::Bindings;
use crate::{Outcome, binary};

mod swift;

/// The sources that are stored in the repository: the generated name, and the path in the repository.
const STORED: [(&str, &str); 5] = [
    (
        "org/fieldcast/sdk/core/fieldcast_ffi.kt",
        "android/sdk/src/main/generated/org/fieldcast/sdk/core/fieldcast_ffi.kt",
    ),
    ("FieldcastCore.swift", "ios/Sdk/Sources/FieldcastSdk/Generated/FieldcastCore.swift"),
    ("FieldcastFFI.h", "ios/Sdk/Sources/FieldcastFFI/FieldcastFFI.h"),
    ("FieldcastFFI.modulemap", "ios/Sdk/Sources/FieldcastFFI/module.modulemap"),
    ("local-symbols.map", LOCAL_SYMBOLS),
];

/// A version script for the linker, which makes uniffi's descriptions of the interface local. Only the generator of the
/// sources reads them, so the linker leaves them out of the library for phones.
pub(crate) const LOCAL_SYMBOLS: &str = "core/ffi/local-symbols.map";

/// The folder of all generated sources, including Python. It is deleted with the other build products.
pub(crate) const MADE: &str = "target/bindings";

pub(crate) fn run(options: &Bindings) -> Outcome {
    let root = root();
    made(&root, &["build"])?;
    let mut drifted = Vec::new();
    for (name, path) in STORED {
        let (fresh, path) = (stored_form(name, &fs::read_to_string(root.join(MADE).join(name))?)?, root.join(path));
        if fs::read_to_string(&path).is_ok_and(|stored| stored == fresh) {
            continue;
        }
        if options.verify {
            drifted.push(format!("{} is out of date; run `cargo xtask bindings`", path.display()));
        } else {
            fs::create_dir_all(path.parent().unwrap_or(&root))?;
            fs::write(&path, fresh)?;
        }
    }
    Ok(crate::listed(&drifted))
}

/// Builds the library with this cargo command and generates the sources of all languages in [`MADE`]. Returns the
/// library's path.
pub(crate) fn made(root: &Path, command: &[&str]) -> Outcome<PathBuf> {
    let library = library(root, command)?;
    generate(&library, &root.join(MADE))?;
    fs::write(root.join(MADE).join("local-symbols.map"), local_symbols(&fs::read(&library)?))?;
    Ok(library)
}

/// Returns the version script for a library that contains the descriptions.
fn local_symbols(library: &[u8]) -> String {
    let names = library.split(|byte| *byte == 0).filter(|name| name.starts_with(b"UNIFFI_META_FIELDCAST_"));
    let names: BTreeSet<_> = names.map(String::from_utf8_lossy).collect();
    let lines: String = names.iter().map(|name| format!("    {name};\n")).collect();
    format!("{{\n  local:\n{lines}}};\n")
}

/// The workspace folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// Returns the form of a generated source that is stored in the repository.
fn stored_form(name: &str, made: &str) -> Outcome<String> {
    let tidy = tidied(made);
    if name.ends_with(".swift") { swift::cancelling(&tidy) } else { Ok(tidy) }
}

/// Removes white space at line ends, which the generator often writes.
fn tidied(text: &str) -> String {
    let mut tidy: String = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    tidy.truncate(tidy.trim_end().len());
    tidy + "\n"
}

/// Gives the generator the path of core/ffi, which the library does not contain.
struct Ffi(Utf8PathBuf);

impl BindgenPathsLayer for Ffi {
    fn get_crate_root(&self, name: &str) -> Option<Utf8PathBuf> {
        (name == "fieldcast_ffi").then(|| self.0.clone())
    }
}

fn generate(library: &Path, out: &Path) -> Outcome<()> {
    let mut paths = BindgenPaths::default();
    paths.add_layer(Ffi(Utf8PathBuf::try_from(root().join("core/ffi"))?));
    let options = GenerateOptions {
        languages: vec![TargetLanguage::Kotlin, TargetLanguage::Swift, TargetLanguage::Python],
        source: Utf8PathBuf::try_from(library.to_owned())?,
        out_dir: Utf8PathBuf::try_from(out.to_owned())?,
        ..GenerateOptions::default()
    };
    Ok(generate_with_bindgen_paths(options, paths)?)
}

#[derive(Deserialize)]
struct Artifact {
    target: CargoTarget,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct CargoTarget {
    crate_types: Vec<String>,
}

/// Builds core/ffi with this cargo command (`build` and its flags) and returns the path of its shared library.
pub(crate) fn library(root: &Path, command: &[&str]) -> Outcome<PathBuf> {
    let output = binary::cargo()
        .args(command.first())
        .args(["--package", "fieldcast-ffi", "--lib", "--locked", "--message-format=json-render-diagnostics"])
        .args(command.iter().skip(1))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("cannot build core/ffi".into());
    }
    let said = String::from_utf8(output.stdout)?;
    let artifacts = said.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let is_shared = |file: &PathBuf| file.extension().is_some_and(|end| end == std::env::consts::DLL_EXTENSION);
    let ours = artifacts.filter(|artifact| artifact.target.crate_types.iter().any(|kind| kind == "cdylib"));
    let shared = ours.flat_map(|artifact| artifact.filenames).find(is_shared);
    shared.ok_or_else(|| "cargo did not build a shared library of core/ffi".into())
}

/// Converts success to an exit code.
pub(crate) fn code(succeeded: bool) -> ExitCode {
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_only_trailing_white_space() {
        assert_eq!(tidied("  a \n\n\tb\t\n\n\n"), "  a\n\n\tb\n");
    }
}
