//! The data that a receiver's screen shows.

use std::net::SocketAddr;

use fieldcast_model::{DeviceName, Fingerprint, SnapshotSummary};
use fieldcast_net::Peer;
use fieldcast_store::{Incoming, IncomingStatus, Result as StoreResult, Store};
use fieldcast_wire::{ComparisonResult, EndReason, Offer, Sas};

use crate::trust::provenance::set_local_names;
use crate::{NetworkChange, SharedKey, SourceDevice};

/// The other device of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The device's fingerprint, proven by its key.
    pub fingerprint: Fingerprint,
    /// The name that its owner chose; never a proof of identity.
    pub name: DeviceName,
}

impl Sender {
    /// Its offer as the store keeps it, under this id.
    pub(crate) fn incoming(&self, bundle_id: [u8; 32], offer: &Offer) -> Incoming {
        let Self { fingerprint: sender, name: sender_name } = self.clone();
        Incoming { bundle_id, offered: offer.snapshots.clone(), sender, sender_name }
    }
}

/// "Receive 412 households from distributor-3?"
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Pass it back with the answer.
    pub id: u64,
    /// The distributor.
    pub sender: Sender,
    /// The signers of the offered data, proven by their signatures: the sender for its own downloads, other devices for
    /// data that it passes on.
    pub sources: Vec<SourceDevice>,
    /// The offer, with the names that projects and boundaries have on this device.
    pub offer: Offer,
    /// The code on the distributor's screen, if no attacker is in the middle.
    pub code: Sas,
    /// Whether the distributor's key is already trusted, so that the code need not be compared. Show the code in any
    /// case: if the distributor does not trust this device, its user has to compare it with this screen.
    pub is_known: bool,
}

/// An accepted offer that is not saved yet. It resumes automatically when its sender offers it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedOffer {
    /// The sender.
    pub sender: Sender,
    /// The offered snapshots.
    pub snapshots: Vec<SnapshotSummary>,
    /// Encoded bytes of it on this device's disk.
    pub staged: u64,
}

impl UnfinishedOffer {
    /// With the names that projects and boundaries have on this device. Blocks.
    pub(crate) fn named(store: &Store, IncomingStatus { incoming, bytes, .. }: IncomingStatus) -> StoreResult<Self> {
        let Incoming { mut offered, sender, sender_name, .. } = incoming;
        for summary in &mut offered {
            set_local_names(store, summary, false)?;
        }
        let sender = Sender { fingerprint: sender, name: sender_name };
        Ok(Self { sender, snapshots: offered, staged: bytes })
    }
}

/// The progress of an exchange, in encoded bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveProgress {
    /// Bytes on this device's disk since the connection was made.
    pub staged: u64,
    /// Bytes missing when the connection was made.
    pub total: u64,
    /// Bytes over the socket, in both directions, with TLS.
    pub wire: u64,
}

/// A bundle that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The sender.
    pub sender: Fingerprint,
    /// The offer, which is now in the store.
    pub offer: Offer,
    /// The final progress.
    pub progress: ReceiveProgress,
    /// How each offered snapshot compares with the data on this device.
    pub comparisons: Vec<ComparisonResult>,
}

impl Received {
    /// The number of records for which this device kept a newer version.
    pub fn kept_newer(&self) -> u64 {
        self.comparisons.iter().map(ComparisonResult::kept_newer).fold(0, u64::saturating_add)
    }
}

/// The state of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveState {
    /// Listening and announced.
    Waiting,
    /// The user is being asked.
    Asking,
    /// Data is arriving.
    Receiving(ReceiveProgress),
    /// Everything is on disk; the transaction runs.
    Applying(ReceiveProgress),
}

/// A distributor that announces itself. Its announcement is only a hint that any device can forge; a connection proves
/// its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveredDistributor {
    /// The announced fingerprint.
    pub fingerprint: Fingerprint,
    /// The announced name.
    pub name: DeviceName,
    /// The address on which it listens for receivers.
    pub addr: SocketAddr,
}

impl From<Peer> for DiscoveredDistributor {
    fn from(Peer { fingerprint, name, addr, .. }: Peer) -> Self {
        Self { fingerprint, name, addr }
    }
}

/// The state of dialing a distributor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialState {
    /// Connecting.
    Connecting,
    /// Connected to this distributor. Its user can pick this device now.
    Connected(Fingerprint),
    /// Not connected; this device will reconnect.
    Retrying(EndReason),
    /// Not connected; this device does not try again.
    GaveUp(EndReason),
}

/// An event of a [`ReceiveSession`](crate::ReceiveSession).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiveEvent {
    /// A question for the user; see [`ReceiveSession::answer`](crate::ReceiveSession::answer).
    Asked(Question),
    /// A previously accepted offer resumes without a question.
    Resumed(Sender, Sas),
    /// The state changed.
    Changed(ReceiveState),
    /// A bundle is committed and its digests are compared.
    Saved(Received),
    /// An exchange ended without "saved". The session keeps listening.
    Ended(Fingerprint, EndReason),
    /// A distributor announces itself, or changed its name or address; see
    /// [`ReceiveSession::dial`](crate::ReceiveSession::dial).
    DistributorFound(DiscoveredDistributor),
    /// A distributor's announcement has ended. It may still be present.
    DistributorLost(Fingerprint),
    /// The state of dialing the distributor at this address.
    Dial(SocketAddr, DialState),
    /// Several devices on the network use the same key, perhaps this device's key.
    SharedKey(SharedKey),
    /// The network was lost, or the session continues on another network.
    Network(NetworkChange),
}
