//! What is typed to bring data from one device to another.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

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
pub(crate) struct DoctorArgs {
    /// The network to look at, by interface name or address of this device
    #[arg(long, value_name = "NAME_OR_IP")]
    pub(crate) interface: Option<String>,
    /// The port to listen on; 0 takes any free one
    #[arg(long, value_name = "P", default_value_t = 0)]
    pub(crate) port: u16,
    /// Verify all data on this device as well, and repair what is damaged
    #[arg(long)]
    pub(crate) deep: bool,
}
