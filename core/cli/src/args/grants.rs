//! Arguments of `fieldcast grant`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Subcommands for grants. The first three are for the campaign's office, the others for a device.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Create a campaign's key; everyone who has the file can issue grants
    NewAuthority {
        /// The file to write
        #[arg(value_name = "CAMPAIGN.key")]
        key: PathBuf,
    },
    /// Issue a grant for a device; prints a text that you give to the device
    Issue(IssueArgs),
    /// Revoke devices; prints a list that you give to any device, which passes it on
    Revoke(RevokeArgs),
    /// Trust a campaign's key that its office gave you
    Trust {
        /// The key's 64 hexadecimal digits
        #[arg(value_name = "KEY")]
        key: String,
        /// A name for the campaign
        #[arg(long, default_value = "campaign")]
        name: String,
        /// Stop trusting the campaign
        #[arg(long)]
        forget: bool,
    },
    /// Add a text of a trusted campaign: a grant for this device or a list of revoked devices
    Add {
        /// The text; - reads stdin
        #[arg(value_name = "TEXT|-")]
        text: String,
        /// Also remove village data that came from revoked devices, without a question
        #[arg(long)]
        remove_data: bool,
    },
    /// Show the content of a text, or this device's trusted campaigns, grants and policy
    Show {
        /// The text; - reads stdin
        #[arg(value_name = "TEXT|-")]
        text: Option<String>,
    },
    /// Set whether this device exchanges data with devices without a grant
    Policy {
        /// The rule for devices without a grant
        #[arg(value_enum)]
        policy: GrantPolicy,
    },
}

/// What a device without a grant may do.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GrantPolicy {
    /// Exchange data if the users on both sides agree
    Ask,
    /// Exchange nothing
    GrantRequired,
}

/// The role that a grant gives to a device.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GrantRole {
    /// The device may send
    Distributor,
    /// The device may receive
    Receiver,
    /// The device may send and receive
    Both,
}

#[derive(Args, Debug)]
pub(crate) struct IssueArgs {
    /// The file with the campaign's key
    #[arg(long, value_name = "CAMPAIGN.key")]
    pub(crate) authority: PathBuf,
    /// The device's fingerprint, all 64 digits; `fieldcast status` on the device shows it
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) device: String,
    /// The user of the device
    #[arg(long)]
    pub(crate) user: String,
    /// The role of the device
    #[arg(long, value_enum, default_value = "both")]
    pub(crate) role: GrantRole,
    /// The DIGIT tenant
    #[arg(long)]
    pub(crate) tenant: String,
    /// Limit the grant to this project, by id
    #[arg(long, value_name = "ID")]
    pub(crate) project: Option<String>,
    /// Limit the grant to these villages, by code, and the project's data outside all villages; repeatable
    #[arg(long = "boundary", value_name = "CODE", requires = "project")]
    pub(crate) boundaries: Vec<String>,
    /// How many days the grant is valid
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..=730))]
    pub(crate) days: u16,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    /// The file with the campaign's key
    #[arg(long, value_name = "CAMPAIGN.key")]
    pub(crate) authority: PathBuf,
    /// The campaign's newest list, which the new list replaces; its devices stay revoked; - reads stdin. To get it, run
    /// `fieldcast --json grant show` on a device that has it
    #[arg(long, value_name = "TEXT|-", required_unless_present = "first", conflicts_with = "first")]
    pub(crate) before: Option<String>,
    /// This is the campaign's first list
    #[arg(long)]
    pub(crate) first: bool,
    /// Remove this device from the list, by fingerprint; repeatable
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "first")]
    pub(crate) pardon: Vec<String>,
    /// Fingerprints of the devices to revoke, all 64 digits
    #[arg(value_name = "FINGERPRINT", required_unless_present = "pardon")]
    pub(crate) devices: Vec<String>,
}
