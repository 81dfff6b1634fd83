//! The receiver's side: one exchange at a time.

mod apply;
mod exchange;
mod session;
mod stage;

#[cfg(test)]
pub(crate) use apply::held;
pub(crate) use apply::{Application, Plan, plan};
pub use session::{Question, ReceiveEvent, ReceiveProgress, ReceiveSession, ReceiveState, Received, Sender};
pub(crate) use stage::COMMIT_BYTES;
