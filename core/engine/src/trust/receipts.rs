//! Receipts: signed by the receiver, verified by every device that uses them.

use fieldcast_model::{Fingerprint, Signature, SnapshotSummary};
use fieldcast_net::Identity;
use fieldcast_wire::{Receipt, SavedSnapshot, offer_id};

use crate::clock;

/// Signs, as the receiver, the saved snapshots of this distributor's offer.
pub(crate) fn sign(
    receiver: &Identity,
    distributor: &Fingerprint,
    offer: &[u8; 32],
    saved: Vec<SavedSnapshot>,
) -> Receipt {
    let at = clock::now();
    let signature = Signature(receiver.sign(&Receipt::signed(distributor, offer, &saved, at)));
    Receipt { saved, at, signature }
}

/// Whether the receiver with this key has signed the receipt for exactly these snapshots of this distributor.
pub(crate) fn holds(
    receipt: &Receipt,
    receiver: &[u8; 32],
    distributor: &Fingerprint,
    offered: &[SnapshotSummary],
) -> bool {
    let is_signed = |message: &[u8], signature: &[u8; 64]| fieldcast_net::verify(receiver, message, signature);
    receipt.holds(distributor, &offer_id(distributor, offered), is_signed)
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, Digest, ServerTime};
    use fieldcast_wire::ComparisonResult;

    use super::*;

    fn village(boundary: &str) -> Vec<SnapshotSummary> {
        vec![SnapshotSummary {
            dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some(boundary.into()) },
            project_name: "Nets".into(),
            boundary_name: boundary.into(),
            as_of: ServerTime(9),
            records: 50,
            households: 5,
            json_bytes: 5_000,
            digest: Digest::from_bytes([7; 32]),
        }]
    }

    #[test]
    fn binds_receipt_to_receiver_distributor_and_offer() {
        let [receiver, other] = [Identity::generate().unwrap(), Identity::generate().unwrap()];
        let (distributor, offered) = (Fingerprint([1; 32]), village("Muite"));
        let saved = vec![SavedSnapshot { digest: Digest::from_bytes([7; 32]), comparison: ComparisonResult::Equal }];
        let receipt = sign(&receiver, &distributor, &offer_id(&distributor, &offered), saved);
        let key = receiver.public_key();
        assert!(holds(&receipt, &key, &distributor, &offered));
        assert!(!holds(&receipt, &other.public_key(), &distributor, &offered), "another receiver");
        assert!(!holds(&receipt, &key, &Fingerprint([2; 32]), &offered), "another distributor");
        assert!(!holds(&receipt, &key, &distributor, &village("Cunle")), "another bundle");
        let mut later = offered.clone();
        later[0].as_of = ServerTime(10);
        assert!(!holds(&receipt, &key, &distributor, &later), "another version");
    }

    #[test]
    fn rejects_receipt_altered_in_any_bit() {
        let receiver = Identity::generate().unwrap();
        let (distributor, offered) = (Fingerprint([1; 32]), village("Muite"));
        let comparisons = [
            ComparisonResult::Equal,
            ComparisonResult::KeptNewer { records: 3 },
            ComparisonResult::Ahead { as_of: ServerTime(9) },
        ];
        let saved =
            comparisons.map(|comparison| SavedSnapshot { digest: Digest::from_bytes([7; 32]), comparison }).to_vec();
        let receipt = sign(&receiver, &distributor, &offer_id(&distributor, &offered), saved);
        let bytes = receipt.encode();
        let mut readable = 0;
        for (at, bit) in (0..bytes.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            if let Some(altered) = Receipt::decode(&altered) {
                readable += 1;
                assert!(!holds(&altered, &receiver.public_key(), &distributor, &offered), "byte {at}, bit {bit}");
            }
        }
        assert!(readable > 8 * (64 + 3 * 32), "digests and signature are decodable with any content");
    }
}
