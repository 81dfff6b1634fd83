//! What can be typed.

mod exchange;
mod grants;
mod kept;
mod server;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use exchange::*;
pub(crate) use grants::*;
pub(crate) use kept::*;
pub(crate) use server::*;

const ABOUT: &str =
    "Downloads campaign data while there is internet and casts it to every phone near by when there is none.";

const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  unexpected failure
    2  wrong usage
    3  the server refused: credentials, session, its own errors
    4  a network problem: server unreachable, no interface, port in use; doctor found one
    5  storage: data folder not writable or in use, disk full, damaged key; doctor found that, or a wrong clock
    6  some receivers or boundaries done, others not
    7  no receiver saved, no boundary completed, nothing received; the bundle file is cut off or altered
  130  stopped by Ctrl-C

Try `fieldcast demo` first: the whole job on this machine, nothing to set up.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "fieldcast", version, about = ABOUT, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Where database and device key are kept
    #[arg(long, global = true, value_name = "DIR", env = "FIELDCAST_DATA_DIR", hide_env_values = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print one JSON object a line, and nothing else, on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Make a new device key in the place of a lost or copied one; other devices then take this one for another
    #[arg(long, global = true)]
    pub(crate) new_identity: bool,
    /// Log to stderr; FIELDCAST_LOG chooses what, e.g. `fieldcast=debug`
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole job on this machine: a server, a download, a send to several receivers, and the proof
    Demo(DemoArgs),
    /// Log in to a campaign server (password: FIELDCAST_PASSWORD, a line on stdin, or asked for)
    Login(LoginArgs),
    /// List the boundaries of a project
    Boundaries(BoundariesArgs),
    /// Download boundaries from the server; stopping and starting again goes on where it was
    Downsync(DownsyncArgs),
    /// Show this device and what it holds
    Status,
    /// Show where village data came from; undo the last data received for a village; remove it
    Datasets(DatasetsArgs),
    /// Look at what Fieldcast needs on this device and say what to do; with --deep, verify and repair its data
    Doctor(DoctorArgs),
    /// Invite a phone with a QR code; read such an invite
    Invite(InviteArgs),
    /// Send what was downloaded to receivers near by
    Send(SendArgs),
    /// Wait for a distributor and receive what it sends
    Receive(ReceiveArgs),
    /// List the offers that were accepted and did not finish; withdraw them
    Offers(OffersArgs),
    /// Write what was downloaded into a file, for an SD card, a cable or Bluetooth
    Export(ExportArgs),
    /// Take over what a bundle file holds
    Import(ImportArgs),
    /// Read records of this device
    Records(RecordsArgs),
    /// List what was changed on this device and is not on the server yet; add to it, settle it
    Edits(EditsArgs),
    /// What campaigns let devices do: make, issue, keep, show, revoke
    #[command(subcommand)]
    Grant(GrantCommand),
    /// List the devices whose code was compared; forget one
    Peers(PeersArgs),
    /// Show what was sent and received with what result, and how many phones have the present version
    History(HistoryArgs),
    /// Run a campaign server with made-up data, to try things on
    Sandbox(SandboxArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for line in ["--json status", "status --json", "--json edits keep", "edits --json keep", "edits keep --json"] {
            let edit = if line.contains("keep") { " x --boundary b --entity e" } else { "" };
            let line = format!("fieldcast {line}{edit}");
            assert!(Cli::try_parse_from(line.split(' ')).unwrap().global.json, "{line}");
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let lines = [
            "receive --yes --no",
            "downsync a --all",
            "send --yes --to x",
            "demo --receivers 0",
            "login",
            "edits add -",
            "grant revoke --authority k 07",
            "grant revoke --authority k --first --before x 07",
            "grant revoke --authority k --first",
            "grant issue --authority k --device 07 --user u --tenant mz --boundary B",
        ];
        for line in lines {
            let words = std::iter::once("fieldcast").chain(line.split(' '));
            assert_eq!(Cli::try_parse_from(words).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
