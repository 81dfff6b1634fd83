//! The records of a database or of the server, in one form for comparison.

use std::collections::BTreeMap;
use std::path::Path;

use fieldcast_model::{Digest, Json, KeyRange};
use fieldcast_sandbox::{CampaignRecord, Moment};
use fieldcast_store::Store;

/// One version of a record with the server's fields. The device computes the record's household, so it is not here.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    row_version: i64,
    modified: i64,
    deleted: bool,
    body: Json,
}

/// Versions by entity and id.
type Versions = BTreeMap<(String, String), Version>;

/// Datasets by boundary code. The empty code holds the project's data outside all boundaries.
pub(crate) struct Holdings {
    datasets: BTreeMap<String, Versions>,
    digests: BTreeMap<String, Digest>,
}

impl Holdings {
    /// Reads a device's database. Checks that no record is there twice, and that digests and counts match the records.
    pub(crate) fn of(dir: &Path) -> Self {
        let opened = Store::open(dir).expect("an unused store");
        assert_eq!(opened.recovery, None, "a kill damaged the database");
        let store = opened.store;
        let (mut datasets, mut digests) = (BTreeMap::new(), BTreeMap::new());
        for status in store.datasets().expect("an intact store") {
            let summary = status.summary;
            let records = store.records_in_range(&summary.dataset, KeyRange::ALL).expect("an intact store");
            let mut digest = Digest::EMPTY;
            records.iter().for_each(|record| digest.insert(record.hash()));
            assert_eq!((summary.records, summary.digest), (records.len() as u64, digest), "{}", summary.dataset);
            let count = records.len();
            let versions: Versions = records.into_iter().map(of_store).collect();
            assert_eq!(versions.len(), count, "{}: a record is there twice", summary.dataset);
            let boundary = summary.dataset.boundary.unwrap_or_default();
            assert!(datasets.insert(boundary.clone(), versions).is_none(), "`{boundary}` is there twice");
            digests.insert(boundary, digest);
        }
        Self { datasets, digests }
    }

    /// The server's data of these boundaries, and of the project outside all boundaries.
    pub(crate) fn truth(moment: &Moment, project: &str, boundaries: &[String]) -> Self {
        let of_boundary = |code: &String| {
            let records = moment.records(project, code).expect("a known boundary");
            (code.clone(), records.map(of_server).collect())
        };
        let mut datasets: BTreeMap<String, Versions> = boundaries.iter().map(of_boundary).collect();
        let outside = moment.hf_referrals(project).expect("a known project");
        datasets.insert(String::new(), outside.into_iter().map(of_server).collect());
        Self { datasets, digests: BTreeMap::new() }
    }

    /// Number of records in all datasets.
    pub(crate) fn records(&self) -> usize {
        self.datasets.values().map(BTreeMap::len).sum()
    }

    /// Fails the test unless each dataset is absent or equal to the other side's.
    pub(crate) fn assert_part_of(&self, other: &Self, what: &str) {
        for (boundary, ours) in self.datasets.iter().filter(|(_, ours)| !ours.is_empty()) {
            assert!(other.datasets.get(boundary) == Some(ours), "{what}: `{boundary}` is incomplete");
        }
    }

    /// Fails the test unless both hold the same versions of the same records, and their digests agree.
    pub(crate) fn assert_equal(&self, other: &Self, what: &str) {
        let boundaries = |of: &Self| of.datasets.keys().cloned().collect::<Vec<_>>();
        assert_eq!(boundaries(self), boundaries(other), "{what}: datasets");
        for (boundary, ours) in &self.datasets {
            let theirs = &other.datasets[boundary];
            if let Some((key, version)) = ours.iter().find(|(key, version)| theirs.get(*key) != Some(*version)) {
                panic!("{what}, {boundary}: {key:?}\nhere:  {version:?}\nthere: {:?}", theirs.get(key));
            }
            assert_eq!(ours.len(), theirs.len(), "{what}, {boundary}: the other side has more records");
        }
        if !self.digests.is_empty() && !other.digests.is_empty() {
            assert_eq!(self.digests, other.digests, "{what}: digests");
        }
    }
}

fn of_store(record: fieldcast_model::Record) -> ((String, String), Version) {
    let key = (record.entity.to_string(), record.id.to_string());
    let (row_version, modified) = (record.row_version, record.modified.0);
    (key, Version { row_version, modified, deleted: record.deleted, body: record.body })
}

fn of_server(record: CampaignRecord) -> ((String, String), Version) {
    let key = (entity_of_list(record.entity).to_owned(), record.client_reference_id);
    let version = Version {
        row_version: record.row_version.map_or(0, i64::from),
        modified: record.modified.unwrap_or(0),
        deleted: record.deleted,
        body: Json::parse(&record.json).expect("the server sends JSON"),
    };
    (key, version)
}

/// The entity of a DIGIT list. The names are repeated here to reveal an error in schema/digit.
fn entity_of_list(list: &str) -> &'static str {
    match list {
        "Households" => "Household",
        "HouseholdMembers" => "HouseholdMember",
        "Individuals" => "Individual",
        "ProjectBeneficiaries" => "ProjectBeneficiary",
        "Tasks" => "Task",
        "SideEffects" => "SideEffect",
        "Referrals" => "Referral",
        "HFReferrals" => "HFReferral",
        "Services" => "Service",
        other => panic!("an entity the tests do not know: {other}"),
    }
}
