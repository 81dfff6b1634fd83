//! The doctor's look at the whole database.

use crate::{Error, Reader, Result, Store, open};

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whether every page of the file is what SQLite expects. If not, the next open moves the file aside.
    pub sound: bool,
    /// Key ranges whose kept digest is not that of their records.
    pub wrong_ranges: u64,
}

impl Store {
    /// Reads the whole database, hashes every record anew and compares. Takes seconds on a large one.
    ///
    /// # Errors
    /// Whatever stands in the way of reading; damage is not an error here.
    pub fn check(&self) -> Result<Check> {
        match self.read(|r| open::check(r.conn).and_then(|()| r.wrong_ranges())) {
            Ok(wrong_ranges) => Ok(Check { sound: true, wrong_ranges }),
            Err(Error::Corrupt) => Ok(Check { sound: false, wrong_ranges: 0 }),
            Err(e) => Err(e),
        }
    }
}

impl Reader<'_> {
    fn wrong_ranges(&self) -> Result<u64> {
        let mut wrong = 0;
        for status in self.datasets()? {
            let dataset = &status.summary.dataset;
            let (kept, real) = (self.ranges(dataset, fieldcast_model::FINE_BITS)?, self.recompute_digests(dataset)?);
            wrong += real.iter().filter(|range| !kept.contains(range)).count();
            wrong += kept.iter().filter(|range| !real.iter().any(|r| r.range == range.range)).count();
        }
        Ok(wrong as u64)
    }
}
