//! The versions of the schema. Each migration is one file; its version is its position in the slice.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::views::VIEWS;
use crate::{Error, Result, views};

/// All steps from an empty file to the current schema. Only append to it; each step changes the schema.
pub(crate) const MIGRATIONS: &[&str] = &[include_str!("../../../schema/sql/0001_init.sql")];

/// Migrates the database to the newest version, with the views of this build, or leaves it unchanged.
pub(crate) fn run(conn: &Connection) -> Result<()> {
    let found = version(conn)?;
    let outdated = views::outdated(conn, VIEWS)?;
    if found == known() && outdated.is_empty() {
        return Ok(());
    }
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    for step in MIGRATIONS.iter().skip(found as usize) {
        tx.execute_batch(step)?;
    }
    views::create(&tx, &outdated)?;
    tx.pragma_update(None, "user_version", known())?;
    Ok(tx.commit()?)
}

/// The version of the file. [`Error::Newer`] if it is newer than this build. [`Error::Corrupt`] if the schema is the
/// current one but the version is different: then the version number is damaged.
pub(crate) fn version(conn: &Connection) -> Result<u32> {
    let found: u32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found != known() && schema(conn)? == current_schema()? {
        return Err(Error::Corrupt);
    }
    if found > known() { Err(Error::Newer { found, known: known() }) } else { Ok(found) }
}

fn known() -> u32 {
    MIGRATIONS.len() as u32
}

/// The tables and indexes of the current version.
fn current_schema() -> Result<Vec<String>> {
    let conn = Connection::open_in_memory()?;
    MIGRATIONS.iter().try_for_each(|step| conn.execute_batch(step))?;
    schema(&conn)
}

fn schema(conn: &Connection) -> Result<Vec<String>> {
    let sql = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'view' ORDER BY name";
    let mut query = conn.prepare(sql)?;
    let statements = query.query_map((), |row| row.get(0))?;
    Ok(statements.collect::<std::result::Result<_, _>>()?)
}
