//! The paged downsync.

use std::collections::HashSet;

use fieldcast_sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::support::{Client, config, references};

const LISTS: [&str; 8] = [
    "Households",
    "HouseholdMembers",
    "Individuals",
    "ProjectBeneficiaries",
    "Tasks",
    "SideEffects",
    "Referrals",
    "Services",
];

#[tokio::test]
async fn returns_all_records_over_all_pages() {
    let client = Client::start(config()).await;
    let mut walked = Vec::new();
    let (mut offset, mut total) = (0, 1);
    while offset < total {
        let (status, page) = client.downsync(&client.criteria(1, offset, 30)).await;
        assert_eq!(status, 200);
        total = page["Downsync"]["DownsyncCriteria"]["totalCount"].as_u64().expect("a count");
        for list in LISTS {
            let rows = page["Downsync"][list].as_array().cloned().unwrap_or_default();
            walked.extend(rows.into_iter().map(|row| (list, row)));
        }
        offset += 30;
    }
    let moment = client.moment();
    assert_eq!(total, moment.households(&moment.leaves()[1].code).expect("a leaf"), "counted in households");
    let truth = moment.records(&moment.projects()[0].id, &moment.leaves()[1].code).expect("a leaf");
    let mut truth: Vec<_> =
        truth.map(|record| (record.entity, serde_json::from_str::<Value>(&record.json).expect("JSON"))).collect();
    let by_text = |(list, row): &(&str, Value)| format!("{list}{row}");
    walked.sort_by_cached_key(by_text);
    truth.sort_by_cached_key(by_text);
    assert!(walked == truth);
}

#[tokio::test]
async fn returns_page_without_earlier_pages() {
    let walked = Client::start(config()).await;
    let alone = Client::start(config()).await;
    for offset in [0, 20, 40] {
        walked.downsync(&walked.criteria(0, offset, 20)).await;
    }
    let criteria = walked.criteria(0, 60, 20);
    assert_eq!(walked.raw(&criteria).await.expect("a page"), alone.raw(&criteria).await.expect("a page"));
}

#[tokio::test]
async fn keeps_key_order_and_repeats_criteria() {
    let client = Client::start(config()).await;
    let (_, bytes) = client.raw(&client.criteria(0, 0, 5)).await.expect("a page");
    let text = String::from_utf8(bytes).expect("UTF-8");
    let keys = ["ResponseInfo", "Downsync", "Households", "HouseholdMembers", "Individuals", "ProjectBeneficiaries"];
    let keys =
        keys.into_iter().chain(["Tasks", "SideEffects", "Referrals", "HFReferrals", "Services", "DownsyncCriteria"]);
    assert!(keys.map(|key| text.find(&format!("\"{key}\":")).expect(key)).is_sorted());
    let page: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(page["ResponseInfo"]["status"], "successful");
    assert_eq!(page["Downsync"]["DownsyncCriteria"]["offset"], 0, "the query string is ignored");
    assert_eq!(page["Downsync"]["Households"].as_array().map(Vec::len), Some(5));
    let household = &page["Downsync"]["Households"][0];
    assert_eq!(household["address"]["locality"]["code"], client.criteria(0, 0, 0)["locality"]);
    assert!(household.as_object().is_some_and(|fields| fields.contains_key("source")), "nulls are sent");
}

#[tokio::test]
async fn counts_on_probe_with_null_lists() {
    let client = Client::start(SandboxConfig { services: false, ..config() }).await;
    let (_, page) = client.downsync(&client.criteria(0, 0, 0)).await;
    assert_eq!(page["Downsync"]["Households"], json!([]));
    assert_eq!(page["Downsync"]["HouseholdMembers"], Value::Null);
    assert!(page["Downsync"]["DownsyncCriteria"]["totalCount"].as_u64().is_some_and(|total| total > 0));
    assert_eq!(references(&page, "HFReferrals").len(), 3, "sent even with a probe");
    let (_, page) = client.downsync(&client.criteria(0, 0, 50)).await;
    assert_eq!(page["Downsync"]["Services"], Value::Null);
}

#[tokio::test]
async fn repeats_hf_referrals_on_every_page() {
    let client = Client::start(config()).await;
    let (_, one) = client.downsync(&client.criteria(0, 0, 5)).await;
    let (_, other) = client.downsync(&client.criteria(2, 10, 5)).await;
    assert_eq!(references(&one, "HFReferrals"), references(&other, "HFReferrals"));
}

#[tokio::test]
async fn returns_deleted_rows_only_on_request() {
    let client = Client::start(config()).await;
    client.sandbox.advance(1_000).expect("a share");
    let mut criteria = client.criteria(0, 0, 1_000);
    let (_, with) = client.downsync(&criteria).await;
    criteria["includeDeleted"] = json!(false);
    let (_, without) = client.downsync(&criteria).await;
    let deleted = |page: &Value, list: &str| {
        let rows = page["Downsync"][list].as_array().cloned().unwrap_or_default();
        rows.iter().filter(|row| row["isDeleted"] == true).count()
    };
    for list in ["Households", "HouseholdMembers", "Individuals", "ProjectBeneficiaries", "Tasks"] {
        assert!(deleted(&with, list) > 0, "{list}");
        assert_eq!(deleted(&without, list), 0, "{list}");
    }
    let count = |page: &Value| page["Downsync"]["DownsyncCriteria"]["totalCount"].as_u64().expect("a count");
    assert_eq!(count(&with) - count(&without), deleted(&with, "Households") as u64);
    assert_eq!(references(&without, "Households").len() as u64, count(&without));
}

#[tokio::test]
async fn misses_changes_below_unchanged_households() {
    let client = Client::start(config()).await;
    let since = client.sandbox.advance(50).expect("a share").since;
    let mut criteria = client.criteria(0, 0, 1_000);
    criteria["lastSyncedTime"] = json!(since);
    let (_, page) = client.downsync(&criteria).await;
    let moment = client.moment();
    let truth = moment.records(&moment.projects()[0].id, &moment.leaves()[0].code).expect("a leaf");
    let changed: Vec<_> = truth.filter(|record| record.modified.is_some_and(|modified| modified >= since)).collect();
    let of = |entity: &str| -> HashSet<String> {
        let rows = changed.iter().filter(|record| record.entity == entity);
        rows.map(|record| record.client_reference_id.clone()).collect()
    };
    let sent = |list: &str| references(&page, list).into_iter().collect::<HashSet<_>>();
    assert_eq!(sent("Households"), of("Households"));
    for list in ["HouseholdMembers", "Individuals", "Tasks"] {
        assert!(sent(list).is_subset(&of(list)), "{list}");
        assert!(sent(list).len() < of(list).len(), "{list}: the bug of the real server");
    }
}

#[tokio::test]
async fn shares_only_registry_between_projects() {
    let client = Client::start(config()).await;
    let mut criteria = client.criteria(0, 0, 20);
    let (_, first) = client.downsync(&criteria).await;
    criteria["projectId"] = json!(client.moment().projects()[1].id);
    let (_, second) = client.downsync(&criteria).await;
    assert_eq!(first["Downsync"]["Individuals"], second["Downsync"]["Individuals"]);
    let one: HashSet<_> = references(&first, "Tasks").into_iter().collect();
    assert!(references(&second, "Tasks").iter().all(|task| !one.contains(task)));
    assert_eq!(references(&second, "ProjectBeneficiaries").len(), 20, "households are the beneficiaries");
    criteria["projectId"] = json!("unheard of");
    assert_eq!(client.downsync(&criteria).await.0, 400);
    criteria["projectId"] = json!(client.moment().projects()[0].id);
    criteria["locality"] = json!("NOWHERE");
    let (status, page) = client.downsync(&criteria).await;
    assert_eq!((status, &page["Downsync"]["DownsyncCriteria"]["totalCount"]), (200, &json!(0)));
}

#[tokio::test]
async fn answers_202_like_older_servers() {
    let client = Client::start(SandboxConfig { accepted_status: 202, ..config() }).await;
    assert_eq!(client.downsync(&client.criteria(0, 0, 1)).await.0, 202);
}
