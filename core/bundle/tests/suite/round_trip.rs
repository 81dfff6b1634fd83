//! Decoding returns exactly the records that were encoded.

use fieldcast_bundle::{Error, decode_chunk, encode_chunk};
use fieldcast_model::{Json, MAX_DEPTH, Record};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::campaign::campaign;
use crate::common::{any_record, json, record};

fn assert_round_trip(records: &[Record]) {
    let chunk = encode_chunk(records).unwrap();
    assert_eq!(decode_chunk(&chunk.bytes).unwrap(), records);
    assert_eq!(encode_chunk(records).unwrap(), chunk, "the same records must give the same bytes");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn restores_any_records(records in vec(any_record(), 0..24)) {
        assert_round_trip(&records);
    }

    /// Many bodies of one shape, like real data, but with values of any kind.
    #[test]
    fn restores_bodies_of_one_shape(values in vec((json(), json(), any::<bool>()), 1..24)) {
        let body = |(a, b, both): &(String, String, bool)| match both {
            true => format!(r#"{{"a":{a},"list":[{b},{{"b":{a}}}],"b.a":{b}}}"#),
            false => format!(r#"{{"a":{a},"b":{{"b":{b}}}}}"#),
        };
        let records: Vec<Record> = values.iter().map(|v| record("Task", "t", "r", &body(v))).collect();
        assert_round_trip(&records);
    }
}

#[test]
fn restores_campaign_records_in_any_order() {
    let mut records = campaign(1, 60);
    assert!(records.len() > 500);
    assert_round_trip(&records);
    records.sort_by_cached_key(Record::hash);
    assert_round_trip(&records);
}

#[test]
fn restores_version_1_uuids() {
    let records = campaign(2, 40);
    let clocked = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        match parts[..] {
            // The same node for all; the time comes from the random bits.
            [a, b, c, _, e] if text.len() == 36 => format!("{a}-{b}-1{}-8{}-00155d01020{}", &c[1..], &e[..3], &e[..1]),
            _ => text.to_owned(),
        }
    };
    let change = |record: &Record| {
        let body: Vec<String> = record.body.as_str().split('"').map(clocked).collect();
        let (id, root) = (clocked(&record.id.to_string()), clocked(&record.root.to_string()));
        Record { row_version: -1, ..self::record(record.entity.as_str(), &id, &root, &body.join("\"")) }
    };
    assert_round_trip(&records.iter().map(change).collect::<Vec<_>>());
}

#[test]
fn restores_empty_and_unusual_bodies() {
    assert_round_trip(&[]);
    let big = format!("[{}]", "1,".repeat(80_000) + "1");
    let wide: Vec<String> = (0..12_000).map(|n| format!("\"k{n:05}\":{n}")).collect();
    let wide = format!("{{{}}}", wide.join(","));
    let deep = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
    let bodies = [
        "null",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[[],{},[{}]]",
        "-0.0",
        "1e400",
        "{\"\":{\"\":null}}",
        &big,
        &wide,
        &deep,
        &wide,
        &deep,
        "{\"a!\":1,\"a\":2,\"a\\\"\":3}",
        "\"\\ud800\"",
        "[\"\\udc00\\ud800\",\"\\ud83d\\ud83d\\ude00\"]",
    ];
    let records: Vec<Record> = bodies.iter().map(|body| record("X", "x", "x", body)).collect();
    assert_round_trip(&records);
}

#[test]
fn restores_thousands_of_distinct_paths() {
    let body = |n: u32| format!("{{\"a{n}\":{{\"b\":[{n},{n}.5]}},\"c\":null}}");
    let records: Vec<Record> = (0..3_000).map(|n| record("X", &n.to_string(), "x", &body(n))).collect();
    assert_round_trip(&records);
}

#[test]
fn rejects_body_that_is_not_canonical() {
    for text in [
        "",
        "{",
        "[1, 2]",
        "{\"b\":1,\"a\":2}",
        "{\"a\":1,\"a\":2}",
        "\"\\/\"",
        "\"\u{1}\"",
        "01",
        "[1,]",
        "1 ",
        "nul",
        "\"a",
        "{\"a\"}",
        "\"\\",
        "-",
    ] {
        let mut records = vec![record("X", "a", "a", "{}"), record("X", "b", "b", "{}")];
        records[1].body = Json::from_canonical(text);
        assert_eq!(encode_chunk(&records), Err(Error::Body { index: 1 }), "{text}");
    }
}
