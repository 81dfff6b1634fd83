//! Chooses the predictor of each text column, and the coding of texts that the predictor does not predict.

use std::collections::HashSet;

use super::events::{Event, FirstColumn};
use super::layout::ColumnLayout;
use super::plan::{Class, Sampler, TextPlan, log2};
use super::table::{Quick, TextTable};
use super::uuid_v1::UuidV1Time;

const FINALISTS: usize = 3;

/// Columns from this number on are not tried as sources.
const MAX_SOURCES: usize = 1024;

/// Returns the best plan for each column.
pub(crate) fn choose(
    events: &[Event],
    first_columns: &[FirstColumn],
    table: &TextTable,
    layout: ColumnLayout,
) -> Vec<TextPlan> {
    let texts: Vec<(u32, u32)> = events
        .iter()
        .filter_map(|event| match *event {
            Event::Text { column, id } => Some((column, id)),
            Event::Number { .. } => None,
        })
        .collect();
    let mut counts = vec![0u32; layout.texts as usize];
    texts.iter().for_each(|(column, _)| counts[*column as usize] += 1);
    let finalists = finalists(&texts, &counts);
    let mut plans = sources(&texts, &finalists, &counts);
    for ((plan, template), uuid_v1) in plans.iter_mut().zip(layout.templates).zip(layout.uuid_v1) {
        plan.template = template;
        plan.uuid_v1 = uuid_v1;
    }
    let missed = missed(&texts, &plans);
    choose_first_columns(&missed, first_columns, &mut plans);
    choose_lists(&missed, first_columns, &mut plans);
    for miss in &missed {
        let plan = &mut plans[miss.column as usize];
        plan.classes |= if miss.new { new_class(table.uuid(miss.id), plan).bit() } else { 0 };
    }
    note_classes(&missed, first_columns, &mut plans);
    plans
}

/// Returns the class of a new text.
pub(crate) fn new_class(uuid: Option<[u8; 16]>, plan: &TextPlan) -> Class {
    match uuid {
        Some(uuid) if uuid[6] >> 4 == 4 && uuid[8] >> 6 == 2 => Class::Random,
        Some(uuid) if UuidV1Time::of(uuid).is_some() && plan.uuid_v1.is_some() => Class::UuidV1,
        Some(_) => Class::Uuid,
        None if plan.template.is_some() => Class::Template,
        None => Class::Text,
    }
}

/// For each column, returns the sources whose last text most often equals the sampled value.
fn finalists(texts: &[(u32, u32)], counts: &[u32]) -> Vec<Vec<u32>> {
    let stride = counts.len().min(MAX_SOURCES);
    let mut samplers: Vec<Sampler> = counts.iter().map(|count| Sampler::new(*count)).collect();
    let mut last = vec![u32::MAX; counts.len()];
    let mut scores = vec![0u16; counts.len() * stride];
    for (column, id) in texts {
        let column = *column as usize;
        if samplers[column].takes() {
            let row = &mut scores[column * stride..][..stride];
            for (score, last) in row.iter_mut().zip(&last) {
                *score += u16::from(last == id);
            }
        }
        last[column] = *id;
    }
    let chosen = |column: usize| {
        let row = &scores[column * stride..][..stride];
        let mut order: Vec<u32> =
            (0..stride as u32).filter(|source| row[*source as usize] > 0 && *source as usize != column).collect();
        order.sort_unstable_by_key(|source| (u16::MAX - row[*source as usize], *source));
        order.truncate(FINALISTS);
        order.push(column as u32);
        order
    };
    (0..counts.len()).map(chosen).collect()
}

/// Tries the finalists of each column on all values. Uses the best one if it is right often enough.
fn sources(texts: &[(u32, u32)], finalists: &[Vec<u32>], counts: &[u32]) -> Vec<TextPlan> {
    let mut last = vec![u32::MAX; finalists.len()];
    // Hits and misses of each finalist.
    let mut trials: Vec<Vec<(u32, u32)>> = finalists.iter().map(|of| vec![(0, 0); of.len()]).collect();
    for (column, id) in texts {
        let column = *column as usize;
        for ((hits, misses), source) in trials[column].iter_mut().zip(&finalists[column]) {
            let expected = last[*source as usize];
            *hits += u32::from(expected == *id);
            *misses += u32::from(expected != *id && expected != u32::MAX);
        }
        last[column] = *id;
    }
    let plan = |trials: &[(u32, u32)], sources: &[u32], count: u32| {
        let best = trials.iter().zip(sources).max_by_key(|((hits, _), source)| (*hits, u32::MAX - *source));
        match best {
            Some(((hits, misses), source)) if hits * 8 > count => {
                TextPlan { source: Some(*source), certain: *misses == 0, ..TextPlan::default() }
            }
            _ => TextPlan::default(),
        }
    };
    trials.iter().zip(finalists).zip(counts).map(|((trials, sources), count)| plan(trials, sources, *count)).collect()
}

/// A text that its column's source does not predict.
#[derive(Clone, Copy, Debug)]
struct Miss {
    column: u32,
    id: u32,
    new: bool,
    /// How many texts had occurred in the chunk before this one.
    seen: u32,
}

fn missed(texts: &[(u32, u32)], plans: &[TextPlan]) -> Vec<Miss> {
    let mut last = vec![u32::MAX; plans.len()];
    let (mut missed, mut seen) = (Vec::new(), 0);
    for (column, id) in texts {
        let expected = plans[*column as usize].source.map(|source| last[source as usize]);
        if expected != Some(*id) {
            missed.push(Miss { column: *column, id: *id, new: *id == seen, seen });
        }
        seen += u32::from(*id == seen);
        last[*column as usize] = *id;
    }
    missed
}

/// Sets the first column of each plan to the column in which most of its repeated texts first occurred.
fn choose_first_columns(missed: &[Miss], first_columns: &[FirstColumn], plans: &mut [TextPlan]) {
    let mut votes: Vec<Vec<(u32, u32)>> = vec![Vec::new(); plans.len()];
    for miss in missed.iter().filter(|miss| !miss.new) {
        let first = first_columns[miss.id as usize].column;
        let votes = &mut votes[miss.column as usize];
        match votes.iter_mut().find(|(column, _)| *column == first) {
            Some((_, count)) => *count += 1,
            None => votes.push((first, 1)),
        }
    }
    for (plan, votes) in plans.iter_mut().zip(votes) {
        let most = votes.iter().max_by_key(|(column, count)| (*count, u32::MAX - *column));
        plan.first_column = most.map_or(0, |(column, _)| *column);
    }
}

/// Computes distances: how many texts of a column are among the first `seen` texts of the chunk.
struct Distances<'a> {
    first_columns: &'a [FirstColumn],
    by_column: Vec<Vec<u32>>,
}

impl<'a> Distances<'a> {
    fn new(first_columns: &'a [FirstColumn], columns: usize) -> Self {
        let mut by_column = vec![Vec::new(); columns];
        for (id, first) in first_columns.iter().enumerate() {
            by_column[first.column as usize].push(id as u32);
        }
        Self { first_columns, by_column }
    }

    fn distance(&self, id: u32, seen: u32) -> u32 {
        let first = self.first_columns[id as usize];
        let count = self.by_column[first.column as usize].partition_point(|other| *other < seen);
        count as u32 - 1 - first.index
    }
}

/// Decides per column: code texts of the first column by distance each time, or by distance once and then by the own
/// list.
fn choose_lists(missed: &[Miss], first_columns: &[FirstColumn], plans: &mut [TextPlan]) {
    let distances = Distances::new(first_columns, plans.len());
    // Per column: bits for the distances of all texts of the first column, bits for their first uses only, and the
    // number of repeats.
    let mut costs = vec![(0u64, 0u64, 0u32); plans.len()];
    let mut listed: HashSet<u64, Quick> = HashSet::default();
    let mut own = vec![[0u32; 2]; plans.len()];
    for miss in missed {
        let column = miss.column as usize;
        let is_first_column = first_columns[miss.id as usize].column == plans[column].first_column;
        let by_distance = is_first_column && !miss.new;
        let bits = if by_distance { 2 * log2(distances.distance(miss.id, miss.seen) + 1) + 256 } else { 0 };
        let first = listed.insert(u64::from(miss.column) << 32 | u64::from(miss.id));
        let (all, firsts, repeats) = &mut costs[column];
        *all += bits;
        if first {
            *firsts += bits;
            own[column][0] += 1;
            own[column][1] += u32::from(!is_first_column);
        } else if by_distance {
            *repeats += 1;
        }
    }
    for ((plan, (all, firsts, repeats)), own) in plans.iter_mut().zip(costs).zip(own) {
        plan.by_distance = all <= firsts + u64::from(repeats) * log2(own[0]);
        plan.own = own[usize::from(plan.by_distance)];
    }
}

/// Processes the misses in coding order and collects the classes of texts that are not new.
fn note_classes(missed: &[Miss], first_columns: &[FirstColumn], plans: &mut [TextPlan]) {
    let mut listed: HashSet<u64, Quick> = HashSet::default();
    for miss in missed {
        let plan = &mut plans[miss.column as usize];
        let is_first_column = first_columns[miss.id as usize].column == plan.first_column;
        let key = u64::from(miss.column) << 32 | u64::from(miss.id);
        let class = if miss.new {
            None
        } else if is_first_column && plan.by_distance {
            Some(Class::FirstColumn)
        } else if listed.contains(&key) {
            Some(Class::Own)
        } else if is_first_column {
            Some(Class::FirstColumn)
        } else {
            Some(Class::Any)
        };
        if !(is_first_column && plan.by_distance) {
            listed.insert(key);
        }
        plan.classes |= class.map_or(0, Class::bit);
    }
    // No text uses this own list, so do not keep it.
    for plan in plans {
        if plan.classes & Class::Own.bit() == 0 {
            plan.own = 0;
        }
    }
}
