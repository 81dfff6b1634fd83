//! The sandbox's data as records.

use std::collections::BTreeMap;

use fieldcast_bundle::range_bits;
use fieldcast_model::{EntityType, Json, Record, RecordId, ServerTime};
use fieldcast_sandbox::{Moment, SandboxCampaign, SandboxConfig};

use crate::Outcome;

/// Returns the initial state of a campaign.
pub(crate) fn campaign(seed: u64, households: u64, boundaries: u32) -> Outcome<Moment> {
    Ok(SandboxCampaign::new(&SandboxConfig { seed, households, boundaries, ..SandboxConfig::default() })?.moment())
}

/// Returns the campaign of all figures in docs/BUNDLE.md, for 8,000 households and seed 7.
pub(crate) fn reference(seed: u64, households: u64) -> Outcome<Moment> {
    campaign(seed, households, SandboxConfig::default().boundaries)
}

/// Returns all records of one leaf boundary, family by family in the server's order. The iterator generates them on
/// demand.
pub(crate) fn boundary(moment: &Moment, leaf: usize) -> Outcome<impl Iterator<Item = Record> + '_> {
    let (project, leaf) = (&moment.projects()[0].id, &moment.leaves()[leaf].code);
    let mut root = RecordId::parse("");
    Ok(moment.records(project, leaf)?.map(move |record| {
        if record.name == "Household" {
            root = RecordId::parse(&record.client_reference_id);
        }
        convert(record, root.clone())
    }))
}

/// Sorts records into the order in which chunks are divided.
pub(crate) fn in_key_order(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_cached_key(|r| (r.root_hash(), r.root.clone(), r.entity.clone(), r.id.clone()));
    records
}

/// Divides a dataset in key order into chunks, like the engine.
pub(crate) fn cut(records: &[Record]) -> Vec<&[Record]> {
    let bits = range_bits(json_bytes(records));
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    records.iter().for_each(|record| *counts.entry(record.root_hash().range(bits)).or_default() += 1);
    let mut rest = records;
    let take = |count| {
        let (chunk, more) = rest.split_at(count);
        rest = more;
        chunk
    };
    counts.into_values().map(take).collect()
}

/// Bytes of the bodies' canonical JSON.
pub(crate) fn json_bytes(records: &[Record]) -> u64 {
    records.iter().map(|record| record.body.len() as u64).sum()
}

/// Converts a record of the sandbox to a Fieldcast record with this root.
pub(crate) fn convert(record: fieldcast_sandbox::CampaignRecord, root: RecordId) -> Record {
    Record {
        entity: EntityType::new(record.name),
        id: RecordId::parse(&record.client_reference_id),
        root,
        row_version: record.row_version.map_or(0, i64::from),
        modified: ServerTime(record.modified.unwrap_or_default()),
        deleted: record.deleted,
        // The sandbox always makes valid JSON.
        body: Json::parse(&record.json).unwrap_or_else(|_| Json::from_canonical("null")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_all_records_in_order() {
        let moment = campaign(3, 150, 1).unwrap();
        let records = in_key_order(boundary(&moment, 0).unwrap().collect());
        let chunks = cut(&records);
        assert!(chunks.len() > 1);
        assert!(chunks.concat() == records);
        assert_eq!(records.iter().filter(|record| record.entity.as_str() == "Household").count(), 150);
    }
}
