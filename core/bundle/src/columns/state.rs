//! What both sides know while a chunk is coded: the last value of each column, the lists, and what the models learned.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use super::coder::{Coder, Prob};
use super::model::{Distance, Index, Number, Tree, width};
use super::plan::{Class, NumberPlan, Plan, TextPlan};
use super::schema::{Kind, Schema};
use crate::Error;
use crate::error::malformed;

/// Contexts of [`TextState::hit`].
const HITS: usize = 16;

/// A column of texts.
#[derive(Debug, Default)]
pub(crate) struct TextState {
    pub(crate) last: Option<u32>,
    /// The texts that first occurred here.
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

/// A column of numbers.
#[derive(Debug, Default)]
struct NumberState {
    last: i64,
    seen: bool,
    was_zero: bool,
    model: Option<Box<Number>>,
}

/// A path.
#[derive(Debug, Default)]
struct NodeState {
    kind: Option<Tree>,
    last_kind: usize,
    list: Option<Index>,
    length: Option<Box<Number>>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct State {
    texts: Vec<TextState>,
    numbers: Vec<NumberState>,
    nodes: Vec<NodeState>,
    entity: Index,
    last_entity: usize,
    deleted: [Prob; HITS],
    /// Of the record being coded: whether the last prediction held, and the last distance told.
    text_held: bool,
    number_held: bool,
    distance: u32,
}

/// Says that no distance was told yet.
const NO_DISTANCE: u32 = 4;

fn all<T: Default>(count: usize) -> Vec<T> {
    std::iter::repeat_with(T::default).take(count).collect()
}

impl State {
    pub(crate) fn new(schema: &Schema, plan: &Plan) -> Self {
        Self {
            texts: all(plan.texts.len()),
            numbers: all(plan.numbers.len()),
            nodes: all(schema.nodes.len()),
            entity: Index::new(schema.entities.len() as u32, 2 * HITS),
            last_entity: 0,
            deleted: [Prob::new(); HITS],
            text_held: false,
            number_held: false,
            distance: NO_DISTANCE,
        }
    }

    /// Codes the entity type of a record whose root is coded, and whether the record is deleted.
    pub(crate) fn head<C: Coder>(&mut self, coder: &mut C, entity: u32, deleted: bool) -> (u32, bool) {
        let context = self.last_entity << 1 | usize::from(self.text_held);
        let entity = self.entity.code(coder, context, entity);
        self.last_entity = (entity as usize).min(HITS - 1);
        self.distance = NO_DISTANCE;
        let prob = self.deleted.get_mut(self.last_entity);
        (entity, prob.is_some_and(|prob| coder.bit(prob, deleted)))
    }

    /// The context of the root's prediction: whether a family goes on depends on what its last record was.
    pub(crate) const fn root_context(&self) -> usize {
        self.last_entity
    }

    /// The context of any other text's prediction.
    pub(crate) fn text_context(&self, column: u32) -> usize {
        let was_hit = self.texts.get(column as usize).is_some_and(|state| state.was_hit);
        usize::from(was_hit) | usize::from(self.text_held) << 1
    }

    pub(crate) fn number<C: Coder>(&mut self, coder: &mut C, plan: NumberPlan, column: u32, value: i64) -> i64 {
        let source = plan.source.and_then(|source| self.numbers.get(source as usize));
        let (expected, known) = source.map_or((0, false), |source| (source.last, source.seen));
        let Some(state) = self.numbers.get_mut(column as usize) else { return 0 };
        let mut result = expected;
        if !(plan.certain && known) {
            let context = usize::from(state.was_zero) | usize::from(self.number_held) << 1;
            let model = state.model.get_or_insert_with(|| Box::new(Number::new()));
            let difference = model.code(coder, context, value.wrapping_sub(expected));
            state.was_zero = difference == 0;
            self.number_held = difference == 0;
            result = expected.wrapping_add(difference);
        }
        state.last = result;
        state.seen = true;
        result
    }

    /// Codes which of a path's kinds a value has.
    pub(crate) fn kind<C: Coder>(&mut self, coder: &mut C, node: u32, kinds: u16, deleted: bool, kind: Kind) -> Kind {
        let below = |kind: Kind| (kinds & (kind.bit() - 1)).count_ones();
        let nth = |n: u32| Kind::ALL.into_iter().find(|kind| kinds & kind.bit() != 0 && below(*kind) == n);
        if kinds.count_ones() == 1 {
            return nth(0).unwrap_or(Kind::Null);
        }
        let Some(state) = self.nodes.get_mut(node as usize) else { return Kind::Null };
        let tree = state.kind.get_or_insert_with(|| Tree::new(4, 2 * HITS));
        let place = tree.code(coder, state.last_kind << 1 | usize::from(deleted), below(kind));
        state.last_kind = place as usize & 15;
        nth(place).unwrap_or(Kind::Null)
    }

    /// Codes which of a path's `count` lists of members an object has.
    pub(crate) fn list<C: Coder>(&mut self, coder: &mut C, node: u32, count: usize, list: u32) -> u32 {
        let Some(state) = self.nodes.get_mut(node as usize).filter(|_| count > 1) else { return 0 };
        state.list.get_or_insert_with(|| Index::new(count as u32, 1)).code(coder, 0, list)
    }

    /// Codes how many elements an array has.
    pub(crate) fn length<C: Coder>(&mut self, coder: &mut C, node: u32, bounds: (u32, u32), length: u32) -> u32 {
        let (least, greatest) = bounds;
        let Some(state) = self.nodes.get_mut(node as usize).filter(|_| least < greatest) else { return least };
        let model = state.length.get_or_insert_with(|| Box::new(Number::new()));
        let more = model.code(coder, 0, i64::from(length) - i64::from(least));
        u32::try_from(more).unwrap_or(u32::MAX).saturating_add(least)
    }

    /// The text expected in a column.
    pub(crate) fn expected(&self, plan: &TextPlan) -> Option<u32> {
        plan.source.and_then(|source| self.texts.get(source as usize)?.last)
    }

    /// Codes whether the expected text is right.
    pub(crate) fn hit<C: Coder>(&mut self, coder: &mut C, column: u32, context: usize, hit: bool) -> bool {
        let Some(state) = self.texts.get_mut(column as usize) else { return false };
        let probs = state.hit.get_or_insert_with(|| Box::new([Prob::new(); HITS]));
        let hit = probs.get_mut(context).is_some_and(|prob| coder.bit(prob, hit));
        state.was_hit = hit;
        self.text_held = hit;
        hit
    }

    /// Codes the class of a text that was not predicted.
    pub(crate) fn class<C: Coder>(
        &mut self,
        coder: &mut C,
        column: u32,
        classes: u8,
        class: Class,
    ) -> Result<Class, Error> {
        let below = |class: Class| (classes & (class.bit() - 1)).count_ones();
        let nth = |n: u32| Class::ALL.into_iter().find(|class| classes & class.bit() != 0 && below(*class) == n);
        let mut place = 0;
        if classes.count_ones() > 1 {
            let state = self.texts.get_mut(column as usize).ok_or(malformed("chunk: column"))?;
            let tree = state.class.get_or_insert_with(|| Tree::new(3, 8));
            place = tree.code(coder, state.last_class, below(class));
            state.last_class = place as usize & 7;
        }
        nth(place).ok_or(malformed("chunk: class"))
    }

    /// Codes a place in a column's own list.
    pub(crate) fn own<C: Coder>(&mut self, coder: &mut C, column: u32, plan: &TextPlan, place: u32) -> u32 {
        let Some(state) = self.texts.get_mut(column as usize) else { return 0 };
        state.index.get_or_insert_with(|| Index::new(plan.own, 1)).code(coder, 0, place)
    }

    /// Codes how far back in its home a text stands.
    pub(crate) fn distance<C: Coder>(&mut self, coder: &mut C, column: u32, distance: u32) -> u32 {
        let Some(state) = self.texts.get_mut(column as usize) else { return 0 };
        let model = state.distance.get_or_insert_with(|| Box::new(Distance::new()));
        let distance = model.code(coder, self.distance, distance);
        self.distance = distance.min(NO_DISTANCE - 1);
        distance
    }

    /// Codes the number of any text of the first `count`.
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

    /// Notes a text that was not predicted: where it first occurred, and in the column's own list. Says whether it
    /// entered the list.
    pub(crate) fn note(&mut self, plan: &TextPlan, column: u32, class: Class, id: u32) -> bool {
        let Some(state) = self.texts.get_mut(column as usize) else { return false };
        let new = class >= Class::Text;
        if new {
            state.firsts.push(id);
        }
        let is_home = class == Class::FirstColumn || (new && plan.home == column);
        let has_room = state.own.len() < plan.own as usize;
        let enters = class != Class::Own && has_room && !(is_home && plan.by_distance);
        if enters {
            state.own.push(id);
        }
        enters
    }

    /// Notes the text a column had.
    pub(crate) fn set_last(&mut self, column: u32, id: u32) {
        if let Some(state) = self.texts.get_mut(column as usize) {
            state.last = Some(id);
        }
    }
}
