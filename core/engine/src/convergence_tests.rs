//! Any sequence of downloads, complete sends, edits, duplicates and interrupted exchanges ends in the same state on
//! every device, after every device has sent to every other.

use std::sync::Arc;

use fieldcast_model::{Dataset, DeviceName, Digest, EntityType, Json, Record, RecordId, ServerTime};
use fieldcast_net::Identity;
use fieldcast_store::{Completeness, Incoming, PageCommit, Store, SyncStart, SyncTarget};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::offer::Bundle;
use crate::receive::{Application, ApplyOutcome, Plan, Round, held, plan};
use crate::trust::provenance::Signer;

const DEVICES: usize = 4;
const RECORDS: usize = 40;

/// One step of a test sequence.
#[derive(Clone, Debug)]
enum TestStep {
    /// The server changes a record. A late edit keeps an old time, as on a server where rows become visible late.
    Edit { record: usize, late: bool },
    /// A device downloads everything; `lacking` is a record that the server leaves out of its answer.
    Downsync { device: usize, lacking: Option<usize> },
    /// One device sends to another. An interrupted exchange ends after `chunks` chunks.
    Send { from: usize, to: usize, chunks: Option<usize> },
}

fn step() -> impl Strategy<Value = TestStep> {
    let device = 0..DEVICES;
    let chunks = proptest::option::weighted(0.2, 0..3usize);
    prop_oneof![
        (0..RECORDS, proptest::bool::weighted(0.2)).prop_map(|(record, late)| TestStep::Edit { record, late }),
        (device.clone(), proptest::option::weighted(0.2, 0..RECORDS))
            .prop_map(|(device, lacking)| TestStep::Downsync { device, lacking }),
        (device.clone(), device, chunks).prop_map(|(from, to, chunks)| TestStep::Send { from, to, chunks }),
    ]
}

fn dataset() -> Dataset {
    Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("b".into()) }
}

/// The server: its records by number, and its clock.
struct Server {
    records: Vec<Record>,
    now: i64,
}

impl Server {
    fn new() -> Self {
        let record = |i: usize| Record {
            entity: EntityType::new("Task"),
            id: RecordId::parse(&format!("task-{i}")),
            root: RecordId::parse(&format!("household-{}", i / 4)),
            row_version: 1,
            modified: ServerTime(1 + i as i64),
            deleted: false,
            body: Json::from_canonical("{}"),
        };
        Self { records: (0..RECORDS).map(record).collect(), now: 1000 }
    }

    fn edit(&mut self, record: usize, late: bool) {
        self.now += 10;
        let record = &mut self.records[record];
        record.row_version += 1;
        record.modified = ServerTime(if late { 5 } else { self.now });
        record.body = Json::from_canonical(format!("{{\"n\":{}}}", self.now));
    }

    fn downsync(&mut self, store: &Store, lacking: Option<usize>) {
        self.now += 10;
        let target = SyncTarget {
            server: "s".into(),
            dataset: dataset(),
            project_name: String::new(),
            boundary_name: String::new(),
        };
        let run = store.begin_sync(&target, SyncStart::Fresh).unwrap().run;
        let came = self.records.iter().enumerate().filter(|(i, _)| Some(*i) != lacking);
        let families = came.map(|(_, record)| record.clone()).collect();
        let page = PageCommit {
            run,
            as_of: Some(ServerTime(self.now)),
            position: String::new(),
            done: 0,
            total: 0,
            bytes: 0,
            clock: None,
            families,
            project_wide: Vec::new(),
        };
        store.commit_page(&page).unwrap();
        // The server counts only households, and this test has none. So all task records are verified.
        let all = Completeness::Verified { households: 0, answered: vec![EntityType::new("Task")] };
        let families = if lacking.is_none() { all } else { Completeness::Complete };
        store.finish_sync(run, &families, &Completeness::Partial).unwrap();
    }
}

/// An exchange without a network. A device without data sends nothing.
fn send(from: &Store, to: &Store, stop_after: Option<usize>) {
    let (identity, name) = (Identity::generate().unwrap(), DeviceName::new("x"));
    let signer = Signer { identity: &identity, name: &name };
    let Ok(bundle) = Bundle::prepare(from.clone(), &[dataset()], signer) else { return };
    let (indexes, offer) = bundle.part(|_| true);
    let sender = fieldcast_model::Fingerprint([1; 32]);
    let id = offer.id(&sender);
    let mut manifest = bundle.manifest_for(&indexes, &held(to, &offer).unwrap()).unwrap();
    let mut earlier = Arc::<Round>::default();
    let incoming = Incoming { bundle_id: id, offered: offer.snapshots.clone(), sender, sender_name: name.clone() };
    to.begin_incoming(&incoming).unwrap();
    for _round in 0..2 {
        let planned = plan(to, &id, &manifest.encode(), &offer, 0, &earlier).unwrap();
        let Plan { manifest: checked, chunks, wanted, .. } = planned;
        for index in wanted.iter().take(stop_after.unwrap_or(usize::MAX)) {
            let hash = chunks[index as usize].info.hash;
            to.stage_chunks(&id, &[(hash.0, bundle.chunk(hash).unwrap().to_vec())]).unwrap();
        }
        if stop_after.is_some() {
            return;
        }
        let application = Application {
            store: to.clone(),
            incoming: id,
            offer: offer.clone(),
            manifest: checked,
            earlier,
            sender: crate::Sender { fingerprint: sender, name: name.clone() },
            now: ServerTime(i64::MAX),
            applied: Arc::default(),
            abandoned: CancellationToken::new(),
        };
        match application.run().unwrap() {
            ApplyOutcome::Saved(_) => return,
            ApplyOutcome::Differs { snapshots, round } => {
                earlier = Arc::new(round);
                manifest = bundle.whole(&indexes, &snapshots);
            }
        }
    }
    panic!("complete snapshots must be enough");
}

fn digest(store: &Store) -> Digest {
    let kept: Digest = store.ranges(&dataset(), 0).unwrap().into_iter().map(|totals| totals.digest).sum();
    let recomputed: Digest = store.recompute_digests(&dataset()).unwrap().into_iter().map(|totals| totals.digest).sum();
    assert_eq!(kept, recomputed);
    kept
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn devices_converge(steps in prop::collection::vec(step(), 1..16), last in 0..DEVICES) {
        let dirs: Vec<_> = (0..DEVICES).map(|_| TempDir::new().unwrap()).collect();
        let stores: Vec<Store> = dirs.iter().map(|dir| Store::open(dir.path()).unwrap().store).collect();
        let mut server = Server::new();
        for step in steps {
            match step {
                TestStep::Edit { record, late } => server.edit(record, late),
                TestStep::Downsync { device, lacking } => server.downsync(&stores[device], lacking),
                TestStep::Send { from, to, chunks } if from != to => send(&stores[from], &stores[to], chunks),
                TestStep::Send { .. } => {}
            }
        }
        // After this device has the complete download, the other devices may still have newer versions of some records
        // and lack others.
        server.downsync(&stores[last], None);
        for _round in 0..2 {
            for from in 0..DEVICES {
                (0..DEVICES).filter(|to| *to != from).for_each(|to| send(&stores[from], &stores[to], None));
            }
        }
        let digests: Vec<Digest> = stores.iter().map(digest).collect();
        prop_assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    }
}
