//! Downloads from the server: runs, their pages, and how one ends.

use fieldcast_model::{Dataset, EntityType, Record, ServerTime, SnapshotSummary};
use rusqlite::{OptionalExtension, Row, params};

use crate::access::Durability;
use crate::merge::{HOUSEHOLD, Merger, Prepared, Ready, Source, aside};
use crate::outranked::Outranked;
use crate::provenance::Provenances;
use crate::rows::{self, RECORD, count, dataset_id, signed};
use crate::seen::Seen;
use crate::tx::WriteTx;
use crate::{Error, Merged, Reader, Result, ServerClock, Store};

/// Records that are hashed together while the part before them is merged.
const PART: usize = 128;

/// Names one download run on this device; never used again for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RunId(pub i64);

/// What to download from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncTarget {
    /// Base URL of the server.
    pub server: String,
    /// The dataset whose families are downloaded.
    pub dataset: Dataset,
    /// The project's name for people; empty leaves the one that is there.
    pub project_name: String,
    /// The boundary's name for people; empty leaves the one that is there.
    pub boundary_name: String,
}

/// Whether to go on with an unfinished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncStart {
    /// Give up what an unfinished run noted, keeping its records, and begin at the first page.
    Fresh,
    /// Go on where an unfinished run stands; begin a new one when there is none.
    Resume,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncCursor {
    /// Which run.
    pub run: RunId,
    /// Base URL of the server.
    pub server: String,
    /// What it downloads.
    pub dataset: Dataset,
    /// `None` until a page has told one; then the earliest told.
    pub as_of: Option<ServerTime>,
    /// Where the next page begins, as it was committed; `None` until the first page is in.
    pub position: Option<String>,
    /// How many households came, for people.
    pub done: u64,
    /// How many households the server last said there are, for people.
    pub total: u64,
    /// Bytes received so far.
    pub bytes: u64,
}

/// One page of a run, as the engine resolved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageCommit {
    /// Which run.
    pub run: RunId,
    /// Every change up to then is in what the run brings, as far as this page knows: the server's time at the first
    /// page less the overlap, or for pre-generated files, which only the last page can tell, their making. The run
    /// keeps the earliest.
    pub as_of: Option<ServerTime>,
    /// Where the next page begins: any text that says so to whoever goes on with the run.
    pub position: String,
    /// How many households came so far, for people.
    pub done: u64,
    /// How many households the server says there are, for people.
    pub total: u64,
    /// Bytes this page took on the wire.
    pub bytes: u64,
    /// The server's clock when it answered, and this device's at the same time.
    pub clock: Option<ServerClock>,
    /// Records of the run's own dataset.
    pub families: Vec<Record>,
    /// Records that have no boundary; they go to the project-wide dataset of the same project.
    pub project_wide: Vec<Record>,
}

/// What a run that ends has brought of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Part of it: its `as_of` stays.
    Partial,
    /// As far as can be told all there is, but records may have been missed: the run's `as_of` becomes that of a
    /// dataset that had none, and no other's.
    Complete,
    /// All there is: the run's `as_of` becomes the dataset's, and what was not in it is gone. Counts as
    /// [`Completeness::Complete`] if fewer distinct households came.
    Verified {
        /// How many households the server says there are.
        households: u64,
        /// The types the server answered for; the absence of others says nothing.
        answered: Vec<EntityType>,
    },
}

/// What a finished run leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncSummary {
    /// The dataset as it is now.
    pub summary: SnapshotSummary,
    /// Records, of either dataset, that this run marked as gone.
    pub gone: u64,
    /// Records, of either dataset, of which a device had sent a version that is not the server's: replaced at the end.
    pub restored: u64,
}

impl Store {
    /// Begins a run for the target, or goes on with the unfinished one.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
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

    /// Merges a page's records and moves the run's cursor, in one transaction: after a kill either both are there or
    /// neither. Not flushed: a power cut may take back the last pages, each with its cursor.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`] when another run has taken over; whatever stands in the way of writing.
    pub fn commit_page(&self, page: &PageCommit) -> Result<Merged> {
        let parts = |records, wide| <[Record]>::chunks(records, PART).map(move |part| (wide, part));
        let parts = parts(&page.families, false).chain(parts(&page.project_wide, true));
        let prepared = parts.map(|(wide, part)| (wide, Prepared::batch(part)));
        let merged = aside(prepared, |prepared| self.commit_prepared(page, prepared))?;
        page.clock.into_iter().for_each(|clock| self.hear(clock));
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

    /// Ends a run, durably. `families` speaks of the run's own dataset, `project_wide` of the project's.
    ///
    /// Of what is [`Completeness::Verified`] and of a type that was answered for, each record that no page carried and
    /// that was not changed after the run began is marked gone: deleted, dated the run's `as_of`, so that plain
    /// merging carries it to every device.
    ///
    /// # Errors
    /// [`Error::NoSuchRun`] when another run has taken over or no page was committed; whatever stands in the way of
    /// writing.
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

/// What the end of a full run has put right.
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

    /// The project-wide dataset and the provenance of what this run brings of it, made when they are not there.
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

    fn source(&self, tx: &WriteTx<'_>, dataset: i64, provenance: i64, as_of: ServerTime) -> Result<Source> {
        tx.date_provenance(provenance, as_of)?;
        Ok(Source { provenance, is_server: true, as_of, vouched: as_of, base: tx.as_of(dataset)? })
    }

    fn end(
        &self,
        tx: &WriteTx<'_>,
        (dataset, provenance): (i64, i64),
        distribution_stats: &Completeness,
    ) -> Result<Corrected> {
        // Without a time nothing can be dated by it.
        let Some(as_of) = self.cursor.as_of.filter(|_| *distribution_stats != Completeness::Partial) else {
            return Ok(Corrected::default());
        };
        let source = self.source(tx, dataset, provenance, as_of)?;
        let seen = tx.seen(self.cursor.run)?;
        let verified = match distribution_stats {
            Completeness::Verified { households, answered } => {
                let came = tx.rows_of(dataset, HOUSEHOLD)?.into_iter().filter(|row| seen.contains(*row)).count();
                Some(answered).filter(|_| came as u64 >= *households)
            }
            _ => None,
        };
        // A time that is too early costs bytes, one that is too late costs records: so a walk that may have missed some
        // moves it only from nothing, and one that has all also moves it back, since what was said before may have come
        // from a device with a wrong idea.
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
            tx.forget_origin(dataset)?;
        }
        Ok(Corrected { gone, restored })
    }

    /// Whether the run has confirmed every record that another device brought: not those of types the server did not answer
    /// for.
    fn is_all_own(
        &self,
        tx: &WriteTx<'_>,
        dataset: i64,
        source: Source,
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

    /// Replaces what has a greater stamp than the server's version in this run, which proved to be full. What this device
    /// once downloaded stays if the server's clock is earlier than that: then the server itself is behind.
    fn restore_outranked(&self, tx: &WriteTx<'_>, dataset: i64, source: Source, known: &Provenances) -> Result<u64> {
        let server_time = self.server_time.unwrap_or(source.as_of);
        let mut merger = Merger::new(tx)?;
        let mut restored = 0;
        for Outranked { server, stored_provenance, stored_modified } in tx.outranked(source.provenance)? {
            let is_server_behind = known.is_own(stored_provenance) && stored_modified > server_time;
            // What a bundle brought while the run went on may be newer than its page.
            if stored_provenance < source.provenance && !is_server_behind {
                merger.restore(dataset, &server, source)?;
                restored += 1;
            }
        }
        Ok(restored)
    }
}

/// Marks what the run should have brought and did not. What came by air while it went on may be newer than its pages, and
/// what this device downloaded from a server whose clock was later than the run's says that the server is behind: they
/// stay.
fn mark_gone(
    tx: &WriteTx<'_>,
    dataset: i64,
    entity: &EntityType,
    source: Source,
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
