//! Arguments of the commands that move data from one device to another.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// Villages, by code or name; without this, all complete ones
    #[arg(value_name = "BOUNDARY")]
    pub(crate) boundaries: Vec<String>,
    /// Send to this receiver, by name or fingerprint; repeatable
    #[arg(long, value_name = "NAME_OR_FINGERPRINT")]
    pub(crate) to: Vec<String>,
    /// Send to the receiver at this address, for example if the search finds nothing; repeatable
    #[arg(long, value_name = "IP:PORT", conflicts_with = "yes")]
    pub(crate) at: Vec<SocketAddr>,
    /// Show a QR code for receivers (`receive --invite`); users then compare no codes
    #[arg(long)]
    pub(crate) invite: bool,
    #[command(flatten)]
    pub(crate) terms: InviteTerms,
    /// Port for receivers that connect to this device; 0 uses any free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// Do not announce this device and do not search the network for receivers
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// How long to search for receivers
    #[arg(long, value_name = "SECS", default_value_t = 30)]
    pub(crate) wait: u64,
    /// The network to use, by interface name or by this device's address
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// How long to try to reconnect to a lost receiver
    #[arg(long, value_name = "SECS", default_value_t = 60)]
    pub(crate) resume_for: u64,
    /// How many receivers get data at the same time; the others wait
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_live: u16,
    /// How long the user of a receiver has to answer
    #[arg(long, value_name = "SECS")]
    pub(crate) ask_for: Option<u64>,
    /// Send to every receiver found, without questions and without comparing codes
    #[arg(long, conflicts_with = "to")]
    pub(crate) yes: bool,
    /// Trust every device that answers to a name, without comparing codes: only for tests and closed networks
    #[arg(long)]
    pub(crate) unverified: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReceiveArgs {
    /// The network to use, by interface name or by this device's address
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// Port to listen on; 0 uses any free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// The name that distributors see; saved for the next time
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Accept all offers without questions and without comparing codes
    #[arg(long, conflicts_with = "no")]
    pub(crate) yes: bool,
    /// Decline all offers
    #[arg(long)]
    pub(crate) no: bool,
    /// Connect to this distributor, by name, fingerprint or address, and decline all others
    #[arg(long, value_name = "NAME|FINGERPRINT|IP:PORT")]
    pub(crate) from: Option<String>,
    /// Connect to the distributor of this invite and decline all others; - reads the text of its QR code from stdin
    #[arg(long, value_name = "URI|-", conflicts_with = "from")]
    pub(crate) invite: Option<String>,
    /// Do not announce this device and do not search the network for distributors
    #[arg(long)]
    pub(crate) no_mdns: bool,
    /// Stop after the first transfer
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Args, Debug)]
pub(crate) struct InviteArgs {
    #[command(subcommand)]
    pub(crate) command: InviteCommand,
}

/// Subcommands for invites.
#[derive(Debug, Subcommand)]
pub(crate) enum InviteCommand {
    /// Show an invite to this device, as a QR code and as text
    Show(ShowInviteArgs),
    /// Check an invite and show its content
    Read(ReadInviteArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ShowInviteArgs {
    /// The address on which this device listens
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) address: SocketAddr,
    #[command(flatten)]
    pub(crate) terms: InviteTerms,
}

/// Content of an invite other than the address and the key.
#[derive(Args, Debug)]
pub(crate) struct InviteTerms {
    /// The Wi-Fi group to join first; Fieldcast asks for its passphrase
    #[arg(long, value_name = "SSID")]
    pub(crate) group: Option<String>,
    /// The environment variable that holds the group's passphrase
    #[arg(long, value_name = "VAR", requires = "group")]
    pub(crate) passphrase_env: Option<String>,
    /// How many minutes an invite is valid
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
pub(crate) struct ExportArgs {
    /// The file to write
    #[arg(value_name = "FILE.fcb")]
    pub(crate) file: PathBuf,
    /// Villages, by code or name; without this, all complete ones
    #[arg(value_name = "BOUNDARY")]
    pub(crate) boundaries: Vec<String>,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// The file to read
    #[arg(value_name = "FILE.fcb")]
    pub(crate) file: PathBuf,
    /// Import without a question
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The network to check, by interface name or by this device's address
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// The port to check; 0 uses any free port
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// Also verify all data on this device and repair damage
    #[arg(long)]
    pub(crate) deep: bool,
}
