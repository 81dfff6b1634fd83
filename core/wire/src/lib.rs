//! The exchange: messages, framing, limits and the state machines of both sides. Sans-IO.
//!
//! One connection joins one distributor and one receiver. Each side feeds its machine with what arrives and with the
//! time, and carries out the actions the machine gives; sockets, storage and people are the caller's.
//! `docs/PROTOCOL.md` says what goes over the wire.

mod code;
mod distributor;
pub mod frame;
mod grant;
mod invite;
mod invite_text;
mod limits;
mod message;
mod reason;
mod receipt;
mod receiver;
mod window;

pub use code::{CODE_LABEL, Code, Introduction, Opening};
pub use distributor::{Distributor, DistributorAction, DistributorState};
pub use grant::{Credentials, Grant, Revocations, SignedStatement, Statement, StatementError};
pub use invite::{Group, Invite, InviteError, MAX_INVITE, Token};
pub use limits::Limits;
pub use message::{
    ChunkSet, Held, Hello, MAX_SNAPSHOTS, Message, Offer, PROTOCOL, Role, SavedSnapshot, Standing, chunk_frame,
    offer_id, split_chunk_frame,
};
pub use reason::{Breach, Reason};
pub use receipt::Receipt;
pub use receiver::{Applied, Receiver, ReceiverAction, ReceiverState};
pub use window::MAX_UNSTAGED;

#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod invite_tests;
