//! The receipt: a signed statement of a receiver about the data it has saved.

use fieldcast_model::{Fingerprint, Signature};
use serde::{Deserialize, Serialize};

use crate::SavedSnapshot;

/// Prefix of the signed bytes, so that the signature is valid for no other purpose of the key.
const LABEL: &[u8] = b"fieldcast receipt 1\n";

/// The snapshots that a receiver has saved from an offer. The signature covers the distributor and the offer, but the
/// receipt does not repeat them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One entry for each offered snapshot.
    pub saved: Vec<SavedSnapshot>,
    /// Time of saving, in milliseconds since 1970 by the receiver's clock.
    pub at: i64,
    /// The receiver's signature over [`Self::signed`].
    pub signature: Signature,
}

impl Receipt {
    /// The bytes that a receiver signs: at the time `at` it had saved this data from this offer
    /// ([`offer_id`](crate::offer_id)) of this distributor.
    pub fn signed(distributor: &Fingerprint, offer: &[u8; 32], saved: &[SavedSnapshot], at: i64) -> Vec<u8> {
        let saved = postcard::to_stdvec(saved).unwrap_or_default(); // cannot fail for plain data
        [LABEL, &distributor.0, offer, &at.to_le_bytes(), &saved].concat()
    }

    /// Whether the receiver signed this receipt for this offer of this distributor. `is_signed(message, signature)`
    /// verifies a signature with the receiver's key.
    pub fn holds(
        &self,
        distributor: &Fingerprint,
        offer: &[u8; 32],
        is_signed: impl FnOnce(&[u8], &[u8; 64]) -> bool,
    ) -> bool {
        is_signed(&Self::signed(distributor, offer, &self.saved, self.at), &self.signature.0)
    }

    /// The bytes to store, the same as in `Saved`.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default() // cannot fail for plain data
    }

    /// Decodes a stored receipt; `None` if the bytes are not exactly one receipt.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(receipt, _)| receipt)
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Digest, ServerTime};

    use super::*;
    use crate::{ComparisonResult, Message};

    fn receipt() -> Receipt {
        let saved = [
            ComparisonResult::Equal,
            ComparisonResult::KeptNewer { records: 3 },
            ComparisonResult::Ahead { as_of: ServerTime(9) },
        ];
        let saved = saved.map(|comparison| SavedSnapshot { digest: Digest::from_bytes([7; 32]), comparison }).to_vec();
        Receipt { saved, at: 1_760_000_000_000, signature: Signature(std::array::from_fn(|i| i as u8)) }
    }

    #[test]
    fn decodes_receipt_with_64_byte_signature() {
        let receipt = receipt();
        let bytes = receipt.encode();
        assert!(bytes.ends_with(&receipt.signature.0));
        assert_eq!(Receipt::decode(&bytes).as_ref(), Some(&receipt));
        assert_eq!(Receipt::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Receipt::decode(&[&bytes[..], &[0]].concat()), None);
        assert!(Message::Saved(receipt).encode().ends_with(&bytes));
    }

    #[test]
    fn signs_all_fields_with_distributor_and_offer() {
        let receipt = receipt();
        let signed = |receipt: &Receipt, distributor: u8, offer: u8| {
            Receipt::signed(&Fingerprint([distributor; 32]), &[offer; 32], &receipt.saved, receipt.at)
        };
        let honest = signed(&receipt, 1, 2);
        assert!(honest.starts_with(b"fieldcast receipt 1\n"));
        let later = Receipt { at: receipt.at + 1, ..receipt.clone() };
        let less = Receipt { saved: receipt.saved[..2].to_vec(), ..receipt.clone() };
        let mut other = receipt.clone();
        other.saved[2].comparison = ComparisonResult::Equal;
        let changed = [signed(&receipt, 3, 2), signed(&receipt, 1, 3), signed(&later, 1, 2), signed(&less, 1, 2)];
        assert!(changed.iter().chain([&signed(&other, 1, 2)]).all(|message| *message != honest));
        assert!(receipt.holds(&Fingerprint([1; 32]), &[2; 32], |message, signature| {
            message == honest && *signature == receipt.signature.0
        }));
    }
}
