//! Who answers for a snapshot, however many hands it went through.

use serde::{Deserialize, Serialize};

use crate::{DeviceName, Seal, Signature, SnapshotSummary};

/// Begins what is signed, so that the signature is good for nothing else the key signs.
const LABEL: &[u8] = b"fieldcast snapshot 1\n";

/// The device that answers for a snapshot: that downloaded it, or made this version of it from several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// What people called it then.
    pub name: DeviceName,
    /// The seal of the snapshot's records.
    pub seal: Seal,
    /// Its signature over [`Self::signed`].
    pub signature: Signature,
}

impl Origin {
    /// What a device of this name signs to answer for a snapshot: everything the summary says, and the seal. Texts have
    /// their length in front (4 bytes, little-endian), so that none can pass for part of its neighbour; numbers are
    /// little-endian.
    pub fn signed(name: &DeviceName, summary: &SnapshotSummary, seal: &Seal) -> Vec<u8> {
        let dataset = &summary.dataset;
        let boundary = dataset.boundary.as_deref();
        let texts = [
            name.as_str(),
            &dataset.tenant,
            &dataset.project,
            boundary.unwrap_or_default(),
            &summary.project_name,
            &summary.boundary_name,
        ];
        let counts = [summary.records, summary.households, summary.json_bytes].map(u64::to_le_bytes);
        let mut signed = LABEL.to_vec();
        for text in texts {
            signed.extend((text.len() as u32).to_le_bytes());
            signed.extend(text.as_bytes());
        }
        signed.push(boundary.is_some().into());
        signed.extend(summary.as_of.0.to_le_bytes());
        signed.extend(counts.as_flattened());
        signed.extend(summary.digest.as_bytes());
        signed.extend(seal.0);
        signed
    }

    /// Whether it has signed this very summary and its seal; `is_signed_by(key, message, signature)` says whether a signature is right.
    pub fn answers_for(
        &self,
        summary: &SnapshotSummary,
        is_signed_by: impl FnOnce(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> bool {
        is_signed_by(&self.key, &Self::signed(&self.name, summary, &self.seal), &self.signature.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, Digest, ServerTime};

    fn summary() -> SnapshotSummary {
        SnapshotSummary {
            dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("MZ_01".into()) },
            project_name: "Nets".into(),
            boundary_name: "Muite".into(),
            as_of: ServerTime(9),
            records: 50,
            households: 5,
            json_bytes: 5_000,
            digest: Digest::from_bytes([7; 32]),
        }
    }

    #[test]
    fn all_a_summary_says_is_signed() {
        let (asha, honest) = (DeviceName::new("Asha"), summary());
        type Change = fn(&mut SnapshotSummary);
        let changes: [Change; 11] = [
            |it| it.dataset.tenant = "m".into(),
            |it| it.dataset.project = "q".into(),
            |it| it.dataset.boundary = None,
            |it| it.dataset.boundary = Some(String::new()),
            |it| (it.project_name, it.boundary_name) = ("NetsM".into(), "uite".into()),
            |it| it.boundary_name = "Cunle".into(),
            |it| it.as_of.0 += 1,
            |it| it.records += 1,
            |it| it.households += 1,
            |it| it.json_bytes += 1,
            |it| it.digest = Digest::from_bytes([8; 32]),
        ];
        let seal = Seal([9; 32]);
        let mut seen = vec![
            Origin::signed(&asha, &honest, &seal),
            Origin::signed(&DeviceName::new("Bela"), &honest, &seal),
            Origin::signed(&asha, &honest, &Seal([8; 32])),
        ];
        for change in changes {
            let mut other = honest.clone();
            change(&mut other);
            seen.push(Origin::signed(&asha, &other, &seal));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), changes.len() + 3, "no two are the same");
    }

    #[test]
    fn its_key_and_signature_are_what_is_asked_about() {
        let (name, seal) = (DeviceName::new("Asha"), Seal([9; 32]));
        let origin = Origin { key: [1; 32], name, seal, signature: Signature([2; 64]) };
        let honest = Origin::signed(&origin.name, &summary(), &seal);
        assert!(honest.starts_with(b"fieldcast snapshot 1\n"));
        assert!(origin.answers_for(&summary(), |key, message, signature| {
            (*key, message, *signature) == ([1; 32], &honest[..], [2; 64])
        }));
    }
}
