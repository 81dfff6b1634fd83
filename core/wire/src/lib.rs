//! The exchange protocol: messages, framing, time limits and the state machines of both sides. Sans-IO: no sockets, no
//! storage.
//!
//! One connection joins one distributor and one receiver. The caller gives each state machine the received messages and
//! the current time, and carries out the actions that the machine returns. Sockets, storage and user questions belong
//! to the caller. `docs/PROTOCOL.md` defines the bytes on the wire.

mod end_reason;
pub mod frame;
mod grant;
mod invite;
mod invite_text;
mod limits;
mod message;
mod profile;
mod receipt;
mod sas;
mod session;

pub use end_reason::{Breach, EndKind, EndReason};
pub use grant::{Credentials, Grant, Revocations, SignedStatement, Statement, StatementError};
pub use invite::{Group, Invite, InviteError, Token};
pub use invite_text::MAX_INVITE;
pub use limits::Limits;
pub use message::{
    ChunkSet, ComparisonResult, Held, Hello, MAX_SNAPSHOTS, Message, Offer, PROTOCOL, Role, SavedSnapshot, chunk_frame,
    offer_id, split_chunk_frame,
};
pub use profile::{Profile, ProfileError};
pub use receipt::Receipt;
pub use sas::{CODE_LABEL, HandshakeSecret, Sas};
pub use session::{
    Action, Applied, Backoff, Distributor, DistributorRequest, DistributorSide, ExchangeMachine, ExchangeSlot,
    ExchangeState, Handshake, HandshakeParameters, MAX_UNSTAGED, Parked, ParkedAction, ReceiptVerifier, Receiver,
    ReceiverRequest, ReceiverSide, Resumption, Side,
};

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod invite_tests;
