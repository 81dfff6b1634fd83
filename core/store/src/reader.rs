//! Reads: one consistent view of the database.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fmt;

use fieldcast_model::EntityType;
use rusqlite::Connection;

use crate::Result;

/// One consistent view of the store.
pub struct Reader<'c> {
    pub(crate) conn: &'c Connection,
    entities: OnceCell<HashMap<i64, EntityType>>,
}

impl<'c> Reader<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        Self { conn, entities: OnceCell::new() }
    }

    /// All entity types by their row id.
    pub(crate) fn entities(&self) -> Result<&HashMap<i64, EntityType>> {
        if let Some(known) = self.entities.get() {
            return Ok(known);
        }
        let mut statement = self.conn.prepare("SELECT id, name FROM entity")?;
        let rows = statement.query_map((), |row| Ok((row.get(0)?, EntityType::from(row.get::<_, String>(1)?))))?;
        let read = rows.collect::<Result<HashMap<_, _>, _>>()?;
        Ok(self.entities.get_or_init(|| read))
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
