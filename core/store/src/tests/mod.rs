//! The guarantees of the store, one file per topic.

mod campaigns;
mod damage;
mod digests;
mod edits;
mod exchange;
mod history;
mod merge;
mod migrations;
mod open;
mod peers;
mod provenance;
mod reading;
mod recovery;
mod signers;
mod sync;
mod undo;
mod verify;
mod views;

use std::convert::Infallible;

use fieldcast_model::{
    Dataset, DeviceName, Digest, EntityType, FINE_BITS, Fingerprint, Json, KeyRange, Provenance, RangeHashes, Record,
    RecordId, ServerTime, Signature, SnapshotSummary,
};
use tempfile::TempDir;

use crate::{AppliedSnapshot, Arriving, Batch, Store, Verdict};

/// A store in a temporary folder, which is removed with it.
struct Fresh {
    store: Store,
    dir: TempDir,
}

fn fresh() -> Fresh {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap().store;
    Fresh { store, dir }
}

fn village(name: &str) -> Dataset {
    Dataset { tenant: "mz".into(), project: "p1".into(), boundary: Some(name.into()) }
}

fn project() -> Dataset {
    Dataset { boundary: None, ..village("") }
}

fn snapshot(dataset: &Dataset, as_of: i64) -> SnapshotSummary {
    SnapshotSummary {
        dataset: dataset.clone(),
        project_name: "Nets".into(),
        boundary_name: String::new(),
        as_of: ServerTime(as_of),
        records: 0,
        households: 0,
        json_bytes: 0,
        digest: Digest::EMPTY,
    }
}

/// A version of a record in the household `root`.
fn record(entity: &str, id: &str, root: &str, row_version: i64, modified: i64) -> Record {
    Record {
        entity: EntityType::new(entity),
        id: RecordId::parse(id),
        root: RecordId::parse(root),
        row_version,
        modified: ServerTime(modified),
        deleted: false,
        body: Json::parse(&format!(r#"{{"clientReferenceId":"{id}","rowVersion":{row_version},"n":{modified}}}"#))
            .unwrap(),
    }
}

fn household(id: &str, row_version: i64, modified: i64) -> Record {
    record("Household", id, id, row_version, modified)
}

/// An provenance that signs exactly these records.
fn provenance_of(records: &[Record]) -> Provenance {
    let mut hashes = RangeHashes::default();
    hashes.add(records.iter().map(|record| (record.root_hash(), record.hash())));
    Provenance {
        key: [3; 32],
        name: DeviceName::new("office"),
        snapshot_hash: hashes.snapshot_hash(),
        sources: Vec::new(),
        signature: Signature([4; 64]),
    }
}

/// A complete snapshot of these records as one batch.
fn batch(records: &[Record]) -> Batch {
    Batch { records: records.to_vec(), is_range: true }
}

/// A snapshot that arrives on a device whose clock accepts every time.
fn arriving<'a>(
    snapshot: &'a SnapshotSummary,
    provenance: &'a Provenance,
    held: Option<&'a [KeyRange]>,
) -> Arriving<'a> {
    static CARRIER: std::sync::LazyLock<DeviceName> = std::sync::LazyLock::new(|| DeviceName::new("Asha"));
    let carrier = Fingerprint([5; 32]);
    Arriving {
        snapshot,
        provenance,
        carrier,
        carrier_name: &CARRIER,
        is_trusted: false,
        now: ServerTime(i64::MAX),
        held,
    }
}

/// Applies complete snapshots of these records one after another, each without repeated records.
fn apply_as(store: &Store, snapshot: &SnapshotSummary, records: &[Record]) -> AppliedSnapshot {
    let mut rounds: Vec<Vec<Record>> = vec![Vec::new()];
    for record in records {
        let is_in = |round: &Vec<Record>| {
            round.iter().any(|other| other.entity == record.entity && other.id.to_string() == record.id.to_string())
        };
        let at = rounds.iter().rposition(is_in).map_or(0, |at| at + 1);
        rounds.resize(rounds.len().max(at + 1), Vec::new());
        rounds[at].push(record.clone());
    }
    let applied = rounds.iter().map(|round| apply_round(store, snapshot, round));
    let sum = |mut sum: AppliedSnapshot, next: AppliedSnapshot| {
        sum.merged += next.merged;
        AppliedSnapshot { merged: sum.merged, ..next }
    };
    applied.reduce(sum).unwrap()
}

fn apply_round(store: &Store, snapshot: &SnapshotSummary, records: &[Record]) -> AppliedSnapshot {
    let provenance = provenance_of(records);
    let arriving = arriving(snapshot, &provenance, Some(&[]));
    let mut batches = Some(batch(records)).into_iter();
    match store.apply::<Infallible>(&arriving, &mut || Ok(batches.next())).unwrap() {
        Verdict::Applied(applied) => applied,
        Verdict::Differs(differing) => panic!("{differing:?}"),
    }
}

fn apply(store: &Store, dataset: &Dataset, records: &[Record]) -> AppliedSnapshot {
    apply_as(store, &snapshot(dataset, 10), records)
}

/// How many key ranges have a stored digest that does not match their records. Fails if the file is damaged.
fn wrong_ranges(store: &Store) -> crate::Result<usize> {
    store.read(|reader| {
        crate::connection::check(reader.conn, "main")?;
        let mut wrong = 0;
        for status in reader.datasets()? {
            let dataset = &status.summary.dataset;
            let (kept, real) = (reader.ranges(dataset, FINE_BITS)?, reader.recompute_digests(dataset)?);
            wrong += real.iter().filter(|range| !kept.contains(range)).count();
            wrong += kept.iter().filter(|range| !real.iter().any(|r| r.range == range.range)).count();
        }
        Ok(wrong)
    })
}
