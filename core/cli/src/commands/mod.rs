//! One file per command.

mod boundaries;
mod datasets;
mod demo;
mod doctor;
mod downsync;
mod edits;
mod export;
mod grant;
mod history;
mod import;
mod invite;
mod login;
mod offers;
mod peers;
mod profile;
mod qr_code;
mod receive;
mod records;
mod sandbox;
mod send;
mod status;

use crate::app::App;
use crate::args::Command;
use crate::error::Result;

pub(crate) async fn run(app: &App, command: Command) -> Result {
    match command {
        Command::Demo(args) => demo::run(app, &args).await,
        Command::Login(args) => login::run(app, &args).await,
        Command::Profile(args) => profile::run(app, &args).await,
        Command::Boundaries(args) => boundaries::run(app, &args).await,
        Command::Downsync(args) => downsync::run(app, &args).await,
        Command::Status => status::run(app).await,
        Command::Datasets(args) => datasets::run(app, &args).await,
        Command::Doctor(args) => doctor::run(app, args).await,
        Command::Invite(args) => invite::run(app, args.command).await,
        Command::Send(args) => send::run(app, &args).await,
        Command::Receive(args) => receive::run(app, &args).await,
        Command::Export(args) => export::run(app, &args).await,
        Command::History(args) => history::run(app, &args).await,
        Command::Import(args) => import::run(app, &args).await,
        Command::Records(args) => records::run(app, &args).await,
        Command::Edits(args) => edits::run(app, &args).await,
        Command::Grant(command) => grant::run(app, command).await,
        Command::Offers(args) => offers::run(app, &args).await,
        Command::Peers(args) => peers::run(app, &args).await,
        Command::Sandbox(args) => sandbox::run(app, &args).await,
    }
}

impl Command {
    /// Whether the command handles Ctrl-C itself. Dropping the future of another command loses no saved work.
    pub(crate) fn handles_stop(&self) -> bool {
        matches!(self, Self::Send(_) | Self::Receive(_) | Self::Sandbox(_))
    }
}
