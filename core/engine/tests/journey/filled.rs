//! Stores filled without HTTP, for tests of the exchange alone.

use fieldcast::{Dataset, EntityType, Record, RecordId, ServerTime};
use fieldcast_model::Json;
use fieldcast_sandbox::{SandboxCampaign, SandboxConfig};
use fieldcast_store::{Completeness, PageCommit, RecordQuery, Store, SyncStart, SyncTarget};

/// Fills a store with a campaign's only boundary, as a downsync would, but only with the records that `keep` accepts.
/// Returns the number of records.
pub(crate) fn fill(store: &Store, households: u64, keep: impl Fn(&Record) -> bool) -> usize {
    let config = SandboxConfig { households, boundaries: 1, seed: 7, ..SandboxConfig::default() };
    let moment = SandboxCampaign::new(&config).unwrap().moment();
    let (project, leaf) = (&moment.projects()[0], &moment.leaves()[0]);
    let mut root = RecordId::parse("none");
    let records: Vec<Record> = moment
        .records(&project.id, &leaf.code)
        .unwrap()
        .map(|record| {
            let id = RecordId::parse(&record.client_reference_id);
            if record.name == "Household" {
                root = id.clone();
            }
            Record {
                entity: EntityType::new(record.name),
                id,
                root: root.clone(),
                row_version: record.row_version.map_or(0, i64::from),
                modified: ServerTime(record.modified.unwrap_or(0)),
                deleted: record.deleted,
                body: Json::parse(&record.json).unwrap(),
            }
        })
        .filter(keep)
        .collect();
    let count = records.len();
    let dataset = Dataset { tenant: "mz".into(), project: project.id.clone(), boundary: Some(leaf.code.clone()) };
    commit(store, dataset, moment.now(), records);
    count
}

/// The server changes one delivery.
pub(crate) fn change_one(store: &Store) {
    let summary = store.datasets().unwrap().remove(0).summary;
    let query = RecordQuery { entity: Some(EntityType::new("Task")), limit: 1, ..RecordQuery::default() };
    let mut task = store.records(&query).unwrap().remove(0);
    task.row_version += 1;
    task.modified = ServerTime(summary.as_of.0 + 1000);
    let body = task.body.as_str().replace("ADMINISTRATION_SUCCESS", "BENEFICIARY_REFUSED");
    task.body = Json::parse(&body).unwrap();
    commit(store, summary.dataset, summary.as_of.0 + 5000, vec![task]);
}

fn commit(store: &Store, dataset: Dataset, as_of: i64, families: Vec<Record>) {
    let target =
        SyncTarget { server: "none".into(), dataset, project_name: "Nets".into(), boundary_name: "Cavina".into() };
    let run = store.begin_sync(&target, SyncStart::Fresh).unwrap().run;
    let position = "all".to_owned();
    let page = PageCommit {
        run,
        as_of: Some(ServerTime(as_of)),
        position,
        done: 1,
        total: 1,
        bytes: 0,
        clock: None,
        families,
        project_wide: vec![],
    };
    store.commit_page(&page).unwrap();
    // No type is listed as complete: the time moves on, and no record is taken as deleted.
    let whole = Completeness::Verified { households: 0, answered: Vec::new() };
    store.finish_sync(run, &whole, &Completeness::Partial).unwrap();
}

/// Fills a store with this many villages without records, which have the names of a real campaign. Returns the datasets.
pub(crate) fn fill_villages(store: &Store, villages: u32) -> Vec<Dataset> {
    let dataset = |at| Dataset {
        tenant: "mz".into(),
        project: "1f0c2a6e-5f0b-4a0e-9c59-0d3b8a3f6a11".into(),
        boundary: Some(format!("MICROPLAN_MO_13_03_0{at}_MUITE")),
    };
    (0..villages).map(dataset).inspect(|dataset| commit(store, dataset.clone(), 1_760_000_000_000, vec![])).collect()
}
