//! What a distributor's screen shows of each receiver.

use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint};
use fieldcast_wire::{ComparisonResult, EndReason, Sas};

use crate::{NetworkChange, SharedKey};

/// A receiver that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPeer {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What people call it; chosen by its owner, so never proof of anything.
    pub name: DeviceName,
    /// Where it listens; for one that has only called in, where it called from.
    pub addr: SocketAddr,
    /// In which ways it is known to be there just now.
    pub by: FoundBy,
}

/// The ways a receiver was found, each as long as it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FoundBy {
    /// It announces itself by mDNS.
    pub mdns: bool,
    /// It has called in, and is on the line.
    pub called_in: bool,
    /// It answered at an address that a person gave.
    pub typed: bool,
    /// The phone's own service discovery tells of it.
    pub platform: bool,
}

/// How sending to one receiver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendState {
    /// Found, not picked.
    Found,
    /// Picked; waits until one of the `max_live` places is free.
    Queued,
    /// The connection is being made.
    Connecting,
    /// Its person is being asked.
    Asking,
    /// Its person said yes; the code is still to be compared on this side.
    Confirming,
    /// Its person said yes; the two sides agree on what is missing.
    Agreeing,
    /// Data is on its way.
    Sending(SendProgress),
    /// It has everything and applies it.
    Applying(SendProgress),
    /// Its transaction has committed and its digests were compared.
    Saved(Sent),
    /// The connection broke; it is called again until the time to resume is over.
    Lost(SendProgress),
    /// It ended without "saved".
    Failed(EndReason, SendProgress),
}

impl SendState {
    /// Whether nothing more will happen by itself.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Saved(_) | Self::Failed(..))
    }

    /// How much has been done, in the states that know.
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

/// A bundle that a receiver has saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// What it took.
    pub progress: SendProgress,
    /// How the receiver's data compares with each offered snapshot: equal, or ahead of it.
    pub comparisons: Vec<ComparisonResult>,
}

/// How much of a bundle a receiver has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendProgress {
    /// Encoded bytes that are safe on the receiver's disk; those of earlier connections included.
    pub staged: u64,
    /// Encoded bytes it lacked at first.
    pub total: u64,
    /// Bytes this device has put on and taken off the sockets for it, TLS included.
    pub wire: u64,
}

/// What changed in an [`OfferSession`](crate::OfferSession).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferEvent {
    /// A receiver appeared, or changed its name, its address or the ways it is found.
    Found(FoundPeer),
    /// A receiver is found in no way any more. If it was not picked, it is off the list; a running transfer goes on.
    Gone(Fingerprint),
    /// Devices near by have one key; perhaps this device's.
    SharedKey(SharedKey),
    /// The network went, or the session goes on in another.
    Network(NetworkChange),
    /// Does this receiver's screen show the same code? Nothing is sent before
    /// [`OfferSession::answer`](crate::OfferSession::answer).
    Compare(FoundPeer, Sas),
    /// What this receiver's screen shows, if nobody is in between. It need not be compared here; the receiver's person may
    /// have to, and look for it on this screen.
    Sas(FoundPeer, Sas),
    /// Sending to a receiver took a step.
    Changed(Fingerprint, SendState),
}
