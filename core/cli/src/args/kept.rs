//! What is typed about what this device keeps.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
pub(crate) struct DatasetsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DatasetsCommand>,
}

/// What is done about village data.
#[derive(Debug, Subcommand)]
pub(crate) enum DatasetsCommand {
    /// Go back to what was there before the last data received for a village, until its next download or reception
    Undo(NamedDatasetArgs),
    /// Remove a village's data from this device; never what was changed here and is not on the server yet
    Remove(NamedDatasetArgs),
}

#[derive(Args, Debug)]
pub(crate) struct NamedDatasetArgs {
    /// The village, by code or name
    #[arg(value_name = "VILLAGE")]
    pub(crate) boundary: String,
    /// Its project, by id or name, if several have the village
    #[arg(long, value_name = "P")]
    pub(crate) project: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct OffersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<OffersCommand>,
}

/// What is done about unfinished offers.
#[derive(Debug, Subcommand)]
pub(crate) enum OffersCommand {
    /// Withdraw the acceptance of a device's unfinished offers and drop what has come of them: the next one is a new question
    Withdraw {
        /// Its name or fingerprint
        #[arg(value_name = "NAME_OR_FINGERPRINT")]
        device: String,
    },
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
    /// Say that you have seen which edits are possibly lost since the database was damaged
    ConfirmLost,
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
        /// Remove the village data that came from it, too, without asking
        #[arg(long)]
        remove_data: bool,
    },
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
