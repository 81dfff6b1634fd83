//! What can go wrong, as a face of the engine tells it to a person.

use std::path::PathBuf;

use fieldcast_store::ApplyError;
use fieldcast_wire::EndReason;

/// Why the engine could not do what was asked. Whatever the error, each dataset is as it was or complete.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody is logged in.
    #[error("nobody is logged in: log in while there is internet")]
    NotLoggedIn,
    /// The account has no project of that id or name, or several and none was chosen.
    #[error("choose a project by name or id; this account has: {}", if .known.is_empty() { "none" } else { .known })]
    WhichProject {
        /// The account's projects, for a person to read.
        known: String,
    },
    /// A boundary that the project does not have.
    #[error("the project has no boundary `{code}`: see the list of boundaries")]
    NoSuchBoundary {
        /// What was asked for.
        code: String,
    },
    /// A dataset that was never downsynced or received whole.
    #[error("`{boundary}` is not on this device, or only in part: downsync it first")]
    NotDownloaded {
        /// The boundary's code; empty for the project-wide dataset.
        boundary: String,
    },
    /// The device key is gone, and the folder has been another's before.
    #[error(
        "the device key of this phone ({device}...) is missing: put {} back from a copy, or start once with a new identity; other \
         phones then ask for the code again, and grants have to be issued anew",
        .path.display()
    )]
    KeyMissing {
        /// Where it should be.
        path: PathBuf,
        /// How its fingerprint begins.
        device: String,
    },
    /// A dataset some of whose records were damaged on this device's storage.
    #[error(
        "some records of `{boundary}` were damaged on this phone's storage and were removed: download or receive it again"
    )]
    Damaged {
        /// The boundary's code; empty for the project-wide dataset.
        boundary: String,
    },
    /// More text than a QR code holds.
    #[error("this is too long for a QR code: shorten it")]
    TooLongForQr,
    /// There is nothing on this device to offer.
    #[error("there is nothing to send: downsync some boundaries first")]
    NothingToSend,
    /// More datasets than one offer may hold.
    #[error("at most {most} boundaries can be sent at once: choose fewer")]
    TooManyBoundaries {
        /// The most there may be.
        most: usize,
    },
    /// A tenant, project or boundary whose id is longer than other devices take.
    #[error("`{boundary}...` cannot be sent: its code, or that of its project, is longer than 256 bytes")]
    CodeTooLong {
        /// How the boundary's code begins.
        boundary: String,
    },
    /// A dataset merged from more downloads than an offer can name.
    #[error("`{boundary}` was merged from the data of too many phones: downsync it, then send it")]
    TooManySources {
        /// The boundary's name.
        boundary: String,
    },
    /// The data changed under a running offer.
    #[error("the data has changed since it was offered: send again")]
    OfferOutdated,
    /// A receiver that was not found.
    #[error("no such receiver is near by")]
    NoSuchPeer,
    /// A grant or list of revoked devices that cannot be believed.
    #[error(transparent)]
    Statement(#[from] fieldcast_wire::StatementError),
    /// An invite that cannot be made, or followed.
    #[error(transparent)]
    Invite(#[from] fieldcast_wire::InviteError),
    /// A statement of a campaign that this device was not told to trust.
    #[error("this device does not trust the campaign that says so: trust its key first, if it comes from its office")]
    UnknownCampaign,
    /// A grant to another device.
    #[error("this grant is for another device: give the campaign's office this device's fingerprint")]
    GrantOfAnother,
    /// A list of revoked devices that a later one has taken the place of.
    #[error(
        "this list of revoked devices (number {number}) is older than the one this device holds (number {held}), and was \
         not kept: give it the newest"
    )]
    OutdatedRevocations {
        /// Its number.
        number: u32,
        /// The number of the list this device holds.
        held: u32,
    },
    /// Two lists of revoked devices of one campaign have the same number.
    #[error(
        "this device holds another list of revoked devices with the same number ({number}), and did not keep this one: the \
         campaign's office makes a new list, with --before the one held and all devices of both"
    )]
    ConflictingRevocations {
        /// Their number.
        number: u32,
    },
    /// A new campaign key would take the place of a file.
    #[error("{} is there already, and a campaign's key is not replaced: choose another file", .path.display())]
    CampaignKeyExists {
        /// The file.
        path: PathBuf,
    },
    /// There is no campaign key where one was said to be.
    #[error("there is no campaign key in {}: make one with `grant new-authority`", .path.display())]
    NoCampaignKey {
        /// The file.
        path: PathBuf,
    },
    /// An offer, or a bundle file, that could not be taken.
    #[error(transparent)]
    Refused(EndReason),
    /// A background task died; a bug here.
    #[error("an internal task ended ({0}); please report this")]
    Task(String),
    /// The server, or the way to it.
    #[error(transparent)]
    Server(#[from] fieldcast_downsync::Error),
    /// Interfaces, sockets, the device key.
    #[error(transparent)]
    Network(#[from] fieldcast_net::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] fieldcast_store::Error),
    /// Bundle files.
    #[error(transparent)]
    File(#[from] fieldcast_bundle::FileError),
    /// Chunks and manifests.
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
