//! Errors of chunks and manifests.

/// Why a chunk or a manifest was rejected. It contains no record data, because bodies are personal data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A body given to the encoder is not canonical JSON.
    #[error("record {index} of the chunk has a body that is not canonical JSON")]
    Body {
        /// Its index in the given records.
        index: usize,
    },
    /// The bytes do not follow the format.
    #[error("not a valid {what}")]
    Malformed {
        /// Which part of the format is wrong.
        what: &'static str,
    },
    /// The bytes are valid, but do not match the manifest.
    #[error("the chunk's {what} does not match the manifest")]
    Mismatch {
        /// The value that differs.
        what: &'static str,
    },
    /// A size or count exceeds a limit of this crate.
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// The size or count.
        what: &'static str,
        /// The maximum: a count if `what` names a number of items, otherwise bytes.
        limit: usize,
    },
    /// A newer version wrote the bytes.
    #[error("format {found} is newer than format {known}, the newest that this version reads: update Fieldcast")]
    UnknownFormat {
        /// The format number in the bytes.
        found: u16,
        /// The newest format that this version reads.
        known: u16,
    },
}

/// Makes an [`Error::Malformed`].
pub(crate) const fn malformed(what: &'static str) -> Error {
    Error::Malformed { what }
}
