//! The two bit streams of a chunk: coded bits (arithmetic coding with adaptive probabilities) and raw bits.
//!
//! Each model is written once, against the [`Coder`] trait. The writer codes the given value and returns it. The reader
//! ignores the given value and returns the value it read. Encoder and decoder therefore always match.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

/// The probability that a bit is 1, learned from earlier bits: 22 bits of probability, 10 bits of count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prob(u32);

/// After this many bits the adaptation rate stays constant.
const COUNT_LIMIT: u32 = 126;

/// How far a probability moves towards its `n`th bit, in units of 1/2^16: 1 / (n + 1.5).
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const RATE: [i64; 128] = {
    let mut rate = [0; 128];
    let mut n = 0;
    while n < 128 {
        rate[n] = (2 << 16) / (2 * n as i64 + 3);
        n += 1;
    }
    rate
};

impl Prob {
    pub(crate) const fn new() -> Self {
        Self(1 << 31)
    }

    /// The probability in units of 1/4096: 1..=4095.
    const fn p12(self) -> u32 {
        let p = self.0 >> 20;
        if p == 0 { 1 } else { p }
    }

    fn learn(&mut self, bit: bool) {
        let count = self.0 & 1023;
        let p = i64::from(self.0 >> 10);
        let target = if bit { (1 << 22) - 1 } else { 0 };
        let rate = RATE.get(count as usize).copied().unwrap_or_default();
        let p = p + (((target - p) * rate) >> 16);
        self.0 = (p as u32) << 10 | if count < COUNT_LIMIT { count + 1 } else { count };
    }
}

pub(crate) trait Coder {
    /// Codes one bit with `prob`, then updates `prob` with it.
    fn bit(&mut self, prob: &mut Prob, bit: bool) -> bool;
    /// Codes `width` bits (0..=64) without compression.
    fn raw(&mut self, width: u32, value: u64) -> u64;
}

/// Writes both streams.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    low: u32,
    high: u32,
    coded: Vec<u8>,
    pending: u64,
    pending_bits: u32,
    raw: Vec<u8>,
}

impl ColumnWriter {
    pub(crate) const fn new() -> Self {
        Self { low: 0, high: u32::MAX, coded: Vec::new(), pending: 0, pending_bits: 0, raw: Vec::new() }
    }

    /// Returns the coded stream and the raw stream.
    pub(crate) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.coded.extend_from_slice(&self.low.to_be_bytes());
        while self.pending_bits > 0 {
            self.raw.push(self.pending as u8);
            self.pending >>= 8;
            self.pending_bits = self.pending_bits.saturating_sub(8);
        }
        (self.coded, self.raw)
    }

    fn raw32(&mut self, width: u32, value: u64) {
        self.pending |= value << self.pending_bits;
        self.pending_bits += width;
        if self.pending_bits >= 32 {
            self.raw.extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.pending_bits -= 32;
        }
    }
}

impl Coder for ColumnWriter {
    fn bit(&mut self, prob: &mut Prob, bit: bool) -> bool {
        let middle = self.low + ((self.high - self.low) >> 12) * prob.p12();
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        prob.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.coded.push((self.high >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 255;
        }
        bit
    }

    fn raw(&mut self, width: u32, value: u64) -> u64 {
        let low = width.min(32);
        self.raw32(low, value & ((1 << low) - 1));
        if width > 32 {
            self.raw32(width - 32, value >> 32);
        }
        value
    }
}

/// Reads both streams. Past the end of a stream it returns zeros and sets `overrun`.
#[derive(Debug)]
pub(crate) struct ColumnReader<'a> {
    low: u32,
    high: u32,
    at: u32,
    coded: std::slice::Iter<'a, u8>,
    pending: u64,
    pending_bits: u32,
    raw: &'a [u8],
    overrun: bool,
}

impl<'a> ColumnReader<'a> {
    pub(crate) fn new(coded: &'a [u8], raw: &'a [u8]) -> Self {
        let coded = coded.iter();
        let mut reader =
            Self { low: 0, high: u32::MAX, at: 0, coded, pending: 0, pending_bits: 0, raw, overrun: false };
        for _ in 0..4 {
            reader.at = reader.at << 8 | reader.next_coded();
        }
        reader
    }

    /// Returns whether a read went past the end of a stream.
    pub(crate) const fn overrun(&self) -> bool {
        self.overrun
    }

    /// Returns whether both streams were read exactly to their end.
    pub(crate) fn is_at_end(&self) -> bool {
        !self.overrun && self.coded.len() == 0 && self.raw.is_empty() && self.pending_bits < 8 && self.pending == 0
    }

    fn next_coded(&mut self) -> u32 {
        match self.coded.next() {
            Some(byte) => u32::from(*byte),
            None => {
                self.overrun = true;
                0
            }
        }
    }

    /// Loads at least `width` (at most 32) bits into `pending`, if the stream has them.
    fn fill(&mut self, width: u32) {
        if self.pending_bits >= width {
            return;
        }
        if let Some((four, rest)) = self.raw.split_first_chunk::<4>() {
            self.pending |= u64::from(u32::from_le_bytes(*four)) << self.pending_bits;
            self.pending_bits += 32;
            self.raw = rest;
            return;
        }
        while self.pending_bits < width {
            let Some((byte, rest)) = self.raw.split_first() else {
                self.overrun = true;
                self.pending_bits = width;
                return;
            };
            self.pending |= u64::from(*byte) << self.pending_bits;
            self.pending_bits += 8;
            self.raw = rest;
        }
    }

    fn raw32(&mut self, width: u32) -> u64 {
        self.fill(width);
        let value = self.pending & ((1 << width) - 1);
        self.pending >>= width;
        self.pending_bits -= width;
        value
    }
}

impl Coder for ColumnReader<'_> {
    fn bit(&mut self, prob: &mut Prob, _: bool) -> bool {
        let middle = self.low + ((self.high - self.low) >> 12) * prob.p12();
        let bit = self.at <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        prob.learn(bit);
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 255;
            self.at = self.at << 8 | self.next_coded();
        }
        bit
    }

    fn raw(&mut self, width: u32, _: u64) -> u64 {
        let low = self.raw32(width.min(32));
        if width > 32 { low | self.raw32(width - 32) << 32 } else { low }
    }
}
