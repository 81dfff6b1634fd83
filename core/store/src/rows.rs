//! How model types are stored in columns.

use fieldcast_model::{Dataset, EntityType, Json, Record, RecordId, ServerTime};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Reader, Result};

/// A record id as a column value: 16 bytes for a UUID, text otherwise, so the two forms cannot be confused.
pub(crate) struct Key<'a>(pub(crate) &'a RecordId);

impl ToSql for Key<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            RecordId::Uuid(bytes) => ValueRef::Blob(bytes),
            RecordId::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A record id from a column.
pub(crate) struct OwnKey(pub(crate) RecordId);

impl FromSql for OwnKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value {
            ValueRef::Blob(bytes) => match bytes.try_into() {
                Ok(uuid) => Ok(Self(RecordId::Uuid(uuid))),
                Err(_) => Err(FromSqlError::InvalidType),
            },
            ValueRef::Text(_) => Ok(Self(RecordId::Text(value.as_str()?.into()))),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

/// A count as an SQLite integer; values above 2^63 cannot occur on a phone.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count from a column.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// The columns that [`Reader::record`] reads, in this order.
pub(crate) const RECORD: &str = "entity, key, root, row_version, modified, deleted, body";

impl Reader<'_> {
    pub(crate) fn record(&self, row: &Row<'_>) -> Result<Record> {
        let entity = self.entities()?.get(&row.get(0)?).ok_or(Error::Corrupt)?;
        let body = row.get_ref(6)?.as_str().map_err(|_| Error::Corrupt)?;
        Ok(Record {
            entity: EntityType::clone(entity),
            id: row.get::<_, OwnKey>(1)?.0,
            root: row.get::<_, OwnKey>(2)?.0,
            row_version: row.get(3)?,
            modified: ServerTime(row.get(4)?),
            deleted: row.get(5)?,
            body: Json::from_canonical(body),
        })
    }

    /// Reads a record and its hash, which is in the next column. [`Error::DamagedRecords`] if the hash does not match.
    pub(crate) fn intact(&self, row: &Row<'_>) -> Result<Record> {
        let record = self.record(row).map_err(|_| Error::DamagedRecords)?;
        if row.get_ref(7)?.as_blob().ok() == Some(&record.hash().0) { Ok(record) } else { Err(Error::DamagedRecords) }
    }
}

/// The columns that [`dataset`] reads, in this order.
pub(crate) const DATASET: &str = "tenant, project, boundary";

pub(crate) fn dataset(row: &Row<'_>, first: usize) -> rusqlite::Result<Dataset> {
    let boundary: String = row.get(first + 2)?;
    Ok(Dataset {
        tenant: row.get(first)?,
        project: row.get(first + 1)?,
        boundary: if boundary.is_empty() { None } else { Some(boundary) },
    })
}

/// The row id of a known dataset.
pub(crate) fn dataset_id(conn: &Connection, dataset: &Dataset) -> Result<Option<i64>> {
    let boundary = dataset.boundary.as_deref().unwrap_or_default();
    Ok(conn
        .query_row(
            "SELECT id FROM dataset WHERE tenant = ? AND project = ? AND boundary = ?",
            params![dataset.tenant, dataset.project, boundary],
            |row| row.get(0),
        )
        .optional()?)
}

/// The number of rows of a table.
pub(crate) fn count_all(conn: &Connection, table: &str) -> rusqlite::Result<u64> {
    conn.query_one(&format!("SELECT count(*) FROM {table}"), (), |row| count(row, 0))
}

/// The columns of a table, in order.
pub(crate) fn columns(conn: &Connection, table: &str) -> Result<Vec<String>> {
    let mut query = conn.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")?;
    let names = query.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

/// A text for display only. Replaces damaged bytes, so they do not block reading the rest.
pub(crate) fn shown_text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(row.get_ref(column)?.as_bytes()?).into_owned())
}

/// Encodes plain data for a column (postcard).
pub(crate) fn packed<T: Serialize + ?Sized>(data: &T) -> Vec<u8> {
    postcard::to_stdvec(data).unwrap_or_default() // plain data always encodes
}

/// Decodes a column that [`packed`] has encoded.
pub(crate) fn unpacked<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let bytes = row.get_ref(column)?.as_blob()?;
    postcard::from_bytes(bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error)))
}
