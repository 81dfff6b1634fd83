//! The check of a row in both files: it shows which of two different versions is the written one. Both files store it,
//! so each file can be verified without the other.

use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

/// The name of the check function in SQL. Its arguments are the row id and the columns, in order.
pub(crate) const FUNCTION: &str = "row_check";

/// Registers the check function on a connection.
pub(crate) fn register(conn: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function(FUNCTION, -1, flags, |context| {
        Ok(of((0..context.len()).map(|column| context.get_raw(column))))
    })
}

/// The check of a row that was read from a table.
pub(crate) fn of_row(number: i64, columns: &[Value]) -> i64 {
    of(std::iter::once(ValueRef::Integer(number)).chain(columns.iter().map(ValueRef::from)))
}

/// Four bytes of a hash of the values: detects damage, but does not protect against attackers.
fn of<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> i64 {
    let mut hasher = blake3::Hasher::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        hasher.update(&[kind]);
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for value in values {
        match value {
            ValueRef::Null => add(0, &[]),
            ValueRef::Integer(number) => add(1, &number.to_le_bytes()),
            ValueRef::Real(number) => add(2, &number.to_le_bytes()),
            ValueRef::Text(bytes) => add(3, bytes),
            ValueRef::Blob(bytes) => add(4, bytes),
        }
    }
    let mut first = [0; 4];
    hasher.finalize_xof().fill(&mut first);
    u32::from_le_bytes(first).into()
}
