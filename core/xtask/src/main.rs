//! Developer tasks. `cargo xtask help` lists them.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

mod args;
mod bench;
mod binary;
mod bindings;
mod ci;
mod clock;
mod codec;
mod cycles;
#[cfg(test)]
mod docs_tests;
mod figures;
mod fuzz;
mod journey;
mod layers;
mod licences;
mod memory;
mod metadata;
mod ndjson;
mod process;
mod release;
mod sample;
mod torture;

use args::{Args, Bench, Task};

/// The result of a task: an exit code, or the error that stopped it.
type Outcome<T = ExitCode> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    run(Args::parse().task).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(task: Task) -> Outcome {
    if task.is_measurement()
        && let Some(code) = release::relaunched()?
    {
        return Ok(code);
    }
    match task {
        Task::Ci(options) => ci::run(&options),
        Task::Layers => {
            let mut problems = layers::problems(&metadata::read(false)?);
            problems.extend(cycles::problems(&bindings::root())?);
            Ok(listed(&problems))
        }
        Task::Licences => {
            let allowed = licences::allowed(&bindings::root())?;
            Ok(listed(&licences::problems(&metadata::read(true)?, &allowed)))
        }
        Task::Codec(options) => codec::run(&options),
        Task::Bench(Bench::Codec(options)) => bench::codec::run(&options),
        Task::Bench(Bench::Crowd(options)) => bench::crowd::run(&options),
        Task::Bench(Bench::Memory(options)) => bench::memory::run(&options),
        Task::Bench(Bench::Sdk(options)) => bench::sdk::run(&options),
        Task::Bench(Bench::Store(options)) => bench::store::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::FuzzSeeds => fuzz::seeds::write(),
        Task::Bindings(options) => bindings::run(&options),
        Task::Torture(options) => torture::run(&options),
        Task::Journey { language } => journey::run(language),
    }
}

/// Prints problems. No problem means success.
fn listed(problems: &[String]) -> ExitCode {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
