//! From an entity's JSON to a record that still lacks its root.

use fieldcast_model::{Json, RecordId, ServerTime};

use crate::members::{Members, count};
use crate::schema::{Parent, Schema};

/// An entity type by its place in [`Schema::entities`]; a parent's is smaller than its children's.
pub(crate) type Kind = usize;

/// The most members of an entity, in all its objects: while it is made canonical, each takes more memory than its text.
const MAX_MEMBERS: u64 = 1 << 16;

/// The most bytes of an id. DIGIT gives 2 to 64; a record with a longer one is skipped, because ids are kept in several places.
const MAX_ID_BYTES: usize = 256;

/// Bytes of memory a record takes besides its body, until it is committed.
const RECORD_BYTES: u64 = 1 << 10;

/// A [`Schema`] with the ways between types worked out.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) schema: Schema,
    ties: Vec<Ties>,
}

/// How the records of one type are tied to others.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    /// The ways up, best first.
    pub(crate) ways: Vec<Way>,
    /// Which of its fields name records of which type.
    children: Vec<(Kind, String)>,
    /// Whether records of other types may hang off it.
    pub(crate) is_parent: bool,
}

/// One way up.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) parent: Kind,
    /// Where the record names its parent; `None` if the parent names the record.
    field: Option<String>,
    /// Whether what the field names can only be of this type: then a household need not be seen to be the root.
    pub(crate) certain: bool,
}

impl Layout {
    pub(crate) fn new(schema: Schema) -> Self {
        let mut ties: Vec<Ties> = schema.entities().iter().map(|_| Ties::default()).collect();
        for (kind, described) in schema.entities().iter().enumerate() {
            for parent in &described.parents {
                let Some(up) = schema.kind(parent.entity()) else { continue };
                ties[up].is_parent = true;
                let way = match parent {
                    Parent::Named { field, .. } => {
                        let same = |p: &&Parent| matches!(p, Parent::Named { field: other, .. } if other == field);
                        let certain = described.parents.iter().filter(same).count() == 1;
                        Way { parent: up, field: Some(field.clone()), certain }
                    }
                    Parent::Naming { their_field, .. } => {
                        ties[up].children.push((kind, their_field.clone()));
                        Way { parent: up, field: None, certain: true }
                    }
                };
                ties[kind].ways.push(way);
            }
        }
        Self { schema, ties }
    }

    pub(crate) fn ties(&self, kind: Kind) -> &Ties {
        &self.ties[kind]
    }

    pub(crate) fn is_root(&self, kind: Kind) -> bool {
        self.schema.entities()[kind].is_root()
    }
}

/// An entity as the server sent it, with its envelope read.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) kind: Kind,
    pub(crate) id: RecordId,
    pub(crate) row_version: i64,
    pub(crate) modified: ServerTime,
    pub(crate) deleted: bool,
    pub(crate) body: Json,
    /// The parent named on each of its type's ways.
    pub(crate) parents: Vec<Option<RecordId>>,
    /// The records it names as hanging off it.
    pub(crate) children: Vec<(Kind, RecordId)>,
}

impl Parsed {
    /// Reads one entity. `None` if it is no JSON object or has no id, or one above 256 bytes: it could be neither stored nor
    /// compared, and one broken row must not cost the page.
    pub(crate) fn read(layout: &Layout, kind: Kind, text: &str) -> Option<Self> {
        Self::from_body(layout, kind, body(text)?)
    }

    /// Bytes of memory it takes.
    pub(crate) fn memory(&self) -> u64 {
        self.body.len() as u64 + RECORD_BYTES
    }

    /// Reads one entity whose body is canonical already.
    pub(crate) fn from_body(layout: &Layout, kind: Kind, body: Json) -> Option<Self> {
        let described = &layout.schema.entities()[kind];
        let ties = layout.ties(kind);
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
            parents: ties.ways.iter().map(|way| way.field.as_deref().and_then(id_at)).collect(),
            children: ties.children.iter().filter_map(child).collect(),
            body,
        })
    }
}

/// An entity's canonical JSON; `None` if it is none or has more members than any entity.
pub(crate) fn body(text: &str) -> Option<Json> {
    (count(text, b":") <= MAX_MEMBERS).then(|| Json::parse(text).ok())?
}
