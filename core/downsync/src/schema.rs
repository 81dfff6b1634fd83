//! The descriptions of DIGIT's entities, from `schema/digit/*.toml`, which `build.rs` embeds as JSON. A new type is a new
//! file.

use std::collections::HashMap;

use fieldcast_model::EntityType;
use serde::Deserialize;

/// The files in `schema/digit` as `(name, JSON)`. `build.rs` writes this list.
pub(crate) const DIGIT: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/digit.rs"));

/// The dataset of an entity type's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// The family of a household, and so a boundary.
    Family,
    /// The project, without a boundary.
    Project,
}

/// How a record refers to its parent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ParentTable")]
pub(crate) enum Parent {
    /// The record has the id of its parent.
    Named {
        /// The parent's type.
        entity: EntityType,
        /// The path of the parent's id in the record.
        field: String,
    },
    /// The parent has the id of the record.
    Naming {
        /// The parent's type.
        entity: EntityType,
        /// The path of the record's id in the parent.
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

/// One entity type: its position in DIGIT's answers, and the paths of the envelope values in its JSON. Paths are
/// dotted: `auditDetails.lastModifiedTime`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityDescription {
    /// The type's name in records.
    pub(crate) entity: EntityType,
    /// The dataset of its records.
    pub(crate) scope: Scope,
    /// The name of its list in the `Downsync` object of a page.
    pub(crate) response_key: String,
    /// The `_t` of its lines in pre-generated files; `None` if files do not contain the type.
    pub(crate) ndjson_tag: Option<String>,
    /// The `fileType` of the pre-generated file with its lines.
    pub(crate) file_type: Option<String>,
    /// The paths of its id; the first existing one counts.
    pub(crate) key: Vec<String>,
    /// The path of its row version, if it has one.
    pub(crate) row_version: Option<String>,
    /// The path of the time of its last change, on the server's clock.
    pub(crate) modified: Option<String>,
    /// The path of its deletion flag, if it has one.
    pub(crate) deleted: Option<String>,
    /// The paths to its household, best first. A family type without parents is the household itself.
    #[serde(default)]
    pub(crate) parents: Vec<Parent>,
}

impl EntityDescription {
    /// Whether records of this type are the roots of families.
    pub(crate) fn is_root(&self) -> bool {
        self.scope == Scope::Family && self.parents.is_empty()
    }
}

/// Inconsistent descriptions: an error of the build, reported by file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("schema/digit/{file}: {reason}")]
pub(crate) struct SchemaError {
    /// The file.
    pub(crate) file: String,
    /// The problem.
    pub(crate) reason: String,
}

/// All entity types: parents before children, family types before project types.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    entities: Vec<EntityDescription>,
    by_tag: HashMap<String, usize>,
}

impl Schema {
    /// The types from `schema/digit` in this build.
    ///
    /// # Errors
    /// Never in a tested build; see [`SchemaError`].
    pub(crate) fn digit() -> Result<Self, SchemaError> {
        Self::parse(DIGIT)
    }

    /// The types in these `(name, JSON)` files.
    ///
    /// # Errors
    /// Fails if a file is not a description or describes the same type as another, a parent has no description, or types
    /// are parents of each other.
    pub(crate) fn parse(files: &[(&str, &str)]) -> Result<Self, SchemaError> {
        let mut pending = Vec::with_capacity(files.len());
        for (file, text) in files {
            let described = serde_json::from_str::<EntityDescription>(text);
            let described = described.map_err(|e| SchemaError { file: (*file).into(), reason: e.to_string() })?;
            let is_repeated = |other: &EntityDescription| {
                other.entity == described.entity
                    || other.response_key == described.response_key
                    || (other.ndjson_tag.is_some() && other.ndjson_tag == described.ndjson_tag)
            };
            if let Some((other, _)) = pending.iter().find(|(_, other)| is_repeated(other)) {
                let reason = format!("{other} describes the same `entity`, `response_key` or `ndjson_tag`");
                return Err(SchemaError { file: (*file).into(), reason });
            }
            pending.push((*file, described));
        }
        // Pre-generated files are read in the order of their first types, and parents should come first. The type of a
        // project has no parents, but its file also has types with parents.
        pending.sort_by_key(|(_, described)| described.scope == Scope::Project);
        let mut entities: Vec<EntityDescription> = Vec::with_capacity(files.len());
        while !pending.is_empty() {
            let known = |parent: &Parent| entities.iter().any(|e| e.entity == *parent.entity());
            let Some(next) = pending.iter().position(|(_, e)| e.parents.iter().all(known)) else {
                let reason = "its parents have no description, or are below it themselves".into();
                return Err(SchemaError { file: pending[0].0.into(), reason });
            };
            entities.push(pending.remove(next).1);
        }
        let tag = |(kind, e): (usize, &EntityDescription)| e.ndjson_tag.clone().map(|tag| (tag, kind));
        let by_tag = entities.iter().enumerate().filter_map(tag).collect();
        Ok(Self { entities, by_tag })
    }

    /// The descriptions: parents before children, family types before project types.
    pub(crate) fn entities(&self) -> &[EntityDescription] {
        &self.entities
    }

    /// The `fileType` of each type in pre-generated files; repeated for each type.
    pub(crate) fn file_types(&self) -> impl Iterator<Item = &String> {
        self.entities.iter().filter_map(|described| described.file_type.as_ref())
    }

    /// The index in [`Schema::entities`] of the type with this name.
    pub(crate) fn kind(&self, entity: &EntityType) -> Option<usize> {
        self.entities.iter().position(|described| described.entity == *entity)
    }

    /// The index in [`Schema::entities`] of the type with this `_t`.
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
