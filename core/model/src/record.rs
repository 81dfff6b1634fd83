//! Records (one DIGIT entity instance each), and the rule for which of two versions wins.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Json, RecordHash, RecordId, RootHash};

/// A DIGIT entity type, by its name in `schema/digit`: `Household`, `Task`, ...
///
/// The type is data, not code: types that this build does not know are stored, sent and received like all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct EntityType(Arc<str>);

impl EntityType {
    /// Makes the entity type with this name.
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

/// A time on the server's clock, milliseconds since 1970. Never made from a phone's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerTime(pub i64);

/// One DIGIT entity instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The entity type.
    pub entity: EntityType,
    /// `clientReferenceId`; unique within the entity type.
    pub id: RecordId,
    /// The id of the household that the record belongs to; the record's own id if it belongs to none.
    pub root: RecordId,
    /// DIGIT's optimistic lock: starts at 1 and increases by one with each update. 0 for types without it.
    pub row_version: i64,
    /// When the server last changed the record. 0 if the server does not say.
    pub modified: ServerTime,
    /// Whether the server marks it as deleted. The record stays, so that the deletion reaches other devices.
    pub deleted: bool,
    /// The entity with every field that the server sent.
    pub body: Json,
}

impl Record {
    /// The maximum row version accepted from another device: one change per minute for two years. Without a limit, an
    /// invented version could win over every later change of the server.
    pub const MAX_ROW_VERSION: i64 = 1_000_000;

    /// Returns the hash over envelope and body. It is equal on every device that has the same version of the record.
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

    /// Returns the position of its family in key order.
    pub fn root_hash(&self) -> RootHash {
        RootHash::of(&self.root)
    }

    /// Returns the stamp that decides between two versions of the record.
    pub fn stamp(&self) -> Stamp {
        Stamp::of(self, self.hash())
    }
}

/// The order of versions of a record with the same server's time: the one with the greater stamp wins, on every device
/// and in any order of arrival. The store's merge compares the server's time first. The order is: higher `row_version`, then later `modified`, then the version with a known household, then
/// the larger hash as a tie-break.
///
/// If a device does not know the parent of a record, the record is its own root there; with the parent it belongs to a
/// household. For the server both are the same version, and the one with more information must win. A household is its
/// own root in every version, so this step does not affect households.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// DIGIT's row version.
    pub row_version: i64,
    /// The server's modification time.
    pub modified: ServerTime,
    /// Whether the record belongs to another record.
    pub rooted: bool,
    /// The hash of the whole version.
    pub hash: RecordHash,
}

impl Stamp {
    /// Returns the stamp of `record`, whose hash is `hash`.
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
    fn orders_by_version_then_time_then_hash() {
        assert!(record(2, 1, "{}").stamp() > record(1, 9, "{}").stamp());
        assert!(record(1, 9, "{}").stamp() > record(1, 1, "{}").stamp());
        let (a, b) = (record(1, 1, "{}"), record(1, 1, "[]"));
        assert_eq!(a.stamp() > b.stamp(), a.hash() > b.hash());
        assert_ne!(a.hash(), b.hash());
    }

    #[test]
    fn prefers_known_household_within_one_version() {
        for body in ["{}", "[]", "[1]", "[2]"] {
            let orphan = record(1, 1, body);
            let rooted = |root| Record { root: RecordId::parse(root), ..record(1, 1, "{}") };
            assert!(["h1", "h2", "h3"].iter().all(|root| rooted(root).stamp() > orphan.stamp()));
            assert!(rooted("h1").stamp() < Record { modified: ServerTime(2), ..orphan.clone() }.stamp());
            assert!(rooted("h1").stamp() < Record { row_version: 2, ..orphan }.stamp());
        }
    }

    #[test]
    fn hashes_every_part_of_record() {
        let base = record(1, 1, "{}");
        let mut others = vec![record(2, 1, "{}"), record(1, 2, "{}"), record(1, 1, "[]")];
        others.push(Record { deleted: true, ..base.clone() });
        others.push(Record { entity: EntityType::new("Task"), ..base.clone() });
        others.push(Record { id: RecordId::parse("b"), ..base.clone() });
        others.push(Record { root: RecordId::parse("b"), ..base.clone() });
        assert!(others.iter().all(|other| other.hash() != base.hash()));
    }
}
