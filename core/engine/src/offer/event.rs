//! The data that a distributor's screen shows for each receiver.

use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::{ComparisonResult, EndReason, Sas};

use crate::{NetworkChange, SharedKey};

/// A receiver that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPeer {
    /// The receiver's fingerprint.
    pub fingerprint: Fingerprint,
    /// The name that its owner chose; never a proof of identity.
    pub name: DeviceName,
    /// The address on which it listens; for a receiver that has only connected to this device, the address it connected
    /// from.
    pub addr: SocketAddr,
    /// The ways in which it is currently found.
    pub by: FoundBy,
}

/// The ways in which a receiver is found at present.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundBy {
    /// By its mDNS announcement.
    pub mdns: bool,
    /// By its parked connection.
    pub connected: bool,
    /// By its parked connection, on which it proved an invite of this session.
    pub invited: bool,
    /// By its answer at an address that the user typed.
    pub typed: bool,
    /// By the phone's platform discovery.
    pub platform: bool,
}

/// The state of sending to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// Found, not picked.
    Found,
    /// Picked; waits for one of the `max_live` transfer slots.
    Queued,
    /// Connecting to it.
    Connecting,
    /// The receiver's user is being asked.
    Asking,
    /// The receiver's user accepted; the code must still be compared on this side.
    Confirming,
    /// The receiver's user accepted; the two sides determine which chunks are missing.
    Agreeing,
    /// Data is being sent.
    Sending(SendProgress),
    /// The receiver has all chunks and applies them.
    Applying(SendProgress),
    /// The receiver has committed its transaction, and the digests were compared.
    Saved(Sent),
    /// The connection broke. This device reconnects until the resume timeout is over.
    Lost(SendProgress),
    /// The exchange ended without "saved".
    Failed(EndReason, SendProgress),
}

impl SendState {
    /// Whether this is an end state.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Saved(_) | Self::Failed(..))
    }

    /// The progress, in the states that have one.
    pub const fn progress(&self) -> Option<SendProgress> {
        match self {
            Self::Sending(progress) | Self::Applying(progress) | Self::Lost(progress) | Self::Failed(_, progress) => {
                Some(*progress)
            }
            Self::Saved(sent) => Some(sent.progress),
            _ => None,
        }
    }
}

/// The result of a saved bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The final progress.
    pub progress: SendProgress,
    /// How the receiver's data compares with each offered snapshot: equal to it, with newer records, ahead of it, or in conflict with it.
    pub comparisons: Vec<ComparisonResult>,
}

/// How much of a bundle a receiver has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendProgress {
    /// Encoded bytes that are on the receiver's disk, including earlier connections.
    pub staged: u64,
    /// Encoded bytes that the receiver lacked at the start.
    pub total: u64,
    /// Bytes that this device has sent and received over its sockets for this receiver, with TLS.
    pub wire: u64,
}

/// An event of an [`OfferSession`](crate::OfferSession).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferEvent {
    /// A receiver appeared, or its name, its address or the ways it is found changed.
    Found(FoundPeer),
    /// A receiver is no longer found in any way. If it was not picked, it is removed from the list. A running transfer
    /// continues.
    Gone(Fingerprint),
    /// Several devices on the network use the same key, perhaps this device's key.
    SharedKey(SharedKey),
    /// The network was lost, or the session continues on another network.
    Network(NetworkChange),
    /// Ask the user: does this receiver's screen show the same code? Nothing is sent before
    /// [`OfferSession::answer`](crate::OfferSession::answer).
    Compare(FoundPeer, Sas),
    /// The code that this receiver's screen shows if no attacker is in the middle. No comparison is required here, but
    /// the receiver's user may have to compare it with this screen.
    Sas(FoundPeer, Sas),
    /// The state of a send changed.
    Changed(Fingerprint, SendState),
}
