//! Finds the household (root) of a record, from the records of the page or from the caller's store.

use std::collections::{BTreeSet, HashMap, HashSet};

use fieldcast_model::{RecordId, ServerTime};

use crate::parse::{Kind, Layout, Parsed};

/// A record by type and id.
pub(crate) type EntityKey = (Kind, RecordId);

/// The maximum number of bytes for stored roots and for references from parents. Roots above the limit are looked up in
/// the store. An individual whose reference is not stored here, and that is not in the store yet, becomes its own root.
const MAX_BYTES: usize = 32 << 20;
/// Bytes of an entry in addition to the texts of its ids: table, keys and values.
const ENTRY_BYTES: usize = 128;

/// The known roots. Only ids, no bodies. For pre-generated files, it lives during the whole download, because parents
/// and children are far apart. A page of the live service is complete, so each page has a separate one.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    known: HashMap<EntityKey, RecordId>,
    references: HashMap<EntityKey, Reference>,
    bytes: usize,
}

/// A record that refers to its child.
#[derive(Debug)]
struct Reference {
    alive: bool,
    modified: ServerTime,
    parent: EntityKey,
}

impl Reference {
    /// An individual can be a member of several households over time. Every device must choose the same one, in any
    /// order of the members: first one that is not deleted, then the last changed one, then the smaller id.
    fn beats(&self, other: &Self) -> bool {
        let rank = |n: &Self| (n.alive, n.modified);
        rank(self) > rank(other) || (rank(self) == rank(other) && self.parent < other.parent)
    }
}

impl Roots {
    /// The roots of `records`, which must be ordered by kind, parents before children. `lookup` is called at most once,
    /// for roots that neither these nor earlier records contain.
    pub(crate) fn resolve<E>(
        &mut self,
        layout: &Layout,
        records: &[Parsed],
        lookup: impl FnOnce(Vec<EntityKey>) -> Result<HashMap<EntityKey, RecordId>, E>,
    ) -> Result<Vec<RecordId>, E> {
        self.note_children(records);
        let mut roots: Vec<Option<RecordId>> = Vec::with_capacity(records.len());
        for record in records {
            let root = self.root_by_parents(layout, record, &HashMap::new());
            if let Some(root) = &root {
                self.add(layout, record, root);
            }
            roots.push(root);
        }
        let wanted = self.wanted(layout, records, &roots);
        let found = if wanted.is_empty() { HashMap::new() } else { lookup(wanted)? };
        let settle = |(record, root): (&Parsed, Option<RecordId>)| {
            root.unwrap_or_else(|| {
                let own = || found.get(&(record.kind, record.id.clone())).cloned();
                let root =
                    self.root_by_parents(layout, record, &found).or_else(own).unwrap_or_else(|| record.id.clone());
                self.add(layout, record, &root);
                root
            })
        };
        Ok(records.iter().zip(roots).map(settle).collect())
    }

    fn note_children(&mut self, records: &[Parsed]) {
        for record in records {
            for child in &record.children {
                let reference = Reference {
                    alive: !record.deleted,
                    modified: record.modified,
                    parent: (record.kind, record.id.clone()),
                };
                match self.references.get_mut(child) {
                    Some(held) if !reference.beats(held) => {}
                    Some(held) => *held = reference,
                    None => {
                        if self.has_room_for([&child.1, &record.id]) {
                            self.references.insert(child.clone(), reference);
                        }
                    }
                }
            }
        }
    }

    fn add(&mut self, layout: &Layout, record: &Parsed, root: &RecordId) {
        let key = (record.kind, record.id.clone());
        if layout.relations(record.kind).is_parent
            && (self.known.contains_key(&key) || self.has_room_for([&record.id, root]))
        {
            self.known.insert(key, root.clone());
        }
    }

    /// Counts an entry with these ids; `false` if there is no room for it.
    fn has_room_for(&mut self, ids: [&RecordId; 2]) -> bool {
        let text = |id: &RecordId| if let RecordId::Text(text) = id { text.len() } else { 0 };
        let bytes = ENTRY_BYTES + ids.into_iter().map(text).sum::<usize>();
        let fits = self.bytes + bytes <= MAX_BYTES;
        self.bytes += if fits { bytes } else { 0 };
        fits
    }

    /// The root from the first parent path with a known root.
    fn root_by_parents(
        &self,
        layout: &Layout,
        record: &Parsed,
        found: &HashMap<EntityKey, RecordId>,
    ) -> Option<RecordId> {
        if layout.is_root(record.kind) {
            return Some(record.id.clone());
        }
        let parent_paths = &layout.relations(record.kind).parent_paths;
        parent_paths.iter().zip(&record.parents).find_map(|(path, named)| {
            let Some(named) = named else {
                return self.root_by_reference(&(record.kind, record.id.clone()));
            };
            let parent = (path.parent, named.clone());
            if let Some(root) = self.known.get(&parent).or_else(|| found.get(&parent)) {
                return Some(root.clone());
            }
            if path.certain && layout.is_root(path.parent) {
                return Some(parent.1);
            }
            self.root_by_reference(&parent)
        })
    }

    fn root_by_reference(&self, key: &EntityKey) -> Option<RecordId> {
        self.known.get(&self.references.get(key)?.parent).cloned()
    }

    /// The records to look up in a store: the missing parents of records without a root, and these records themselves.
    fn wanted(&self, layout: &Layout, records: &[Parsed], roots: &[Option<RecordId>]) -> Vec<EntityKey> {
        let open = || records.iter().zip(roots).filter(|(_, root)| root.is_none()).map(|(record, _)| record);
        let here: HashSet<EntityKey> = open().map(|record| (record.kind, record.id.clone())).collect();
        let mut wanted = BTreeSet::new();
        for record in open() {
            let parent_paths = &layout.relations(record.kind).parent_paths;
            let parents =
                parent_paths.iter().zip(&record.parents).filter_map(|(path, id)| Some((path.parent, id.clone()?)));
            wanted.extend(parents.filter(|parent| !here.contains(parent)));
            wanted.insert((record.kind, record.id.clone()));
        }
        wanted.into_iter().collect()
    }
}
