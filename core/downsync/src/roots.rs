//! Which household a record hangs off: through the records of the page, what the caller's store knows, or neither.

use std::collections::{BTreeSet, HashMap, HashSet};

use fieldcast_model::{RecordId, ServerTime};

use crate::parse::{Kind, Layout, Parsed};

/// A record by type and id.
pub(crate) type Key = (Kind, RecordId);

/// The most bytes of records' roots and of namings by other records that are kept. For roots beyond it the store is asked; an
/// individual whose naming is not kept, and that is not stored yet, becomes a root itself.
const MAX_BYTES: usize = 32 << 20;
/// Bytes of an entry besides the texts of its ids: table, keys and values.
const ENTRY_BYTES: usize = 128;

/// What is known of families. Ids only, no bodies: it lives as long as a walk through pre-generated files, which bring
/// parents and children far apart; a page of the live service is complete in itself and gets one of its own.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    known: HashMap<Key, RecordId>,
    named_by: HashMap<Key, Naming>,
    bytes: usize,
}

/// The record that names another as hanging off it.
#[derive(Debug)]
struct Naming {
    alive: bool,
    modified: ServerTime,
    parent: Key,
}

impl Naming {
    /// A person may be a member of several households in turn. Every device must pick the same one, in whatever order
    /// the members came: one that is not deleted, then the one changed last, then the smaller id.
    fn beats(&self, other: &Self) -> bool {
        let rank = |n: &Self| (n.alive, n.modified);
        rank(self) > rank(other) || (rank(self) == rank(other) && self.parent < other.parent)
    }
}

impl Roots {
    /// The roots of `records`, which must be in order of kind, parents before children. `lookup` is asked at most once,
    /// for what neither these records nor earlier ones tell.
    pub(crate) fn resolve<E>(
        &mut self,
        layout: &Layout,
        records: &[Parsed],
        lookup: impl FnOnce(Vec<Key>) -> Result<HashMap<Key, RecordId>, E>,
    ) -> Result<Vec<RecordId>, E> {
        self.note_children(records);
        let mut roots: Vec<Option<RecordId>> = Vec::with_capacity(records.len());
        for record in records {
            let root = self.climb(layout, record, &HashMap::new());
            if let Some(root) = &root {
                self.remember(layout, record, root);
            }
            roots.push(root);
        }
        let wanted = self.wanted(layout, records, &roots);
        let found = if wanted.is_empty() { HashMap::new() } else { lookup(wanted)? };
        let settle = |(record, root): (&Parsed, Option<RecordId>)| {
            root.unwrap_or_else(|| {
                let own = || found.get(&(record.kind, record.id.clone())).cloned();
                let root = self.climb(layout, record, &found).or_else(own).unwrap_or_else(|| record.id.clone());
                self.remember(layout, record, &root);
                root
            })
        };
        Ok(records.iter().zip(roots).map(settle).collect())
    }

    fn note_children(&mut self, records: &[Parsed]) {
        for record in records {
            for child in &record.children {
                let naming = Naming {
                    alive: !record.deleted,
                    modified: record.modified,
                    parent: (record.kind, record.id.clone()),
                };
                match self.named_by.get_mut(child) {
                    Some(held) if !naming.beats(held) => {}
                    Some(held) => *held = naming,
                    None => {
                        if self.takes([&child.1, &record.id]) {
                            self.named_by.insert(child.clone(), naming);
                        }
                    }
                }
            }
        }
    }

    fn remember(&mut self, layout: &Layout, record: &Parsed, root: &RecordId) {
        let key = (record.kind, record.id.clone());
        if layout.ties(record.kind).is_parent && (self.known.contains_key(&key) || self.takes([&record.id, root])) {
            self.known.insert(key, root.clone());
        }
    }

    /// Counts an entry with these ids; `false` if there is no room for it.
    fn takes(&mut self, ids: [&RecordId; 2]) -> bool {
        let text = |id: &RecordId| if let RecordId::Text(text) = id { text.len() } else { 0 };
        let bytes = ENTRY_BYTES + ids.into_iter().map(text).sum::<usize>();
        let fits = self.bytes + bytes <= MAX_BYTES;
        self.bytes += if fits { bytes } else { 0 };
        fits
    }

    /// The root by the first way up that leads somewhere.
    fn climb(&self, layout: &Layout, record: &Parsed, found: &HashMap<Key, RecordId>) -> Option<RecordId> {
        if layout.is_root(record.kind) {
            return Some(record.id.clone());
        }
        let ways = &layout.ties(record.kind).ways;
        ways.iter().zip(&record.parents).find_map(|(way, named)| {
            let Some(named) = named else {
                return self.root_by_naming(&(record.kind, record.id.clone()));
            };
            let parent = (way.parent, named.clone());
            if let Some(root) = self.known.get(&parent).or_else(|| found.get(&parent)) {
                return Some(root.clone());
            }
            if way.certain && layout.is_root(way.parent) {
                return Some(parent.1);
            }
            self.root_by_naming(&parent)
        })
    }

    fn root_by_naming(&self, key: &Key) -> Option<RecordId> {
        self.known.get(&self.named_by.get(key)?.parent).cloned()
    }

    /// What a store should be asked for: the missing parents of records without a root, and those records themselves.
    fn wanted(&self, layout: &Layout, records: &[Parsed], roots: &[Option<RecordId>]) -> Vec<Key> {
        let open = || records.iter().zip(roots).filter(|(_, root)| root.is_none()).map(|(record, _)| record);
        let here: HashSet<Key> = open().map(|record| (record.kind, record.id.clone())).collect();
        let mut wanted = BTreeSet::new();
        for record in open() {
            let ways = &layout.ties(record.kind).ways;
            let parents = ways.iter().zip(&record.parents).filter_map(|(way, id)| Some((way.parent, id.clone()?)));
            wanted.extend(parents.filter(|parent| !here.contains(parent)));
            wanted.insert((record.kind, record.id.clone()));
        }
        wanted.into_iter().collect()
    }
}
