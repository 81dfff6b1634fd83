//! Provenance: which device signed a snapshot, no matter how many devices passed it on.

use serde::{Deserialize, Serialize};

use crate::{DeviceName, Fingerprint, ServerTime, Signature, SnapshotHash, SnapshotSummary};

/// The label at the start of the signed message. It makes the signature invalid for any other purpose of the key.
const LABEL: &[u8] = b"fieldcast snapshot 1\n";

/// The device that signed a snapshot. It downloaded the records, or merged records of several downloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// Its name when it signed.
    pub name: DeviceName,
    /// The hash of the snapshot's records.
    pub snapshot_hash: SnapshotHash,
    /// The devices whose downloads it merged, itself included. Empty if it downloaded every record itself. At most
    /// [`Self::MAX_SOURCES`].
    pub sources: Vec<SnapshotSource>,
    /// Its signature over [`Self::signed`].
    pub signature: Signature,
}

/// One source of a merged snapshot. Only the device that merged the snapshot vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSource {
    /// The device that downloaded the records from the server.
    pub fingerprint: Fingerprint,
    /// The name that device gave itself.
    pub name: DeviceName,
    /// How many records of the snapshot came from it.
    pub records: u64,
    /// The server's clock when the oldest of these downloads began.
    pub as_of: ServerTime,
}

impl Provenance {
    /// The maximum number of sources of one snapshot.
    pub const MAX_SOURCES: usize = 32;

    /// Returns the message that a device of this name signs for a snapshot: all fields of the summary, the snapshot
    /// hash and the sources. Each text has its length in front (4 bytes, little-endian), so that no text can pass for
    /// part of its neighbour. Numbers are little-endian.
    pub fn signed(
        name: &DeviceName,
        summary: &SnapshotSummary,
        snapshot_hash: &SnapshotHash,
        sources: &[SnapshotSource],
    ) -> Vec<u8> {
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
        texts.iter().for_each(|text| add_text(&mut signed, text));
        signed.push(boundary.is_some().into());
        signed.extend(summary.as_of.0.to_le_bytes());
        signed.extend(counts.as_flattened());
        signed.extend(summary.digest.as_bytes());
        signed.extend(snapshot_hash.0);
        signed.extend((sources.len() as u32).to_le_bytes());
        for source in sources {
            signed.extend(source.fingerprint.0);
            add_text(&mut signed, source.name.as_str());
            signed.extend(source.records.to_le_bytes());
            signed.extend(source.as_of.0.to_le_bytes());
        }
        signed
    }

    /// Returns the server time that is valid for every record of the snapshot: the time of the oldest source, or the
    /// snapshot's.
    pub fn vouched(&self, summary: &SnapshotSummary) -> ServerTime {
        self.sources.iter().map(|source| source.as_of).fold(summary.as_of, ServerTime::min)
    }

    /// Returns whether the device signed this summary and snapshot hash. `is_signed_by(key, message, signature)`
    /// returns whether a signature is valid.
    pub fn answers_for(
        &self,
        summary: &SnapshotSummary,
        is_signed_by: impl FnOnce(&[u8; 32], &[u8], &[u8; 64]) -> bool,
    ) -> bool {
        is_signed_by(
            &self.key,
            &Self::signed(&self.name, summary, &self.snapshot_hash, &self.sources),
            &self.signature.0,
        )
    }
}

fn add_text(signed: &mut Vec<u8>, text: &str) {
    signed.extend((text.len() as u32).to_le_bytes());
    signed.extend(text.as_bytes());
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
    fn signs_every_field_of_summary() {
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
        let snapshot_hash = SnapshotHash([9; 32]);
        let source =
            SnapshotSource { fingerprint: Fingerprint([1; 32]), name: asha.clone(), records: 5, as_of: ServerTime(9) };
        let sources = [
            source.clone(),
            SnapshotSource { fingerprint: Fingerprint([2; 32]), ..source.clone() },
            SnapshotSource { name: DeviceName::new("Bela"), ..source.clone() },
            SnapshotSource { records: 6, ..source.clone() },
            SnapshotSource { as_of: ServerTime(8), ..source.clone() },
        ];
        let mut seen = vec![
            Provenance::signed(&asha, &honest, &snapshot_hash, &[]),
            Provenance::signed(&DeviceName::new("Bela"), &honest, &snapshot_hash, &[]),
            Provenance::signed(&asha, &honest, &SnapshotHash([8; 32]), &[]),
            Provenance::signed(&asha, &honest, &snapshot_hash, &sources),
        ];
        seen.extend(sources.into_iter().map(|source| Provenance::signed(&asha, &honest, &snapshot_hash, &[source])));
        for change in changes {
            let mut other = honest.clone();
            change(&mut other);
            seen.push(Provenance::signed(&asha, &other, &snapshot_hash, &[]));
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), changes.len() + 9, "all messages must differ");
    }

    #[test]
    fn vouches_as_of_oldest_source() {
        let name = DeviceName::new("Asha");
        let source = |as_of| SnapshotSource {
            fingerprint: Fingerprint([1; 32]),
            name: name.clone(),
            records: 1,
            as_of: ServerTime(as_of),
        };
        let provenance = |sources| Provenance {
            key: [1; 32],
            name: name.clone(),
            snapshot_hash: SnapshotHash([9; 32]),
            sources,
            signature: Signature([2; 64]),
        };
        assert_eq!(provenance(vec![]).vouched(&summary()), ServerTime(9));
        assert_eq!(provenance(vec![source(20), source(4), source(7)]).vouched(&summary()), ServerTime(4));
    }

    #[test]
    fn verifies_with_its_key_and_signature() {
        let (name, snapshot_hash) = (DeviceName::new("Asha"), SnapshotHash([9; 32]));
        let provenance =
            Provenance { key: [1; 32], name, snapshot_hash, sources: Vec::new(), signature: Signature([2; 64]) };
        let honest = Provenance::signed(&provenance.name, &summary(), &snapshot_hash, &[]);
        assert!(honest.starts_with(b"fieldcast snapshot 1\n"));
        assert!(provenance.answers_for(&summary(), |key, message, signature| {
            (*key, message, *signature) == ([1; 32], &honest[..], [2; 64])
        }));
    }
}
