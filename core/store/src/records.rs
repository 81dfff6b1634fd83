//! Reading records.

use fieldcast_model::{Dataset, EntityType, KeyRange, Record, RecordId, RootHash, ServerTime};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use crate::rows::{Key, OwnKey, RECORD, count, dataset_id, signed};
use crate::{Error, Reader, Result, Store};

/// Which records to read; `None` means any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only of this dataset.
    pub dataset: Option<Dataset>,
    /// Only of datasets with this boundary code, whatever the project.
    pub boundary: Option<String>,
    /// Only of this type.
    pub entity: Option<EntityType>,
    /// Only with this `clientReferenceId`.
    pub id: Option<RecordId>,
    /// Only of this household's family.
    pub root: Option<RecordId>,
    /// Deleted ones too.
    pub include_deleted: bool,
    /// At most so many.
    pub limit: u32,
    /// Leaving out the first so many.
    pub offset: u64,
}

impl Default for RecordQuery {
    fn default() -> Self {
        Self {
            dataset: None,
            boundary: None,
            entity: None,
            id: None,
            root: None,
            include_deleted: false,
            limit: 100,
            offset: 0,
        }
    }
}

impl Reader<'_> {
    /// The records of one range, deleted ones included, by root hash, root, entity name and id: the same order on
    /// every device.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`](crate::Error::DamagedRecords); whatever stands in the way of reading.
    pub fn records_in_range(&self, dataset: &Dataset, range: KeyRange) -> Result<Vec<Record>> {
        self.in_range(dataset, range, ServerTime(i64::MIN))
    }

    /// Those of them that the server changed after `since`, in the same order.
    ///
    /// # Errors
    /// As there.
    pub fn modified_since(&self, dataset: &Dataset, range: KeyRange, since: ServerTime) -> Result<Vec<Record>> {
        self.in_range(dataset, range, since)
    }

    /// How many records of a dataset the server changed after `since`, and the bytes of their bodies.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn modified_totals(&self, dataset: &Dataset, since: ServerTime) -> Result<(u64, u64)> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok((0, 0)) };
        let sql = "SELECT count(*), ifnull(sum(octet_length(body)), 0)
            FROM record INDEXED BY record_range WHERE dataset = ? AND changed > ?";
        Ok(self.conn.query_one(sql, params![id, since.0], |row| Ok((count(row, 0)?, count(row, 1)?)))?)
    }

    fn in_range(&self, dataset: &Dataset, range: KeyRange, since: ServerTime) -> Result<Vec<Record>> {
        let Some(id) = dataset_id(self.conn, dataset)?.filter(|_| range.is_valid()) else { return Ok(Vec::new()) };
        let (first, last) = range.bounds();
        let mut statement = self.conn.prepare(&format!(
            "SELECT {RECORD}, hash, root_hash FROM record INDEXED BY record_range
             WHERE dataset = ? AND root_hash BETWEEN ? AND ? AND changed > ?"
        ))?;
        let mut rows = statement.query(params![id, first.0 as i64, last.0 as i64, since.0])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push((row.get::<_, i64>(8)?, self.intact(row)?));
        }
        // In Rust: SQLite would order by interned entity ids or carry every body through a sorter.
        records.sort_unstable_by(|(hash_a, a), (hash_b, b)| {
            (hash_a, &a.root, &a.entity, &a.id).cmp(&(hash_b, &b.root, &b.entity, &b.id))
        });
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// The records a query asks for, family by family.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`](crate::Error::DamagedRecords); whatever stands in the way of reading.
    pub fn records(&self, query: &RecordQuery) -> Result<Vec<Record>> {
        let (datasets, entities) = (self.wanted_datasets(query)?, self.wanted_entities(query)?);
        let mut sql = format!("SELECT {RECORD}, hash FROM record WHERE dataset IN ({})", marks(datasets.len()));
        let mut values: Vec<Value> = datasets.into_iter().map(Value::Integer).collect();
        // An id needs the types spelled out even when any will do: the unique index has them before the key.
        if query.entity.is_some() || query.id.is_some() {
            sql += &format!(" AND entity IN ({})", marks(entities.len()));
            values.extend(entities.into_iter().map(Value::Integer));
        }
        if let Some(id) = &query.id {
            sql += " AND key = ?";
            values.push(value(id));
        }
        if let Some(root) = &query.root {
            sql += " AND root_hash = ? AND root = ?";
            values.extend([Value::Integer(RootHash::of(root).0 as i64), value(root)]);
        }
        if !query.include_deleted {
            sql += " AND deleted = 0";
        }
        sql += " ORDER BY dataset, root_hash, id LIMIT ? OFFSET ?";
        values.extend([Value::Integer(query.limit.into()), Value::Integer(signed(query.offset))]);
        let mut statement = self.conn.prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(self.intact(row)?);
        }
        Ok(records)
    }

    fn wanted_datasets(&self, query: &RecordQuery) -> Result<Vec<i64>> {
        let one = match &query.dataset {
            None => None,
            Some(dataset) => Some(dataset_id(self.conn, dataset)?.unwrap_or(0)), // row ids begin at 1
        };
        let mut statement = self
            .conn
            .prepare("SELECT id FROM dataset WHERE id = ifnull(?1, id) AND boundary = ifnull(?2, boundary)")?;
        let ids = statement.query_map(params![one, query.boundary], |row| row.get(0))?;
        Ok(ids.collect::<Result<_, _>>()?)
    }

    fn wanted_entities(&self, query: &RecordQuery) -> Result<Vec<i64>> {
        let wanted = |name: &EntityType| query.entity.as_ref().is_none_or(|entity| entity == name);
        Ok(self.entities()?.iter().filter(|(_, name)| wanted(name)).map(|(id, _)| *id).collect())
    }

    /// The roots of records that are there, in the order asked; `None` for those that are not.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn roots_of(&self, dataset: &Dataset, ids: &[(EntityType, RecordId)]) -> Result<Vec<Option<RecordId>>> {
        let Some(dataset) = dataset_id(self.conn, dataset)? else { return Ok(vec![None; ids.len()]) };
        let by_name: std::collections::HashMap<_, _> = self.entities()?.iter().map(|(id, name)| (name, id)).collect();
        let mut find = self.conn.prepare("SELECT root FROM record WHERE dataset = ? AND entity = ? AND key = ?")?;
        let root_of = |(entity, id): &(EntityType, RecordId)| {
            let Some(entity) = by_name.get(entity) else { return Ok(None) };
            let root = find.query_row(params![dataset, entity, Key(id)], |row| Ok(row.get::<_, OwnKey>(0)?.0));
            Ok(root.optional()?)
        };
        ids.iter().map(root_of).collect()
    }
}

fn marks(n: usize) -> String {
    vec!["?"; n].join(", ")
}

fn value(id: &RecordId) -> Value {
    match id {
        RecordId::Uuid(bytes) => Value::Blob(bytes.to_vec()),
        RecordId::Text(text) => Value::Text(text.to_string()),
    }
}

impl Store {
    /// See [`Reader::records_in_range`].
    ///
    /// # Errors
    /// As there.
    pub fn records_in_range(&self, dataset: &Dataset, range: KeyRange) -> Result<Vec<Record>> {
        self.read(|r| r.records_in_range(dataset, range))
    }

    /// See [`Reader::records`]. Damaged records are left out: they are repaired, or dropped from their dataset, which then is
    /// not complete any more.
    ///
    /// # Errors
    /// Whatever stands in the way of reading and repairing.
    pub fn records(&self, query: &RecordQuery) -> Result<Vec<Record>> {
        let found = self.read(|r| r.records(query));
        if !matches!(found, Err(Error::DamagedRecords)) {
            return found;
        }
        for status in self.datasets()? {
            self.verify_dataset(&status.summary.dataset)?;
        }
        self.read(|r| r.records(query))
    }

    /// See [`Reader::roots_of`].
    ///
    /// # Errors
    /// As there.
    pub fn roots_of(&self, dataset: &Dataset, ids: &[(EntityType, RecordId)]) -> Result<Vec<Option<RecordId>>> {
        self.read(|r| r.roots_of(dataset, ids))
    }
}
