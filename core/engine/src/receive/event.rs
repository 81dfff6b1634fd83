//! What a receiver's screen shows.

use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint, SnapshotSummary};
use fieldcast_store::{Incoming, IncomingStatus, Result as StoreResult, Store};
use fieldcast_wire::{ComparisonResult, EndReason, Offer, Sas};

use super::dialing::DialState;
use super::discovered::DiscoveredDistributor;
use crate::{NetworkChange, SharedKey, SourceDevice};

/// Who is on the other side of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who it is, proven by its key.
    pub fingerprint: Fingerprint,
    /// What people call it; chosen by its owner, so never proof of anything.
    pub name: DeviceName,
}

/// "Receive 412 households from distributor-3?"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// To be given back with the answer.
    pub id: u64,
    /// Who offers.
    pub sender: Sender,
    /// The devices that answer for what is offered, proven by their signatures: the sender itself for what it downloaded,
    /// others for what it only passes on.
    pub origins: Vec<SourceDevice>,
    /// What is offered, with the names that projects and boundaries have on this device.
    pub offer: Offer,
    /// What the distributor's screen shows, if nobody is in between.
    pub code: Sas,
    /// Whether the distributor's key is known already: then the code need not be compared. Show it all the same: this
    /// device may be unknown to the distributor, whose person then looks for it here.
    pub is_known: bool,
}

/// An offer that was accepted, and is not saved yet: it goes on by itself when its sender offers it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedOffer {
    /// Who offered.
    pub sender: Sender,
    /// What was offered.
    pub snapshots: Vec<SnapshotSummary>,
    /// Bytes of it on this device's disk, encoded.
    pub staged: u64,
}

impl UnfinishedOffer {
    /// With the names that projects and boundaries have on this device. Blocks.
    pub(crate) fn named(store: &Store, IncomingStatus { incoming, bytes, .. }: IncomingStatus) -> StoreResult<Self> {
        let Incoming { mut offered, sender, sender_name, .. } = incoming;
        for summary in &mut offered {
            (summary.project_name, summary.boundary_name) = store.read(|reader| reader.names(summary, false))?;
        }
        let sender = Sender { fingerprint: sender, name: sender_name };
        Ok(Self { sender, snapshots: offered, staged: bytes })
    }
}

/// How far an exchange is, in encoded bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveProgress {
    /// On this device's disk since the connection was made.
    pub staged: u64,
    /// Lacking when the connection was made.
    pub total: u64,
    /// Bytes over the socket, both ways, TLS included.
    pub wire: u64,
}

/// A bundle that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Who sent it.
    pub sender: Fingerprint,
    /// What was offered, and is now in the store.
    pub offer: Offer,
    /// What it took.
    pub progress: ReceiveProgress,
    /// How each offered snapshot compares with what this device now has.
    pub comparisons: Vec<ComparisonResult>,
}

impl Received {
    /// Records of which this device held, and kept, a newer version.
    pub fn kept_newer(&self) -> u64 {
        self.comparisons.iter().map(ComparisonResult::kept_newer).fold(0, u64::saturating_add)
    }
}

/// Where a receiver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveState {
    /// Listening and announced.
    Waiting,
    /// The person is being asked.
    Asking,
    /// Data is arriving.
    Receiving(ReceiveProgress),
    /// Everything is on disk; the transaction runs.
    Applying(ReceiveProgress),
}

/// What happens in a [`ReceiveSession`](crate::ReceiveSession).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveEvent {
    /// A question for the person; see [`ReceiveSession::answer`](crate::ReceiveSession::answer).
    Asked(Question),
    /// An offer that was accepted before, and broke off, goes on; nobody is asked again.
    Resumed(Sender, Sas),
    /// The state changed.
    Changed(ReceiveState),
    /// A bundle is committed and its digests compared.
    Saved(Received),
    /// An exchange ended without "saved". The session goes on listening.
    Ended(Fingerprint, EndReason),
    /// A distributor announces itself, or has changed its name or address; see
    /// [`ReceiveSession::call`](crate::ReceiveSession::call).
    DistributorFound(DiscoveredDistributor),
    /// A distributor announces itself no more. It may well be there.
    DistributorLost(Fingerprint),
    /// How the call to a distributor at this address stands.
    Dial(SocketAddr, DialState),
    /// Devices near by have one key; perhaps this device's.
    SharedKey(SharedKey),
    /// The network went, or the session goes on in another.
    Network(NetworkChange),
}
