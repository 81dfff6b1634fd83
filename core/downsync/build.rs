//! Converts the entity descriptions from TOML, which is easy to write, to JSON, which the library parses anyway. A TOML
//! parser would add about 1% to the binary on a phone.

use std::error::Error;
use std::path::Path;
use std::{env, fs};

const DESCRIPTIONS: &str = "../../schema/digit";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={DESCRIPTIONS}");
    let out_dir = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for file in fs::read_dir(DESCRIPTIONS)? {
        let file = file?.path();
        let described: serde_json::Value =
            toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.file_name().ok_or("a schema file has no name")?;
        fs::write(Path::new(&out_dir).join(name).with_extension("json"), described.to_string())?;
    }
    Ok(())
}
