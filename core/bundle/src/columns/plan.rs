//! The coding plan of each column. The encoder chooses it and sends it in the head.

use super::template::Template;

/// How to code a text that does not match the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// By its index in the column's own list: the texts coded in this column before.
    Own,
    /// By its distance: how many texts first occurred in the plan's first column since this text did.
    FirstColumn,
    /// By its text number.
    Any,
    /// New: the next text in the head.
    Text,
    /// New: a random UUID (version 4, variant 1), 122 raw bits.
    Random,
    /// New: any other UUID, 128 raw bits.
    Uuid,
    /// New: numbers in the column's template.
    Template,
    /// New: a version 1 UUID, as a tail and two numbers.
    UuidV1,
}

impl Class {
    pub(crate) const ALL: [Self; 8] =
        [Self::Own, Self::FirstColumn, Self::Any, Self::Text, Self::Random, Self::Uuid, Self::Template, Self::UuidV1];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The coding plan of a text column.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextPlan {
    /// The column whose last text is the prediction.
    pub(crate) source: Option<u32>,
    /// The prediction is always right, once there is one.
    pub(crate) certain: bool,
    /// Texts that first occurred in the plan's first column are not added to the own list.
    pub(crate) by_distance: bool,
    /// The classes that occur, as a set of [`Class::bit`]s.
    pub(crate) classes: u8,
    /// The column in which distances are counted.
    pub(crate) first_column: u32,
    /// The final length of the own list.
    pub(crate) own: u32,
    /// The template of new texts in this column.
    pub(crate) template: Option<Template>,
    /// The columns for the parts of new version 1 UUIDs.
    pub(crate) uuid_v1: Option<Parts>,
}

/// The columns that hold the parts of a version 1 UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The column of the tails.
    pub(crate) tail: u32,
    /// The column of the milliseconds. The column of the ticks follows it.
    pub(crate) millis: u32,
}

/// The coding plan of a number column.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NumberPlan {
    /// The column whose last number is the prediction. Without a source the prediction is 0.
    pub(crate) source: Option<u32>,
    /// The prediction is always right, once there is one.
    pub(crate) certain: bool,
}

/// The coding plan of all columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct ColumnPlan {
    pub(crate) texts: Vec<TextPlan>,
    /// Columns of numbers within texts come after all others.
    pub(crate) numbers: Vec<NumberPlan>,
}

/// How many values of a column to sample. All candidates are tried on the sample, the best of them on all values.
pub(crate) const SAMPLES: u32 = 24;

/// Picks about [`SAMPLES`] values of a column, evenly spaced.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sampler {
    every: u32,
    until: u32,
}

impl Sampler {
    pub(crate) fn new(count: u32) -> Self {
        let every = count.div_ceil(SAMPLES).max(1);
        Self { every, until: every / 2 }
    }

    pub(crate) fn takes(&mut self) -> bool {
        if self.until == 0 {
            self.until = self.every - 1;
            return true;
        }
        self.until -= 1;
        false
    }
}

/// Returns log2 of `n` in 1/256 bits. It uses only integers, so that every device chooses the same plan.
pub(crate) fn log2(n: u32) -> u64 {
    let whole = n.max(1).ilog2();
    let mut mantissa = (u64::from(n.max(1)) << 31) >> whole; // 1.0 to 2.0, 31 bits of fraction
    let mut result = u64::from(whole);
    for _ in 0..8 {
        mantissa = (mantissa * mantissa) >> 31;
        let carry = mantissa >> 32;
        result = result << 1 | carry;
        mantissa >>= carry;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_log2_within_tolerance() {
        for n in [1u32, 2, 3, 10, 255, 256, 1000, u32::MAX] {
            let exact = f64::from(n).log2() * 256.0;
            assert!((log2(n) as f64 - exact).abs() <= 1.0, "{n}");
        }
    }
}
