//! The schema: new, upgraded, and newer than this build.

use rusqlite::Connection;

use super::fresh;
use crate::migrations::{MIGRATIONS, run};
use crate::{Error, Store, files};

fn schema(conn: &Connection) -> Vec<(String, String)> {
    let mut statement = conn.prepare("SELECT name, ifnull(sql, '') FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn upgrades_every_version_to_current_schema() {
    let fresh = Connection::open_in_memory().unwrap();
    run(&fresh).unwrap();
    for from in 0..=MIGRATIONS.len() {
        let old = Connection::open_in_memory().unwrap();
        for step in &MIGRATIONS[..from] {
            old.execute_batch(step).unwrap();
        }
        old.pragma_update(None, "user_version", from as u32).unwrap();
        run(&old).unwrap();
        assert_eq!(schema(&old), schema(&fresh), "from version {from}");
    }
}

#[test]
fn requires_strict_tables_with_comments() {
    let conn = Connection::open_in_memory().unwrap();
    run(&conn).unwrap();
    let tables = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = conn.prepare(tables).unwrap();
    let rows = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    for (name, sql) in rows.map(Result::unwrap) {
        assert!(sql.contains("STRICT") && sql.contains("-- "), "{name}");
    }
}

#[test]
fn refuses_newer_database_without_changes() {
    let super::Fresh { store, dir } = fresh();
    store.set_setting("k", "v").unwrap();
    store.with_writer(|conn| conn.execute_batch("CREATE TABLE new (id); PRAGMA user_version = 99").unwrap());
    drop(store);
    let path = dir.path().join(files::FILE);
    let before = std::fs::read(&path).unwrap();
    let error = Store::open(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Newer { found: 99, known } if known == MIGRATIONS.len() as u32));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
