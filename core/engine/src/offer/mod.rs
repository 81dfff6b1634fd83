//! The distributor's side: one bundle, many receivers.

mod admit;
mod bundle;
mod peer;
mod send;
mod session;

pub(crate) use bundle::Bundle;
pub use peer::{FoundPeer, OfferEvent, SendProgress, SendState, Sent};
pub use session::OfferSession;
