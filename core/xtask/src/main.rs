//! Developer tasks; `cargo xtask help` lists them.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

mod args;
mod bench;
mod binary;
mod bindings;
mod clock;
mod codec;
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

/// How a task ends: the exit code, or what kept it from being done.
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
        Task::Layers => Ok(listed(&layers::problems(&metadata::read(false)?))),
        Task::Licences => Ok(listed(&licences::problems(&metadata::read(true)?))),
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

/// Prints problems; none is success.
fn listed(problems: &[String]) -> ExitCode {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
