//! Exchanges between two devices.

use std::net::SocketAddr;

use fieldcast::SendState as EngineSendState;
pub use fieldcast::{
    Answer, ComparisonResult, DiscoveredDistributor, FoundBy, FoundPeer, ReceiveProgress, SendProgress, Sender, Sent,
    SourceDevice, UnfinishedOffer,
};

use crate::{ComparisonCode, DeviceName, Ending, Fingerprint, ServerTime, SnapshotSummary};

/// The user's answer to a question about another device: yes and trust it, yes once, no, or no because the screens show
/// different codes.
#[uniffi::remote(Enum)]
pub enum Answer {
    Trust,
    Once,
    Decline,
    CodesDiffer,
}

/// How a receiver's dataset compares with the offered one.
#[uniffi::remote(Enum)]
pub enum ComparisonResult {
    Equal,
    KeptNewer { records: u64 },
    Ahead { as_of: ServerTime },
    Conflict { as_of: ServerTime, records: u64 },
}

/// The other device. Its owner chooses the name, so the name proves nothing.
#[uniffi::remote(Record)]
pub struct Sender {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
}

/// A discovered receiver. `addr` is the address where it listens, or from which it connected.
#[uniffi::remote(Record)]
pub struct FoundPeer {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub addr: SocketAddr,
    pub by: FoundBy,
}

/// How a receiver was found: by its mDNS announcement, by a parked connection, by a parked connection on which it proved
/// an invite of this session, by its answer at a given address, or by the phone's own service discovery.
#[uniffi::remote(Record)]
pub struct FoundBy {
    pub mdns: bool,
    pub connected: bool,
    pub invited: bool,
    pub typed: bool,
    pub platform: bool,
}

/// A distributor that announces itself. The announcement can be forged, so treat it as unconfirmed until a connection
/// exists.
#[uniffi::remote(Record)]
pub struct DiscoveredDistributor {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub addr: SocketAddr,
}

/// The state of dialing a distributor.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DialState {
    /// Connecting.
    Connecting,
    /// Connected. The distributor's user can select this device now.
    Connected {
        /// The distributor.
        distributor: Fingerprint,
    },
    /// Not connected. Fieldcast will try again.
    Retrying {
        /// Why.
        ending: Ending,
    },
    /// Not connected. Fieldcast will not try again.
    GaveUp {
        /// Why.
        ending: Ending,
    },
}

impl From<fieldcast::DialState> for DialState {
    fn from(state: fieldcast::DialState) -> Self {
        match state {
            fieldcast::DialState::Connecting => Self::Connecting,
            fieldcast::DialState::Connected(distributor) => Self::Connected { distributor },
            fieldcast::DialState::Retrying(reason) => Self::Retrying { ending: (&reason).into() },
            fieldcast::DialState::GaveUp(reason) => Self::GaveUp { ending: (&reason).into() },
        }
    }
}

/// Progress of a receiver: bytes `staged` safely of `total`, and bytes transferred over the network.
#[uniffi::remote(Record)]
pub struct SendProgress {
    pub staged: u64,
    pub total: u64,
    pub wire: u64,
}

/// The result of a saved transfer: the amount of data, and how the receiver's data compares with each offered snapshot.
#[uniffi::remote(Record)]
pub struct Sent {
    pub progress: SendProgress,
    pub comparisons: Vec<ComparisonResult>,
}

/// The state of sending to one receiver; see [`fieldcast::SendState`].
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SendState {
    /// Found, not selected.
    Found,
    /// Selected. Waits for a free transfer slot.
    Queued,
    /// Connecting.
    Connecting,
    /// The receiver's user is asked to accept.
    Asking,
    /// The receiver's user has accepted. This side's user must still compare the code.
    Confirming,
    /// The devices determine which data is missing.
    Agreeing,
    /// Data is in transfer.
    Sending {
        /// Progress.
        progress: SendProgress,
    },
    /// The receiver has all data and applies it.
    Applying {
        /// Progress.
        progress: SendProgress,
    },
    /// The receiver has saved the data.
    Saved {
        /// The result.
        sent: Sent,
    },
    /// The connection broke. Fieldcast reconnects.
    Lost {
        /// Progress so far.
        progress: SendProgress,
    },
    /// The exchange ended without "saved".
    Failed {
        /// Why.
        ending: Ending,
        /// Progress so far.
        progress: SendProgress,
    },
}

impl From<EngineSendState> for SendState {
    fn from(state: EngineSendState) -> Self {
        match state {
            EngineSendState::Found => Self::Found,
            EngineSendState::Queued => Self::Queued,
            EngineSendState::Connecting => Self::Connecting,
            EngineSendState::Asking => Self::Asking,
            EngineSendState::Confirming => Self::Confirming,
            EngineSendState::Agreeing => Self::Agreeing,
            EngineSendState::Sending(progress) => Self::Sending { progress },
            EngineSendState::Applying(progress) => Self::Applying { progress },
            EngineSendState::Saved(sent) => Self::Saved { sent },
            EngineSendState::Lost(progress) => Self::Lost { progress },
            EngineSendState::Failed(reason, progress) => Self::Failed { ending: (&reason).into(), progress },
        }
    }
}

/// A receiver and the state of sending to it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReceiverState {
    /// The receiver.
    pub receiver: Fingerprint,
    /// State.
    pub state: SendState,
}

/// A discovered receiver and the state of sending to it.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NearbyReceiver {
    /// The receiver.
    pub peer: FoundPeer,
    /// State.
    pub state: SendState,
    /// The code to compare with the receiver's screen.
    pub code: Option<ComparisonCode>,
}

/// The offered data, and the bytes to transfer if all of it is new.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Offer {
    /// The snapshots.
    pub snapshots: Vec<SnapshotSummary>,
    /// Bytes to transfer if all data is new.
    pub bytes: u64,
}

impl From<fieldcast::Offer> for Offer {
    fn from(offer: fieldcast::Offer) -> Self {
        Self { snapshots: offer.snapshots, bytes: offer.bytes }
    }
}

/// A device that the data comes from. `is_known` is true for a trusted device and for this device. `records` are the
/// records that it downloaded. If the device did not sign them itself, the device that merged them names it.
#[uniffi::remote(Record)]
pub struct SourceDevice {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub is_known: bool,
    pub records: u64,
    pub has_signed: bool,
}

/// The question "Receive 412 households from distributor-3?"
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Question {
    /// Question number, to pass with the answer.
    pub id: u64,
    /// The sender.
    pub sender: Sender,
    /// The devices that the data comes from. The sender itself is one if it downloaded data.
    pub sources: Vec<SourceDevice>,
    /// The offered data.
    pub offer: Offer,
    /// The code on the distributor's screen, unless another device intercepts the connection.
    pub code: ComparisonCode,
    /// Whether the sender is trusted, so that the user need not compare the code. Show the code anyway: the
    /// distributor's user may have to compare it.
    pub is_known: bool,
}

impl From<fieldcast::Question> for Question {
    fn from(question: fieldcast::Question) -> Self {
        let fieldcast::Question { id, sender, sources, offer, code, is_known } = question;
        Self { id, sender, sources, offer: offer.into(), code, is_known }
    }
}

/// An accepted offer that is not saved yet. `staged` bytes of it are on this device. It continues automatically when
/// its sender offers it again.
#[uniffi::remote(Record)]
pub struct UnfinishedOffer {
    pub sender: Sender,
    pub snapshots: Vec<SnapshotSummary>,
    pub staged: u64,
}

/// Progress of receiving: bytes `staged` on this device's disk of `total`, and bytes transferred over the network.
#[uniffi::remote(Record)]
pub struct ReceiveProgress {
    pub staged: u64,
    pub total: u64,
    pub wire: u64,
}

/// The state of a receiver.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReceiveState {
    /// Listening and announced.
    Waiting,
    /// The user is asked to accept.
    Asking,
    /// Data is arriving.
    Receiving {
        /// Progress.
        progress: ReceiveProgress,
    },
    /// All data is on disk and is being applied.
    Applying {
        /// Progress.
        progress: ReceiveProgress,
    },
}

impl From<fieldcast::ReceiveState> for ReceiveState {
    fn from(state: fieldcast::ReceiveState) -> Self {
        match state {
            fieldcast::ReceiveState::Waiting => Self::Waiting,
            fieldcast::ReceiveState::Asking => Self::Asking,
            fieldcast::ReceiveState::Receiving(progress) => Self::Receiving { progress },
            fieldcast::ReceiveState::Applying(progress) => Self::Applying { progress },
        }
    }
}

/// A saved bundle.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Received {
    /// The sender.
    pub sender: Fingerprint,
    /// The saved data.
    pub offer: Offer,
    /// The amount of data.
    pub progress: ReceiveProgress,
    /// How each snapshot compares with the data on this device now.
    pub comparisons: Vec<ComparisonResult>,
}

impl From<fieldcast::Received> for Received {
    fn from(received: fieldcast::Received) -> Self {
        let fieldcast::Received { sender, offer, progress, comparisons } = received;
        Self { sender, offer: offer.into(), progress, comparisons }
    }
}

/// The contents of a bundle file.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BundleInfo {
    /// The signer, verified by its signature.
    pub sender: Sender,
    /// The devices that the data comes from, verified.
    pub sources: Vec<SourceDevice>,
    /// The data.
    pub offer: Offer,
}

impl From<fieldcast::BundleInfo> for BundleInfo {
    fn from(info: fieldcast::BundleInfo) -> Self {
        Self { sender: info.sender, sources: info.sources, offer: info.offer.into() }
    }
}

/// An imported bundle file.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Imported {
    /// Signer and contents.
    pub info: BundleInfo,
    /// How each snapshot compares with the data on this device now.
    pub comparisons: Vec<ComparisonResult>,
}

impl From<fieldcast::Imported> for Imported {
    fn from(imported: fieldcast::Imported) -> Self {
        Self { info: imported.info.into(), comparisons: imported.comparisons }
    }
}
