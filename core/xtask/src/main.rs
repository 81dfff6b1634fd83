//! Developer tasks. `cargo xtask help` lists them.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

mod app;
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
mod practice;
mod process;
mod release;
mod sample;
mod torture;

use args::{App, Args, Bench, TaskCommand};

/// The result of a task: an exit code, or the error that stopped it.
type Outcome<T = ExitCode> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    run(Args::parse().task).unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn run(task: TaskCommand) -> Outcome {
    if task.is_measurement()
        && let Some(code) = release::relaunched()?
    {
        return Ok(code);
    }
    match task {
        TaskCommand::Ci(options) => ci::run(&options),
        TaskCommand::Layers => {
            let mut problems = layers::problems(&metadata::read(false)?);
            problems.extend(cycles::problems(&bindings::root())?);
            Ok(listed(&problems))
        }
        TaskCommand::Licences => {
            let allowed = licences::allowed(&bindings::root())?;
            let mut problems = licences::problems(&metadata::read(true)?, &allowed);
            problems.extend(licences::shown_problems(&bindings::root())?);
            Ok(listed(&problems))
        }
        TaskCommand::Codec(options) => codec::run(&options),
        TaskCommand::Bench(Bench::Codec(options)) => bench::codec::run(&options),
        TaskCommand::Bench(Bench::Crowd(options)) => bench::crowd::run(&options),
        TaskCommand::Bench(Bench::Memory(options)) => bench::memory::run(&options),
        TaskCommand::Bench(Bench::Sdk(options)) => bench::sdk::run(&options),
        TaskCommand::Bench(Bench::Store(options)) => bench::store::run(&options),
        TaskCommand::Fuzz(options) => fuzz::run(&options),
        TaskCommand::FuzzSeeds => fuzz::seeds::write(),
        TaskCommand::Bindings(options) => bindings::run(&options),
        TaskCommand::Torture(options) => torture::run(&options),
        TaskCommand::App(App::Android(options)) => app::android(&options),
        TaskCommand::Journey { language } => journey::run(language),
        TaskCommand::PracticeBundle { out } => practice::run(&out),
    }
}

/// Prints problems. No problem means success.
fn listed(problems: &[String]) -> ExitCode {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
