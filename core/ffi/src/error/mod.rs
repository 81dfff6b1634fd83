//! What can go wrong, by what a screen would do about it.

mod map;

use crate::Ending;

/// Why something could not be done, by what a person can do about it; each `reason` says so in English. Whatever it is,
/// each dataset is as it was or complete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum FieldcastError {
    /// Nobody is logged in, or the session has expired: show the login.
    #[error("{reason}")]
    LoginNeeded {
        /// What to do.
        reason: String,
    },
    /// The server does not accept this user name and password.
    #[error("{reason}")]
    WrongCredentials {
        /// What to do.
        reason: String,
    },
    /// The account lacks a role: for the campaign's administrator.
    #[error("{reason}")]
    NotAllowed {
        /// What to do.
        reason: String,
    },
    /// The server cannot be reached: try again with a connection.
    #[error("{reason}")]
    Offline {
        /// What to do.
        reason: String,
    },
    /// Only mobile data is there, and it was not allowed: wait for Wi-Fi, or ask.
    #[error("{reason}")]
    Metered {
        /// What to do.
        reason: String,
    },
    /// The server failed, or its settings do not fit: for the campaign's IT team.
    #[error("{reason}")]
    ServerFailed {
        /// What to do.
        reason: String,
    },
    /// The server has not prepared this boundary's files yet: for the campaign's IT team.
    #[error("{reason}")]
    NotPrepared {
        /// What to do.
        reason: String,
    },
    /// What was chosen is not there, or cannot be taken together: show the choice again.
    #[error("{reason}")]
    ChooseAgain {
        /// What to do.
        reason: String,
    },
    /// The device that was picked is no longer near.
    #[error("{reason}")]
    NotNearby {
        /// What to do.
        reason: String,
    },
    /// No network that other devices could be on: make or join the group.
    #[error("{reason}")]
    NoNetwork {
        /// What to do.
        reason: String,
    },
    /// The system does not let this app use the local network: show its settings.
    #[error("{reason}")]
    PermissionNeeded {
        /// What to do.
        reason: String,
    },
    /// The other device cannot be talked to: closer together, same Wi-Fi.
    #[error("{reason}")]
    ConnectionFailed {
        /// What to do.
        reason: String,
    },
    /// No room on the storage: show what can be removed.
    #[error("{reason}")]
    StorageFull {
        /// What to do.
        reason: String,
    },
    /// The database cannot be read or written.
    #[error("{reason}")]
    StorageFailed {
        /// What to do.
        reason: String,
    },
    /// Another Fieldcast has the folder open.
    #[error("{reason}")]
    InUse {
        /// What to do.
        reason: String,
    },
    /// This Fieldcast, or the other device's, is too old.
    #[error("{reason}")]
    UpdateNeeded {
        /// What to do.
        reason: String,
    },
    /// The device key is damaged, exposed or cannot be unwrapped.
    #[error("{reason}")]
    KeyFailed {
        /// What to do.
        reason: String,
    },
    /// Removing it would lose edits that exist nowhere else.
    #[error("{reason}")]
    UnsentEdits {
        /// How many.
        edits: u64,
        /// What to do.
        reason: String,
    },
    /// A text that is not what was asked for: an invite, a grant, a fingerprint, a body.
    #[error("{reason}")]
    Unreadable {
        /// What to do.
        reason: String,
    },
    /// An invite whose time is over.
    #[error("{reason}")]
    Expired {
        /// What to do.
        reason: String,
    },
    /// A grant of a campaign that is not trusted, for another device, or with a wrong signature.
    #[error("{reason}")]
    NotTrusted {
        /// What to do.
        reason: String,
    },
    /// A bundle file that is damaged, or cannot be written.
    #[error("{reason}")]
    FileFailed {
        /// What to do.
        reason: String,
    },
    /// An offer or bundle file that was not taken.
    #[error("{}", .ending.detail)]
    Refused {
        /// Why.
        ending: Ending,
    },
    /// The job or session was cancelled, or is over.
    #[error("{reason}")]
    Over {
        /// What to do.
        reason: String,
    },
    /// Fieldcast was shut down; open it again.
    #[error("{reason}")]
    ShutDown {
        /// What to do.
        reason: String,
    },
    /// A bug.
    #[error("{reason}")]
    Internal {
        /// What to do.
        reason: String,
    },
}

impl FieldcastError {
    pub(crate) fn shut_down() -> Self {
        Self::ShutDown { reason: "Fieldcast was shut down: open it again".to_owned() }
    }

    pub(crate) fn metered() -> Self {
        Self::Metered { reason: "only mobile data is there: wait for Wi-Fi, or allow it".to_owned() }
    }

    pub(crate) fn over() -> Self {
        Self::Over { reason: "this was cancelled, or is over: start anew".to_owned() }
    }

    pub(crate) fn no_threads(error: std::io::Error) -> Self {
        Self::Internal { reason: format!("the system gives no threads: {error}") }
    }

    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable { reason: reason.into() }
    }
}
