//! Advancing the campaign.

use std::collections::HashMap;

use fieldcast_sandbox::{CLOCK_BASE_MS, CampaignRecord, Moment, SandboxCampaign, SandboxConfig, SandboxError};
use serde_json::json;

use crate::support::{Client, config};

fn all(moment: &Moment) -> HashMap<String, CampaignRecord> {
    let project = &moment.projects()[0].id;
    let records = moment.leaves().iter().flat_map(|leaf| moment.records(project, &leaf.code).expect("a known leaf"));
    records.map(|record| (record.client_reference_id.clone(), record)).collect()
}

#[test]
fn changes_requested_share_per_epoch() {
    let campaign = SandboxCampaign::new(&SandboxConfig { households: 1_500, ..config() }).expect("a valid config");
    let before = campaign.moment();
    let advance = campaign.advance(20).expect("a share");
    let after = campaign.moment();
    let (old, new) = (all(&before), all(&after));
    assert_eq!(all(&before), old, "a moment must not change");

    let changed: Vec<_> = new.values().filter(|record| old.get(&record.client_reference_id) != Some(record)).collect();
    let share = changed.len() as f64 * 1_000.0 / old.len() as f64;
    assert!((18.0..22.0).contains(&share), "{share} per mille instead of 20");
    for record in &changed {
        assert!(record.modified.is_some_and(|modified| (advance.since + 1..=advance.now).contains(&modified)));
        let before = old.get(&record.client_reference_id).and_then(|record| record.row_version);
        assert_eq!(record.row_version, record.row_version.and(Some(before.map_or(1, |version| version + 1))));
    }
    let added = changed.iter().filter(|record| !old.contains_key(&record.client_reference_id)).count();
    let deleted = changed.iter().filter(|record| record.deleted).count();
    assert!(added > 0 && deleted > 0 && added + deleted < changed.len());
    assert_eq!(new.len(), old.len() + added, "no record disappears");

    let hf = |moment: &Moment| moment.hf_referrals(&moment.projects()[0].id).expect("a project");
    let hf_changed = hf(&after).iter().zip(hf(&before)).filter(|(new, old)| *new != old).count();
    let counted = after.changed_in(&after.projects()[0].id, 1).expect("a project");
    assert_eq!(counted, (changed.len() + hf_changed) as u64);
    let households = |moment: &Moment| -> u64 {
        moment.leaves().iter().map(|leaf| moment.households(&leaf.code).expect("a leaf")).sum()
    };
    assert_eq!(households(&after), households(&before) + advance.households_added);
}

#[test]
fn advances_epoch_by_epoch() {
    let campaign = SandboxCampaign::new(&config()).expect("a valid config");
    for number in 1..=3 {
        let before = campaign.moment().now();
        let advance = campaign.advance(10).expect("a share");
        assert_eq!((advance.epoch, advance.since), (number, before));
        assert!(advance.now > before);
    }
    let late = all(&campaign.moment()).into_values().filter_map(|record| record.modified).max();
    assert!(late.is_some_and(|late| late < campaign.moment().now()));
    assert!(matches!(campaign.advance(1_001), Err(SandboxError::Permille { permille: 1_001 })));
}

#[test]
fn keeps_initial_changes_before_base_time() {
    let moment = SandboxCampaign::new(&config()).expect("a valid config").moment();
    assert!(all(&moment).values().all(|record| record.modified.is_none_or(|modified| modified < CLOCK_BASE_MS)));
}

#[tokio::test]
async fn advances_over_http() {
    let client = Client::start(config()).await;
    let (status, body) = client.post("/_sandbox/advance", json!({ "permille": 10, "count": true })).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!((&body["epoch"], &body["permille"]), (&json!(1), &json!(10)));
    assert!(body["recordsChanged"].as_u64().is_some_and(|changed| (40..110).contains(&changed)), "{body}");
    let (status, body) = client.post("/_sandbox/advance", json!({ "permille": 2_000 })).await;
    assert_eq!((status, &body["Errors"][0]["code"]), (400, &json!("INVALID_PERMILLE")));
    let url = format!("{}/_sandbox/stats?scan=true", client.sandbox.url());
    let stats: serde_json::Value = client.http.get(url).send().await.expect("stats").json().await.expect("JSON");
    assert_eq!((&stats["epoch"], &stats["boundaries"]), (&json!(1), &json!(4)));
    assert_eq!(stats["records"], json!(all(&client.moment()).len()));
}
