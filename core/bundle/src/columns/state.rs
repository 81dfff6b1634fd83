//! The state that encoder and decoder share: the last value of each column, the lists, and the adaptive models.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use super::coder::{Coder, Prob};
use super::model::{Distance, Index, Number, Tree, width};
use super::plan::{Class, ColumnPlan, NumberPlan, TextPlan};
use super::schema::{ColumnSchema, ValueKind};
use crate::Error;
use crate::error::malformed;

/// How many contexts [`TextState::hit`] has.
const HITS: usize = 16;

/// The state of a text column.
#[derive(Debug, Default)]
pub(crate) struct TextState {
    pub(crate) last: Option<u32>,
    /// The texts that first occurred in this column.
    pub(crate) firsts: Vec<u32>,
    /// The column's own list.
    pub(crate) own: Vec<u32>,
    hit: Option<Box<[Prob; HITS]>>,
    was_hit: bool,
    class: Option<Tree>,
    last_class: usize,
    index: Option<Index>,
    distance: Option<Box<Distance>>,
}

/// The state of a number column.
#[derive(Debug, Default)]
struct NumberState {
    last: i64,
    seen: bool,
    was_zero: bool,
    model: Option<Box<Number>>,
}

/// The state of a path.
#[derive(Debug, Default)]
struct NodeState {
    kind: Option<Tree>,
    last_kind: usize,
    list: Option<Index>,
    length: Option<Box<Number>>,
}

/// The whole state.
#[derive(Debug)]
pub(crate) struct State {
    texts: Vec<TextState>,
    numbers: Vec<NumberState>,
    nodes: Vec<NodeState>,
    entity: Index,
    last_entity: usize,
    deleted: [Prob; HITS],
    /// For the current record: whether the last prediction was right, and the last coded distance.
    text_hit: bool,
    number_hit: bool,
    distance: u32,
}

/// The value of `distance` before the first distance of a record.
const NO_DISTANCE: u32 = 4;

fn all<T: Default>(count: usize) -> Vec<T> {
    std::iter::repeat_with(T::default).take(count).collect()
}

impl State {
    pub(crate) fn new(schema: &ColumnSchema, plan: &ColumnPlan) -> Self {
        Self {
            texts: all(plan.texts.len()),
            numbers: all(plan.numbers.len()),
            nodes: all(schema.nodes.len()),
            entity: Index::new(schema.entities.len() as u32, 2 * HITS),
            last_entity: 0,
            deleted: [Prob::new(); HITS],
            text_hit: false,
            number_hit: false,
            distance: NO_DISTANCE,
        }
    }

    /// Codes the entity type of a record, and whether the record is deleted. The root must be coded first.
    pub(crate) fn head<C: Coder>(&mut self, coder: &mut C, entity: u32, deleted: bool) -> (u32, bool) {
        let context = self.last_entity << 1 | usize::from(self.text_hit);
        let entity = self.entity.code(coder, context, entity);
        self.last_entity = (entity as usize).min(HITS - 1);
        self.distance = NO_DISTANCE;
        let prob = self.deleted.get_mut(self.last_entity);
        (entity, prob.is_some_and(|prob| coder.bit(prob, deleted)))
    }

    /// The context for the prediction of the root: the type of the last record predicts whether the family continues.
    pub(crate) const fn root_context(&self) -> usize {
        self.last_entity
    }

    /// The context for the prediction of any other text.
    pub(crate) fn text_context(&self, column: u32) -> usize {
        let was_hit = self.texts.get(column as usize).is_some_and(|state| state.was_hit);
        usize::from(was_hit) | usize::from(self.text_hit) << 1
    }

    pub(crate) fn number<C: Coder>(&mut self, coder: &mut C, plan: NumberPlan, column: u32, value: i64) -> i64 {
        let source = plan.source.and_then(|source| self.numbers.get(source as usize));
        let (expected, known) = source.map_or((0, false), |source| (source.last, source.seen));
        let Some(state) = self.numbers.get_mut(column as usize) else { return 0 };
        let mut result = expected;
        if !(plan.certain && known) {
            let context = usize::from(state.was_zero) | usize::from(self.number_hit) << 1;
            let model = state.model.get_or_insert_with(|| Box::new(Number::new()));
            let difference = model.code(coder, context, value.wrapping_sub(expected));
            state.was_zero = difference == 0;
            self.number_hit = difference == 0;
            result = expected.wrapping_add(difference);
        }
        state.last = result;
        state.seen = true;
        result
    }

    /// Codes the kind of a value, out of the kinds of its path.
    pub(crate) fn kind<C: Coder>(
        &mut self,
        coder: &mut C,
        node: u32,
        kinds: u16,
        deleted: bool,
        kind: ValueKind,
    ) -> ValueKind {
        let below = |kind: ValueKind| (kinds & (kind.bit() - 1)).count_ones();
        let nth = |n: u32| ValueKind::ALL.into_iter().find(|kind| kinds & kind.bit() != 0 && below(*kind) == n);
        if kinds.count_ones() == 1 {
            return nth(0).unwrap_or(ValueKind::Null);
        }
        let Some(state) = self.nodes.get_mut(node as usize) else { return ValueKind::Null };
        let tree = state.kind.get_or_insert_with(|| Tree::new(4, 2 * HITS));
        let index = tree.code(coder, state.last_kind << 1 | usize::from(deleted), below(kind));
        state.last_kind = index as usize & 15;
        nth(index).unwrap_or(ValueKind::Null)
    }

    /// Codes the member list of an object, out of the `count` lists of its path.
    pub(crate) fn list<C: Coder>(&mut self, coder: &mut C, node: u32, count: usize, list: u32) -> u32 {
        let Some(state) = self.nodes.get_mut(node as usize).filter(|_| count > 1) else { return 0 };
        state.list.get_or_insert_with(|| Index::new(count as u32, 1)).code(coder, 0, list)
    }

    /// Codes the length of an array.
    pub(crate) fn length<C: Coder>(&mut self, coder: &mut C, node: u32, bounds: (u32, u32), length: u32) -> u32 {
        let (least, greatest) = bounds;
        let Some(state) = self.nodes.get_mut(node as usize).filter(|_| least < greatest) else { return least };
        let model = state.length.get_or_insert_with(|| Box::new(Number::new()));
        let more = model.code(coder, 0, i64::from(length) - i64::from(least));
        u32::try_from(more).unwrap_or(u32::MAX).saturating_add(least)
    }

    /// Returns the predicted text of a column.
    pub(crate) fn expected(&self, plan: &TextPlan) -> Option<u32> {
        plan.source.and_then(|source| self.texts.get(source as usize)?.last)
    }

    /// Codes whether the prediction is right.
    pub(crate) fn hit<C: Coder>(&mut self, coder: &mut C, column: u32, context: usize, hit: bool) -> bool {
        let Some(state) = self.texts.get_mut(column as usize) else { return false };
        let probs = state.hit.get_or_insert_with(|| Box::new([Prob::new(); HITS]));
        let hit = probs.get_mut(context).is_some_and(|prob| coder.bit(prob, hit));
        state.was_hit = hit;
        self.text_hit = hit;
        hit
    }

    /// Codes the class of a text that does not match the prediction.
    pub(crate) fn class<C: Coder>(
        &mut self,
        coder: &mut C,
        column: u32,
        classes: u8,
        class: Class,
    ) -> Result<Class, Error> {
        let below = |class: Class| (classes & (class.bit() - 1)).count_ones();
        let nth = |n: u32| Class::ALL.into_iter().find(|class| classes & class.bit() != 0 && below(*class) == n);
        let mut index = 0;
        if classes.count_ones() > 1 {
            let state = self.texts.get_mut(column as usize).ok_or(malformed("chunk: column"))?;
            let tree = state.class.get_or_insert_with(|| Tree::new(3, 8));
            index = tree.code(coder, state.last_class, below(class));
            state.last_class = index as usize & 7;
        }
        nth(index).ok_or(malformed("chunk: class"))
    }

    /// Codes an index into a column's own list.
    pub(crate) fn own<C: Coder>(&mut self, coder: &mut C, column: u32, plan: &TextPlan, index: u32) -> u32 {
        let Some(state) = self.texts.get_mut(column as usize) else { return 0 };
        state.index.get_or_insert_with(|| Index::new(plan.own, 1)).code(coder, 0, index)
    }

    /// Codes the distance of a text in its first column.
    pub(crate) fn distance<C: Coder>(&mut self, coder: &mut C, column: u32, distance: u32) -> u32 {
        let Some(state) = self.texts.get_mut(column as usize) else { return 0 };
        let model = state.distance.get_or_insert_with(|| Box::new(Distance::new()));
        let distance = model.code(coder, self.distance, distance);
        self.distance = distance.min(NO_DISTANCE - 1);
        distance
    }

    /// Codes the number of any of the first `count` texts.
    pub(crate) fn any<C: Coder>(coder: &mut C, count: u32, id: u32) -> u32 {
        coder.raw(width(count), u64::from(id)) as u32
    }

    /// The texts that first occurred in a column.
    pub(crate) fn firsts(&self, column: u32) -> &[u32] {
        self.texts.get(column as usize).map_or(&[], |state| &state.firsts)
    }

    /// A column's own list.
    pub(crate) fn list_of(&self, column: u32) -> &[u32] {
        self.texts.get(column as usize).map_or(&[], |state| &state.own)
    }

    /// Records a text that did not match the prediction: its first column if it is new, and its entry in the own list.
    /// Returns whether the text was added to the own list.
    pub(crate) fn note(&mut self, plan: &TextPlan, column: u32, class: Class, id: u32) -> bool {
        let Some(state) = self.texts.get_mut(column as usize) else { return false };
        let new = class >= Class::Text;
        if new {
            state.firsts.push(id);
        }
        let is_first_column = class == Class::FirstColumn || (new && plan.first_column == column);
        let has_room = state.own.len() < plan.own as usize;
        let enters = class != Class::Own && has_room && !(is_first_column && plan.by_distance);
        if enters {
            state.own.push(id);
        }
        enters
    }

    /// Sets the last text of a column.
    pub(crate) fn set_last(&mut self, column: u32, id: u32) {
        if let Some(state) = self.texts.get_mut(column as usize) {
            state.last = Some(id);
        }
    }
}
