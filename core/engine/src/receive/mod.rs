//! The receiver's side: one exchange at a time.
//!
//! ```text
//! session (the handle) -> inbound, outbound (connections) -> transfer (one exchange) -> consent, staging, apply, incoming
//! all of them                                             -> state -> slot, discovered
//! ```

mod apply;
mod consent;
mod discovered;
mod event;
mod inbound;
mod incoming;
mod outbound;
mod session;
mod slot;
mod staging;
mod state;
mod transfer;

#[cfg(test)]
pub(crate) use apply::held;
pub(crate) use apply::{Application, ApplyOutcome, Plan, Round, check_time, plan};
pub use event::{
    DialState, DiscoveredDistributor, Question, ReceiveEvent, ReceiveProgress, ReceiveState, Received, Sender,
    UnfinishedOffer,
};
pub use outbound::DialTarget;
pub use session::ReceiveSession;
pub(crate) use staging::COMMIT_BYTES;
