//! What goes on between two devices.

use std::net::SocketAddr;

use fieldcast::SendState as EngineSendState;
pub use fieldcast::{
    Answer, ComparisonResult, DiscoveredDistributor, FoundBy, FoundPeer, ReceiveProgress, SendProgress, Sender, Sent,
    SourceDevice, UnfinishedOffer,
};

use crate::{ComparisonCode, DeviceName, Ending, Fingerprint, ServerTime, SnapshotSummary};

/// What a person says to a question about another device: yes and remember it, yes this once, no, or no because the
/// screens show different codes.
#[uniffi::remote(Enum)]
pub enum Answer {
    Trust,
    Once,
    Decline,
    CodesDiffer,
}

/// How a receiver's dataset compares with what was offered.
#[uniffi::remote(Enum)]
pub enum ComparisonResult {
    Equal,
    KeptNewer { records: u64 },
    Ahead { as_of: ServerTime },
    Conflict { as_of: ServerTime, records: u64 },
}

/// A device on the other side; its name is chosen by its owner, so never proof of anything.
#[uniffi::remote(Record)]
pub struct Sender {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
}

/// A receiver that was found; `addr` is where it listens, or called from.
#[uniffi::remote(Record)]
pub struct FoundPeer {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub addr: SocketAddr,
    pub by: FoundBy,
}

/// The ways a receiver was found: it announces itself by mDNS, it is on the line, it answered at an address that was given,
/// the phone's own service discovery tells of it.
#[uniffi::remote(Record)]
pub struct FoundBy {
    pub mdns: bool,
    pub called_in: bool,
    pub typed: bool,
    pub platform: bool,
}

/// A distributor that announces itself; a hint that anybody can forge, until it was called.
#[uniffi::remote(Record)]
pub struct DiscoveredDistributor {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub addr: SocketAddr,
}

/// How a call to a distributor stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum DialState {
    /// It is being called.
    Connecting,
    /// On the line; its person can pick this device now.
    Connected {
        /// Whose.
        distributor: Fingerprint,
    },
    /// There is no line; it is called again.
    Retrying {
        /// Why.
        ending: Ending,
    },
    /// There will be none.
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

/// How much a receiver has: bytes `staged` safely of `total`, and bytes over the sockets.
#[uniffi::remote(Record)]
pub struct SendProgress {
    pub staged: u64,
    pub total: u64,
    pub wire: u64,
}

/// What a receiver has saved: what it took, and how its data compares with each offered snapshot.
#[uniffi::remote(Record)]
pub struct Sent {
    pub progress: SendProgress,
    pub comparisons: Vec<ComparisonResult>,
}

/// How sending to one receiver stands; see [`fieldcast::SendState`].
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum SendState {
    /// Found, not picked.
    Found,
    /// Picked; waits for one of the places.
    Queued,
    /// The connection is being made.
    Connecting,
    /// Its person is being asked.
    Asking,
    /// Its person said yes; the code is still to be compared on this side.
    Confirming,
    /// The two sides agree on what is missing.
    Agreeing,
    /// Data is on its way.
    Sending {
        /// How much.
        progress: SendProgress,
    },
    /// It has everything and applies it.
    Applying {
        /// How much.
        progress: SendProgress,
    },
    /// It has saved.
    Saved {
        /// What.
        sent: Sent,
    },
    /// The connection broke; it is called again.
    Lost {
        /// How much was done.
        progress: SendProgress,
    },
    /// It ended without "saved".
    Failed {
        /// Why.
        ending: Ending,
        /// How much was done.
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

/// A receiver and how sending to it stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct ReceiverState {
    /// Who.
    pub receiver: Fingerprint,
    /// How it stands.
    pub state: SendState,
}

/// A receiver that was found, and how sending to it stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct NearbyReceiver {
    /// Who.
    pub peer: FoundPeer,
    /// How it stands.
    pub state: SendState,
    /// The code that waits to be compared with its screen.
    pub code: Option<ComparisonCode>,
}

/// What is offered, and the bytes on the wire if all of it is new.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Offer {
    /// The snapshots.
    pub snapshots: Vec<SnapshotSummary>,
    /// Bytes if all is new.
    pub bytes: u64,
}

impl From<fieldcast::Offer> for Offer {
    fn from(offer: fieldcast::Offer) -> Self {
        Self { snapshots: offer.snapshots, bytes: offer.bytes }
    }
}

/// A device that data comes from; `is_known` if it is remembered here, or this device itself. `records` are those it
/// downloaded. If it has not signed itself, the device that merged its records says so.
#[uniffi::remote(Record)]
pub struct SourceDevice {
    pub fingerprint: Fingerprint,
    pub name: DeviceName,
    pub is_known: bool,
    pub records: u64,
    pub has_signed: bool,
}

/// "Receive 412 households from distributor-3?"
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Question {
    /// To be given back with the answer.
    pub id: u64,
    /// Who offers.
    pub sender: Sender,
    /// The devices that the data comes from: the sender itself for what it downloaded.
    pub origins: Vec<SourceDevice>,
    /// What is offered.
    pub offer: Offer,
    /// What the distributor's screen shows, if nobody is in between.
    pub code: ComparisonCode,
    /// Whether its key is known already, so that the code need not be compared. Show it all the same: the distributor may
    /// have to ask for it.
    pub is_known: bool,
}

impl From<fieldcast::Question> for Question {
    fn from(question: fieldcast::Question) -> Self {
        let fieldcast::Question { id, sender, origins, offer, code, is_known } = question;
        Self { id, sender, origins, offer: offer.into(), code, is_known }
    }
}

/// An offer that was accepted, and is not saved yet; `staged` bytes of it are here. It goes on by itself when its sender offers
/// it again.
#[uniffi::remote(Record)]
pub struct UnfinishedOffer {
    pub sender: Sender,
    pub snapshots: Vec<SnapshotSummary>,
    pub staged: u64,
}

/// How far receiving is: bytes `staged` on this device's disk of `total`, and bytes over the socket.
#[uniffi::remote(Record)]
pub struct ReceiveProgress {
    pub staged: u64,
    pub total: u64,
    pub wire: u64,
}

/// Where a receiver stands.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum ReceiveState {
    /// Listening and announced.
    Waiting,
    /// The person is being asked.
    Asking,
    /// Data is arriving.
    Receiving {
        /// How much.
        progress: ReceiveProgress,
    },
    /// Everything is on disk; it is being applied.
    Applying {
        /// How much.
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

/// A bundle that was saved.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Received {
    /// Who sent it.
    pub sender: Fingerprint,
    /// What is now in the store.
    pub offer: Offer,
    /// What it took.
    pub progress: ReceiveProgress,
    /// How each snapshot compares with what this device now has.
    pub comparisons: Vec<ComparisonResult>,
}

impl From<fieldcast::Received> for Received {
    fn from(received: fieldcast::Received) -> Self {
        let fieldcast::Received { sender, offer, progress, comparisons } = received;
        Self { sender, offer: offer.into(), progress, comparisons }
    }
}

/// What is in a bundle file.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct BundleInfo {
    /// Who made it, proven by its signature.
    pub sender: Sender,
    /// The devices that answer for the data, proven.
    pub origins: Vec<SourceDevice>,
    /// What it holds.
    pub offer: Offer,
}

impl From<fieldcast::BundleInfo> for BundleInfo {
    fn from(info: fieldcast::BundleInfo) -> Self {
        Self { sender: info.sender, origins: info.origins, offer: info.offer.into() }
    }
}

/// A bundle file that was imported.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Imported {
    /// Who made it and what it held.
    pub info: BundleInfo,
    /// How each snapshot compares with what this device now has.
    pub comparisons: Vec<ComparisonResult>,
}

impl From<fieldcast::Imported> for Imported {
    fn from(imported: fieldcast::Imported) -> Self {
        Self { info: imported.info.into(), comparisons: imported.comparisons }
    }
}
