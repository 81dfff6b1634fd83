//! Events for the app. Each event reports a change; a job or session provides the whole state.

use std::net::SocketAddr;

use fieldcast::{NetworkChange, SharedKey};

use crate::{
    BoundaryProgress, BoundaryState, ComparisonCode, DeviceName, DialState, DiscoveredDistributor, Ending,
    FieldcastError, Fingerprint, FoundPeer, Interface, Question, ReceiveState, Received, ReceiverState, SendState,
    Sender, SnapshotSummary,
};

/// An event. Progress events come at most ten times a second for each job and session; the last one always comes.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Event {
    /// Progress of the boundaries of a download.
    DownsyncProgress {
        /// Job number.
        job: u64,
        /// All boundaries that have started and not ended.
        boundaries: Vec<BoundaryState>,
    },
    /// A boundary is complete.
    BoundaryDone {
        /// Job number.
        job: u64,
        /// The dataset after the download.
        summary: SnapshotSummary,
        /// Final progress.
        progress: BoundaryProgress,
    },
    /// A boundary could not be completed. Downloaded data is kept, and the next job continues from there.
    BoundaryFailed {
        /// Job number.
        job: u64,
        /// Boundary code.
        boundary: String,
        /// Why.
        error: FieldcastError,
    },
    /// A receiver appeared, or changed its name or address.
    ReceiverFound {
        /// Session number.
        session: u64,
        /// The receiver.
        receiver: FoundPeer,
    },
    /// A receiver stopped its announcement. A running transfer continues.
    ReceiverGone {
        /// Session number.
        session: u64,
        /// The receiver.
        receiver: Fingerprint,
    },
    /// The network of a session is lost. The session searches for it, or for a replacement.
    NetworkLost {
        /// Session number.
        session: u64,
        /// Interface name.
        name: String,
    },
    /// Devices nearby have the same key, because the data of one was copied to another. Data for one device may reach
    /// the other. On all but one of them, open Fieldcast once with `new_identity`. Each key is reported once.
    SharedKey {
        /// Session number.
        session: u64,
        /// Fingerprint of the key.
        fingerprint: Fingerprint,
        /// Whether this device also has the key.
        is_own: bool,
        /// Names of the devices.
        names: Vec<DeviceName>,
    },
    /// A session continues on this network.
    NetworkAvailable {
        /// Session number.
        session: u64,
        /// The network.
        interface: Interface,
        /// The session's new address.
        addr: SocketAddr,
    },
    /// A distributor announces itself, or has changed its name or address. It can be dialed.
    DistributorFound {
        /// Session number.
        session: u64,
        /// The distributor.
        distributor: DiscoveredDistributor,
    },
    /// A distributor stopped its announcement. It may still be reachable.
    DistributorLost {
        /// Session number.
        session: u64,
        /// The distributor.
        distributor: Fingerprint,
    },
    /// The state of dialing a distributor changed.
    DialChanged {
        /// Session number.
        session: u64,
        /// Dialed address.
        addr: SocketAddr,
        /// New state.
        state: DialState,
    },
    /// Ask the user: does this receiver's screen show the same code? Nothing is sent before the answer.
    CompareCode {
        /// Session number.
        session: u64,
        /// The receiver.
        receiver: FoundPeer,
        /// The code.
        code: ComparisonCode,
    },
    /// The code on this receiver's screen, unless another device intercepts the connection. The receiver is trusted
    /// here, but its user may have to compare the code.
    CodeShown {
        /// Session number.
        session: u64,
        /// The receiver.
        receiver: FoundPeer,
        /// The code.
        code: ComparisonCode,
    },
    /// The state of sending to a receiver changed.
    SendChanged {
        /// Session number.
        session: u64,
        /// The receiver.
        receiver: Fingerprint,
        /// New state.
        state: SendState,
    },
    /// Progress of all receivers with a running transfer.
    SendProgress {
        /// Session number.
        session: u64,
        /// These receivers.
        receivers: Vec<ReceiverState>,
    },
    /// A question for the user.
    Asked {
        /// Session number.
        session: u64,
        /// The question to answer.
        question: Question,
    },
    /// An interrupted exchange continues. The user has accepted its offer before and is not asked again.
    Resumed {
        /// Session number.
        session: u64,
        /// The sender.
        sender: Sender,
        /// The code on the distributor's screen. The distributor's user may have to compare it.
        code: ComparisonCode,
    },
    /// The state of receiving changed.
    ReceiveChanged {
        /// Session number.
        session: u64,
        /// New state.
        state: ReceiveState,
    },
    /// Progress of receiving.
    ReceiveProgress {
        /// Session number.
        session: u64,
        /// Current state.
        state: ReceiveState,
    },
    /// A bundle is saved.
    Saved {
        /// Session number.
        session: u64,
        /// The saved data.
        received: Received,
    },
    /// An exchange ended without "saved". The session continues to listen.
    Ended {
        /// Session number.
        session: u64,
        /// The sender.
        sender: Fingerprint,
        /// Why.
        ending: Ending,
    },
    /// A job or session has ended. No more events of it follow.
    Over {
        /// Job or session number.
        session: u64,
    },
    /// The listener was too slow, and this many events were dropped. Read the whole state again.
    Missed {
        /// Number of dropped events.
        events: u64,
    },
}

impl Event {
    /// The event for a change of a session's network.
    pub(crate) fn of_network(session: u64, change: NetworkChange) -> Self {
        match change {
            NetworkChange::Lost { name } => Self::NetworkLost { session, name },
            NetworkChange::Available { interface, addr } => Self::NetworkAvailable { session, interface, addr },
        }
    }

    /// The event for devices with the same key.
    pub(crate) fn of_shared_key(session: u64, SharedKey { fingerprint, is_own, devices }: SharedKey) -> Self {
        Self::SharedKey { session, fingerprint, is_own, names: devices.into_iter().map(|(name, _)| name).collect() }
    }

    /// The job or session of a progress event; `None` for other events. The next progress event replaces it.
    pub(crate) const fn progress_of(&self) -> Option<u64> {
        match self {
            Self::DownsyncProgress { job, .. } => Some(*job),
            Self::SendProgress { session, .. } | Self::ReceiveProgress { session, .. } => Some(*session),
            _ => None,
        }
    }
}
