//! Adaptive models: what the coder learns about the values of one column.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use super::coder::{Coder, Prob};

/// A number of up to eight bits, coded from the top bit down; the bits above select the probability of the next bit.
/// Each context learns separately.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    bits: u32,
    probs: Box<[Prob]>,
}

impl Tree {
    pub(crate) fn new(bits: u32, contexts: usize) -> Self {
        Self { bits, probs: vec![Prob::new(); contexts << bits].into() }
    }

    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, context: usize, value: u32) -> u32 {
        let probs = self.probs.get_mut(context << self.bits..).unwrap_or_default();
        let mut node = 1;
        for bit in (0..self.bits).rev() {
            let Some(prob) = probs.get_mut(node) else { break };
            node = node << 1 | usize::from(coder.bit(prob, value >> bit & 1 == 1));
        }
        node as u32 - (1 << self.bits)
    }
}

/// A number below a known bound: a tree codes the upper eight bits, the others are raw.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    raw: u32,
    tree: Tree,
}

impl Index {
    /// Makes an index for numbers below `count`.
    pub(crate) fn new(count: u32, contexts: usize) -> Self {
        let bits = width(count);
        Self { raw: bits.saturating_sub(8), tree: Tree::new(bits.min(8), contexts) }
    }

    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, context: usize, value: u32) -> u32 {
        let high = self.tree.code(coder, context, value >> self.raw);
        high << self.raw | coder.raw(self.raw, u64::from(value) & ((1 << self.raw) - 1)) as u32
    }
}

/// Returns how many bits the numbers below `count` need.
pub(crate) const fn width(count: u32) -> u32 {
    u32::BITS - count.saturating_sub(1).leading_zeros()
}

/// How many bits after the leading bit are adaptive. The bits after those were noise in every column that was measured.
const TOP_BITS: u32 = 3;

/// Any number; small numbers cost less. Coded as: zero or not, sign, length in bits, upper bits, then the rest raw.
#[derive(Clone, Debug)]
pub(crate) struct Number {
    zero: [Prob; 4],
    length: Tree,
    sign: Box<[Prob; 64]>,
    top: Box<[[Prob; 1 << TOP_BITS]; 64]>,
}

impl Number {
    pub(crate) fn new() -> Self {
        Self {
            zero: [Prob::new(); 4],
            length: Tree::new(6, 1),
            sign: [Prob::new(); 64].into(),
            top: [[Prob::new(); 1 << TOP_BITS]; 64].into(),
        }
    }

    /// Codes `value` in one of four contexts.
    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, context: usize, value: i64) -> i64 {
        let Some(zero) = self.zero.get_mut(context & 3) else { return 0 };
        if coder.bit(zero, value == 0) {
            return 0;
        }
        let magnitude = value.unsigned_abs();
        let length = self.length.code(coder, 0, 63 - magnitude.max(1).leading_zeros());
        let (Some(sign), Some(top)) = (self.sign.get_mut(length as usize), self.top.get_mut(length as usize)) else {
            return 0;
        };
        let negative = coder.bit(sign, value < 0);
        let modelled = length.min(TOP_BITS);
        let below = length - modelled;
        let mut node = 1usize;
        for bit in (0..modelled).rev() {
            let Some(prob) = top.get_mut(node) else { break };
            node = node << 1 | usize::from(coder.bit(prob, magnitude >> (below + bit) & 1 == 1));
        }
        // `node` is now the leading one followed by the modelled bits.
        let magnitude = (node as u64) << below | coder.raw(below, magnitude & ((1 << below) - 1));
        if negative { (magnitude as i64).wrapping_neg() } else { magnitude as i64 }
    }
}

/// A distance back from the end of a list. Small distances are the most frequent.
#[derive(Clone, Debug)]
pub(crate) struct Distance {
    near: Tree,
    far: Number,
}

/// Distances from this value on are coded as plain numbers.
const FAR: u32 = 15;

impl Distance {
    pub(crate) fn new() -> Self {
        Self { near: Tree::new(4, 5), far: Number::new() }
    }

    /// `context` is the previous distance in the same record, or 4 if there is none: references in one record often
    /// have similar distances.
    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, context: u32, value: u32) -> u32 {
        let short = self.near.code(coder, context.min(4) as usize, value.min(FAR));
        if short < FAR {
            return short;
        }
        let rest = self.far.code(coder, 0, i64::from(value.max(FAR) - FAR));
        u32::try_from(rest).unwrap_or(u32::MAX).saturating_add(FAR)
    }
}
