//! Why an exchange ended without "saved": one closed set of reasons, the same on both screens.

use fieldcast_model::{date, is_shown};
use serde::{Deserialize, Serialize};

/// Why an exchange ended without "saved". The text of each reason also says what the user can do. On the wire a reason
/// is its index in this enum, so new reasons go at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum EndReason {
    /// The receiver's user declined.
    #[error("declined by the receiver")]
    Declined,
    /// The receiver's user did not answer in time.
    #[error("no answer on the receiver: open Fieldcast there and accept")]
    NotAnswered,
    /// A user cancelled the exchange.
    #[error("cancelled by the {}", if *.by_distributor { "distributor" } else { "receiver" })]
    Cancelled {
        /// Whether the distributor's user cancelled.
        by_distributor: bool,
    },
    /// The receiver is busy with another distributor.
    #[error("the receiver is busy with another distributor: try again when it has finished")]
    Busy,
    /// The bundle does not fit on the receiver.
    #[error(
        "not enough space on the receiver: {needed} bytes are needed, {free} are free. Free some space there, then send again"
    )]
    NoSpace {
        /// Bytes that the bundle needs while it is staged and applied.
        needed: u64,
        /// Free bytes.
        free: u64,
    },
    /// The two sides have no common protocol version.
    #[error("the versions of Fieldcast on the two devices do not work together: update the older one")]
    Incompatible,
    /// Both sides want to send, or both want to receive.
    #[error("both devices have the same role: send on one and receive on the other")]
    SameRole,
    /// The peer sent an unreadable message, or one that is not allowed in this state.
    #[error("the other device broke the protocol ({0})")]
    Protocol(Breach),
    /// A chunk or manifest does not match what was offered.
    #[error("the received data does not match the offer: send again")]
    BadData,
    /// The receiver could not store the data. Each of its datasets is complete or unchanged.
    #[error("the receiver could not store the data: {0}")]
    NotStored(String),
    /// The distributor could not read its own data.
    #[error("the distributor could not read its data: {0}")]
    NotRead(String),
    /// All data was applied, but the receiver's digest differs from the distributor's.
    #[error("the receiver's data does not match after saving: send again")]
    DigestDiffers,
    /// The connection broke, or the peer was silent for too long.
    #[error("the connection to the other device was lost")]
    Lost,
    /// The connection attempt failed.
    #[error("the other device cannot be reached: {0}")]
    Unreachable(String),
    /// The device that answered is not the one that was selected.
    #[error("another device answered: search for the device again")]
    WrongDevice,
    /// The secure connection could not be established.
    #[error("no secure connection to the other device: make sure it runs Fieldcast, then try again")]
    NotSecure,
    /// A user reported that the two screens show different codes.
    #[error(
        "the two screens showed different codes, so another device may be intercepting the connection: move the phones close together and try again"
    )]
    CodesDiffer,
    /// The distributor's user did not confirm the code in time.
    #[error("the code was not confirmed on the distributor: compare the six digits on both screens, then send again")]
    NotConfirmed,
    /// The peer has no grant from the campaign for the offered data in its role.
    #[error("the campaign has not granted the {} access to this data: ask the campaign's office for a grant", if *.to_distributor { "distributor" } else { "receiver" })]
    NotGranted {
        /// Whose grant is missing or expired.
        to_distributor: bool,
    },
    /// The campaign has revoked the device.
    #[error("the campaign has revoked the {}: ask the campaign's office", if *.of_distributor { "distributor" } else { "receiver" })]
    Revoked {
        /// Which side is revoked.
        of_distributor: bool,
    },
    /// The receiver's receipt is not signed with the receiver's key.
    #[error("the receiver's receipt is not signed with its key, so the data may not be saved: send again")]
    NotSigned,
    /// A snapshot is not signed by the device that is named as its provenance.
    #[error(
        "the offered data is not signed by the device it is said to come from, so it was altered: download it again, then send again"
    )]
    NotAuthentic,
    /// The receiver used an invite that this distributor did not make, or that has expired.
    #[error("the invite is not from this distributor, or it has expired: scan the code on its screen again")]
    NotInvited,
    /// A distributor identified the device at an address and then disconnected.
    #[error("the distributor only checked which device is here")]
    Looked {
        /// The process that sent it: see [`EndReason::session`].
        session: u32,
    },
    /// The campaign has revoked the device that made part of the offered data.
    #[error("the campaign has revoked the device that made the data of {0}: download that data again, then send again")]
    SignerRevoked(String),
    /// The data has a later date than the receiver can confirm: one of the clocks is wrong.
    #[error(
        "the receiving phone's clock says {}, but the data is dated {}: correct the date on the phone that is wrong, then try again",
        date(*.clock),
        date(*.dated)
    )]
    ClockDiffers {
        /// Date of the data, in ms since 1970.
        dated: i64,
        /// Current time on the receiver, in ms since 1970: from the server of its last download, otherwise from its own
        /// clock.
        clock: i64,
    },
    /// A record has a version number that no server assigns.
    #[error(
        "the data has version numbers that no server assigns, so it was altered: download it from the server instead"
    )]
    ForgedVersions,
    /// Both devices have the same key: the data folder was copied, or this device connected to itself.
    #[error(
        "the other device has the same key: it is this device itself or a copy of its data. Make a new identity on the copy, then try again"
    )]
    SharedKey {
        /// The process that sent it: see [`EndReason::session`].
        session: u32,
    },
}

impl EndReason {
    /// The longest text of a peer's reason that is shown, in characters.
    const MAX_CHARS: usize = 200;

    /// The random number of the process that sent this reason. Two devices with the same key have different numbers.
    pub const fn session(&self) -> Option<u32> {
        match self {
            Self::Looked { session } | Self::SharedKey { session } => Some(*session),
            _ => None,
        }
    }

    /// What the reason is, without its details.
    pub const fn kind(&self) -> EndKind {
        match self {
            Self::Declined => EndKind::Declined,
            Self::NotAnswered => EndKind::NotAnswered,
            Self::Cancelled { by_distributor: true } => EndKind::CancelledByDistributor,
            Self::Cancelled { by_distributor: false } => EndKind::CancelledByReceiver,
            Self::Busy => EndKind::Busy,
            Self::NoSpace { .. } => EndKind::NoSpace,
            Self::Incompatible => EndKind::Incompatible,
            Self::SameRole => EndKind::SameRole,
            Self::Protocol(_) => EndKind::Protocol,
            Self::BadData => EndKind::BadData,
            Self::NotStored(_) => EndKind::NotStored,
            Self::NotRead(_) => EndKind::NotRead,
            Self::DigestDiffers => EndKind::DigestDiffers,
            Self::Lost => EndKind::Lost,
            Self::Unreachable(_) => EndKind::Unreachable,
            Self::WrongDevice => EndKind::WrongDevice,
            Self::NotSecure => EndKind::NotSecure,
            Self::CodesDiffer => EndKind::CodesDiffer,
            Self::NotConfirmed => EndKind::NotConfirmed,
            Self::NotGranted { to_distributor: true } => EndKind::DistributorNotGranted,
            Self::NotGranted { to_distributor: false } => EndKind::ReceiverNotGranted,
            Self::Revoked { of_distributor: true } => EndKind::DistributorRevoked,
            Self::Revoked { of_distributor: false } => EndKind::ReceiverRevoked,
            Self::NotSigned => EndKind::NotSigned,
            Self::NotAuthentic => EndKind::NotAuthentic,
            Self::SignerRevoked(_) => EndKind::SignerRevoked,
            Self::NotInvited => EndKind::NotInvited,
            Self::Looked { .. } => EndKind::Looked,
            Self::ClockDiffers { .. } => EndKind::ClockDiffers,
            Self::ForgedVersions => EndKind::ForgedVersions,
            Self::SharedKey { .. } => EndKind::SharedKey,
        }
    }

    /// The stable name for programs. It never changes.
    pub const fn code(&self) -> &'static str {
        self.kind().code()
    }

    /// Makes a reason from a peer safe to show: removes control characters and limits its length.
    pub(crate) fn sanitized(self) -> Self {
        let clean = |text: String| text.chars().filter(|c| is_shown(*c)).take(Self::MAX_CHARS).collect();
        match self {
            Self::NotStored(text) => Self::NotStored(clean(text)),
            Self::NotRead(text) => Self::NotRead(clean(text)),
            Self::Unreachable(text) => Self::Unreachable(clean(text)),
            Self::SignerRevoked(text) => Self::SignerRevoked(clean(text)),
            other => other,
        }
    }
}

/// Declares [`EndKind`] with the code of each kind, in one list.
macro_rules! end_kinds {
    ($($kind:ident = $code:literal,)*) => {
        /// What an [`EndReason`] is, without its details: all that the history and other programs know of it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EndKind {
            $(
                #[doc = concat!("The reasons with the code `", $code, "`.")]
                $kind,
            )*
            /// A reason that a later version stored. No [`EndReason`] has this kind.
            Other,
        }

        impl EndKind {
            /// The stable name for programs. It never changes.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                    Self::Other => "other",
                }
            }

            /// The kind with this code; [`EndKind::Other`] for an unknown one.
            pub fn of_code(code: &str) -> Self {
                match code {
                    $($code => Self::$kind,)*
                    _ => Self::Other,
                }
            }
        }
    };
}

end_kinds! {
    Declined = "declined",
    NotAnswered = "not_answered",
    CancelledByDistributor = "cancelled_by_distributor",
    CancelledByReceiver = "cancelled_by_receiver",
    Busy = "busy",
    NoSpace = "no_space",
    Incompatible = "incompatible",
    SameRole = "same_role",
    Protocol = "protocol",
    BadData = "bad_data",
    NotStored = "not_stored",
    NotRead = "not_read",
    DigestDiffers = "digest_differs",
    Lost = "lost",
    Unreachable = "unreachable",
    WrongDevice = "wrong_device",
    NotSecure = "not_secure",
    CodesDiffer = "codes_differ",
    NotConfirmed = "not_confirmed",
    DistributorNotGranted = "distributor_not_granted",
    ReceiverNotGranted = "receiver_not_granted",
    DistributorRevoked = "distributor_revoked",
    ReceiverRevoked = "receiver_revoked",
    NotSigned = "not_signed",
    NotAuthentic = "not_authentic",
    SignerRevoked = "signer_revoked",
    NotInvited = "not_invited",
    Looked = "looked",
    ClockDiffers = "clock_differs",
    ForgedVersions = "forged_versions",
    SharedKey = "shared_key",
}

/// How a peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// The bytes are not a message.
    #[error("unreadable message")]
    Unreadable,
    /// The current state does not allow the message.
    #[error("message out of turn")]
    OutOfTurn,
    /// The frame exceeds the limit of its kind.
    #[error("frame too long")]
    TooLong,
    /// An index is outside the offer.
    #[error("value out of bounds")]
    OutOfBounds,
    /// The revealed nonce is not the one that the peer committed to on this connection.
    #[error("the revealed number does not match the commitment")]
    NotCommitted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kind_from_its_code() {
        for reason in [EndReason::Lost, EndReason::NoSpace { needed: 9, free: 4 }] {
            assert_eq!(EndKind::of_code(reason.code()), reason.kind());
        }
        assert_eq!(EndKind::of_code("of a later version"), EndKind::Other);
    }
}
