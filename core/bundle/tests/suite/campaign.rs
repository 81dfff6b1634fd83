//! The sandbox's data as records.

use fieldcast_model::{EntityType, Json, Record, RecordId, ServerTime};
use fieldcast_sandbox::{Moment, SandboxCampaign, SandboxConfig};

/// All records of a campaign with one boundary, in key order, project-wide records included.
pub(crate) fn campaign(seed: u64, households: u64) -> Vec<Record> {
    let config = SandboxConfig { seed, households, boundaries: 1, ..SandboxConfig::default() };
    let moment = SandboxCampaign::new(&config).unwrap().moment();
    let mut records = boundary(&moment, 0);
    let referrals = moment.hf_referrals(&moment.projects()[0].id).unwrap();
    records.extend(referrals.into_iter().map(|referral| convert(referral, None)));
    in_key_order(records)
}

/// All records of a boundary, in key order.
pub(crate) fn boundary(moment: &Moment, leaf: usize) -> Vec<Record> {
    let (project, leaf) = (&moment.projects()[0].id, &moment.leaves()[leaf].code);
    let mut root = None;
    let records = moment.records(project, leaf).unwrap().map(|record| {
        if record.name == "Household" {
            root = Some(RecordId::parse(&record.client_reference_id));
        }
        convert(record, root.clone())
    });
    in_key_order(records.collect())
}

fn in_key_order(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_cached_key(|r| (r.root_hash(), r.root.clone(), r.entity.clone(), r.id.clone()));
    records
}

fn convert(record: fieldcast_sandbox::CampaignRecord, root: Option<RecordId>) -> Record {
    let id = RecordId::parse(&record.client_reference_id);
    Record {
        entity: EntityType::new(record.name),
        root: root.unwrap_or_else(|| id.clone()),
        id,
        row_version: record.row_version.map_or(0, i64::from),
        modified: ServerTime(record.modified.unwrap_or_default()),
        deleted: record.deleted,
        body: Json::parse(&record.json).unwrap(),
    }
}
