//! The errors of the engine, with texts for the user.

use std::path::PathBuf;

use fieldcast_store::{ApplyError, Error as StoreError};
use fieldcast_wire::EndReason;

/// An error of the engine. After any error each dataset is unchanged or complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No user is logged in.
    #[error("no user is logged in: log in while there is internet")]
    NotLoggedIn,
    /// The account has no project of that id or name, or it has several and none was chosen.
    #[error("choose a project by name or id; this account has: {}", if .known.is_empty() { "none" } else { .known })]
    WhichProject {
        /// The account's projects, for the user.
        known: String,
    },
    /// The project has no such boundary.
    #[error("the project has no boundary `{code}`: see the list of boundaries")]
    NoSuchBoundary {
        /// The code that was given.
        code: String,
    },
    /// A dataset that was never completely downloaded or received.
    #[error("`{boundary}` is not completely on this device: download it first")]
    NotDownloaded {
        /// The boundary's code; empty for the project-wide dataset.
        boundary: String,
    },
    /// The device key is missing, but the folder had one before.
    #[error(
        "the device key of this phone ({device}...) is missing: copy it back to {}, or start once with a new \
         identity. Other phones then ask for the code again, and the campaign must issue new grants",
        .path.display()
    )]
    KeyMissing {
        /// The expected path.
        path: PathBuf,
        /// The first digits of its fingerprint.
        device: String,
    },
    /// Some records of a dataset were damaged on this device's storage.
    #[error("some records of `{boundary}` were damaged on this phone and were removed: download or receive it again")]
    Damaged {
        /// The boundary's code; empty for the project-wide dataset.
        boundary: String,
    },
    /// The text is too long for a QR code.
    #[error("this is too long for a QR code: shorten it")]
    TooLongForQr,
    /// This device has no data to offer.
    #[error("there is nothing to send: download some boundaries first")]
    NothingToSend,
    /// More datasets than one offer may hold.
    #[error("at most {most} of these boundaries can be sent at once: choose fewer")]
    TooManyBoundaries {
        /// The maximum, beside the data of the whole project.
        most: usize,
    },
    /// A tenant, project or boundary has an id that is longer than other devices accept.
    #[error("`{boundary}...` cannot be sent: its code, or that of its project, is longer than 256 bytes")]
    CodeTooLong {
        /// The first bytes of the boundary's code.
        boundary: String,
    },
    /// A dataset was merged from more downloads than an offer can name.
    #[error("`{boundary}` was merged from the data of too many phones: download it from the server, then send it")]
    TooManySources {
        /// The boundary's name.
        boundary: String,
    },
    /// The data changed while it was offered.
    #[error("the data has changed since it was offered: send it again")]
    OfferOutdated,
    /// No such receiver was found.
    #[error("this receiver was not found: check that both phones are on the same network")]
    NoSuchPeer,
    /// A grant or list of revoked devices is not valid.
    #[error(transparent)]
    Statement(#[from] fieldcast_wire::StatementError),
    /// An invite cannot be made or used.
    #[error(transparent)]
    Invite(#[from] fieldcast_wire::InviteError),
    /// A statement of a campaign that this device does not trust.
    #[error(
        "this device does not trust the campaign that signed this: trust its key first, if you have it from its office"
    )]
    UnknownCampaign,
    /// A grant for another device.
    #[error("this grant is for another device: give the campaign's office this device's fingerprint")]
    GrantOfAnother,
    /// A list of revoked devices that is older than the stored one.
    #[error(
        "this list of revoked devices (number {number}) is older than the stored one (number {held}) and was not \
         stored: use the newest list"
    )]
    OutdatedRevocations {
        /// Its number.
        number: u32,
        /// The number of the stored list.
        held: u32,
    },
    /// Two lists of revoked devices of one campaign have the same number.
    #[error(
        "this device has a different list of revoked devices with the same number ({number}) and did not store this \
         one: ask the campaign's office for a new list with all devices of both, made with --before the stored one"
    )]
    ConflictingRevocations {
        /// Their number.
        number: u32,
    },
    /// The file for a new campaign key exists already.
    #[error("{} exists already, and a campaign's key is never overwritten: choose another file", .path.display())]
    CampaignKeyExists {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no campaign key.
    #[error("there is no campaign key in {}: make one with `grant new-authority`", .path.display())]
    NoCampaignKey {
        /// The file.
        path: PathBuf,
    },
    /// An offer or a bundle file was refused.
    #[error(transparent)]
    Refused(EndReason),
    /// A background task ended: a bug in Fieldcast.
    #[error("an internal task ended ({0}); please report this")]
    Task(String),
    /// An error of the server or of the connection to it.
    #[error(transparent)]
    Server(#[from] fieldcast_downsync::Error),
    /// An error of interfaces, sockets or the device key.
    #[error(transparent)]
    Network(#[from] fieldcast_net::Error),
    /// An error of the database.
    #[error(transparent)]
    Store(#[from] fieldcast_store::Error),
    /// An error of a bundle file.
    #[error(transparent)]
    File(#[from] fieldcast_bundle::FileError),
    /// An error of chunks or manifests.
    #[error(transparent)]
    Bundle(#[from] fieldcast_bundle::Error),
}

impl From<ApplyError<Self>> for Error {
    fn from(error: ApplyError<Self>) -> Self {
        match error {
            ApplyError::Source(error) => error,
            ApplyError::NotAuthentic => Self::Refused(EndReason::NotAuthentic),
            ApplyError::FromTheFuture { dated, now } => {
                Self::Refused(EndReason::ClockDiffers { dated: dated.0, clock: now.0 })
            }
            ApplyError::Repeated => Self::Refused(EndReason::BadData),
            ApplyError::RowVersion => Self::Refused(EndReason::ForgedVersions),
            ApplyError::Store(error) => Self::Store(error),
        }
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Task(if error.is_panic() { "panic".to_owned() } else { "cancelled".to_owned() })
    }
}

/// The reason why data was refused or could not be stored, in a form for the peer: without paths of this device.
pub(crate) fn not_stored(error: impl Into<Error>) -> EndReason {
    match error.into() {
        Error::Refused(reason) => reason,
        // The user has withdrawn the offer in the meantime.
        Error::Store(StoreError::NoSuchBundle) => EndReason::Cancelled { by_distributor: false },
        Error::Store(StoreError::NotWritable { .. }) => EndReason::NotStored("its storage is not writable".to_owned()),
        error => EndReason::NotStored(error.to_string()),
    }
}

/// The reason why this device's data could not be read, in a form for the peer.
pub(crate) fn not_read(error: Error) -> EndReason {
    EndReason::NotRead(error.to_string())
}
