//! Test records for the codec.

use fieldcast_model::{EntityType, Json, Record, RecordId, ServerTime};
use proptest::collection::vec;
use proptest::prelude::*;

/// A record with a JSON body; the body need not be canonical.
pub(crate) fn record(entity: &str, id: &str, root: &str, body: &str) -> Record {
    Record {
        entity: EntityType::new(entity),
        id: RecordId::parse(id),
        root: RecordId::parse(root),
        row_version: 1,
        modified: ServerTime(1_756_000_000_000),
        deleted: false,
        body: Json::parse(body).unwrap(),
    }
}

/// A JSON text of any shape, with many cases that are difficult for a codec.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        number(),
        string().prop_map(|s| format!("\"{s}\"")),
    ];
    leaf.prop_recursive(5, 60, 12, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..12).prop_map(|items| format!("[{}]", items.join(","))),
            vec((string(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> = members.into_iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        (-20i64..20).prop_map(|n| n.to_string()),
        "-?(0|[1-9][0-9]{0,24})",
        "-?(0|[1-9][0-9]{0,11})\\.[0-9]{1,17}",
        "-?(0|[1-9][0-9]{0,2})(\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,3}",
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:?}")),
    ]
}

/// The content between the quotes of a JSON string.
pub(crate) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d.$]{0,2}",
        2 => uuid(),
        1 => "[A-Z]{1,2}-20[0-9]{2}-[01][0-9]-000[0-9]{3}",
        1 => "([ -!#-\\[\\]-~éक😀\u{2028}]|\\\\[\"\\\\/bfnrt]|\\\\u(00[0-9a-f]{2}|d[89a-fA-F][0-9]{2}|[0-9]{4})){0,6}",
    ]
}

/// UUIDs of all versions. The set is small, so that equal UUIDs occur.
fn uuid() -> impl Strategy<Value = String> {
    prop_oneof![
        "[01]{8}-0000-[1-5]000-8000-0000000000[0-3]{2}",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "[0-9A-F]{8}-0000-4000-8000-[0-9a-f]{12}",
    ]
}

/// A record of any kind.
pub(crate) fn any_record() -> impl Strategy<Value = Record> {
    let id = || prop_oneof![uuid(), "[a-c]{0,2}", ".{0,5}", "[\\x00-\\x1f\"\\\\]{1,3}"];
    let number = || prop_oneof![0..3i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
    ("[A-C]{1,2}|.{0,3}", id(), id(), number(), number(), any::<bool>(), json()).prop_map(
        |(entity, id, root, row_version, modified, deleted, body)| Record {
            row_version,
            modified: ServerTime(modified),
            deleted,
            ..record(&entity, &id, &root, &body)
        },
    )
}
