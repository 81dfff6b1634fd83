//! Developer tasks: `cargo xtask layers | licences`.

use std::process::ExitCode;

mod layers;
mod licences;
mod metadata;

const USAGE: &str = "usage: cargo xtask layers | licences

  layers     no crate uses one above it, and each outside library stays in the crate that wraps it
  licences   every dependency's licence is one we may ship";

fn main() -> ExitCode {
    let problems = match std::env::args().nth(1).as_deref() {
        Some("layers") => metadata::read(false).map(|packages| layers::problems(&packages)),
        Some("licences") => metadata::read(true).map(|packages| licences::problems(&packages)),
        _ => Err(USAGE.to_owned()),
    };
    match problems {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}"));
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
