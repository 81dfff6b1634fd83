//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
    /// Look at what Fieldcast needs on this device and say what to do; changes nothing
    Doctor(DoctorArgs),
    /// Invite a phone with a QR code; read such an invite
    Invite(InviteArgs),
    /// Send what was downloaded to receivers near by
    Send(SendArgs),
    /// Wait for a distributor and receive what it sends
    Receive(ReceiveArgs),
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

#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// How many receivers
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) receivers: u16,
    /// Households on the server, over 8 villages
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Where the made-up data comes from
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// Keep the folder with all databases
    #[arg(long)]
    pub(crate) keep: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// The server's address, e.g. `https://hcm.example.org`
    #[arg(long, value_name = "URL")]
    pub(crate) server: String,
    /// The DIGIT tenant, e.g. mz
    #[arg(long)]
    pub(crate) tenant: String,
    /// The user name
    #[arg(long)]
    pub(crate) user: String,
    /// Allow http:// to another machine: password and data travel readable; closed test networks only
    #[arg(long)]
    pub(crate) allow_http: bool,
}

#[derive(Args, Debug)]
pub(crate) struct BoundariesArgs {
    /// The project, by id or name; remembered
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DownsyncArgs {
    /// Codes or names of leaf boundaries
    #[arg(value_name = "BOUNDARY", conflicts_with = "all")]
    pub(crate) boundaries: Vec<String>,
    /// All leaf boundaries of the project
    #[arg(long)]
    pub(crate) all: bool,
    /// The project, by id or name; remembered
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The network to look at, by interface name or address of this device
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Args, Debug)]
pub(crate) struct InviteArgs {
    #[command(subcommand)]
    pub(crate) command: InviteCommand,
}

/// What is done with invites.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// Show an invite to this device as a QR code and as text
    Show(ShowInviteArgs),
    /// Check an invite and show what it says
    Read(ReadInviteArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ShowInviteArgs {
    /// Where this device waits
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) address: SocketAddr,
    #[command(flatten)]
    pub(crate) terms: InviteTerms,
}

/// What an invite says beside where and who.
#[derive(Args, Debug)]
pub(crate) struct InviteTerms {
    /// The Wi-Fi group to join first; its passphrase is asked for
    #[arg(long, value_name = "SSID")]
    pub(crate) group: Option<String>,
    /// The environment variable that holds the group's passphrase
    #[arg(long, value_name = "VAR", requires = "group")]
    pub(crate) passphrase_env: Option<String>,
    /// How long an invite is good
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=1_440))]
    pub(crate) minutes: u16,
}

#[derive(Args, Debug)]
pub(crate) struct ReadInviteArgs {
    /// The text of the QR code, in quotes; - reads a line from stdin
    #[arg(value_name = "URI|-")]
    pub(crate) uri: String,
    /// Show the group's passphrase
    #[arg(long)]
    pub(crate) reveal: bool,
}

#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// Codes or names of boundaries; all that are complete if none is given
    #[arg(value_name = "BOUNDARY")]
    pub(crate) boundaries: Vec<String>,
    /// Send to this receiver, by name or fingerprint; may be repeated
    #[arg(long, value_name = "NAME_OR_FINGERPRINT")]
    pub(crate) to: Vec<String>,
    /// Send to the receiver at this address, for instance where mDNS does not work; may be repeated
    #[arg(long, value_name = "IP:PORT", conflicts_with = "yes")]
    pub(crate) at: Vec<SocketAddr>,
    /// Show a QR code by which receivers call in: `receive --invite`; no code is compared with them
    #[arg(long)]
    pub(crate) invite: bool,
    #[command(flatten)]
    pub(crate) terms: InviteTerms,
    /// Where to listen for receivers that call in; 0 takes any free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// Neither announce this device nor look for others by mDNS
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// How long to look for receivers
    #[arg(long, value_name = "SECS", default_value_t = 30)]
    pub(crate) wait: u64,
    /// The network to use, by interface name or address of this device
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// How long to call a receiver again that was lost
    #[arg(long, value_name = "SECS", default_value_t = 60)]
    pub(crate) resume_for: u64,
    /// How many receivers are sent to at the same time; more wait
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_live: u16,
    /// How long a receiver's person may take to answer
    #[arg(long, value_name = "SECS")]
    pub(crate) ask_for: Option<u64>,
    /// Send to everybody who is found, without asking and without comparing codes
    #[arg(long, conflicts_with = "to")]
    pub(crate) yes: bool,
    /// Take whoever answers under a name for it, without comparing codes: rehearsals and closed networks only
    #[arg(long)]
    pub(crate) unverified: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReceiveArgs {
    /// The network to use, by interface name or address of this device
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// Where to listen; 0 takes any free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// What distributors see this device as; remembered
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Accept without asking and without comparing codes
    #[arg(long, conflicts_with = "no")]
    pub(crate) yes: bool,
    /// Decline everything
    #[arg(long)]
    pub(crate) no: bool,
    /// Only from this distributor, by name, fingerprint or where it listens, and call it; all others are declined
    #[arg(long, value_name = "NAME|FINGERPRINT|IP:PORT")]
    pub(crate) from: Option<String>,
    /// Only from the distributor that shows this invite, and call it; - reads the text of its QR code from stdin
    #[arg(long, value_name = "URI|-", conflicts_with = "from")]
    pub(crate) invite: Option<String>,
    /// Neither announce this device nor look for distributors by mDNS
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// End after the first bundle
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The file to write
    #[arg(value_name = "FILE.fcb")]
    pub(crate) file: PathBuf,
    /// Codes or names of boundaries; all that are complete if none is given
    #[arg(value_name = "BOUNDARY")]
    pub(crate) boundaries: Vec<String>,
    /// Replace the file if there is one already
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The file to read
    #[arg(value_name = "FILE.fcb")]
    pub(crate) file: PathBuf,
    /// Import without asking
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct EditsArgs {
    /// Only those whose record the server has changed since
    #[arg(long)]
    pub(crate) conflicts: bool,
    #[command(subcommand)]
    pub(crate) command: Option<EditsCommand>,
}

/// What is done about edits.
#[derive(Debug, Subcommand)]
pub(crate) enum EditsCommand {
    /// Keep a record as this device would have it, beside the server's; replaces an earlier edit of it
    Add(AddEditArgs),
    /// Forget an edit because the server has it now
    Sent(NamedEditArgs),
    /// Say that a conflict was looked at and the edit stands
    Keep(NamedEditArgs),
}

#[derive(Args, Debug)]
pub(crate) struct AddEditArgs {
    #[command(flatten)]
    pub(crate) place: EditPlace,
    /// Its clientReferenceId; that of the body if not given
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The household it belongs to, if the record is new; itself if not given
    #[arg(long, value_name = "ID")]
    pub(crate) root: Option<String>,
    /// It is to be deleted
    #[arg(long)]
    pub(crate) delete: bool,
    /// The file with the whole record as JSON; - reads stdin
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct NamedEditArgs {
    /// The record's clientReferenceId
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) place: EditPlace,
}

/// What an edit is and where it belongs.
#[derive(Args, Debug)]
pub(crate) struct EditPlace {
    /// Its boundary, by code or name; - for what is outside all
    #[arg(long, value_name = "B")]
    pub(crate) boundary: String,
    /// Its type, e.g. Household
    #[arg(long, value_name = "E")]
    pub(crate) entity: String,
    /// Its project, by id or name, if several have the boundary
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

/// What is done about grants. The first three are for the campaign's office, the others for a device.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Make a campaign's key; whoever has the file can grant
    NewAuthority {
        /// The file to write
        #[arg(value_name = "CAMPAIGN.key")]
        key: PathBuf,
    },
    /// Grant a device something; prints a text to be given to it
    Issue(IssueArgs),
    /// Revoke devices; prints a list to be given to any device, from which it spreads
    Revoke(RevokeArgs),
    /// Trust a campaign's key, as its office gives it
    Trust {
        /// Its 64 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
        /// What to call the campaign
        #[arg(long, default_value = "campaign")]
        name: String,
        /// Trust it no more
        #[arg(long)]
        forget: bool,
    },
    /// Keep what a trusted campaign says: a grant to this device, or a list of revoked devices; - reads stdin
    Add {
        /// The text
        #[arg(value_name = "TEXT|-")]
        text: String,
    },
    /// Show what a text says, or what this device trusts, was granted and asks for
    Show {
        /// The text; - reads stdin
        #[arg(value_name = "TEXT|-")]
        text: Option<String>,
    },
    /// Say whether devices without a grant are sent to and received from
    Policy {
        /// What to do about them
        #[arg(value_enum)]
        policy: GrantPolicy,
    },
}

/// What a device without a grant may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GrantPolicy {
    /// What the people on both sides agree to
    Ask,
    /// Nothing
    GrantRequired,
}

/// As what a device is granted something.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GrantRole {
    /// It may send
    Distributor,
    /// It may receive
    Receiver,
    /// It may do both
    Both,
}

#[derive(Args, Debug)]
pub(crate) struct IssueArgs {
    /// The campaign's key
    #[arg(long, value_name = "CAMPAIGN.key")]
    pub(crate) authority: PathBuf,
    /// The device's fingerprint, all 64 digits: see its `fieldcast status`
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) device: String,
    /// In whose hands it is
    #[arg(long)]
    pub(crate) user: String,
    /// As what
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) role: GrantRole,
    /// The DIGIT tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Only this project, by id
    #[arg(long, value_name = "ID")]
    pub(crate) project: Option<String>,
    /// Only these leaf boundaries of the project, by code, and what it has outside all boundaries; may be repeated
    #[arg(long = "boundary", value_name = "CODE", requires = "project")]
    pub(crate) boundaries: Vec<String>,
    /// For how many days
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=730))]
    pub(crate) days: u16,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// The campaign's key
    #[arg(long, value_name = "CAMPAIGN.key")]
    pub(crate) authority: PathBuf,
    /// The campaign's newest list, whose place the new one takes: what it revoked stays revoked; - reads stdin. Devices
    /// that have it show it with `fieldcast --json grant show`
    #[arg(long, value_name = "TEXT|-", required_unless_present = "first", conflicts_with = "first")]
    pub(crate) before: Option<String>,
    /// There is no list of this campaign yet
    #[arg(long)]
    pub(crate) first: bool,
    /// Take this device off the list again, by fingerprint; may be repeated
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "first")]
    pub(crate) pardon: Vec<String>,
    /// Fingerprints of the devices, all 64 digits
    #[arg(value_name = "FINGERPRINT", required_unless_present = "pardon")]
    pub(crate) devices: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Show whole fingerprints, as grants need them
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Args, Debug)]
pub(crate) struct PeersArgs {
    /// Show whole fingerprints, as grants need them
    #[arg(long)]
    pub(crate) full: bool,
    #[command(subcommand)]
    pub(crate) command: Option<PeersCommand>,
}

/// What is done about known devices.
#[derive(Debug, Subcommand)]
pub(crate) enum PeersCommand {
    /// Forget a device: its code will be compared again
    Forget {
        /// Its name or fingerprint
        #[arg(value_name = "NAME_OR_FINGERPRINT")]
        device: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct RecordsArgs {
    /// Only of this boundary, by code or name
    #[arg(long, value_name = "B")]
    pub(crate) boundary: Option<String>,
    /// Only of this type, e.g. Household
    #[arg(long, value_name = "E")]
    pub(crate) entity: Option<String>,
    /// Only with this clientReferenceId
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Only what belongs to the household with this clientReferenceId
    #[arg(long, value_name = "ID")]
    pub(crate) root: Option<String>,
    /// Deleted ones too
    #[arg(long)]
    pub(crate) deleted: bool,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u64,
}

#[derive(Args, Debug)]
pub(crate) struct SandboxArgs {
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8008")]
    pub(crate) listen: SocketAddr,
    /// Households over all boundaries
    #[arg(long, value_name = "N", default_value_t = 1_200)]
    pub(crate) households: u64,
    /// Leaf boundaries (villages)
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) boundaries: u32,
    /// Where the made-up data comes from
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
    /// The HTTP status of a downsync: 200 as newer servers, 202 as older ones
    #[arg(long, value_name = "200|202", default_value_t = 200)]
    pub(crate) accepted: u16,
    /// Answer with links to prepared files instead of pages
    #[arg(long)]
    pub(crate) pregen: bool,
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
