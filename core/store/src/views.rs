//! The views of entity types, one for each description in `schema/digit`. They depend on the build and not on the version
//! of the schema: a new type needs no migration.

use rusqlite::{Connection, OptionalExtension};

use crate::Result;

/// The name of a view and its SQL.
pub(crate) type View<'a> = (&'a str, &'a str);

/// The views of this build. `build.rs` writes this list.
pub(crate) const VIEWS: &[View<'_>] = include!(concat!(env!("OUT_DIR"), "/views.rs"));

/// The views that a database does not have in this form.
pub(crate) fn outdated<'a>(conn: &Connection, views: &[View<'a>]) -> Result<Vec<View<'a>>> {
    let mut query = conn.prepare("SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?")?;
    let mut outdated = Vec::new();
    for (name, sql) in views {
        let found: Option<String> = query.query_row([name], |row| row.get(0)).optional()?;
        if found.as_deref() != Some(*sql) {
            outdated.push((*name, *sql));
        }
    }
    Ok(outdated)
}

/// Creates views. Replaces earlier views with the same names.
pub(crate) fn create(conn: &Connection, views: &[View<'_>]) -> Result<()> {
    let create = |(name, sql): &View<'_>| conn.execute_batch(&format!("DROP VIEW IF EXISTS {name}; {sql}"));
    Ok(views.iter().try_for_each(create)?)
}
