//! Reads the entity descriptions of `schema/digit` for the build scripts of the crates that use them.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

/// The folder of the descriptions, as the crates in `core` see it.
pub(crate) const FOLDER: &str = "../../schema/digit";

/// Writes what a build script has made of the descriptions, as `(name, text)`, for `include!` in the crate.
///
/// # Errors
/// Fails if the file cannot be written.
pub(crate) fn embed(file: &str, texts: &[(String, String)]) -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let out_dir = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    Ok(fs::write(Path::new(&out_dir).join(file), format!("&{texts:#?}"))?)
}

/// The descriptions in a folder by name, sorted. The name is the file name without `.toml`.
///
/// # Errors
/// Fails if the folder or a file cannot be read, or a file is not TOML.
pub(crate) fn read(folder: &Path) -> Result<Vec<(String, toml::Table)>, Box<dyn Error>> {
    let mut descriptions = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        let Some(name) = file.file_stem().filter(|_| file.extension().is_some_and(|it| it == "toml")) else { continue };
        let described = fs::read_to_string(&file)?;
        let described = described.parse().map_err(|error| format!("{}: {error}", file.display()))?;
        descriptions.push((name.to_string_lossy().into_owned(), described));
    }
    descriptions.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(descriptions)
}
