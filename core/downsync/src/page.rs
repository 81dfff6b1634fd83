//! A page: the records of some families, and the cursor after it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use fieldcast_model::{EntityType, Record, RecordId, ServerTime};

use crate::cursor::Cursor;
use crate::memory::Reservation;
use crate::parse::{Layout, Parsed};
use crate::roots::{EntityKey, Roots};

/// A part of the data of a boundary. Commit its records and [`Page::next`] in one transaction, then drop it: until
/// then, it counts against [`DownloadLimits::answers`](crate::DownloadLimits::answers).
#[derive(Debug)]
pub struct Page {
    /// The records, still without roots.
    pub records: PageRecords,
    /// The cursor after this page, which also says whether the download is finished.
    pub next: Cursor,
    /// The server's clock when it answered with this page or with the links to its files; compare [`Cursor::as_of`] for
    /// the whole download. `None` if the server does not report it.
    pub server_time: Option<ServerTime>,
    /// The progress of the download.
    pub progress: Progress,
    /// The number of skipped entities, which are invalid or have no id.
    pub skipped: u64,
    /// Bytes of JSON in the page.
    pub json_bytes: u64,
    /// Transferred bytes of the page.
    pub wire_bytes: u64,
    /// The kind of answer it comes from.
    pub source: Source,
    /// Its share of the memory for answers.
    pub(crate) _memory: Option<Reservation>,
}

/// The progress of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The number of received items in [`Progress::unit`].
    pub done: u64,
    /// The total number, if the server reports it.
    pub total: Option<u64>,
    /// The counted items.
    pub unit: Unit,
}

/// The unit of the progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Households, for live pages.
    Households,
    /// Records, for pre-generated files.
    Records,
}

/// The kind of answer from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pages generated on demand, including deleted records.
    Live,
    /// Pre-generated files, without deleted records and without some types.
    Files,
}

/// Complete records, by their dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvedPage {
    /// Families of the boundary. Each combination of type and id occurs once.
    pub families: Vec<Record>,
    /// Records of the project-wide dataset; see [`DownsyncOptions::project_records`](crate::DownsyncOptions).
    pub project: Vec<Record>,
}

/// A page's records before their roots are known.
#[derive(Debug)]
pub struct PageRecords {
    pub(crate) layout: Arc<Layout>,
    pub(crate) roots: Arc<Mutex<Roots>>,
    pub(crate) families: Vec<Parsed>,
    pub(crate) project: Vec<Parsed>,
}

impl PageRecords {
    /// The number of records, including copies.
    pub fn len(&self) -> usize {
        self.families.len() + self.project.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets the root of every record.
    ///
    /// `lookup` is called at most once, with records whose household is not in the page (v2.1 servers allow missing
    /// parents). It returns, in the same order, the roots that the store knows in this dataset. A record without a
    /// known root becomes its own root, and also the root of the records below it.
    ///
    /// # Errors
    /// The error of `lookup`.
    pub fn resolve<E>(
        self,
        lookup: impl FnOnce(&[(EntityType, RecordId)]) -> Result<Vec<Option<RecordId>>, E>,
    ) -> Result<ResolvedPage, E> {
        let Self { layout, roots, families, project } = self;
        let families = newest(families);
        let entity = |kind: usize| layout.schema.entities()[kind].entity.clone();
        let ask = |keys: Vec<EntityKey>| {
            let wanted: Vec<_> = keys.iter().map(|(kind, id)| (entity(*kind), id.clone())).collect();
            let answers = lookup(&wanted)?;
            Ok(keys.into_iter().zip(answers).filter_map(|(key, root)| Some((key, root?))).collect())
        };
        let mut roots = roots.lock().unwrap_or_else(PoisonError::into_inner);
        let found = roots.resolve(&layout, &families, ask)?;
        let record = |(parsed, root): (Parsed, RecordId)| Record {
            entity: entity(parsed.kind),
            id: parsed.id,
            root,
            row_version: parsed.row_version,
            modified: parsed.modified,
            deleted: parsed.deleted,
            body: parsed.body,
        };
        let own_root = |parsed: Parsed| (parsed.id.clone(), parsed);
        Ok(ResolvedPage {
            families: winners(families.into_iter().zip(found).map(record)),
            project: winners(newest(project).into_iter().map(own_root).map(|(root, parsed)| record((parsed, root)))),
        })
    }
}

/// Sorts parents before children and keeps only the newest copy of each record. Copies that differ at the same version
/// and time stay: the hash decides between them, and the hash needs the root.
fn newest(mut records: Vec<Parsed>) -> Vec<Parsed> {
    let version = |record: &Parsed| (record.row_version, record.modified);
    records.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)).then_with(|| version(b).cmp(&version(a))));
    records.dedup_by(|next, kept| {
        next.kind == kept.kind && next.id == kept.id && (version(next) < version(kept) || next.body == kept.body)
    });
    records
}

/// Of the copies of a record, keeps the one with the greatest stamp.
fn winners(records: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut kept: Vec<Record> = Vec::with_capacity(records.size_hint().0);
    let mut indexes: HashMap<(EntityType, RecordId), usize> = HashMap::with_capacity(kept.capacity());
    for record in records {
        match indexes.entry((record.entity.clone(), record.id.clone())) {
            Entry::Vacant(index) => {
                index.insert(kept.len());
                kept.push(record);
            }
            Entry::Occupied(index) => {
                let held = &mut kept[*index.get()];
                if record.stamp() > held.stamp() {
                    *held = record;
                }
            }
        }
    }
    kept
}
