//! Limits on the memory a chunk needs. The encoder keeps them and the decoder checks them. DIGIT data stays far below
//! them.

/// The maximum number of records in a chunk.
pub(crate) const MAX_RECORDS: usize = 1 << 18;

/// The maximum number of entity types. DIGIT has nine.
pub(crate) const MAX_ENTITIES: usize = 1 << 10;

/// The maximum number of paths. A chunk of DIGIT data has about 700. A body that could exceed the limit is stored as
/// text.
pub(crate) const MAX_NODES: usize = 1 << 12;

/// The maximum total of member lists and of the members in them.
pub(crate) const MAX_LISTED: usize = 1 << 17;

/// The maximum number of digit groups in all templates together.
pub(crate) const MAX_TEMPLATE_GROUPS: usize = 1 << 10;

/// The maximum number of columns whose version 1 UUIDs are split into parts.
pub(crate) const MAX_UUID_V1_COLUMNS: usize = 1 << 8;

/// The maximum number of distinct texts. 64 MiB of DIGIT data contain about half a million.
pub(crate) const MAX_TEXTS: usize = 1 << 21;

/// The maximum number of entries in the own lists of all columns together.
pub(crate) const MAX_OWN: usize = 1 << 22;
