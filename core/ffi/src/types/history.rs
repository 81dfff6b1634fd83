//! Why exchanges end, and the history of exchanges.

use fieldcast::ExchangeResult;
pub use fieldcast::{EndKind as EndReason, ExchangeRole};

use crate::{ComparisonResult, DeviceName, Fingerprint, SnapshotSummary};

/// Why an exchange ended without "saved".
#[uniffi::remote(Enum)]
pub enum EndReason {
    /// The receiver's user declined.
    Declined,
    /// The receiver's user did not answer in time.
    NotAnswered,
    /// The distributor's user cancelled.
    CancelledByDistributor,
    /// The receiver's user cancelled.
    CancelledByReceiver,
    /// The receiver is busy with another distributor.
    Busy,
    /// The data does not fit on the receiver.
    NoSpace,
    /// The two devices have no common protocol version.
    Incompatible,
    /// Both devices want to send, or both want to receive.
    SameRole,
    /// The other device broke the protocol.
    Protocol,
    /// The received data does not match the offer.
    BadData,
    /// The receiver could not store the data.
    NotStored,
    /// The distributor could not read its own data.
    NotRead,
    /// The receiver's data differs after applying.
    DigestDiffers,
    /// The connection broke.
    Lost,
    /// The connection attempt failed.
    Unreachable,
    /// A different device answered.
    WrongDevice,
    /// The secure connection could not be established.
    NotSecure,
    /// A user saw different codes: another device may be intercepting the connection.
    CodesDiffer,
    /// The distributor's user did not confirm the code.
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
    /// The offered data was altered.
    NotAuthentic,
    /// The offered data comes from a revoked device.
    SignerRevoked,
    /// The invite is not from this distributor, or has expired.
    NotInvited,
    /// The distributor only checked which device is here.
    Looked,
    /// The data is dated later than the receiver's clock allows: the date on one of the phones is wrong.
    ClockDiffers,
    /// The data has version numbers that no server assigns.
    ForgedVersions,
    /// Both devices have the same key: the data of one was copied to the other.
    SharedKey,
    /// A reason that this SDK does not know.
    Other,
}

/// Needed and free bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct MissingSpace {
    /// Bytes needed while the bundle is staged and applied.
    pub needed: u64,
    /// Free bytes on the receiver.
    pub free: u64,
}

/// How an exchange ended without "saved".
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Ending {
    /// Why.
    pub reason: EndReason,
    /// For [`EndReason::NoSpace`]; none for exchanges in the history.
    pub space: Option<MissingSpace>,
    /// The reason in English, with advice.
    pub detail: String,
}

impl From<&fieldcast::EndReason> for Ending {
    fn from(reason: &fieldcast::EndReason) -> Self {
        let space = match *reason {
            fieldcast::EndReason::NoSpace { needed, free } => Some(MissingSpace { needed, free }),
            _ => None,
        };
        Self { reason: reason.kind(), space, detail: reason.to_string() }
    }
}

/// The role of this device in an exchange.
#[uniffi::remote(Enum)]
pub enum ExchangeRole {
    Sent,
    Received,
}

/// The result of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Outcome {
    /// Saved.
    Saved {
        /// Whether the receiver signed the receipt for exactly this exchange.
        receipt_holds: bool,
        /// How the receiver's data compared with each offered snapshot, from the receipt.
        comparisons: Vec<ComparisonResult>,
    },
    /// The exchange ended without "saved".
    Ended {
        /// How.
        ending: Ending,
    },
}

/// A finished exchange.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct PastExchange {
    /// The role of this device.
    pub role: ExchangeRole,
    /// The other device.
    pub peer: Fingerprint,
    /// Name of the other device.
    pub peer_name: DeviceName,
    /// Start, in milliseconds since 1970 by this device's clock.
    pub started: i64,
    /// End, in milliseconds since 1970 by this device's clock.
    pub ended: i64,
    /// The offered data.
    pub offered: Vec<SnapshotSummary>,
    /// Bytes transferred over the network.
    pub wire_bytes: u64,
    /// The result.
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
    use super::*;

    #[test]
    fn keeps_details_of_reason() {
        let ending = Ending::from(&fieldcast::EndReason::NoSpace { needed: 9, free: 4 });
        assert_eq!((ending.reason, ending.space), (EndReason::NoSpace, Some(MissingSpace { needed: 9, free: 4 })));
        assert!(ending.detail.contains("9 bytes are needed"), "{}", ending.detail);
    }
}
