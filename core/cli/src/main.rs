//! The fieldcast command line.

mod app;
mod args;
mod bars;
mod commands;
mod error;
mod events;
mod names;
mod offers;
mod output;
mod prompt;
mod stop;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::args::Cli;
use crate::error::{Error, exit_code};
use crate::output::{Output, warn};

/// Time limit for background work after the stop signal.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    log(cli.global.verbose);
    let out = Output::new(cli.global.json, cli.global.verbose);
    let ended = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(run(cli, out));
            runtime.shutdown_timeout(SHUTDOWN_LIMIT);
            ended
        }
        Err(error) => {
            Err(Error::Unexpected(format!("starting threads failed ({error}): close other programs, then try again")))
        }
    };
    ended.map_or_else(|error| fail(out, &error), |()| ExitCode::SUCCESS)
}

async fn run(cli: Cli, out: Output) -> error::Result {
    let app = App::new(&cli.global, out);
    let handles_stop = cli.command.handles_stop();
    tokio::select! {
        ended = commands::run(&app, cli.command) => ended,
        () = app.stop.wanted(), if !handles_stop => Err(Error::Interrupted),
    }
}

fn fail(out: Output, error: &Error) -> ExitCode {
    let code = exit_code(error);
    if code == exit_code(&Error::Interrupted) {
        prompt::restore_terminal();
    }
    if !error.is_reported() {
        out.note(format_args!("fieldcast: {error}"));
        let _unread = out.event(|| events::error(&error.to_string(), code));
    }
    ExitCode::from(code)
}

/// Prints help, the version or a command-line error. The command line is not parsed yet, so this searches for `--json`
/// itself.
fn usage(error: &clap::Error) -> ExitCode {
    let json = error.use_stderr() && std::env::args_os().any(|arg| arg == "--json");
    if json {
        let text = error.to_string();
        let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let _unread = Output::new(true, false).event(|| events::error(text, 2));
    } else {
        let _unread = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn log(verbose: bool) {
    let chosen = std::env::var("FIELDCAST_LOG").ok();
    let Some(filter) = chosen.or_else(|| verbose.then(|| "info,fieldcast=debug".to_owned())) else { return };
    let filter = EnvFilter::try_new(&filter).unwrap_or_else(|error| {
        warn(format_args!("FIELDCAST_LOG is wrong ({error}): using level info. A right value is `fieldcast=debug`."));
        EnvFilter::new("info")
    });
    let _set_once = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
