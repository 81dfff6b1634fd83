//! How exchanges end, and those that have.

use fieldcast::ExchangeResult;
pub use fieldcast::ExchangeRole;

use crate::{ComparisonResult, DeviceName, Fingerprint, SnapshotSummary};

/// Why an exchange ended without "saved".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum EndReason {
    /// The receiver's person said no.
    Declined,
    /// Nobody answered the question in time.
    NotAnswered,
    /// The distributor's person stopped it.
    CancelledByDistributor,
    /// The receiver's person stopped it.
    CancelledByReceiver,
    /// The receiver is busy with another distributor.
    Busy,
    /// It does not fit on the receiver.
    NoSpace,
    /// The two sides speak no common version.
    Incompatible,
    /// Both want to send, or both to receive.
    SameRole,
    /// The other device broke the protocol.
    Protocol,
    /// What arrived is not what was offered.
    BadData,
    /// The receiver could not store it.
    NotStored,
    /// The distributor could not read its own data.
    NotRead,
    /// The receiver's data differs after applying.
    DigestDiffers,
    /// The connection broke.
    Lost,
    /// No connection could be made.
    Unreachable,
    /// Another device answered.
    WrongDevice,
    /// No secure connection could be made.
    NotSecure,
    /// A person saw different codes: somebody may be between the devices.
    CodesDiffer,
    /// Nobody confirmed the code on the distributor.
    NotConfirmed,
    /// The distributor has no grant.
    DistributorNotGranted,
    /// The receiver has no grant.
    ReceiverNotGranted,
    /// The distributor is revoked.
    DistributorRevoked,
    /// The receiver is revoked.
    ReceiverRevoked,
    /// The receipt is not signed with the receiver's key.
    NotSigned,
    /// What is offered was altered.
    NotAuthentic,
    /// What is offered comes from a device that is revoked.
    OriginRevoked,
    /// The invite that was followed is not one of this distributor's, or no longer.
    NotInvited,
    /// The distributor only looked who is there.
    Looked,
    /// The data is dated later than the receiver's clock can be: the date of one of the phones is wrong.
    ClockDiffers,
    /// The data has version numbers that no server gives.
    ForgedVersions,
    /// Both devices have the same key: the data of one was copied to the other.
    SharedKey,
    /// One that this SDK does not know.
    Other,
}

/// The engine's words for them.
const REASONS: [(&str, EndReason); 31] = [
    ("declined", EndReason::Declined),
    ("not_answered", EndReason::NotAnswered),
    ("cancelled_by_distributor", EndReason::CancelledByDistributor),
    ("cancelled_by_receiver", EndReason::CancelledByReceiver),
    ("busy", EndReason::Busy),
    ("no_space", EndReason::NoSpace),
    ("incompatible", EndReason::Incompatible),
    ("same_role", EndReason::SameRole),
    ("protocol", EndReason::Protocol),
    ("bad_data", EndReason::BadData),
    ("not_stored", EndReason::NotStored),
    ("not_read", EndReason::NotRead),
    ("digest_differs", EndReason::DigestDiffers),
    ("lost", EndReason::Lost),
    ("unreachable", EndReason::Unreachable),
    ("wrong_device", EndReason::WrongDevice),
    ("not_secure", EndReason::NotSecure),
    ("codes_differ", EndReason::CodesDiffer),
    ("not_confirmed", EndReason::NotConfirmed),
    ("distributor_not_granted", EndReason::DistributorNotGranted),
    ("receiver_not_granted", EndReason::ReceiverNotGranted),
    ("distributor_revoked", EndReason::DistributorRevoked),
    ("receiver_revoked", EndReason::ReceiverRevoked),
    ("not_signed", EndReason::NotSigned),
    ("not_authentic", EndReason::NotAuthentic),
    ("origin_revoked", EndReason::OriginRevoked),
    ("not_invited", EndReason::NotInvited),
    ("looked", EndReason::Looked),
    ("clock_differs", EndReason::ClockDiffers),
    ("forged_versions", EndReason::ForgedVersions),
    ("shared_key", EndReason::SharedKey),
];

impl EndReason {
    fn of_code(code: &str) -> Self {
        REASONS.iter().find(|(known, _)| *known == code).map_or(Self::Other, |(_, reason)| *reason)
    }
}

/// Bytes that are needed, and that are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MissingSpace {
    /// Needed while the bundle is staged and applied.
    pub needed: u64,
    /// Free on the receiver.
    pub free: u64,
}

/// How an exchange ended without "saved".
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// For [`EndReason::NoSpace`] of an exchange of now.
    pub space: Option<MissingSpace>,
    /// The same in English, with what to do about it.
    pub detail: String,
}

impl From<&fieldcast::EndReason> for Ending {
    fn from(reason: &fieldcast::EndReason) -> Self {
        let space = match *reason {
            fieldcast::EndReason::NoSpace { needed, free } => Some(MissingSpace { needed, free }),
            _ => None,
        };
        Self { reason: EndReason::of_code(reason.code()), space, detail: reason.to_string() }
    }
}

/// What this device did in an exchange.
#[uniffi::remote(Enum)]
pub enum ExchangeRole {
    Sent,
    Received,
}

/// What came of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Outcome {
    /// Saved.
    Saved {
        /// Whether the receipt is signed by the receiver for just this.
        receipt_holds: bool,
        /// How the receiver's data compared with each offered snapshot, as the receipt says.
        comparisons: Vec<ComparisonResult>,
    },
    /// It ended otherwise.
    Ended {
        /// How.
        ending: Ending,
    },
}

/// An exchange that is over.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PastExchange {
    /// What this device did.
    pub role: ExchangeRole,
    /// The other device.
    pub peer: Fingerprint,
    /// What it called itself.
    pub peer_name: DeviceName,
    /// When it began, in milliseconds since 1970 by this device's clock.
    pub started: i64,
    /// When it ended, likewise.
    pub ended: i64,
    /// What was offered.
    pub offered: Vec<SnapshotSummary>,
    /// Bytes over the sockets.
    pub wire_bytes: u64,
    /// What came of it.
    pub outcome: Outcome,
}

impl From<fieldcast::PastExchange> for PastExchange {
    fn from(past: fieldcast::PastExchange) -> Self {
        let fieldcast::PastExchange { exchange, receipt, comparisons } = past;
        let outcome = match exchange.result {
            ExchangeResult::Saved { .. } => Outcome::Saved { receipt_holds: receipt.unwrap_or(false), comparisons },
            ExchangeResult::Ended { code, reason } => {
                Outcome::Ended { ending: Ending { reason: EndReason::of_code(&code), space: None, detail: reason } }
            }
        };
        Self {
            role: exchange.role,
            peer: exchange.peer,
            peer_name: exchange.peer_name,
            started: exchange.started,
            ended: exchange.ended,
            offered: exchange.offered,
            wire_bytes: exchange.wire_bytes,
            outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_a_reason_says_is_kept() {
        let ending = Ending::from(&fieldcast::EndReason::NoSpace { needed: 9, free: 4 });
        assert_eq!((ending.reason, ending.space), (EndReason::NoSpace, Some(MissingSpace { needed: 9, free: 4 })));
        assert!(ending.detail.contains("9 bytes are needed"), "{}", ending.detail);
        assert_eq!(EndReason::of_code("of a later version"), EndReason::Other);
    }

    #[test]
    fn no_two_words_stand_for_the_same() {
        let words: HashSet<_> = REASONS.iter().map(|(word, _)| word).collect();
        let reasons: HashSet<_> = REASONS.iter().map(|(_, reason)| reason).collect();
        assert_eq!((words.len(), reasons.len()), (REASONS.len(), REASONS.len()));
    }

    #[test]
    fn every_reason_of_the_engine_is_known_here() {
        // Their text, for the engine's enum may grow: the source says which there are.
        let source = include_str!("../../../wire/src/end_reason.rs");
        let words = source.split("pub const fn code").nth(1).unwrap().split("}\n    }").next().unwrap();
        let words: Vec<_> = words.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(words.len() >= 25, "{words:?}");
        for word in words {
            assert_ne!(EndReason::of_code(word), EndReason::Other, "{word}");
        }
    }
}
