//! What is typed about grants.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

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
        /// Remove the village data that came from revoked devices, too, without asking
        #[arg(long)]
        remove_data: bool,
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
