//! How fast records go in, against a plain prepared-statement loop that inserts the same rows, hashes already
//! computed, into the same table. Run: `cargo run --release -p fieldcast-store --example insert_rate [households]`.

use std::convert::Infallible;
use std::path::Path;
use std::time::{Duration, Instant};

use fieldcast_model::{Dataset, Digest, EntityType, Json, Record, RecordId, ServerTime, SnapshotSummary};
use fieldcast_store::{Coverage, PageCommit, Store, SyncStart, SyncTarget};
use rusqlite::{Connection, params};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

const KINDS: [(&str, usize); 4] = [("Household", 1), ("HouseholdMember", 4), ("Individual", 4), ("Task", 6)];

fn main() -> Outcome<()> {
    let households = std::env::args().nth(1).map_or(Ok(10_000), |n| n.parse())?;
    let pages: Vec<Vec<Record>> = (0..households).collect::<Vec<_>>().chunks(100).map(page).collect::<Outcome<_>>()?;
    let records: usize = pages.iter().map(Vec::len).sum();
    let bytes: usize = pages.iter().flatten().map(|record| record.body.len()).sum();
    let mut out = format!("{records} records, {} B of JSON each\n", bytes / records);
    let rate = |time: Duration| records as f64 / time.as_secs_f64();
    let mut say = |what: &str, time: Duration, base: f64| {
        out += &format!("{what:34}{:9.0} records/s {:5.0} %\n", rate(time), 100.0 * rate(time) / base);
    };
    // Turn about, best of five: the machine is shared.
    let mut best = [Duration::MAX; 6];
    for _ in 0..std::env::args().nth(2).map_or(Ok(5), |n| n.parse())? {
        let [sync, again] = downsync(&pages)?;
        let times =
            [plain(&pages, true)?, sync, plain(&pages, false)?, apply(&pages, false)?, apply(&pages, true)?, again];
        best.iter_mut().zip(times).for_each(|(best, time)| *best = time.min(*best));
    }
    let [per_page, sync, one, applied, reapplied, resync] = best;
    say("plain loop, a transaction a page", per_page, rate(per_page));
    say("commit_page", sync, rate(per_page));
    say("plain loop, one transaction", one, rate(one));
    say("apply", applied, rate(one));
    say("commit_page, all unchanged", resync, rate(per_page));
    say("apply, all unchanged", reapplied, rate(one));
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
    Ok(())
}

/// Families of DIGIT-like records, ids as random as UUIDs.
fn page(households: &[u32]) -> Outcome<Vec<Record>> {
    let id = |n: &str| uuid(n);
    let mut records = Vec::new();
    for household in households {
        let root = RecordId::parse(&id(&format!("h{household}")));
        for (kind, n) in KINDS {
            for i in 0..n {
                let key = if kind == "Household" {
                    root.clone()
                } else {
                    RecordId::parse(&id(&format!("{kind}{i}{household}")))
                };
                let filler = "x".repeat(180 + (*household as usize * 7 + i * 31) % 300);
                let body = format!(
                    r#"{{"id":"{kind}-{household}-{i}","clientReferenceId":"{key}","householdClientReferenceId":"{root}","tenantId":"mz","rowVersion":1,"isDeleted":false,"additionalFields":{{"schema":"{kind}","version":1,"fields":[{{"key":"filler","value":"{filler}"}}]}},"auditDetails":{{"createdBy":"{}","lastModifiedBy":"{}","createdTime":1756000000000,"lastModifiedTime":175600000{household:04}}},"address":{{"locality":{{"code":"V1"}},"latitude":-15.1,"longitude":39.2,"type":"PERMANENT","id":null,"doorNo":null,"city":null,"pincode":null,"street":null}},"name":null,"gender":null,"identifiers":[],"photo":null,"fatherName":null,"husbandName":null,"bloodGroup":null,"memberRelationships":null}}"#,
                    id("user"),
                    id("user")
                );
                records.push(Record {
                    entity: EntityType::new(kind),
                    id: key,
                    root: root.clone(),
                    row_version: 1,
                    modified: ServerTime(1_756_000_000_000 + i64::from(*household)),
                    deleted: false,
                    body: Json::parse(&body)?,
                });
            }
        }
    }
    Ok(records)
}

fn uuid(seed: &str) -> String {
    // The model's own hash is all the randomness this needs.
    let n = Record {
        entity: EntityType::new(seed),
        id: RecordId::parse(seed),
        root: RecordId::parse(seed),
        row_version: 0,
        modified: ServerTime(0),
        deleted: false,
        body: Json::from_canonical("0"),
    }
    .hash();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&n.0[..16]);
    RecordId::Uuid(bytes).to_string()
}

fn dataset() -> Dataset {
    Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("V1".into()) }
}

/// A first download, and a second one that finds everything there.
fn downsync(pages: &[Vec<Record>]) -> Outcome<[Duration; 2]> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?.store;
    let target = SyncTarget {
        server: "s".into(),
        dataset: dataset(),
        project_name: String::new(),
        boundary_name: String::new(),
    };
    let mut times = [Duration::ZERO; 2];
    for time in &mut times {
        let run = store.begin_sync(&target, SyncStart::Fresh)?.run;
        for (n, page) in (1u64..).zip(pages) {
            let families = page.clone();
            let commit = PageCommit {
                run,
                as_of: ServerTime(1_757_000_000_000),
                position: format!("{n}"),
                done: n * 100,
                total: 100,
                bytes: 1,
                families,
                project_wide: Vec::new(),
            };
            let start = Instant::now();
            store.commit_page(&commit)?;
            *time += start.elapsed();
        }
        store.finish_sync(run, &Coverage::Complete, &Coverage::Partial)?;
    }
    Ok(times)
}

fn apply(pages: &[Vec<Record>], twice: bool) -> Outcome<Duration> {
    let dir = tempfile::tempdir()?;
    let store = Store::open(dir.path())?.store;
    let snapshot = SnapshotSummary {
        dataset: dataset(),
        project_name: String::new(),
        boundary_name: String::new(),
        as_of: ServerTime(1),
        records: 0,
        households: 0,
        json_bytes: 0,
        digest: Digest::EMPTY,
    };
    let mut time = Duration::ZERO;
    for _ in 0..1 + u8::from(twice) {
        let mut batches: Vec<_> = pages.iter().rev().cloned().collect(); // copied before the clock starts
        let start = Instant::now();
        store.apply::<Infallible>(&snapshot, &mut || Ok(batches.pop()))?;
        time = start.elapsed();
    }
    Ok(time)
}

fn plain(pages: &[Vec<Record>], each: bool) -> Outcome<Duration> {
    type Row = (i64, [u8; 32], i64);
    let dir = tempfile::tempdir()?;
    let conn = prepared(dir.path())?;
    let entity =
        |record: &Record| KINDS.iter().position(|kind| kind.0 == record.entity.as_str()).map_or(0, |n| n as i64 + 1);
    let row = |r: &Record| (entity(r), r.hash().0, r.root_hash().0 as i64);
    let rows: Vec<Vec<Row>> = pages.iter().map(|page| page.iter().map(row).collect()).collect();
    let start = Instant::now();
    if !each {
        conn.execute_batch("BEGIN IMMEDIATE")?;
    }
    let mut insert = conn.prepare(
        "INSERT INTO record (dataset, entity, key, root, root_hash, row_version, modified, changed, deleted, gone, hash,
            body) VALUES (1, ?, ?, ?, ?, ?, ?6, ?6, ?, 0, ?, ?)",
    )?;
    for (page, rows) in pages.iter().zip(&rows) {
        if each {
            conn.execute_batch("BEGIN IMMEDIATE")?;
        }
        for (r, (entity, hash, root_hash)) in page.iter().zip(rows) {
            let (RecordId::Uuid(key), RecordId::Uuid(root)) = (&r.id, &r.root) else { continue };
            insert.execute(params![
                entity,
                key,
                root,
                root_hash,
                r.row_version,
                r.modified.0,
                r.deleted,
                hash,
                r.body.as_str()
            ])?;
        }
        if each {
            conn.execute_batch("COMMIT")?;
        }
    }
    if !each {
        conn.execute_batch("COMMIT")?;
    }
    Ok(start.elapsed())
}

/// The store's own schema and settings, without the store.
fn prepared(dir: &Path) -> Outcome<Connection> {
    let path = Store::open(dir)?.store.path().to_owned();
    let conn = Connection::open(path)?;
    conn.execute_batch(
        "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;
         PRAGMA wal_autocheckpoint = 4096;
         INSERT INTO dataset (id, tenant, project) VALUES (1, 't', 'p')",
    )?;
    for (kind, _) in KINDS {
        conn.execute("INSERT INTO entity (name) VALUES (?)", [kind])?;
    }
    Ok(conn)
}
