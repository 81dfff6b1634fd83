//! A record: one DIGIT entity instance, and which of two versions of it wins.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Json, RecordHash, RecordId, RootHash};

/// A DIGIT entity type by its name in `schema/digit`: `Household`, `Task`, ...
///
/// Data, not code: a type this build has never heard of is stored, sent and received like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct EntityType(Arc<str>);

impl EntityType {
    /// The entity type of that name.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EntityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for EntityType {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<EntityType> for String {
    fn from(entity: EntityType) -> Self {
        entity.as_str().to_owned()
    }
}

/// A time on the server's clock, milliseconds since 1970. A phone's clock never becomes one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerTime(pub i64);

/// One DIGIT entity instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What it is.
    pub entity: EntityType,
    /// `clientReferenceId`; unique within its entity type.
    pub id: RecordId,
    /// The id of the household it hangs off; its own id when it hangs off none.
    pub root: RecordId,
    /// DIGIT's optimistic lock: starts at 1, one more with each update; 0 for types that have none.
    pub row_version: i64,
    /// When the server last changed it; 0 when the server does not say.
    pub modified: ServerTime,
    /// Whether the server marks it deleted. The record stays, so that the deletion travels.
    pub deleted: bool,
    /// The entity as the server sent it, every field.
    pub body: Json,
}

impl Record {
    /// The greatest row version taken from another device: a change a minute for two years. One that was made up would
    /// else outrank whatever the server does.
    pub const MAX_ROW_VERSION: i64 = 1_000_000;

    /// The hash over envelope and body. Equal on every device that holds the same version of the record.
    pub fn hash(&self) -> RecordHash {
        let mut hasher = blake3::Hasher::new();
        for text in [self.entity.as_str(), &self.id.to_string(), &self.root.to_string()] {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        hasher.update(&self.row_version.to_le_bytes());
        hasher.update(&self.modified.0.to_le_bytes());
        hasher.update(&[u8::from(self.deleted)]);
        hasher.update(self.body.as_str().as_bytes());
        RecordHash(*hasher.finalize().as_bytes())
    }

    /// Where its family stands in key order.
    pub fn root_hash(&self) -> RootHash {
        RootHash::of(&self.root)
    }

    /// What decides between this version and another of the same record.
    pub fn stamp(&self) -> Stamp {
        Stamp::of(self, self.hash())
    }
}

/// The merge rule: of two versions of a record the one with the greater stamp wins, on every device, whatever order
/// they arrive in. Higher `row_version` first, then later `modified`, then the one whose household is known, then the
/// larger hash as a tie-break.
///
/// A record whose parent a device has never seen is its own root there; with the parent it hangs off a household. Both
/// are the same version as far as the server is concerned, and the one that knows more must win. A household is its own
/// root in every version, so there this decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// DIGIT's row version.
    pub row_version: i64,
    /// The server's modification time.
    pub modified: ServerTime,
    /// Whether it hangs off another record.
    pub rooted: bool,
    /// The hash of the whole version.
    pub hash: RecordHash,
}

impl Stamp {
    /// The stamp of `record`, whose hash is `hash`.
    pub fn of(record: &Record, hash: RecordHash) -> Self {
        let rooted = record.root != record.id;
        Self { row_version: record.row_version, modified: record.modified, rooted, hash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(row_version: i64, modified: i64, body: &str) -> Record {
        Record {
            entity: EntityType::new("Household"),
            id: RecordId::parse("a"),
            root: RecordId::parse("a"),
            row_version,
            modified: ServerTime(modified),
            deleted: false,
            body: Json::parse(body).unwrap(),
        }
    }

    #[test]
    fn version_beats_time_and_time_beats_hash() {
        assert!(record(2, 1, "{}").stamp() > record(1, 9, "{}").stamp());
        assert!(record(1, 9, "{}").stamp() > record(1, 1, "{}").stamp());
        let (a, b) = (record(1, 1, "{}"), record(1, 1, "[]"));
        assert_eq!(a.stamp() > b.stamp(), a.hash() > b.hash());
        assert_ne!(a.hash(), b.hash());
    }

    #[test]
    fn a_known_household_beats_none_and_is_beaten_by_a_newer_version() {
        for body in ["{}", "[]", "[1]", "[2]"] {
            let orphan = record(1, 1, body);
            let rooted = |root| Record { root: RecordId::parse(root), ..record(1, 1, "{}") };
            assert!(["h1", "h2", "h3"].iter().all(|root| rooted(root).stamp() > orphan.stamp()));
            assert!(rooted("h1").stamp() < Record { modified: ServerTime(2), ..orphan.clone() }.stamp());
            assert!(rooted("h1").stamp() < Record { row_version: 2, ..orphan }.stamp());
        }
    }

    #[test]
    fn every_part_of_a_record_is_in_its_hash() {
        let base = record(1, 1, "{}");
        let mut others = vec![record(2, 1, "{}"), record(1, 2, "{}"), record(1, 1, "[]")];
        others.push(Record { deleted: true, ..base.clone() });
        others.push(Record { entity: EntityType::new("Task"), ..base.clone() });
        others.push(Record { id: RecordId::parse("b"), ..base.clone() });
        others.push(Record { root: RecordId::parse("b"), ..base.clone() });
        assert!(others.iter().all(|other| other.hash() != base.hash()));
    }
}
