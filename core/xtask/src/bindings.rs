//! `cargo xtask bindings`: the Kotlin and Swift sources of the SDK, and Python's for its smoke test, made from the built
//! library. Reads nothing but that and core/ffi/uniffi.toml.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use camino::Utf8PathBuf;
use serde::Deserialize;
use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate_with_bindgen_paths};
use uniffi_bindgen::{BindgenPaths, BindgenPathsLayer};

use crate::Outcome;
use crate::args::Bindings;

mod swift;

/// What is kept in the repository: the name it is made under, and where it goes.
const KEPT: [(&str, &str); 4] = [
    (
        "org/fieldcast/sdk/core/fieldcast_ffi.kt",
        "android/sdk/src/main/generated/org/fieldcast/sdk/core/fieldcast_ffi.kt",
    ),
    ("FieldcastCore.swift", "ios/Sdk/Sources/FieldcastSdk/Generated/FieldcastCore.swift"),
    ("FieldcastFFI.h", "ios/Sdk/Sources/FieldcastFFI/FieldcastFFI.h"),
    ("FieldcastFFI.modulemap", "ios/Sdk/Sources/FieldcastFFI/module.modulemap"),
];

/// Where all of it is made, Python's too; removed with the other build products.
pub(crate) const MADE: &str = "target/bindings";

pub(crate) fn run(options: &Bindings) -> Outcome {
    let root = root();
    made(&root, &["build"])?;
    let mut drifted = Vec::new();
    for (name, place) in KEPT {
        let (fresh, place) = (kept(name, &fs::read_to_string(root.join(MADE).join(name))?)?, root.join(place));
        if fs::read_to_string(&place).is_ok_and(|kept| kept == fresh) {
            continue;
        }
        if options.verify {
            drifted.push(format!("{} is not what core/ffi generates: run `cargo xtask bindings`", place.display()));
        } else {
            fs::create_dir_all(place.parent().unwrap_or(&root))?;
            fs::write(&place, fresh)?;
        }
    }
    Ok(crate::listed(&drifted))
}

/// Builds the library by this command of cargo's, makes the sources of every language in [`MADE`], and tells where the library is.
pub(crate) fn made(root: &Path, command: &[&str]) -> Outcome<PathBuf> {
    let library = library(root, command)?;
    generate(&library, &root.join(MADE))?;
    Ok(library)
}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// What is kept of a source as it was generated.
fn kept(name: &str, made: &str) -> Outcome<String> {
    let tidy = tidied(made);
    if name.ends_with(".swift") { swift::cancelling(&tidy) } else { Ok(tidy) }
}

/// Without white space at the ends of lines, of which the generator leaves much.
fn tidied(text: &str) -> String {
    let mut tidy: String = text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    tidy.truncate(tidy.trim_end().len());
    tidy + "\n"
}

/// Tells where core/ffi is, which the library does not say.
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
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    crate_types: Vec<String>,
}

/// Builds core/ffi by this command of cargo's (`build` and its flags) and tells where its shared library is.
pub(crate) fn library(root: &Path, command: &[&str]) -> Outcome<PathBuf> {
    let output = Command::new(env!("CARGO"))
        .args(command.first())
        .args(["--package", "fieldcast-ffi", "--lib", "--locked", "--message-format=json-render-diagnostics"])
        .args(command.iter().skip(1))
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("core/ffi does not build".into());
    }
    let said = String::from_utf8(output.stdout)?;
    let artifacts = said.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    let is_shared = |file: &PathBuf| file.extension().is_some_and(|end| end == std::env::consts::DLL_EXTENSION);
    let ours = artifacts.filter(|artifact| artifact.target.crate_types.iter().any(|kind| kind == "cdylib"));
    let shared = ours.flat_map(|artifact| artifact.filenames).find(is_shared);
    shared.ok_or_else(|| "cargo built no shared library of core/ffi".into())
}

/// How it ended, as an exit code.
pub(crate) fn code(succeeded: bool) -> ExitCode {
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_at_the_ends_goes_and_nothing_else() {
        assert_eq!(tidied("  a \n\n\tb\t\n\n\n"), "  a\n\n\tb\n");
    }
}
