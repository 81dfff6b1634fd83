//! Chooses the predictor of each number column.

use super::events::Event;
use super::plan::{NumberPlan, Sampler, log2};

/// How many candidates of the sample are tried on all values. The column itself is always tried too.
const FINALISTS: usize = 3;

/// Returns the best plan for each of `columns` columns.
pub(crate) fn choose(events: &[Event], columns: u32) -> Vec<NumberPlan> {
    let values = || {
        events.iter().filter_map(|event| match *event {
            Event::Number { column, value } => Some((column as usize, value)),
            Event::Text { .. } => None,
        })
    };
    let mut counts = vec![0u32; columns as usize];
    values().for_each(|(column, _)| counts[column] += 1);
    let finalists = finalists(values(), &counts);
    let trials = try_all(values(), &finalists);
    trials.iter().zip(finalists).zip(counts).map(|((trials, sources), count)| best(trials, &sources, count)).collect()
}

/// For each column, returns the sources that leave the smallest differences on the sample.
fn finalists(values: impl Iterator<Item = (usize, i64)>, counts: &[u32]) -> Vec<Vec<u32>> {
    let columns = counts.len();
    let mut samplers: Vec<Sampler> = counts.iter().map(|count| Sampler::new(*count)).collect();
    let mut last = vec![0i64; columns];
    let mut scores = vec![0u32; columns * columns.min(MAX_SOURCES)];
    let stride = columns.min(MAX_SOURCES);
    for (column, value) in values {
        if samplers[column].takes() {
            let row = &mut scores[column * stride..][..stride];
            for (score, last) in row.iter_mut().zip(&last) {
                *score += u64::BITS - value.wrapping_sub(*last).unsigned_abs().leading_zeros();
            }
        }
        last[column] = value;
    }
    let chosen = |column: usize| {
        let row = &scores[column * stride..][..stride];
        let mut order: Vec<u32> = (0..stride as u32).filter(|source| *source as usize != column).collect();
        let keep = order.len().min(FINALISTS);
        if keep > 0 {
            order.select_nth_unstable_by_key(keep - 1, |source| (row[*source as usize], *source));
            order.truncate(keep);
            order.sort_unstable_by_key(|source| (row[*source as usize], *source));
        }
        order.push(column as u32);
        order
    };
    (0..columns).map(chosen).collect()
}

/// Columns from this number on are not tried as sources. A chunk of DIGIT data has about 200.
const MAX_SOURCES: usize = 1024;

/// The differences between a column and a source: how many values of each bit length, 0 to 64.
#[derive(Clone, Debug)]
struct Trial {
    lengths: [u32; 65],
    /// Values that differ from an existing prediction.
    misses: u32,
}

impl Trial {
    const fn new() -> Self {
        Self { lengths: [0; 65], misses: 0 }
    }

    fn note(&mut self, difference: i64, expected: bool) {
        self.lengths[(u64::BITS - difference.unsigned_abs().leading_zeros()) as usize] += 1;
        self.misses += u32::from(expected && difference != 0);
    }

    /// Returns the cost of all values in 1/256 bits: the entropy of the lengths plus the bits below the leading one.
    fn cost(&self, count: u32) -> u64 {
        let lengths = self.lengths.iter().zip(0u64..).filter(|(n, _)| **n > 0);
        lengths.map(|(n, length)| u64::from(*n) * (log2(count) - log2(*n) + 256 * length)).sum()
    }
}

/// Tries the finalists of each column on all values. The last trial of each column uses no source.
fn try_all(values: impl Iterator<Item = (usize, i64)>, finalists: &[Vec<u32>]) -> Vec<Vec<Trial>> {
    let mut last: Vec<Option<i64>> = vec![None; finalists.len()];
    let mut trials: Vec<Vec<Trial>> = finalists.iter().map(|of| vec![Trial::new(); of.len() + 1]).collect();
    for (column, value) in values {
        let (nothing, trials) = match trials[column].split_last_mut() {
            Some(split) => split,
            None => continue,
        };
        nothing.note(value, true);
        for (trial, source) in trials.iter_mut().zip(&finalists[column]) {
            let expected = last[*source as usize];
            trial.note(value.wrapping_sub(expected.unwrap_or(0)), expected.is_some());
        }
        last[column] = Some(value);
    }
    trials
}

fn best(trials: &[Trial], sources: &[u32], count: u32) -> NumberPlan {
    let sources = sources.iter().map(|source| Some(*source)).chain([None]);
    let cost = |trial: &Trial, source: Option<u32>| match source {
        // A source that is always right costs only the values before its first value.
        Some(_) if trial.misses == 0 => 0,
        _ => trial.cost(count) + 1,
    };
    let best = trials.iter().zip(sources).min_by_key(|(trial, source)| cost(trial, *source));
    best.map_or_else(NumberPlan::default, |(trial, source)| NumberPlan {
        source,
        certain: source.is_some() && trial.misses == 0,
    })
}
