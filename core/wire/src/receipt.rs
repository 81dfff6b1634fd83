//! The receipt: what a receiver has saved, said under its key.

use fieldcast_model::{Fingerprint, Signature};
use serde::{Deserialize, Serialize};

use crate::SavedSnapshot;

/// Begins what is signed, so that the signature is good for nothing else the key signs.
const LABEL: &[u8] = b"fieldcast receipt 1\n";

/// What a receiver has saved of an offer. Distributor and offer are signed with it and not repeated in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// One entry for each offered snapshot.
    pub saved: Vec<SavedSnapshot>,
    /// When, in milliseconds since 1970 by the receiver's clock.
    pub at: i64,
    /// The receiver's signature over [`Self::signed`].
    pub signature: Signature,
}

impl Receipt {
    /// What a receiver signs: that of this offer ([`offer_id`](crate::offer_id)) of this distributor it had at that time
    /// saved this.
    pub fn signed(distributor: &Fingerprint, offer: &[u8; 32], saved: &[SavedSnapshot], at: i64) -> Vec<u8> {
        let saved = postcard::to_stdvec(saved).unwrap_or_default(); // plain data: cannot fail
        [LABEL, &distributor.0, offer, &at.to_le_bytes(), &saved].concat()
    }

    /// Whether it is the receiver's, for this offer of this distributor; `is_signed(message, signature)` knows the
    /// receiver's key.
    pub fn holds(
        &self,
        distributor: &Fingerprint,
        offer: &[u8; 32],
        is_signed: impl FnOnce(&[u8], &[u8; 64]) -> bool,
    ) -> bool {
        is_signed(&Self::signed(distributor, offer, &self.saved, self.at), &self.signature.0)
    }

    /// Its bytes, as they are in `Saved`, to be kept.
    pub fn encode(&self) -> Vec<u8> {
        postcard::to_stdvec(self).unwrap_or_default() // plain data: cannot fail
    }

    /// Reads what was kept; `None` if it is exactly no receipt.
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
    fn it_reads_back_and_the_signature_is_64_bytes_in_order() {
        let receipt = receipt();
        let bytes = receipt.encode();
        assert!(bytes.ends_with(&receipt.signature.0));
        assert_eq!(Receipt::decode(&bytes).as_ref(), Some(&receipt));
        assert_eq!(Receipt::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Receipt::decode(&[&bytes[..], &[0]].concat()), None);
        assert!(Message::Saved(receipt).encode().ends_with(&bytes));
    }

    #[test]
    fn all_it_says_is_signed_with_whom_and_for_what() {
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
