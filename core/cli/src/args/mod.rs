//! The command-line arguments.

mod data;
mod exchange;
mod grants;
mod server;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use data::*;
pub(crate) use exchange::*;
pub(crate) use grants::*;
pub(crate) use server::*;

const ABOUT: &str =
    "Downloads campaign data while there is internet, then sends it to all nearby phones without internet.";

const EXIT_CODES: &str = "\
Exit codes:
    0  success
    1  unexpected failure
    2  wrong usage
    3  server error: wrong password, expired login, or a failure of the server
    4  network problem: server unreachable, no network, port in use, or a problem that doctor found
    5  problem on this device: data folder not writable or in use, disk full, damaged key, or wrong clock (doctor)
    6  partial success: some receivers or villages failed
    7  no success: no receiver saved, no village complete, nothing received, or the bundle file is incomplete or altered
  130  stopped by Ctrl-C

Try `fieldcast demo` first: it shows a complete transfer on this computer and needs no setup.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "fieldcast", version, about = ABOUT, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Arguments of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// The folder of the database and the device key
    #[arg(long, global = true, value_name = "DIR", env = "FIELDCAST_DATA_DIR", hide_env_values = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print only JSON on stdout, one object per line
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Replace a lost or copied device key; other devices then see this device as a new one
    #[arg(long, global = true)]
    pub(crate) new_identity: bool,
    /// Write a log to stderr; FIELDCAST_LOG sets the filter, for example `fieldcast=debug`
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show a complete transfer on this computer: a server, a download, several receivers, and a comparison
    Demo(DemoArgs),
    /// Log in to a campaign server; takes the password from FIELDCAST_PASSWORD or stdin, or asks for it
    Login(LoginArgs),
    /// Show a QR code with which phones find the campaign server
    Profile(ProfileArgs),
    /// List the boundaries of a project (regions, districts, villages)
    Boundaries(BoundariesArgs),
    /// Download village data from the server; a stopped download continues at the next start
    Downsync(DownsyncArgs),
    /// Show this device and its village data
    Status,
    /// Show the sources of village data; undo the last reception of a village or remove its data
    Datasets(DatasetsArgs),
    /// Check this device and give advice; with --deep, also verify and repair its data
    Doctor(DoctorArgs),
    /// Invite a phone with a QR code, or read such an invite
    Invite(InviteArgs),
    /// Send downloaded village data to nearby receivers
    Send(SendArgs),
    /// Wait for a distributor and receive village data from it
    Receive(ReceiveArgs),
    /// List accepted offers that did not finish, or cancel them
    Offers(OffersArgs),
    /// Write village data to a file, for an SD card, a cable or Bluetooth
    Export(ExportArgs),
    /// Read village data from a bundle file
    Import(ImportArgs),
    /// Show records on this device
    Records(RecordsArgs),
    /// List edits that are not on the server yet; add, keep or delete edits
    Edits(EditsArgs),
    /// Manage grants: which devices a campaign allows to send and receive
    #[command(subcommand)]
    Grant(GrantCommand),
    /// List trusted devices, or stop trusting one
    Peers(PeersArgs),
    /// Show past transfers, their results, and how many phones are up to date
    History(HistoryArgs),
    /// Run a campaign server with made-up data, for tests
    Sandbox(SandboxArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn passes_clap_self_checks() {
        Cli::command().debug_assert();
    }

    #[test]
    fn accepts_global_flags_before_and_after_the_command() {
        for line in ["--json status", "status --json", "--json edits keep", "edits --json keep", "edits keep --json"] {
            let edit = if line.contains("keep") { " x --boundary b --entity e" } else { "" };
            let line = format!("fieldcast {line}{edit}");
            assert!(Cli::try_parse_from(line.split(' ')).unwrap().global.json, "{line}");
        }
    }

    #[test]
    fn rejects_contradictory_arguments() {
        let lines = [
            "receive --yes --no",
            "downsync a --all",
            "send --yes --to x",
            "demo --receivers 0",
            "login",
            "profile --server https://hcm.example.org",
            "profile --campaign-name Nets",
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
