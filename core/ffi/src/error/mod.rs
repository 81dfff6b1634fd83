//! The errors, grouped by the reaction of a screen.

mod map;

use crate::Ending;

/// Why a call failed, grouped by what the user can do. Each `reason` says so in English. After any error, each dataset
/// is complete or unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum FieldcastError {
    /// No user is logged in, or the session has expired. Show the login screen.
    #[error("{reason}")]
    LoginNeeded {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The server rejects this user name and password.
    #[error("{reason}")]
    WrongCredentials {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The account lacks a role. Refer the user to the campaign's administrator.
    #[error("{reason}")]
    NotAllowed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The server cannot be reached. Try again when the phone is online.
    #[error("{reason}")]
    Offline {
        /// Cause and advice, in English.
        reason: String,
    },
    /// Only mobile data is available, and it is not allowed. Wait for Wi-Fi, or ask the user.
    #[error("{reason}")]
    Metered {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The server failed, or its settings are wrong. Refer the user to the campaign's IT team.
    #[error("{reason}")]
    ServerFailed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The server has not prepared the files of this boundary yet. Refer the user to the campaign's IT team.
    #[error("{reason}")]
    NotPrepared {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The selection does not exist, or its items cannot be combined. Show the selection again.
    #[error("{reason}")]
    ChooseAgain {
        /// Cause and advice, in English.
        reason: String,
    },
    /// More villages than one offer can hold. Ask the user to choose fewer.
    #[error("{reason}")]
    TooManyBoundaries {
        /// How many of them one offer can hold, beside the data of the whole project.
        most: u64,
        /// Cause and advice, in English.
        reason: String,
    },
    /// The selected device is no longer nearby.
    #[error("{reason}")]
    NotNearby {
        /// Cause and advice, in English.
        reason: String,
    },
    /// No network with other devices is available. Make or join a Wi-Fi group.
    #[error("{reason}")]
    NoNetwork {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The system does not let this app use the local network. Show the system settings.
    #[error("{reason}")]
    PermissionNeeded {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The connection to the other device failed. Ask the user to move closer and to use the same Wi-Fi.
    #[error("{reason}")]
    ConnectionFailed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The storage is full. Show what the user can remove.
    #[error("{reason}")]
    StorageFull {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The database cannot be read or written.
    #[error("{reason}")]
    StorageFailed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// Another Fieldcast instance has the folder open.
    #[error("{reason}")]
    InUse {
        /// Cause and advice, in English.
        reason: String,
    },
    /// This version of Fieldcast, or the version on the other device, is too old.
    #[error("{reason}")]
    UpdateNeeded {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The device key is damaged, exposed or cannot be unwrapped.
    #[error("{reason}")]
    KeyFailed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// Removing the dataset would lose edits that exist only on this device.
    #[error("{reason}")]
    UnsentEdits {
        /// Number of edits.
        edits: u64,
        /// Cause and advice, in English.
        reason: String,
    },
    /// A text has the wrong format: an invite, a grant, a fingerprint or a record body.
    #[error("{reason}")]
    Unreadable {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The invite has expired.
    #[error("{reason}")]
    Expired {
        /// Cause and advice, in English.
        reason: String,
    },
    /// The grant is from an untrusted campaign, for another device, or has a wrong signature.
    #[error("{reason}")]
    NotTrusted {
        /// Cause and advice, in English.
        reason: String,
    },
    /// A bundle file is damaged, or cannot be written.
    #[error("{reason}")]
    FileFailed {
        /// Cause and advice, in English.
        reason: String,
    },
    /// An offer or bundle file was rejected.
    #[error("{}", .ending.detail)]
    Refused {
        /// Why.
        ending: Ending,
    },
    /// The job or session was cancelled or has ended.
    #[error("{reason}")]
    Over {
        /// Cause and advice, in English.
        reason: String,
    },
    /// Fieldcast was shut down. Open it again.
    #[error("{reason}")]
    ShutDown {
        /// Cause and advice, in English.
        reason: String,
    },
    /// An internal error: a bug in Fieldcast.
    #[error("{reason}")]
    Internal {
        /// Cause and advice, in English.
        reason: String,
    },
}

impl FieldcastError {
    pub(crate) fn shut_down() -> Self {
        Self::ShutDown { reason: "Fieldcast was shut down: open it again".to_owned() }
    }

    pub(crate) fn metered() -> Self {
        Self::Metered { reason: "only mobile data is available: wait for Wi-Fi, or allow mobile data".to_owned() }
    }

    pub(crate) fn over() -> Self {
        Self::Over { reason: "this was cancelled or has ended: start it again".to_owned() }
    }

    pub(crate) fn no_threads(error: std::io::Error) -> Self {
        Self::Internal {
            reason: format!("the system cannot start a thread ({error}): close other apps, then try again"),
        }
    }

    pub(crate) fn unreadable(reason: impl Into<String>) -> Self {
        Self::Unreadable { reason: reason.into() }
    }
}
