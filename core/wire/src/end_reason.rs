//! Why an exchange ended without "saved": one closed set, the same on both screens.

use fieldcast_model::{date, is_shown};
use serde::{Deserialize, Serialize};

/// Why an exchange ended without "saved". Each says, in its text, what a person can do about it. On the wire a reason is
/// its place here: new ones are added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The receiver's person said no.
    #[error("declined by the receiver")]
    Declined,
    /// Nobody answered the question in time.
    #[error("nobody answered on the receiver; ask them to open Fieldcast and accept")]
    NotAnswered,
    /// A person stopped it, on the side the flag says.
    #[error("cancelled by the {}", if *.by_distributor { "distributor" } else { "receiver" })]
    Cancelled {
        /// Whether it was the distributor's person.
        by_distributor: bool,
    },
    /// The receiver is busy with another distributor.
    #[error("the receiver is busy with another distributor; try again when it is done")]
    Busy,
    /// The bundle does not fit on the receiver.
    #[error("not enough space on the receiver: {needed} bytes are needed, {free} are free")]
    NoSpace {
        /// Bytes the bundle needs while it is staged and applied.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The two sides speak no common protocol version.
    #[error("the two devices run versions of Fieldcast that do not understand each other; update the older one")]
    Incompatible,
    /// Both sides want to send, or both to receive.
    #[error("both devices are in the same role; one must send and the other receive")]
    SameRole,
    /// The peer sent something this state does not allow, or that cannot be read.
    #[error("the other device broke the protocol ({0})")]
    Protocol(Breach),
    /// A chunk or manifest is not what was promised.
    #[error("the data that arrived is not what was offered; send again")]
    BadData,
    /// The receiver could not store the data; each of its datasets is as it was or complete.
    #[error("the receiver could not store the data: {0}")]
    NotStored(String),
    /// The distributor could not read its own data.
    #[error("the distributor could not read its data: {0}")]
    NotRead(String),
    /// All was applied, yet the receiver's digest is not the sender's.
    #[error("the receiver's data differs after applying; send again")]
    DigestDiffers,
    /// The connection broke, or nothing was heard for too long.
    #[error("the connection to the other device was lost")]
    Lost,
    /// No connection could be made.
    #[error("the other device cannot be reached: {0}")]
    Unreachable(String),
    /// Another device answered than the one that was picked.
    #[error("another device answered in its place; look for it again")]
    WrongDevice,
    /// No secure connection could be made.
    #[error("no secure connection to the other device: make sure it runs Fieldcast, then try again")]
    NotSecure,
    /// A person has seen that the two screens show different codes.
    #[error(
        "the two screens showed different codes: somebody may be between the devices; move close together and try again"
    )]
    CodesDiffer,
    /// On the distributor nobody said that the receiver's screen shows the same code.
    #[error("nobody confirmed the code on the distributor; compare the six digits on both screens, then send again")]
    NotConfirmed,
    /// The campaign has granted the peer nothing of what is offered, in its role.
    #[error("the campaign has not granted this to the {}: ask the campaign's office for a grant", if *.to_distributor { "distributor" } else { "receiver" })]
    NotGranted {
        /// Whose grant is missing, or expired.
        to_distributor: bool,
    },
    /// The campaign no longer trusts the device.
    #[error("the campaign has revoked the {}; ask the campaign's office", if *.of_distributor { "distributor" } else { "receiver" })]
    Revoked {
        /// Which side is revoked.
        of_distributor: bool,
    },
    /// The receiver said "saved" under a signature that is not its own.
    #[error(
        "the receiver says it has saved, but its receipt is not signed with its key: do not rely on it; send again"
    )]
    NotSigned,
    /// A snapshot is not signed by the device that is said to answer for it.
    #[error(
        "what is offered is not signed by the device it is said to come from: it was altered; download it anew, then send again"
    )]
    NotAuthentic,
    /// A receiver called by an invite that this distributor has not made, or whose time is over.
    #[error("the invite is not of this distributor, or has expired; scan the code on its screen anew")]
    NotInvited,
    /// A distributor wanted to know who is at an address, and has seen it.
    #[error("the distributor only looked who is here")]
    Looked,
    /// The campaign no longer trusts the device that answers for some of what is offered.
    #[error("the campaign has revoked the device that made the data of {0}: download that anew, then send again")]
    OriginRevoked(String),
    /// The data is dated later than the receiver can vouch for: one of the clocks is wrong.
    #[error(
        "the receiving phone's clock says {}, but the data is of {}: set the date of the phone that is wrong, then try again",
        date(*.clock),
        date(*.dated)
    )]
    ClockDiffers {
        /// What the data is dated, in ms since 1970.
        dated: i64,
        /// What the receiver takes the time to be: by the server it last downloaded from, else by its own clock.
        clock: i64,
    },
    /// A record has a version number that no server gives.
    #[error("the data has version numbers that no server gives: it was altered; download it from the server instead")]
    ForgedVersions,
    /// The two devices have the same key: the data folder of one was copied, or it is one device.
    #[error(
        "the other device has the key of this one: it is this device itself, or its data was copied; make a new identity on the copy, then try again"
    )]
    SharedKey,
}

impl EndReason {
    /// The longest text a peer's reason may show.
    const MAX_CHARS: usize = 200;

    /// What it is called where programs read it; never changed.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::NotAnswered => "not_answered",
            Self::Cancelled { by_distributor: true } => "cancelled_by_distributor",
            Self::Cancelled { by_distributor: false } => "cancelled_by_receiver",
            Self::Busy => "busy",
            Self::NoSpace { .. } => "no_space",
            Self::Incompatible => "incompatible",
            Self::SameRole => "same_role",
            Self::Protocol(_) => "protocol",
            Self::BadData => "bad_data",
            Self::NotStored(_) => "not_stored",
            Self::NotRead(_) => "not_read",
            Self::DigestDiffers => "digest_differs",
            Self::Lost => "lost",
            Self::Unreachable(_) => "unreachable",
            Self::WrongDevice => "wrong_device",
            Self::NotSecure => "not_secure",
            Self::CodesDiffer => "codes_differ",
            Self::NotConfirmed => "not_confirmed",
            Self::NotGranted { to_distributor: true } => "distributor_not_granted",
            Self::NotGranted { to_distributor: false } => "receiver_not_granted",
            Self::Revoked { of_distributor: true } => "distributor_revoked",
            Self::Revoked { of_distributor: false } => "receiver_revoked",
            Self::NotSigned => "not_signed",
            Self::NotAuthentic => "not_authentic",
            Self::OriginRevoked(_) => "origin_revoked",
            Self::NotInvited => "not_invited",
            Self::Looked => "looked",
            Self::ClockDiffers { .. } => "clock_differs",
            Self::ForgedVersions => "forged_versions",
            Self::SharedKey => "shared_key",
        }
    }

    /// As it may be shown when it comes from a peer: text that can move no cursor and fill no screen.
    pub(crate) fn tamed(self) -> Self {
        let tame = |text: String| text.chars().filter(|c| is_shown(*c)).take(Self::MAX_CHARS).collect();
        match self {
            Self::NotStored(text) => Self::NotStored(tame(text)),
            Self::NotRead(text) => Self::NotRead(tame(text)),
            Self::Unreachable(text) => Self::Unreachable(tame(text)),
            Self::OriginRevoked(text) => Self::OriginRevoked(tame(text)),
            other => other,
        }
    }
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// Bytes that are no message.
    #[error("unreadable message")]
    Unreadable,
    /// A message that this state does not allow.
    #[error("message out of turn")]
    OutOfTurn,
    /// A frame longer than its kind may be.
    #[error("frame too long")]
    TooLong,
    /// A number that points outside what was offered.
    #[error("value out of bounds")]
    OutOfBounds,
    /// A number other than the one the peer had committed itself to on this connection.
    #[error("another number revealed than committed")]
    NotCommitted,
}
