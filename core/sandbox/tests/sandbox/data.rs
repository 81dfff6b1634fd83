//! The generated data: deterministic, with realistic sizes, and changed only by `advance`.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use fieldcast_sandbox::{CampaignRecord, Moment, SandboxCampaign, SandboxConfig};
use serde_json::Value;

use crate::support::config;

fn all(moment: &Moment) -> Vec<CampaignRecord> {
    let project = &moment.projects()[0].id;
    moment.leaves().iter().flat_map(|leaf| moment.records(project, &leaf.code).expect("a known leaf")).collect()
}

#[test]
fn generates_same_bytes_for_same_seed() {
    let campaign = |seed| {
        let campaign =
            SandboxCampaign::new(&SandboxConfig { seed, households: 60, ..config() }).expect("a valid config");
        campaign.advance(30).expect("a share");
        all(&campaign.moment())
    };
    assert_eq!(campaign(5), campaign(5));
    assert_ne!(campaign(5), campaign(6));
}

#[test]
fn generates_realistic_record_counts_and_sizes() {
    let moment = SandboxCampaign::new(&config()).expect("a valid config").moment();
    let records = all(&moment);
    let mut kinds: HashMap<&str, (usize, usize)> = HashMap::new();
    for record in &records {
        let kind = kinds.entry(record.entity).or_default();
        *kind = (kind.0 + 1, kind.1 + record.json.len());
    }
    for (entity, (count, bytes)) in &kinds {
        println!("{entity:22} {count:6} {:5} B", bytes / count);
    }
    let bytes: usize = records.iter().map(|record| record.json.len()).sum();
    let (per_family, per_record) = (records.len() as f64 / 400.0, bytes as f64 / records.len() as f64);
    println!("{per_family:.1} records a family, {per_record:.0} B a record");
    assert!((15.0..25.0).contains(&per_family), "{per_family}");
    assert!((1_080.0..1_320.0).contains(&per_record), "{per_record}");
}

#[test]
fn generates_realistic_families_and_places() {
    let records = all(&SandboxCampaign::new(&config()).expect("a valid config").moment());
    let rows: Vec<(&str, Value)> =
        records.iter().map(|record| (record.name, serde_json::from_str(&record.json).expect("JSON"))).collect();
    let of = |name: &'static str| rows.iter().filter(move |(of, _)| *of == name).map(|(_, row)| row);

    let mut sizes: HashMap<&str, u32> = HashMap::new();
    for member in of("HouseholdMember") {
        *sizes.entry(member["householdClientReferenceId"].as_str().expect("a reference")).or_default() += 1;
    }
    assert_eq!(sizes.len(), of("Household").count(), "a household has no members");
    assert!(sizes.values().all(|size| (2..=8).contains(size)), "{:?}", sizes.values().max());
    let mean = f64::from(sizes.values().sum::<u32>()) / sizes.len() as f64;
    assert!((4.0..6.0).contains(&mean), "{mean}");

    let audits = rows.iter().map(|(_, row)| &row["auditDetails"]);
    let users = audits.flat_map(|audit| ["createdBy", "lastModifiedBy"].map(|key| audit[key].as_str()));
    let users: HashSet<&str> = users.flatten().collect();
    assert!((30..=50).contains(&users.len()), "{} users", users.len());

    let gps = |household: &Value| ["latitude", "longitude"].iter().all(|key| household["address"][*key].is_f64());
    assert!(of("Household").all(gps), "a household has no location");
    let tasks = of("Task").count();
    for name in ["SideEffect", "Referral"] {
        let count = of(name).count();
        assert!(count > 0 && count * 5 < tasks, "{count} x {name} of {tasks} tasks");
    }
}

#[test]
fn generates_unique_references_and_few_orphans() {
    let records = all(&SandboxCampaign::new(&config()).expect("a valid config").moment());
    let known: HashSet<_> = records.iter().map(|record| record.client_reference_id.as_str()).collect();
    assert_eq!(known.len(), records.len());
    let missing = |entity: &str, key: &str| {
        let rows = records.iter().filter(|record| record.entity == entity);
        let parents = rows.map(|record| serde_json::from_str::<Value>(&record.json).expect("JSON"));
        parents.filter(|row| !known.contains(row[key].as_str().expect("a reference"))).count()
    };
    assert!((1..40).contains(&missing("HouseholdMembers", "individualClientReferenceId")));
    assert!((1..40).contains(&missing("Tasks", "projectBeneficiaryClientReferenceId")));
    assert_eq!(missing("HouseholdMembers", "householdClientReferenceId"), 0);
    let unaudited = records.iter().filter(|record| record.modified.is_none()).count();
    assert!((1..100).contains(&unaudited), "{unaudited}");
}

#[test]
fn distributes_households_over_leaves_by_id() {
    let config = SandboxConfig { households: 10_000, boundaries: 40, ..config() };
    let moment = SandboxCampaign::new(&config).expect("a valid config").moment();
    let sizes: Vec<_> = moment.leaves().iter().map(|leaf| leaf.households).collect();
    assert_eq!(sizes.iter().sum::<u64>(), 10_000);
    assert!(sizes.iter().min() < sizes.iter().max());
    let leaves: HashSet<_> = moment.leaves().iter().map(|leaf| &leaf.code).collect();
    assert_eq!(leaves.len(), 40);
    let records = moment.records(&moment.projects()[0].id, &moment.leaves()[3].code).expect("a known leaf");
    let ids: Vec<String> = records
        .filter(|record| record.entity == "Households")
        .map(|record| serde_json::from_str::<Value>(&record.json).expect("JSON")["id"].to_string())
        .collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.len() as u64, moment.leaves()[3].households);
}

#[test]
fn generates_million_households_on_demand() {
    let start = Instant::now();
    let config = SandboxConfig { households: 1_000_000, boundaries: 4_000, ..config() };
    let campaign = SandboxCampaign::new(&config).expect("a valid config");
    campaign.advance(10).expect("a share");
    let moment = campaign.moment();
    let project = &moment.projects()[0].id;
    for leaf in [0, 3_999] {
        let leaf = &moment.leaves()[leaf];
        assert!(moment.households(&leaf.code).expect("a known leaf") > 80);
        assert!(moment.records(project, &leaf.code).expect("a known leaf").take(200).count() == 200);
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    assert!(resident_kib() < 200_000);
}

/// The memory of this process, in KiB; it includes all tests of the binary.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
