//! Reading records.

use fieldcast_model::{Dataset, EntityType, KeyRange, Record, RecordId, RootHash, ServerTime};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params, params_from_iter};

use crate::rows::{Key, OwnKey, RECORD, count, dataset_id, signed};
use crate::{Error, Reader, Result, Store};

/// Which records to read; `None` means any value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only records of this dataset.
    pub dataset: Option<Dataset>,
    /// Only datasets with this boundary code, of any project.
    pub boundary: Option<String>,
    /// Only records of this type.
    pub entity: Option<EntityType>,
    /// Only with this `clientReferenceId`.
    pub id: Option<RecordId>,
    /// Only records of this household's family.
    pub root: Option<RecordId>,
    /// Also deleted records.
    pub include_deleted: bool,
    /// The maximum number of records.
    pub limit: u32,
    /// The number of records to skip.
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
    /// The records of one range, including deleted ones, by root hash, root, entity name and id: the same order on
    /// every device.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`](crate::Error::DamagedRecords). Also fails if the database cannot be read.
    pub fn records_in_range(&self, dataset: &Dataset, range: KeyRange) -> Result<Vec<Record>> {
        self.in_range(dataset, range, ServerTime(i64::MIN))
    }

    /// Those of these records that the server changed after `since`, in the same order.
    ///
    /// # Errors
    /// The same errors.
    pub fn modified_since(&self, dataset: &Dataset, range: KeyRange, since: ServerTime) -> Result<Vec<Record>> {
        self.in_range(dataset, range, since)
    }

    /// The number of records in a dataset that the server changed after `since`, and the bytes of their bodies.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
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
        // Sort in Rust: SQLite would sort by interned entity ids, or move every body through a sorter.
        records.sort_unstable_by(|(hash_a, a), (hash_b, b)| {
            (hash_a, &a.root, &a.entity, &a.id).cmp(&(hash_b, &b.root, &b.entity, &b.id))
        });
        Ok(records.into_iter().map(|(_, record)| record).collect())
    }

    /// The records that match a query, grouped by family.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`](crate::Error::DamagedRecords). Also fails if the database cannot be read.
    pub fn records(&self, query: &RecordQuery) -> Result<Vec<Record>> {
        let (datasets, entities) = (self.wanted_datasets(query)?, self.wanted_entities(query)?);
        let mut sql = format!("SELECT {RECORD}, hash FROM record WHERE dataset IN ({})", marks(datasets.len()));
        let mut values: Vec<Value> = datasets.into_iter().map(Value::Integer).collect();
        // A query by id must list all types, even if any type is wanted: in the unique index, the type is before the
        // key.
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

    /// The roots of existing records, in the order of `ids`; `None` for each record that does not exist.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
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
    /// The same errors.
    pub fn records_in_range(&self, dataset: &Dataset, range: KeyRange) -> Result<Vec<Record>> {
        self.read(|r| r.records_in_range(dataset, range))
    }

    /// See [`Reader::records`]. Leaves out damaged records: the store repairs them, or drops them and marks the dataset
    /// as incomplete.
    ///
    /// # Errors
    /// Fails if the database cannot be read or written.
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
    /// The same errors.
    pub fn roots_of(&self, dataset: &Dataset, ids: &[(EntityType, RecordId)]) -> Result<Vec<Option<RecordId>>> {
        self.read(|r| r.roots_of(dataset, ids))
    }
}
