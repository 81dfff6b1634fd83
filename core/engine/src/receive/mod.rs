//! The receiver's side: one exchange at a time.

mod apply;
mod exchange;
mod session;
mod stage;

pub use session::{Question, ReceiveEvent, ReceiveProgress, ReceiveSession, ReceiveState, Received, Sender};
