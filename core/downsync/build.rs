//! Turns the entity descriptions from TOML, which people write, into JSON, which the library reads anyway: what reads
//! TOML is a hundredth of what a phone has to load.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const DESCRIPTIONS: &str = "../../schema/digit";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DESCRIPTIONS}");
    let made = env::var_os("OUT_DIR").ok_or("cargo names no OUT_DIR")?;
    for file in fs::read_dir(DESCRIPTIONS)? {
        let file = file?.path();
        let described: serde_json::Value =
            toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.file_name().ok_or("a file without a name")?;
        fs::write(Path::new(&made).join(name).with_extension("json"), described.to_string())?;
    }
    Ok(())
}
