//! Recovery: copies the readable data of a damaged database into a new one, table by table and row by row.
//!
//! Derived tables are not read but computed again. A record is copied only if it matches its hash. A dataset that does
//! not reach its old digest is incomplete. The new database lists lost edits and settings until the user has seen them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use fieldcast_model::Dataset;
use rusqlite::Connection;

use crate::copied_tables::CopiedTables;
use crate::files::{self, FILE};
use crate::salvage::salvage;
use crate::tx::WriteTx;
use crate::verify::verify;
use crate::{Error, Reader, Result, connection, copy, rows};

/// The result of the recovery of a damaged database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The new path of the damaged file, with its `-wal` and `-shm` files beside it. `None` if no data was lost.
    pub old: Option<PathBuf>,
    /// Number of recovered records.
    pub records: u64,
    /// Datasets with lost records: the user must download or receive them again.
    pub incomplete: Vec<Dataset>,
    /// Number of recovered edits.
    pub edits: u64,
    /// Number of possibly lost edits: those that could be named, plus one if there may be others. Reported until
    /// [`Store::confirm_lost_edits`](crate::Store::confirm_lost_edits).
    pub lost_edits: u64,
    /// Whether settings or trust were lost. Then this device accepts nothing without a grant until the user sets the
    /// policy again.
    pub settings_lost: bool,
}

/// The file name of the new database until it is complete.
const NEW: &str = "fieldcast.db.recovered";

/// The setting that records lost settings.
pub(crate) const SETTINGS_LOST: &str = "settings_lost";

/// Renames a recovered database to its final name if a kill prevented this before.
pub(crate) fn finish(dir: &Path) -> Result<()> {
    let (new, path) = (dir.join(NEW), dir.join(FILE));
    if new.exists() && !path.exists() {
        fs::rename(&new, &path).map_err(|error| Error::of_io(&error, &new))?;
    }
    Ok(())
}

/// Whether the folder has lost its database but still has the second copy.
pub(crate) fn is_database_missing(dir: &Path) -> bool {
    !dir.join(FILE).exists() && dir.join(copy::FILE).exists()
}

/// Creates a new database from the readable data of the damaged one, and moves the damaged one aside.
pub(crate) fn recover(dir: &Path) -> Result<Recovery> {
    let (path, new) = (dir.join(FILE), dir.join(NEW));
    files::remove(&new)?;
    let (mut found, are_records_read) = {
        let conn = connection::database(&new)?;
        let damaged = if path.exists() { connection::damaged(&path).ok() } else { None };
        let found = fill(&conn, damaged.as_ref(), copy::open(dir).as_ref())?;
        conn.query_one("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0))?;
        found
    };
    File::open(&new).and_then(|file| file.sync_all()).map_err(|error| Error::of_io(&error, &new))?;
    let is_whole = are_records_read && found.incomplete.is_empty() && found.lost_edits == 0 && !found.settings_lost;
    if path.exists() {
        let aside = files::move_aside(&path)?;
        if is_whole {
            files::remove(&aside).ok(); // the new database has all of its data
        } else {
            found.old = Some(aside);
        }
    }
    // The next open creates the copy again. If a kill comes first, [`finish`] renames the new database.
    files::remove(&dir.join(copy::FILE))?;
    fs::rename(&new, &path).map_err(|error| Error::of_io(&error, &new))?;
    let Recovery { records, edits, lost_edits, .. } = found;
    tracing::warn!(records, edits, lost_edits, incomplete = found.incomplete.len(), "a damaged database was recovered");
    Ok(found)
}

/// Fills a new database. Also returns whether every record could be read.
fn fill(new: &Connection, damaged: Option<&Connection>, copy: Option<&Connection>) -> Result<(Recovery, bool)> {
    new.pragma_update(None, "foreign_keys", false)?;
    let mut found = Recovery::default();
    new.execute_batch("BEGIN")?;
    let (copied, mut are_edits_whole) = (CopiedTables::of(damaged, copy), true);
    for table in copy::all() {
        let is_whole = copied.fill(new, table)?;
        match table {
            "local_edit" | "lost_edit" => are_edits_whole &= is_whole,
            "entity" | "dataset" | copy::CHANGES => {}
            _ => found.settings_lost |= !is_whole,
        }
    }
    if !are_edits_whole {
        note_lost_edits(new, damaged)?;
    }
    let mut are_records_read = damaged.is_some();
    for table in ["server_clock", "provenance", "record", "exchange", "signed_snapshot"] {
        let Some(damaged) = damaged else { continue };
        are_records_read &= salvage(damaged, table, new, table, &|_, _| true)? || table != "record";
    }
    if found.settings_lost {
        new.execute("INSERT OR REPLACE INTO setting (key, value) VALUES (?, '1')", [SETTINGS_LOST])?;
    }
    drop_orphans(new)?;
    new.execute_batch("COMMIT")?;
    found.incomplete = rebuild(new, damaged)?;
    let count = |table: &str| rows::count_all(new, table);
    (found.records, found.edits, found.lost_edits) = (count("record")?, count("local_edit")?, count("lost_edit")?);
    Ok((found, are_records_read))
}

/// Lists the edits that could not be read, from the index, which is on other pages. If the index is unreadable, records
/// that there may be some.
fn note_lost_edits(new: &Connection, damaged: Option<&Connection>) -> Result<()> {
    let named = damaged.and_then(|damaged| {
        let sql = "SELECT entity, key FROM local_edit INDEXED BY sqlite_autoindex_local_edit_1
                   ORDER BY dataset, entity, key";
        let mut query = damaged.prepare(sql).ok()?;
        let keys = query.query_map((), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, rows::OwnKey>(1)?.0))).ok()?;
        keys.collect::<rusqlite::Result<Vec<_>>>().ok()
    });
    let mut noted = 0;
    for (entity, id) in named.unwrap_or_default() {
        noted += new.execute(
            "INSERT INTO lost_edit (entity, key) SELECT ifnull((SELECT name FROM entity WHERE id = ?1), ''), ?3
             WHERE NOT EXISTS (SELECT 1 FROM local_edit WHERE entity = ?1 AND key = ?2)",
            rusqlite::params![entity, rows::Key(&id), id.to_string()],
        )?;
    }
    if noted == 0 {
        new.execute("INSERT INTO lost_edit (entity, key) VALUES ('', '')", ())?;
    }
    Ok(())
}

/// Drops rows that refer to lost rows. An edit stays only with its dataset: without it, the edit cannot be assigned.
fn drop_orphans(new: &Connection) -> Result<()> {
    new.execute_batch(
        "INSERT INTO lost_edit (entity, key) SELECT ifnull((SELECT name FROM entity e WHERE e.id = entity), ''), ''
            FROM local_edit WHERE dataset NOT IN (SELECT id FROM dataset) OR entity NOT IN (SELECT id FROM entity);
         DELETE FROM local_edit WHERE dataset NOT IN (SELECT id FROM dataset) OR entity NOT IN (SELECT id FROM entity);
         DELETE FROM record WHERE dataset NOT IN (SELECT id FROM dataset) OR entity NOT IN (SELECT id FROM entity);
         DELETE FROM provenance WHERE dataset NOT IN (SELECT id FROM dataset);
         DELETE FROM signed_snapshot WHERE dataset NOT IN (SELECT id FROM dataset);
         DELETE FROM held_grant WHERE campaign NOT IN (SELECT key FROM campaign);",
    )?;
    Ok(())
}

/// Computes the derived tables again. Returns the datasets that changed.
fn rebuild(new: &Connection, damaged: Option<&Connection>) -> Result<Vec<Dataset>> {
    new.pragma_update(None, "foreign_keys", true)?;
    let mut query = new.prepare(&format!("SELECT {}, id, as_of FROM dataset", rows::DATASET))?;
    let datasets = query.query_map((), |row| Ok((rows::dataset(row, 0)?, row.get(3)?, row.get(4)?)))?;
    let datasets = datasets.collect::<rusqlite::Result<Vec<(Dataset, i64, i64)>>>()?;
    drop(query);
    let mut incomplete = Vec::new();
    for (dataset, id, as_of) in datasets {
        let tx = WriteTx::new(rusqlite::Transaction::new_unchecked(new, rusqlite::TransactionBehavior::Immediate)?);
        verify(&tx, id)?;
        let digest = tx.reader()?.digest(id)?;
        let before = damaged.and_then(|damaged| Some((Reader::new(damaged).digest(id).ok()?, as_of_in(damaged, id)?)));
        if as_of > 0 && before != Some((digest, as_of)) {
            tx.conn.execute("UPDATE dataset SET as_of = 0, own = 0, vouched = 0 WHERE id = ?", [id])?;
            tx.forget_signed_snapshot(id)?;
            incomplete.push(dataset);
        }
        tx.commit()?;
    }
    Ok(incomplete)
}

/// The readable `as_of` of a dataset in the damaged file. The copy may have a later one, from a download that the
/// damaged file has lost.
fn as_of_in(damaged: &Connection, dataset: i64) -> Option<i64> {
    damaged.query_one("SELECT as_of FROM dataset WHERE id = ?", [dataset], |row| row.get(0)).ok()
}
