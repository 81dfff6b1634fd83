//! The rules of a connection between two devices, as state machines without I/O.
//!
//! The caller gives a machine the received messages, the results of its requests and the current time, and carries out
//! the actions that the machine returns. Times are monotonic and count from any fixed instant. The simulator
//! (`tests/sim`) drives the machines of both roles, `Resumption` and `ExchangeSlot` as the engine does. Parked connections
//! and invites have tests of their own.
//!
//! ```text
//! Handshake -> Parked -> Distributor | Receiver      one connection
//! Resumption, Backoff, ExchangeSlot                  across connections
//! ```

mod distributor;
mod exchange;
mod handshake;
mod parked;
mod receiver;
mod reconnect;
mod slot;
mod timers;
mod window;

pub use distributor::{Distributor, DistributorRequest, DistributorSide, ReceiptVerifier};
pub use exchange::{Action, ExchangeMachine, ExchangeState, Side};
pub use handshake::{Handshake, HandshakeParameters};
pub use parked::{Parked, ParkedAction};
pub use receiver::{Applied, Receiver, ReceiverRequest, ReceiverSide};
pub use reconnect::{Backoff, Resumption};
pub use slot::ExchangeSlot;
pub use window::MAX_UNSTAGED;

#[cfg(test)]
mod tests;
