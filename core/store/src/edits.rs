//! Local edits: records that were created or changed on this device and are not on the server yet. They are stored
//! beside the server's records.

use fieldcast_model::{Dataset, EntityType, Json, RecordId};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{self, Key, OwnKey, dataset_id};
use crate::{Error, Reader, Result, Store};

/// A record as it was edited on this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEdit {
    /// Its dataset.
    pub dataset: Dataset,
    /// Its type.
    pub entity: EntityType,
    /// Its `clientReferenceId`.
    pub id: RecordId,
    /// The root of its household.
    pub root: RecordId,
    /// Whether the edit deletes the record.
    pub deleted: bool,
    /// The entity with every field.
    pub body: Json,
    /// When the edit was made, in ms since 1970 on this device's clock. For display only; it decides nothing.
    pub edited_at: i64,
}

/// A local edit and its conflict state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditStatus {
    /// The edit.
    pub edit: LocalEdit,
    /// Whether the server's version that was edited has been replaced since: a conflict that the user should resolve.
    pub base_moved: bool,
}

/// The result of [`Store::edit_sent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditSent {
    /// The edit was removed.
    Forgotten,
    /// The record was edited again after the sent version: the edit stays and must be sent again.
    ChangedSince,
    /// There is no such edit.
    Unknown,
}

impl Store {
    /// Stores an edit. Durable when it returns. A second edit of the same record replaces the first one but keeps its
    /// base version, so more editing does not hide a conflict; see [`Store::rebase_edit`].
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn put_edit(&self, edit: &LocalEdit) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let dataset = tx.dataset(&edit.dataset)?;
            let entity = tx.entity(&edit.entity)?;
            tx.conn.execute(
                "INSERT INTO local_edit (dataset, entity, key, root, base, deleted, edited_at, body)
                 VALUES (?1, ?2, ?3, ?4, ifnull((SELECT hash FROM record WHERE dataset = ?1 AND entity = ?2 AND key = ?3),
                    x''), ?5, ?6, ?7)
                 ON CONFLICT (dataset, entity, key) DO UPDATE SET root = excluded.root, deleted = excluded.deleted,
                    edited_at = excluded.edited_at, body = excluded.body",
                params![
                    dataset,
                    entity,
                    Key(&edit.id),
                    Key(&edit.root),
                    edit.deleted,
                    edit.edited_at,
                    edit.body.as_str()
                ],
            )?;
            Ok(())
        })
    }

    /// Marks a conflict as resolved: the present server version becomes the base of the edit. Returns whether the edit
    /// existed.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn rebase_edit(&self, dataset: &Dataset, entity: &EntityType, id: &RecordId) -> Result<bool> {
        let base = "UPDATE local_edit SET base = ifnull((SELECT hash FROM record r WHERE r.dataset = local_edit.dataset
            AND r.entity = local_edit.entity AND r.key = local_edit.key), x'')";
        self.change_edit(base, dataset, entity, id)
    }

    /// Removes an edit after the app confirms that the server has it, but only if the edit still equals `sent`: the
    /// user may have edited the record again during the upload. Only this call removes edits.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn edit_sent(&self, sent: &LocalEdit) -> Result<EditSent> {
        self.write(Durability::Full, |tx| {
            let Some(dataset) = dataset_id(&tx.conn, &sent.dataset)? else { return Ok(EditSent::Unknown) };
            let named = params![dataset, tx.entity(&sent.entity)?, Key(&sent.id), sent.body.as_str(), sent.deleted];
            const NAMED: &str = "dataset = ?1 AND entity = ?2 AND key = ?3";
            const AS_SENT: &str = "body = ?4 AND deleted = ?5";
            let sql = format!("SELECT {AS_SENT} FROM local_edit WHERE {NAMED}");
            match tx.conn.query_row(&sql, named, |row| row.get(0)).optional()? {
                None => Ok(EditSent::Unknown),
                Some(false) => Ok(EditSent::ChangedSince),
                Some(true) => {
                    tx.conn.execute(&format!("DELETE FROM local_edit WHERE {NAMED} AND {AS_SENT}"), named)?;
                    Ok(EditSent::Forgotten)
                }
            }
        })
    }

    fn change_edit(&self, change: &str, dataset: &Dataset, entity: &EntityType, id: &RecordId) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            let Some(dataset) = dataset_id(&tx.conn, dataset)? else { return Ok(false) };
            let sql = format!("{change} WHERE dataset = ? AND entity = ? AND key = ?");
            Ok(tx.conn.execute(&sql, params![dataset, tx.entity(entity)?, Key(id)])? == 1)
        })
    }

    /// Edits that a recovery could not read, as type and id. An empty text means unknown.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn lost_edits(&self) -> Result<Vec<(EntityType, RecordId)>> {
        self.read(|r| {
            let mut query = r.conn.prepare("SELECT entity, key FROM lost_edit ORDER BY id")?;
            let lost = query.query_map((), |row| {
                let (entity, id): (String, String) = (row.get(0)?, row.get(1)?);
                Ok((EntityType::new(&entity), RecordId::parse(&id)))
            })?;
            Ok(lost.collect::<Result<_, _>>()?)
        })
    }

    /// Records that the user has seen the list of possibly lost edits, and clears it.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn confirm_lost_edits(&self) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM lost_edit", ())?;
            Ok(())
        })
    }

    /// See [`Reader::edits`].
    ///
    /// # Errors
    /// The same errors.
    pub fn edits(&self) -> Result<Vec<EditStatus>> {
        self.read(|r| r.edits())
    }
}

impl Reader<'_> {
    /// All unsent edits, oldest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn edits(&self) -> Result<Vec<EditStatus>> {
        let mut statement = self.conn.prepare(
            "SELECT tenant, project, boundary, e.entity, e.key, e.root, e.deleted, e.body, edited_at,
                e.base <> ifnull(r.hash, x'')
             FROM local_edit e JOIN dataset d ON d.id = e.dataset
             LEFT JOIN record r ON r.dataset = e.dataset AND r.entity = e.entity AND r.key = e.key
             ORDER BY edited_at, e.rowid",
        )?;
        let mut rows = statement.query(())?;
        let mut edits = Vec::new();
        while let Some(row) = rows.next()? {
            let entity = self.entities()?.get(&row.get(3)?).ok_or(Error::Corrupt)?;
            let edit = LocalEdit {
                dataset: rows::dataset(row, 0)?,
                entity: EntityType::clone(entity),
                id: row.get::<_, OwnKey>(4)?.0,
                root: row.get::<_, OwnKey>(5)?.0,
                deleted: row.get(6)?,
                body: Json::from_canonical(row.get::<_, String>(7)?),
                edited_at: row.get(8)?,
            };
            edits.push(EditStatus { edit, base_moved: row.get(9)? });
        }
        Ok(edits)
    }
}
