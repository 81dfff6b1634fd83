//! The receiver's side: one exchange at a time.

mod apply;
mod consent;
mod dialing;
mod discovered;
mod ending;
mod event;
mod exchange;
mod session;
mod stage;
mod waiting;

#[cfg(test)]
pub(crate) use apply::held;
pub(crate) use apply::{Application, Outcome, Plan, Round, check_time, plan};
use fieldcast_store::Error as StoreError;
use fieldcast_wire::EndReason;

use crate::Error;

pub use dialing::{DialState, DialTarget};
pub use discovered::DiscoveredDistributor;
pub use event::{Question, ReceiveEvent, ReceiveProgress, ReceiveState, Received, Sender, UnfinishedOffer};
pub use session::ReceiveSession;
pub(crate) use stage::COMMIT_BYTES;

/// The reason why data was refused or could not be stored, in a form for the peer: without paths of this device.
fn not_stored(error: impl Into<Error>) -> EndReason {
    match error.into() {
        Error::Refused(reason) => reason,
        // The user has withdrawn the offer in the meantime.
        Error::Store(StoreError::NoSuchBundle) => EndReason::Cancelled { by_distributor: false },
        Error::Store(StoreError::NotWritable { .. }) => EndReason::NotStored("its storage is not writable".to_owned()),
        error => EndReason::NotStored(error.to_string()),
    }
}
