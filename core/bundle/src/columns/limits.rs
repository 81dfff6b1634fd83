//! What bounds a chunk's memory, kept by the encoder and held against by the decoder. DIGIT data stays far below.

/// The most records of a chunk.
pub(crate) const MAX_RECORDS: usize = 1 << 18;

/// The most entity types; DIGIT has nine.
pub(crate) const MAX_ENTITIES: usize = 1 << 10;

/// The most paths; a chunk of DIGIT data has some 700. Bodies that could exceed it are kept as text.
pub(crate) const MAX_NODES: usize = 1 << 12;

/// The most members of all lists together, the lists counted too.
pub(crate) const MAX_LISTED: usize = 1 << 17;

/// The most groups of digits of all frames together.
pub(crate) const MAX_FRAMED: usize = 1 << 10;

/// The most columns whose UUIDs of version 1 are taken apart.
pub(crate) const MAX_TIMED: usize = 1 << 8;

/// The most distinct texts; 64 MiB of DIGIT data have half a million.
pub(crate) const MAX_TEXTS: usize = 1 << 21;

/// The most entries of all columns' own lists together.
pub(crate) const MAX_OWN: usize = 1 << 22;
