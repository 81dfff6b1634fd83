//! Who may send what: trusted keys, grants of campaigns, the provenance of data, receipts and the history.

pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod provenance;
pub(crate) mod receipts;

pub use grants::{CampaignKey, Policy, verify_statement};
pub use history::PastExchange;
pub use identity::{Answer, Trust};
pub use provenance::SourceDevice;
