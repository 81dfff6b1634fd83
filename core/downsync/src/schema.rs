//! What DIGIT's entities look like, read from `schema/digit/*.toml`, which `build.rs` makes JSON of: a new type is a new file.

use std::collections::HashMap;

use fieldcast_model::EntityType;
use serde::Deserialize;

/// The files of `schema/digit`. A new entity type needs a file there and its line here.
macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!(env!("OUT_DIR"), "/", $name, ".json")))),*]
    };
}

const DIGIT: &[(&str, &str)] = embedded![
    "household",
    "household_member",
    "individual",
    "project_beneficiary",
    "task",
    "side_effect",
    "referral",
    "hf_referral",
    "service",
];

/// Where an entity type's records belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// To a household's family, and so to a boundary.
    Family,
    /// To the project, outside all boundaries.
    Project,
}

/// How a record is tied to the record it hangs off.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ParentTable")]
pub(crate) enum Parent {
    /// The record names its parent.
    Named {
        /// The parent's type.
        entity: EntityType,
        /// Path of the parent's id in the record.
        field: String,
    },
    /// The parent names the record.
    Naming {
        /// The parent's type.
        entity: EntityType,
        /// Path of the record's id in the parent.
        their_field: String,
    },
}

impl Parent {
    /// The parent's type.
    pub(crate) fn entity(&self) -> &EntityType {
        match self {
            Self::Named { entity, .. } | Self::Naming { entity, .. } => entity,
        }
    }
}

/// One entity type: where in DIGIT's answers it stands, and where in its JSON what the envelope needs stands.
/// Paths are dotted: `auditDetails.lastModifiedTime`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityDescription {
    /// The type's name in records.
    pub(crate) entity: EntityType,
    /// Where its records belong.
    pub(crate) scope: Scope,
    /// Name of its list in a page's `Downsync` object.
    pub(crate) response_key: String,
    /// `_t` of its lines in pre-generated files; `None` if no file has them.
    pub(crate) ndjson_tag: Option<String>,
    /// `fileType` of the pre-generated file its lines stand in.
    pub(crate) file_type: Option<String>,
    /// Paths of its id; the first that is there counts.
    pub(crate) key: Vec<String>,
    /// Path of its row version, if it has one.
    pub(crate) row_version: Option<String>,
    /// Path of the time of its last change, on the server's clock.
    pub(crate) modified: Option<String>,
    /// Path of its deletion flag, if it has one.
    pub(crate) deleted: Option<String>,
    /// The ways to its household, best first. A family type without any is the household itself.
    #[serde(default)]
    pub(crate) parents: Vec<Parent>,
}

impl EntityDescription {
    /// Whether families hang off records of this type.
    pub(crate) fn is_root(&self) -> bool {
        self.scope == Scope::Family && self.parents.is_empty()
    }
}

/// Descriptions that do not fit together; a fault of the build, told by file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schema/digit/{file}: {reason}")]
pub(crate) struct SchemaError {
    /// Which file.
    pub(crate) file: String,
    /// What is wrong.
    pub(crate) reason: String,
}

/// All entity types, parents before children.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    entities: Vec<EntityDescription>,
    by_tag: HashMap<String, usize>,
}

impl Schema {
    /// The types of `schema/digit` this build was made with.
    ///
    /// # Errors
    /// Never in a tested build; see [`SchemaError`].
    pub(crate) fn digit() -> Result<Self, SchemaError> {
        Self::parse(DIGIT)
    }

    /// The types described by these `(name, JSON)` files.
    ///
    /// # Errors
    /// JSON that describes no entity, a parent that is not described, or types that are each other's parents.
    pub(crate) fn parse(files: &[(&str, &str)]) -> Result<Self, SchemaError> {
        let mut waiting = Vec::with_capacity(files.len());
        for (file, text) in files {
            let described = serde_json::from_str::<EntityDescription>(text);
            let described = described.map_err(|e| SchemaError { file: (*file).into(), reason: e.to_string() })?;
            waiting.push((*file, described));
        }
        let mut entities: Vec<EntityDescription> = Vec::with_capacity(files.len());
        while !waiting.is_empty() {
            let known = |parent: &Parent| entities.iter().any(|e| e.entity == *parent.entity());
            let Some(next) = waiting.iter().position(|(_, e)| e.parents.iter().all(known)) else {
                let reason = "its parents are not described, or hang off it themselves".into();
                return Err(SchemaError { file: waiting[0].0.into(), reason });
            };
            entities.push(waiting.remove(next).1);
        }
        let tag = |(kind, e): (usize, &EntityDescription)| e.ndjson_tag.clone().map(|tag| (tag, kind));
        let by_tag = entities.iter().enumerate().filter_map(tag).collect();
        Ok(Self { entities, by_tag })
    }

    /// The descriptions, parents before children.
    pub(crate) fn entities(&self) -> &[EntityDescription] {
        &self.entities
    }

    /// The pre-generated files there are, by `fileType`; repeated for each type in them.
    pub(crate) fn file_types(&self) -> impl Iterator<Item = &String> {
        self.entities.iter().filter_map(|described| described.file_type.as_ref())
    }

    /// The place in [`Schema::entities`] of the type with this name.
    pub(crate) fn kind(&self, entity: &EntityType) -> Option<usize> {
        self.entities.iter().position(|described| described.entity == *entity)
    }

    /// The place in [`Schema::entities`] of the type with this `_t`.
    pub(crate) fn kind_of_tag(&self, tag: &str) -> Option<usize> {
        self.by_tag.get(tag).copied()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParentTable {
    entity: EntityType,
    field: Option<String>,
    their_field: Option<String>,
}

impl TryFrom<ParentTable> for Parent {
    type Error = &'static str;

    fn try_from(table: ParentTable) -> Result<Self, Self::Error> {
        match (table.field, table.their_field) {
            (Some(field), None) => Ok(Self::Named { entity: table.entity, field }),
            (None, Some(their_field)) => Ok(Self::Naming { entity: table.entity, their_field }),
            _ => Err("a parent needs either `field` or `their_field`"),
        }
    }
}
