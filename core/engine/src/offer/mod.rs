//! The distributor's side: one bundle, many receivers.
//!
//! ```text
//! session (the handle) -> sending (one receiver) -> dialer, transfer -> delivery -> admission, progress
//!                      -> inbound (receivers that connect)
//! all of them                                    -> state -> receivers, bundle
//! ```

mod admission;
mod bundle;
mod delivery;
mod dialer;
mod event;
mod inbound;
mod progress;
mod receivers;
mod sending;
mod session;
mod state;
mod transfer;

pub(crate) use bundle::Bundle;
pub use event::{FoundBy, FoundPeer, OfferEvent, SendProgress, SendState, Sent};
pub use session::OfferSession;
