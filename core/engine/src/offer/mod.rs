//! The distributor's side: one bundle, many receivers.

mod admit;
mod bundle;
mod dialer;
mod finding;
mod parked;
mod peer;
mod peers;
mod send;
mod session;

pub(crate) use bundle::Bundle;
pub use peer::{FoundBy, FoundPeer, OfferEvent, SendProgress, SendState, Sent};
pub use session::OfferSession;
