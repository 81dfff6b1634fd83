//! How each column is coded: chosen by the encoder, sent in the head.

use super::template::Template;

/// How a text is coded that is not the predicted one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Class {
    /// By its place among the texts coded this way in this column before.
    Own,
    /// By how long ago it first occurred, counted in texts that first occurred in the plan's home column.
    FirstColumn,
    /// By its number.
    Any,
    /// New: the next text of the head.
    Text,
    /// New: a random UUID (version 4, variant 1), 122 raw bits.
    Random,
    /// New: any other UUID, 128 raw bits.
    Uuid,
    /// New: numbers in the column's frame.
    Framed,
    /// New: a UUID of version 1, as a tail and two numbers.
    Timed,
}

impl Class {
    pub(crate) const ALL: [Self; 8] =
        [Self::Own, Self::FirstColumn, Self::Any, Self::Text, Self::Random, Self::Uuid, Self::Framed, Self::Timed];

    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// How a column of texts is coded.
#[derive(Clone, Debug, Default)]
pub(crate) struct TextPlan {
    /// The column whose last text is expected.
    pub(crate) source: Option<u32>,
    /// The expected text, once there is one, is always right.
    pub(crate) certain: bool,
    /// Texts of the home column do not enter the column's own list.
    pub(crate) by_distance: bool,
    /// The classes that occur, as a set of [`Class::bit`]s.
    pub(crate) classes: u8,
    /// The column distances are counted in.
    pub(crate) home: u32,
    /// How long the column's own list becomes.
    pub(crate) own: u32,
    /// The frame of its new texts.
    pub(crate) template: Option<Template>,
    /// The parts of its new UUIDs of version 1.
    pub(crate) timed: Option<Parts>,
}

/// The columns a UUID of version 1 is coded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The column of the tails.
    pub(crate) tail: u32,
    /// The column of the milliseconds; that of the ticks follows it.
    pub(crate) millis: u32,
}

/// How a column of numbers is coded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NumberPlan {
    /// The column whose last number is expected; without one, 0 is.
    pub(crate) source: Option<u32>,
    /// The expected number, once there is one, is always right.
    pub(crate) certain: bool,
}

/// How all columns are coded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) texts: Vec<TextPlan>,
    /// Those within texts stand behind the others.
    pub(crate) numbers: Vec<NumberPlan>,
}

/// How many values of a column candidates are tried on before the best are tried on all.
pub(crate) const SAMPLES: u32 = 24;

/// Picks about [`SAMPLES`] of a column's values, evenly.
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

/// log2 of `n` in 1/256 bits, with integers only, so that every device chooses alike.
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
    fn logarithms_are_near_enough() {
        for n in [1u32, 2, 3, 10, 255, 256, 1000, u32::MAX] {
            let exact = f64::from(n).log2() * 256.0;
            assert!((log2(n) as f64 - exact).abs() <= 1.0, "{n}");
        }
    }
}
