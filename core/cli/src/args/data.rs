//! Arguments of the commands about data on this device.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct RecordsArgs {
    /// Only records of this village, by code or name
    #[arg(long, value_name = "B")]
    pub(crate) boundary: Option<String>,
    /// Only records of this type, for example Household
    #[arg(long, value_name = "E")]
    pub(crate) entity: Option<String>,
    /// Only the record with this clientReferenceId
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Only records of the household with this clientReferenceId
    #[arg(long, value_name = "ID")]
    pub(crate) root: Option<String>,
    /// Also show deleted records
    #[arg(long)]
    pub(crate) deleted: bool,
    /// The maximum number of records; 0 for all
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: u64,
}

#[derive(Args, Debug)]
pub(crate) struct DatasetsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,
}

/// Subcommands for village data.
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// Restore a village's data from before the last reception; possible until the next download or reception
    Undo(NamedDatasetArgs),
    /// Remove a village's data from this device; refused while it has edits that are not on the server
    Remove(NamedDatasetArgs),
}

#[derive(Args, Debug)]
pub(crate) struct NamedDatasetArgs {
    /// The village, by code or name
    #[arg(value_name = "VILLAGE")]
    pub(crate) boundary: String,
    /// The project, by id or name, if several projects have the village
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct OffersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<OffersCommand>,
}

/// Subcommands for unfinished offers.
#[derive(Debug, Subcommand)]
pub(crate) enum OffersCommand {
    /// Cancel a device's unfinished offers and delete their partial data; this device asks again at the next offer
    Withdraw {
        /// The device's name or fingerprint
        #[arg(value_name = "NAME_OR_FINGERPRINT")]
        device: String,
    },
}

#[derive(Args, Debug)]
pub(crate) struct EditsArgs {
    /// Only edits of records that the server has changed since
    #[arg(long)]
    pub(crate) conflicts: bool,
    #[command(subcommand)]
    pub(crate) command: Option<EditsCommand>,
}

/// Subcommands for edits.
#[derive(Debug, Subcommand)]
pub(crate) enum EditsCommand {
    /// Save a changed record beside the server's version; replaces an earlier edit of the record
    Add(AddEditArgs),
    /// Delete an edit because the server has it now
    Sent(NamedEditArgs),
    /// Resolve a conflict: keep the edit on top of the server's new version
    Keep(NamedEditArgs),
    /// Confirm that you have seen the edits that are possibly lost after database damage
    ConfirmLost,
}

#[derive(Args, Debug)]
pub(crate) struct AddEditArgs {
    #[command(flatten)]
    pub(crate) target: EditTarget,
    /// The record's clientReferenceId; without this, the one in the file
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// The household of a new record; without this, the record itself
    #[arg(long, value_name = "ID")]
    pub(crate) root: Option<String>,
    /// Mark the record as deleted
    #[arg(long)]
    pub(crate) delete: bool,
    /// The file with the whole record, in the server's form; - reads stdin
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct NamedEditArgs {
    /// The record's clientReferenceId
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) target: EditTarget,
}

/// The type and the dataset of an edit.
#[derive(Args, Debug)]
pub(crate) struct EditTarget {
    /// The record's village, by code or name; - for data outside all villages
    #[arg(long, value_name = "B")]
    pub(crate) boundary: String,
    /// The record's type, for example Household
    #[arg(long, value_name = "E")]
    pub(crate) entity: String,
    /// The project, by id or name, if several projects have the village
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct PeersArgs {
    /// Show whole fingerprints, for grants
    #[arg(long)]
    pub(crate) full: bool,
    #[command(subcommand)]
    pub(crate) command: Option<PeersCommand>,
}

/// Subcommands for trusted devices.
#[derive(Debug, Subcommand)]
pub(crate) enum PeersCommand {
    /// Stop trusting a device; users must compare codes again
    Forget {
        /// The device's name or fingerprint
        #[arg(value_name = "NAME_OR_FINGERPRINT")]
        device: String,
        /// Also remove village data that came from the device, without a question
        #[arg(long)]
        remove_data: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct HistoryArgs {
    /// The maximum number of entries, newest first
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) limit: usize,
    /// Show whole fingerprints, for grants
    #[arg(long)]
    pub(crate) full: bool,
}
