//! A page: some families' records and what the walk has come to.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use fieldcast_model::{EntityType, Record, RecordId, ServerTime};

use crate::cursor::Cursor;
use crate::memory::Reservation;
use crate::parse::{Layout, Parsed};
use crate::roots::{Key, Roots};

/// A part of a boundary's data. Commit its records and [`Page::next`] in one transaction, then drop it: pages count
/// against [`Limits::answers`](crate::Limits::answers) until then.
#[derive(Debug)]
pub struct Page {
    /// The records, which still lack their roots.
    pub records: PageRecords,
    /// Where the walk goes on once this page is committed; also says whether it is over.
    pub next: Cursor,
    /// The server's clock when it answered with this page or with the links to its files; what [`Cursor::as_of`] is for
    /// the whole walk. `None` if it does not say.
    pub server_time: Option<ServerTime>,
    /// How far the walk is.
    pub progress: Progress,
    /// Entities that came without any id, or broken, and are left out.
    pub skipped: u64,
    /// Bytes of JSON in the page.
    pub json_bytes: u64,
    /// Bytes that travelled for it.
    pub wire_bytes: u64,
    /// Where it comes from.
    pub source: Source,
    /// What it takes of the memory for answers.
    pub(crate) _memory: Option<Reservation>,
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Of [`Progress::unit`], how many have come.
    pub done: u64,
    /// How many there are, if the server says.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: Unit,
}

/// What progress is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Households, as DIGIT's pages are.
    Households,
    /// Records, as pre-generated files are.
    Records,
}

/// Which of its two kinds of answers the server gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Pages made on demand, deleted records among them.
    Live,
    /// Pre-generated files: without deleted records and without the types no file holds.
    Files,
}

/// Records by where they belong, complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Families of the boundary. No two are of the same type and id.
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
    /// Number of records, copies of the same one counted apart.
    pub fn len(&self) -> usize {
        self.families.len() + self.project.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives every record its root.
    ///
    /// `lookup` is called at most once, with records whose household the page does not tell (their parents are missing,
    /// as v2.1 servers allow); it answers in the same order with the roots the store knows in this dataset. What
    /// nobody knows becomes its own root, and so does the root of what hangs off it.
    ///
    /// # Errors
    /// Whatever `lookup` fails with.
    pub fn resolve<E>(
        self,
        lookup: impl FnOnce(&[(EntityType, RecordId)]) -> Result<Vec<Option<RecordId>>, E>,
    ) -> Result<Batch, E> {
        let Self { layout, roots, families, project } = self;
        let families = newest(families);
        let entity = |kind: usize| layout.schema.entities()[kind].entity.clone();
        let ask = |keys: Vec<Key>| {
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
        Ok(Batch {
            families: winners(families.into_iter().zip(found).map(record)),
            project: winners(newest(project).into_iter().map(own_root).map(|(root, parsed)| record((parsed, root)))),
        })
    }
}

/// Parents before children, and of copies of a record only the newest; copies that differ at equal version and time
/// stay, since what decides between those is the hash, and the hash needs the root.
fn newest(mut records: Vec<Parsed>) -> Vec<Parsed> {
    let version = |record: &Parsed| (record.row_version, record.modified);
    records.sort_by(|a, b| (a.kind, &a.id).cmp(&(b.kind, &b.id)).then_with(|| version(b).cmp(&version(a))));
    records.dedup_by(|next, kept| {
        next.kind == kept.kind && next.id == kept.id && (version(next) < version(kept) || next.body == kept.body)
    });
    records
}

/// Of copies of a record the one with the greatest stamp.
fn winners(records: impl Iterator<Item = Record>) -> Vec<Record> {
    let mut kept: Vec<Record> = Vec::with_capacity(records.size_hint().0);
    let mut places: HashMap<(EntityType, RecordId), usize> = HashMap::with_capacity(kept.capacity());
    for record in records {
        match places.entry((record.entity.clone(), record.id.clone())) {
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(record);
            }
            Entry::Occupied(place) => {
                let held = &mut kept[*place.get()];
                if record.stamp() > held.stamp() {
                    *held = record;
                }
            }
        }
    }
    kept
}
