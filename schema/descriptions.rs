//! Reads the entity descriptions of `schema/digit` for the build scripts of the crates that use them.

use std::error::Error;
use std::fs;
use std::path::Path;

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
