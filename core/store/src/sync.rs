//! Downloads from the server: runs, their pages, and the end of a run.

use fieldcast_model::{Dataset, EntityType, Record, ServerTime, SnapshotSummary};
use rusqlite::{OptionalExtension, Row, params};

use crate::access::Durability;
use crate::merge::{MergeSource, Merger};
use crate::outranked::Outranked;
use crate::prepared::{HOUSEHOLD, Prepared, Ready, prepare_on_thread};
use crate::provenance::Provenances;
use crate::rows::{self, RECORD, count, dataset_id, signed};
use crate::seen::{RunId, Seen};
use crate::tx::WriteTx;
use crate::{Error, Merged, Reader, Result, ServerClock, Store};

/// The number of records that are hashed together while the previous part is merged.
const PART: usize = 128;

/// The dataset to download, and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncTarget {
    /// Base URL of the server.
    pub server: String,
    /// The dataset whose families are downloaded.
    pub dataset: Dataset,
    /// The display name of the project. An empty name keeps the stored one.
    pub project_name: String,
    /// The display name of the boundary. An empty name keeps the stored one.
    pub boundary_name: String,
}

/// How to treat an unfinished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStart {
    /// Abandon an unfinished run, keep its records, and start at the first page.
    Fresh,
    /// Continue an unfinished run, or start a new one.
    Resume,
}

/// The progress of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncCursor {
    /// The run.
    pub run: RunId,
    /// Base URL of the server.
    pub server: String,
    /// The dataset that is downloaded.
    pub dataset: Dataset,
    /// The earliest time that the pages have reported; `None` until a page has reported one.
    pub as_of: Option<ServerTime>,
    /// The committed start of the next page; `None` until the first page is committed.
    pub position: Option<String>,
    /// Received households, for display.
    pub done: u64,
    /// The last household count from the server, for display.
    pub total: u64,
    /// Bytes received so far.
    pub bytes: u64,
}

/// One page of a run, as the engine prepared it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCommit {
    /// The run.
    pub run: RunId,
    /// The run contains every change up to this time, as far as this page knows. It is the server time at the first
    /// page minus the overlap. For pre-generated files, it is their creation time, which is known only at the last
    /// page. The run keeps the earliest value.
    pub as_of: Option<ServerTime>,
    /// The start of the next page: any text from which the run can continue.
    pub position: String,
    /// Households received so far, for display.
    pub done: u64,
    /// The household count from the server, for display.
    pub total: u64,
    /// Bytes of this page over the network.
    pub bytes: u64,
    /// The server's clock when it answered, and this device's clock at the same time.
    pub clock: Option<ServerClock>,
    /// Records of the dataset of the run.
    pub families: Vec<Record>,
    /// Records without a boundary. They belong to the project-wide dataset of the same project.
    pub project_wide: Vec<Record>,
}

/// How complete a dataset is at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Incomplete: the `as_of` of the dataset does not change.
    Partial,
    /// Probably complete, but some records may be missing. The `as_of` of the run becomes that of the dataset only if
    /// the dataset had none.
    Complete,
    /// Complete: the `as_of` of the run becomes that of the dataset, and records that the run did not contain are
    /// marked as gone. Counts as [`Completeness::Complete`] if fewer distinct households were received.
    Verified {
        /// The household count from the server.
        households: u64,
        /// The types that the server answered for. A missing record of another type means nothing.
        answered: Vec<EntityType>,
    },
}

/// The result of a finished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncSummary {
    /// The dataset in its present version.
    pub summary: SnapshotSummary,
    /// The number of records, in both datasets, that this run marked as gone.
    pub gone: u64,
    /// The number of records, in both datasets, whose version from another device was replaced by the server's version
    /// at the end.
    pub restored: u64,
}

impl Store {
    /// Starts a run for the target, or continues the unfinished one.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn begin_sync(&self, target: &SyncTarget, start: SyncStart) -> Result<SyncCursor> {
        self.write(Durability::Normal, |tx| {
            let dataset = tx.dataset(&target.dataset)?;
            tx.rename(dataset, &target.project_name, &target.boundary_name)?;
            let keep = start == SyncStart::Resume;
            tx.conn.execute(
                "DELETE FROM sync_run WHERE server = ? AND dataset = ? AND (finished OR NOT ?)",
                params![target.server, dataset, keep],
            )?;
            tx.forget_outranked()?;
            let sql = "SELECT id FROM sync_run WHERE server = ? AND dataset = ?";
            let run = tx.conn.query_row(sql, params![target.server, dataset], |row| row.get(0)).optional()?;
            let run = match run {
                Some(run) => run,
                None => {
                    let provenance = tx.download_provenance(dataset)?;
                    let sql = "INSERT INTO sync_run (server, dataset, provenance) VALUES (?, ?, ?)";
                    tx.conn.execute(sql, params![target.server, dataset, provenance])?;
                    tx.conn.last_insert_rowid()
                }
            };
            Ok(tx.run(RunId(run))?.cursor)
        })
    }

    /// Merges the records of a page and moves the cursor of the run in one transaction: after a kill, the store has
    /// both or neither. The transaction is not flushed: a power cut may remove the last pages, each with its cursor.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`] if another run has replaced this one. Also fails if the database cannot be written.
    pub fn commit_page(&self, page: &PageCommit) -> Result<Merged> {
        let parts = |records, wide| <[Record]>::chunks(records, PART).map(move |part| (wide, part));
        let parts = parts(&page.families, false).chain(parts(&page.project_wide, true));
        let prepared = parts.map(|(wide, part)| (wide, Prepared::batch(part)));
        let merged = prepare_on_thread(prepared, |prepared| self.commit_prepared(page, prepared))?;
        page.clock.into_iter().for_each(|clock| self.set_clock_reading(clock));
        Ok(merged)
    }

    fn commit_prepared(&self, page: &PageCommit, prepared: Ready<(bool, Vec<Prepared<'_>>)>) -> Result<Merged> {
        self.write(Durability::Normal, |tx| {
            let run = tx.run(page.run)?;
            let as_of = run.cursor.as_of.into_iter().chain(page.as_of).min();
            let mut merger = Merger::new(tx)?;
            let mut seen = Vec::with_capacity(page.families.len() + page.project_wide.len());
            let source = |(dataset, provenance)| {
                tx.forget_undo(dataset)?;
                Ok::<_, Error>((dataset, run.source(tx, dataset, provenance, as_of.unwrap_or_default())?))
            };
            let own = source((run.dataset, run.provenance))?;
            let mut project = None;
            while let Some((wide, records)) = prepared.next()? {
                let (dataset, source) = match (wide, project) {
                    (false, _) => own,
                    (true, Some(known)) => known,
                    (true, None) => *project.insert(source(run.project_dataset(tx)?)?),
                };
                for record in &records {
                    seen.push(merger.merge(dataset, record, source)?);
                }
            }
            tx.note_seen(page.run, seen)?;
            if let Some(clock) = page.clock {
                tx.note_server_clock(clock)?;
            }
            tx.conn.execute(
                "UPDATE sync_run SET started = 1, server_time = max(ifnull(server_time, ?1), ?1), as_of = ?, position = ?, done = ?, total = ?,
                    bytes = bytes + ? WHERE id = ?",
                params![
                    page.clock.map(|clock| clock.server.0),
                    as_of.map(|time| time.0),
                    page.position,
                    signed(page.done),
                    signed(page.total),
                    signed(page.bytes),
                    page.run.0,
                ],
            )?;
            Ok(merger.merged())
        })
    }

    /// Ends a run. Durable when it returns. `families` is the completeness of the dataset of the run, `project_wide`
    /// that of the project-wide dataset.
    ///
    /// If a dataset is [`Completeness::Verified`], this marks records as gone. A record is gone if the server answered
    /// for its type, no page contained it, and it did not change after the start of the run. It is deleted with the
    /// date of the run's `as_of`, so the normal merge carries the deletion to every device.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`] if another run has replaced this one, or no page was committed. Also fails if the database
    /// cannot be written.
    pub fn finish_sync(&self, run: RunId, families: &Completeness, project_wide: &Completeness) -> Result<SyncSummary> {
        self.write(Durability::Full, |tx| {
            let run = tx.run(run)?;
            run.cursor.position.as_ref().ok_or(Error::NoSuchRun)?;
            let mut changed = run.end(tx, (run.dataset, run.provenance), families)?;
            let project = dataset_id(&tx.conn, &run.project())?.filter(|id| *id != run.dataset);
            let project = project.zip(run.project_provenance);
            if let Some(project) = project {
                changed += run.end(tx, project, project_wide)?;
            }
            tx.conn.execute("UPDATE sync_run SET finished = 1 WHERE id = ?", [run.cursor.run.0])?;
            tx.conn.execute("DELETE FROM sync_seen WHERE run = ?", [run.cursor.run.0])?;
            tx.forget_outranked()?;
            for (dataset, _) in std::iter::once((run.dataset, run.provenance)).chain(project) {
                tx.forget_provenances(dataset)?;
            }
            let Corrected { gone, restored } = changed;
            Ok(SyncSummary { summary: tx.reader()?.summary_of(run.dataset)?, gone, restored })
        })
    }
}

/// An unfinished run.
struct Run {
    dataset: i64,
    provenance: i64,
    project_provenance: Option<i64>,
    server_time: Option<ServerTime>,
    cursor: SyncCursor,
}

/// The corrections at the end of a complete run.
#[derive(Clone, Copy, Default)]
struct Corrected {
    gone: u64,
    restored: u64,
}

impl std::ops::AddAssign for Corrected {
    fn add_assign(&mut self, other: Self) {
        self.gone += other.gone;
        self.restored += other.restored;
    }
}

impl Run {
    fn project(&self) -> Dataset {
        Dataset { boundary: None, ..self.cursor.dataset.clone() }
    }

    /// The project-wide dataset and its provenance in this run. Creates both if they do not exist.
    fn project_dataset(&self, tx: &WriteTx<'_>) -> Result<(i64, i64)> {
        let name = "SELECT project_name FROM dataset WHERE id = ?";
        let name: String = tx.conn.query_one(name, [self.dataset], |row| row.get(0))?;
        let project = tx.dataset(&self.project())?;
        tx.rename(project, &name, "")?;
        if project == self.dataset {
            return Ok((project, self.provenance));
        }
        let provenance = match self.project_provenance {
            Some(provenance) => provenance,
            None => {
                let provenance = tx.download_provenance(project)?;
                let sql = "UPDATE sync_run SET project_provenance = ? WHERE id = ?";
                tx.conn.execute(sql, [provenance, self.cursor.run.0])?;
                provenance
            }
        };
        Ok((project, provenance))
    }

    fn source(&self, tx: &WriteTx<'_>, dataset: i64, provenance: i64, as_of: ServerTime) -> Result<MergeSource> {
        tx.date_provenance(provenance, as_of)?;
        Ok(MergeSource { provenance, is_server: true, as_of, vouched: as_of, base: tx.as_of(dataset)? })
    }

    fn end(
        &self,
        tx: &WriteTx<'_>,
        (dataset, provenance): (i64, i64),
        completeness: &Completeness,
    ) -> Result<Corrected> {
        // Without a server time, the records cannot be dated.
        let Some(as_of) = self.cursor.as_of.filter(|_| *completeness != Completeness::Partial) else {
            return Ok(Corrected::default());
        };
        let source = self.source(tx, dataset, provenance, as_of)?;
        let seen = tx.seen(self.cursor.run)?;
        let verified = match completeness {
            Completeness::Verified { households, answered } => {
                let came = tx.rows_of(dataset, HOUSEHOLD)?.into_iter().filter(|row| seen.contains(*row)).count();
                Some(answered).filter(|_| came as u64 >= *households)
            }
            _ => None,
        };
        // A time that is too early costs bytes; a time that is too late loses records. So a download that may have
        // missed records sets the time only if there was none. A verified complete download may also move it back,
        // because a device with a wrong clock may have sent the old value.
        if verified.is_some() || source.base == ServerTime(0) {
            tx.conn.execute("UPDATE dataset SET as_of = ? WHERE id = ?", params![as_of.0, dataset])?;
        }
        let Some(answered) = verified else { return Ok(Corrected::default()) };
        let known = Provenances::of(&tx.conn, dataset)?;
        let restored = self.restore_outranked(tx, dataset, source, &known)?;
        let mut gone = 0;
        for entity in answered {
            gone += mark_gone(tx, dataset, entity, source, &known, &seen)?;
        }
        if self.is_all_own(tx, dataset, source, &known, answered, &seen)? {
            tx.vouch(dataset, provenance, true)?;
            tx.forget_signed_snapshot(dataset)?;
        }
        Ok(Corrected { gone, restored })
    }

    /// Whether this run has confirmed every record from another device. `false` if such a record has a type that the
    /// server did not answer for.
    fn is_all_own(
        &self,
        tx: &WriteTx<'_>,
        dataset: i64,
        source: MergeSource,
        known: &Provenances,
        answered: &[EntityType],
        seen: &Seen,
    ) -> Result<bool> {
        let mut find = tx.conn.prepare("SELECT provenance FROM record WHERE id = ?")?;
        let reader = tx.reader()?;
        for entity in reader.entities()?.values().filter(|entity| !answered.contains(entity)) {
            for row in tx.rows_of(dataset, entity.as_str())?.into_iter().filter(|row| !seen.contains(*row)) {
                let provenance = find.query_one([row], |row| row.get(0))?;
                if provenance < source.provenance && !known.is_own(provenance) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Replaces versions that have a greater stamp than the server's version in this run, which is verified complete. A
    /// version that this device downloaded earlier stays if it is later than the server's clock: then the server itself
    /// has old data.
    fn restore_outranked(
        &self,
        tx: &WriteTx<'_>,
        dataset: i64,
        source: MergeSource,
        known: &Provenances,
    ) -> Result<u64> {
        let server_time = self.server_time.unwrap_or(source.as_of);
        let mut merger = Merger::new(tx)?;
        let mut restored = 0;
        for Outranked { server, stored_provenance, stored_modified } in tx.outranked(source.provenance)? {
            let is_server_behind = known.is_own(stored_provenance) && stored_modified > server_time;
            // A bundle that arrived during the run may be newer than the page of the run.
            if stored_provenance < source.provenance && !is_server_behind {
                merger.restore(dataset, &server, source)?;
                restored += 1;
            }
        }
        Ok(restored)
    }
}

/// Marks records as gone that a complete run did not contain. Two kinds of records stay: those that arrived from a
/// device during the run, because they may be newer than its pages; and those that this device downloaded with a later
/// server clock, because then the server has old data.
fn mark_gone(
    tx: &WriteTx<'_>,
    dataset: i64,
    entity: &EntityType,
    source: MergeSource,
    known: &Provenances,
    seen: &Seen,
) -> Result<u64> {
    let reader = Reader::new(&tx.conn);
    let mut load = tx
        .conn
        .prepare(&format!("SELECT {RECORD}, provenance FROM record WHERE id = ? AND provenance < ? AND deleted = 0"))?;
    let mut merger = Merger::new(tx)?;
    let mut gone = 0;
    for row in tx.rows_of(dataset, entity.as_str())? {
        if seen.contains(row) {
            continue;
        }
        let mut rows = load.query([row, source.provenance])?;
        let Some(row) = rows.next()? else { continue };
        let (record, provenance) = (reader.record(row)?, row.get(7)?);
        drop(rows);
        if record.modified <= source.as_of || !known.is_own(provenance) {
            merger.mark_gone(dataset, &record, source)?;
            gone += 1;
        }
    }
    Ok(gone)
}

const SELECT: &str = "SELECT tenant, project, boundary, s.id, server, started, s.as_of, position, done, total,
    bytes, s.dataset, provenance, project_provenance, server_time FROM sync_run s JOIN dataset d ON d.id = s.dataset WHERE NOT finished";

fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    let started: bool = row.get(5)?;
    let cursor = SyncCursor {
        run: RunId(row.get(3)?),
        server: rows::shown_text(row, 4)?,
        dataset: rows::dataset(row, 0)?,
        as_of: row.get::<_, Option<i64>>(6)?.map(ServerTime),
        position: if started { Some(rows::shown_text(row, 7)?) } else { None },
        done: count(row, 8)?,
        total: count(row, 9)?,
        bytes: count(row, 10)?,
    };
    Ok(Run {
        dataset: row.get(11)?,
        provenance: row.get(12)?,
        project_provenance: row.get(13)?,
        server_time: row.get::<_, Option<i64>>(14)?.map(ServerTime),
        cursor,
    })
}

impl WriteTx<'_> {
    fn run(&self, run: RunId) -> Result<Run> {
        let found = self.conn.query_row(&format!("{SELECT} AND s.id = ?"), [run.0], read).optional()?;
        found.ok_or(Error::NoSuchRun)
    }
}

impl Reader<'_> {
    /// The newest unfinished run of a dataset.
    pub(crate) fn unfinished_run(&self, dataset: i64) -> Result<Option<SyncCursor>> {
        let sql = format!("{SELECT} AND dataset = ? ORDER BY s.id DESC LIMIT 1");
        Ok(self.conn.query_row(&sql, [dataset], read).optional()?.map(|run| run.cursor))
    }
}
