//! Embeds the entity descriptions. Converts them from TOML, which is easy to write, to JSON, which the library parses
//! anyway. A TOML parser would add about 1% to the binary on a phone.

use std::error::Error;
use std::path::Path;

#[path = "../../schema/descriptions.rs"]
mod descriptions;

pub(crate) use descriptions::FOLDER;

fn main() -> Result<(), Box<dyn Error>> {
    descriptions::embed("digit.rs", &files(Path::new(FOLDER))?)
}

/// The descriptions in a folder as `(name, JSON)`.
pub(crate) fn files(folder: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let json = |(name, mut described): (String, toml::Table)| {
        described.remove("columns"); // for the views of the store
        Ok((name, serde_json::to_string(&described)?))
    };
    descriptions::read(folder)?.into_iter().map(json).collect()
}
