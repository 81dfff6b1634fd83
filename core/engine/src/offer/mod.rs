//! The distributor's side: one bundle, many receivers.

mod admit;
mod bundle;
mod door;
mod finding;
mod peer;
mod peers;
mod reach;
mod send;
mod session;

pub(crate) use bundle::Bundle;
pub use peer::{FoundBy, FoundPeer, OfferEvent, SendProgress, SendState, Sent};
pub use session::OfferSession;
