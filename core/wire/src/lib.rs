//! The exchange: messages, framing, limits and the state machines of both sides. Sans-IO.
//!
//! One connection joins one distributor and one receiver. Each side feeds its machine with what arrives and with the
//! time, and carries out the actions the machine gives; sockets, storage and people are the caller's.
//! `docs/PROTOCOL.md` says what goes over the wire.

mod distributor;
mod end_reason;
pub mod frame;
mod grant;
mod handshake;
mod invite;
mod invite_text;
mod limits;
mod message;
mod receipt;
mod receiver;
mod window;

pub use distributor::{Distributor, DistributorAction, DistributorState};
pub use end_reason::{Breach, EndReason};
pub use grant::{Credentials, Grant, Revocations, SignedStatement, Statement, StatementError};
pub use handshake::{CODE_LABEL, HandshakeParameters, HandshakeSecret, Sas};
pub use invite::{Group, Invite, InviteError, MAX_INVITE, Token};
pub use limits::Limits;
pub use message::{
    ChunkSet, ComparisonResult, Held, Hello, MAX_SNAPSHOTS, Message, Offer, PROTOCOL, Role, SavedSnapshot, chunk_frame,
    offer_id, split_chunk_frame,
};
pub use receipt::Receipt;
pub use receiver::{Applied, Receiver, ReceiverAction, ReceiverState};
pub use window::MAX_UNSTAGED;

#[cfg(test)]
mod exchange_tests;
#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod invite_tests;
