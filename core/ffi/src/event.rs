//! Events out: what changed. A screen that wants the whole state reads it from the job or session.

use std::net::SocketAddr;

use fieldcast::{NetworkChange, SharedKey};

use crate::{
    BoundaryProgress, BoundaryState, ComparisonCode, DeviceName, DialState, DiscoveredDistributor, Ending,
    FieldcastError, Fingerprint, FoundPeer, Interface, Question, ReceiveState, Received, ReceiverState, SendState,
    Sender, SnapshotSummary,
};

/// What happened. Progress comes at most ten times a second for each job and session, the last always.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Event {
    /// How far the boundaries are that a download is at.
    DownsyncProgress {
        /// Which job.
        job: u64,
        /// Each boundary that has begun and not ended.
        boundaries: Vec<BoundaryState>,
    },
    /// A boundary is complete.
    BoundaryDone {
        /// Which job.
        job: u64,
        /// The dataset as it is now.
        summary: SnapshotSummary,
        /// What came of it.
        progress: BoundaryProgress,
    },
    /// A boundary could not be completed; what came stays, and the next job goes on from there.
    BoundaryFailed {
        /// Which job.
        job: u64,
        /// The boundary's code.
        boundary: String,
        /// Why.
        error: FieldcastError,
    },
    /// A receiver appeared, or changed its name or address.
    ReceiverFound {
        /// Which session.
        session: u64,
        /// Who.
        receiver: FoundPeer,
    },
    /// A receiver's announcement ended; a running transfer goes on.
    ReceiverGone {
        /// Which session.
        session: u64,
        /// Who.
        receiver: Fingerprint,
    },
    /// The network of a session went; the session looks for it, or for one in its place.
    NetworkGone {
        /// Which session.
        session: u64,
        /// The interface's name.
        name: String,
    },
    /// Devices near by have one key, for the data of one was copied to another: what is meant for one may reach the other. On
    /// all but one of them, open Fieldcast once with `new_identity`. Each key is told once.
    SharedKey {
        /// Which session.
        session: u64,
        /// The key's.
        fingerprint: Fingerprint,
        /// Whether this device, too, has it.
        is_own: bool,
        /// What they call themselves.
        names: Vec<DeviceName>,
    },
    /// A session goes on in this network.
    NetworkBack {
        /// Which session.
        session: u64,
        /// The network.
        interface: Interface,
        /// Where it listens now.
        addr: SocketAddr,
    },
    /// A distributor announces itself, or has changed its name or address; it can be called.
    DistributorFound {
        /// Which session.
        session: u64,
        /// Who.
        distributor: DiscoveredDistributor,
    },
    /// A distributor announces itself no more. It may well be there.
    DistributorLost {
        /// Which session.
        session: u64,
        /// Who.
        distributor: Fingerprint,
    },
    /// How the call to a distributor stands.
    DialChanged {
        /// Which session.
        session: u64,
        /// Where it is called.
        addr: SocketAddr,
        /// How it stands.
        state: DialState,
    },
    /// Does this receiver's screen show the same code? Nothing is sent before the answer.
    CompareCode {
        /// Which session.
        session: u64,
        /// Who.
        receiver: FoundPeer,
        /// The code.
        code: ComparisonCode,
    },
    /// What this receiver's screen shows, if nobody is in between. Its key is known here; its person may have to compare.
    CodeShown {
        /// Which session.
        session: u64,
        /// Who.
        receiver: FoundPeer,
        /// The code.
        code: ComparisonCode,
    },
    /// Sending to a receiver took a step.
    SendChanged {
        /// Which session.
        session: u64,
        /// Who.
        receiver: Fingerprint,
        /// How it stands.
        state: SendState,
    },
    /// How far the receivers are that data is on its way to.
    SendProgress {
        /// Which session.
        session: u64,
        /// Each of them.
        receivers: Vec<ReceiverState>,
    },
    /// A question for the person.
    Asked {
        /// Which session.
        session: u64,
        /// To be answered.
        question: Question,
    },
    /// An offer that was accepted before, and broke off, goes on; nobody is asked again.
    Resumed {
        /// Which session.
        session: u64,
        /// Whose.
        sender: Sender,
        /// What the distributor's screen shows; its person may have to compare.
        code: ComparisonCode,
    },
    /// Receiving took a step.
    ReceiveChanged {
        /// Which session.
        session: u64,
        /// Where it stands.
        state: ReceiveState,
    },
    /// How far receiving is.
    ReceiveProgress {
        /// Which session.
        session: u64,
        /// Where it stands.
        state: ReceiveState,
    },
    /// A bundle is saved.
    Saved {
        /// Which session.
        session: u64,
        /// What.
        received: Received,
    },
    /// An exchange ended without "saved"; the session goes on listening.
    Ended {
        /// Which session.
        session: u64,
        /// Whose it was.
        sender: Fingerprint,
        /// Why.
        ending: Ending,
    },
    /// A job or session is over; nothing more comes of it.
    Over {
        /// Which.
        session: u64,
    },
    /// The listener was so slow that so many events were left out: read the state anew.
    Missed {
        /// How many.
        events: u64,
    },
}

impl Event {
    /// What became of a session's network.
    pub(crate) fn of_network(session: u64, change: NetworkChange) -> Self {
        match change {
            NetworkChange::Gone { name } => Self::NetworkGone { session, name },
            NetworkChange::Back { interface, addr } => Self::NetworkBack { session, interface, addr },
        }
    }

    /// Devices that have one key.
    pub(crate) fn of_shared_key(session: u64, SharedKey { fingerprint, is_own, devices }: SharedKey) -> Self {
        Self::SharedKey { session, fingerprint, is_own, names: devices.into_iter().map(|(name, _)| name).collect() }
    }

    /// The job or session of which this tells progress alone: the next of its kind replaces it.
    pub(crate) const fn progress_of(&self) -> Option<u64> {
        match self {
            Self::DownsyncProgress { job, .. } => Some(*job),
            Self::SendProgress { session, .. } | Self::ReceiveProgress { session, .. } => Some(*session),
            _ => None,
        }
    }
}
