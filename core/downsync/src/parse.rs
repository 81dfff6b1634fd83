//! Converts the JSON of an entity to a record without a root.

use fieldcast_model::{Json, RecordId, ServerTime};

use crate::members::{Members, count};
use crate::schema::{Parent, Schema};

/// An entity type as its index in [`Schema::entities`]. The index of a parent is smaller than those of its children.
pub(crate) type Kind = usize;

/// The maximum number of members of an entity, in all its objects. The canonical form needs more memory per member than
/// the text.
const MAX_MEMBERS: u64 = 1 << 16;

/// The maximum length of an id in bytes. DIGIT uses 2 to 64; a record with a longer id is skipped, because ids are
/// stored in several places.
const MAX_ID_BYTES: usize = 256;

/// Bytes of memory for a record until it is committed, in addition to its body.
const RECORD_BYTES: u64 = 1 << 10;

/// A [`Schema`] with the relations between its types.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    relations: Vec<Relations>,
}

/// The relations of one type to other types.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// The paths to its parent, best first.
    pub(crate) parent_paths: Vec<ParentPath>,
    /// Its fields with ids of children, and the types of these children.
    children: Vec<(Kind, String)>,
    /// Whether records of other types can belong to it.
    pub(crate) is_parent: bool,
}

/// One path to a parent.
#[derive(Debug)]
pub(crate) struct ParentPath {
    pub(crate) parent: Kind,
    /// The field with the id of the parent; `None` if the parent has the id of the record.
    field: Option<String>,
    /// Whether the field always contains an id of this type: then the household need not be received to be the root.
    pub(crate) certain: bool,
}

impl Layout {
    pub(crate) fn new(schema: Schema) -> Self {
        let mut relations: Vec<Relations> = schema.entities().iter().map(|_| Relations::default()).collect();
        for (kind, described) in schema.entities().iter().enumerate() {
            for parent in &described.parents {
                let Some(up) = schema.kind(parent.entity()) else { continue };
                relations[up].is_parent = true;
                let path = match parent {
                    Parent::Named { field, .. } => {
                        let same = |p: &&Parent| matches!(p, Parent::Named { field: other, .. } if other == field);
                        let certain = described.parents.iter().filter(same).count() == 1;
                        ParentPath { parent: up, field: Some(field.clone()), certain }
                    }
                    Parent::Naming { their_field, .. } => {
                        relations[up].children.push((kind, their_field.clone()));
                        ParentPath { parent: up, field: None, certain: true }
                    }
                };
                relations[kind].parent_paths.push(path);
            }
        }
        Self { schema, relations }
    }

    pub(crate) fn relations(&self, kind: Kind) -> &Relations {
        &self.relations[kind]
    }

    pub(crate) fn is_root(&self, kind: Kind) -> bool {
        self.schema.entities()[kind].is_root()
    }
}

/// An entity from the server, with its parsed envelope.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) kind: Kind,
    pub(crate) id: RecordId,
    pub(crate) row_version: i64,
    pub(crate) modified: ServerTime,
    pub(crate) deleted: bool,
    pub(crate) body: Json,
    /// The id of the parent for each parent path of its type.
    pub(crate) parents: Vec<Option<RecordId>>,
    /// The ids of its children in its fields.
    pub(crate) children: Vec<(Kind, RecordId)>,
}

impl Parsed {
    /// Parses one entity. `None` if it is not a JSON object, or has no id or an id above 256 bytes: it can be neither
    /// stored nor compared, and one invalid row must not fail the page.
    pub(crate) fn read(layout: &Layout, kind: Kind, text: &str) -> Option<Self> {
        Self::from_body(layout, kind, body(text)?)
    }

    /// Bytes of memory for the record.
    pub(crate) fn memory(&self) -> u64 {
        self.body.len() as u64 + RECORD_BYTES
    }

    /// Parses one entity with a canonical body.
    pub(crate) fn from_body(layout: &Layout, kind: Kind, body: Json) -> Option<Self> {
        let described = &layout.schema.entities()[kind];
        let relations = layout.relations(kind);
        let members = Members::parse(body.as_str())?;
        let id_at = |path: &str| {
            members.text(path).filter(|text| text.len() <= MAX_ID_BYTES).map(|text| RecordId::parse(&text))
        };
        let number = |path: &Option<String>| path.as_deref().and_then(|path| members.integer(path)).unwrap_or(0);
        let child = |(kind, path): &(Kind, String)| Some((*kind, id_at(path)?));
        Some(Self {
            kind,
            id: described.key.iter().find_map(|path| id_at(path))?,
            row_version: number(&described.row_version),
            modified: ServerTime(number(&described.modified)),
            deleted: described.deleted.as_deref().and_then(|path| members.flag(path)).unwrap_or(false),
            parents: relations.parent_paths.iter().map(|path| path.field.as_deref().and_then(id_at)).collect(),
            children: relations.children.iter().filter_map(child).collect(),
            body,
        })
    }
}

/// The canonical JSON of an entity; `None` if it is invalid or has too many members.
pub(crate) fn body(text: &str) -> Option<Json> {
    (count(text, b":") <= MAX_MEMBERS).then(|| Json::parse(text).ok())?
}
