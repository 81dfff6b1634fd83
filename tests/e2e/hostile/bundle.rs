//! A small valid bundle, which hostile peers alter.

use fieldcast_bundle::{ChunkInfo, EncodedChunk, Manifest, Snapshot, encode_chunk};
use fieldcast_model::{
    Dataset, DeviceName, Digest, EntityType, Json, KeyRange, Provenance, RangeHashes, Record, RecordId, ServerTime,
    Signature, SnapshotSummary,
};
use fieldcast_wire::{Offer, chunk_frame};
use ring::signature::{Ed25519KeyPair, KeyPair};

/// One chunk of made-up records, which no honest distributor has.
pub(super) struct FakeBundle {
    records: Vec<Record>,
    /// The name of its tenant, project and boundary.
    name: String,
}

impl FakeBundle {
    pub(super) fn new(records: usize) -> Self {
        let mut records: Vec<Record> = (0..records).map(record).collect();
        records.sort_by_key(|record| (record.root_hash(), record.id.clone()));
        Self { records, name: "NOWHERE".to_owned() }
    }

    pub(super) fn with_name(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    pub(super) fn offer(&self) -> Offer {
        let (summary, name) = (self.summary(), DeviceName::new("hostile"));
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes");
        let mut range_hashes = RangeHashes::default();
        range_hashes.add(self.records.iter().map(|record| (record.root_hash(), record.hash())));
        let snapshot_hash = range_hashes.snapshot_hash();
        let signature =
            key.sign(&Provenance::signed(&name, &summary, &snapshot_hash, &[])).as_ref().try_into().expect("64 bytes");
        let public = key.public_key().as_ref().try_into().expect("32 bytes");
        Offer {
            snapshots: vec![summary],
            provenance: vec![Provenance {
                key: public,
                name,
                snapshot_hash,
                sources: Vec::new(),
                signature: Signature(signature),
            }],
            bytes: 1 << 20, // large enough, so the receiver does not reject altered data because of its size
        }
    }

    pub(super) fn manifest(&self) -> Manifest {
        let chunk = ChunkInfo::describe(KeyRange::ALL.index, &self.records, &self.chunk());
        Manifest::new(vec![Snapshot {
            summary: self.summary(),
            since: None,
            bits: KeyRange::ALL.bits,
            chunks: vec![chunk],
        }])
    }

    pub(super) fn chunk(&self) -> EncodedChunk {
        encode_chunk(&self.records).expect("valid records")
    }

    /// The chunk as a frame payload.
    pub(super) fn chunk_frame(&self) -> Vec<u8> {
        chunk_frame(0, &self.chunk().bytes)
    }

    /// A chunk with a valid header and a few kilobytes that unpack to 64 MiB.
    pub(super) fn bomb(&self) -> Vec<u8> {
        let zeros = zstd::bulk::compress(&vec![0; 64 << 20], 3).expect("zeros");
        let SnapshotSummary { records, json_bytes, .. } = self.summary();
        let mut bomb = vec![1]; // format version
        for mut number in [records, json_bytes, (64 << 20) - 1, 0, 0, zeros.len() as u64, 0] {
            while number >= 0x80 {
                bomb.push(number as u8 | 0x80);
                number >>= 7;
            }
            bomb.push(number as u8);
        }
        bomb.extend(zeros);
        bomb
    }

    fn summary(&self) -> SnapshotSummary {
        let mut digest = Digest::EMPTY;
        self.records.iter().for_each(|record| digest.insert(record.hash()));
        let name = || self.name.clone();
        let dataset = Dataset { tenant: name(), project: name(), boundary: Some(name()) };
        SnapshotSummary {
            dataset,
            project_name: name(),
            boundary_name: name(),
            as_of: ServerTime(1),
            records: self.records.len() as u64,
            households: self.records.len() as u64,
            json_bytes: self.records.iter().map(|record| record.body.len() as u64).sum(),
            digest,
        }
    }
}

fn record(number: usize) -> Record {
    let id = RecordId::parse(&format!("H-{number}"));
    Record {
        entity: EntityType::new("Household"),
        root: id.clone(),
        id,
        row_version: 1,
        modified: ServerTime(1),
        deleted: false,
        body: Json::parse(&format!(r#"{{"clientReferenceId":"H-{number}","memberCount":{number}}}"#)).expect("JSON"),
    }
}
