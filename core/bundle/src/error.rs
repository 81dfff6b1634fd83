//! What can be wrong with a chunk or a manifest.

/// Why a chunk or a manifest was refused. Holds nothing of the data: bodies are personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A body given to the encoder is not canonical JSON.
    #[error("record {index} of the chunk has a body that is not canonical JSON")]
    Body {
        /// Its place among the records given.
        index: usize,
    },
    /// The bytes are not what this crate writes.
    #[error("not a valid {what}")]
    Malformed {
        /// Which part of the format was violated.
        what: &'static str,
    },
    /// The bytes are valid but do not hold what the manifest says.
    #[error("the chunk's {what} is not the manifest's")]
    Mismatch {
        /// What differs.
        what: &'static str,
    },
    /// More than this crate agrees to hold at once.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The most it may be.
        limit: usize,
    },
    /// Written by a newer version.
    #[error("format {found} is newer than the {known} this version knows")]
    UnknownFormat {
        /// The format the bytes say they have.
        found: u16,
        /// The newest this version reads.
        known: u16,
    },
}

/// Shorthand for a violated format.
pub(crate) const fn malformed(what: &'static str) -> Error {
    Error::Malformed { what }
}
