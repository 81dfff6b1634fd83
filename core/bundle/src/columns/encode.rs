//! Encodes records to chunk bytes.

use std::collections::HashMap;

use fieldcast_model::Record;

use super::bytes::put;
use super::coder::{Coder, ColumnWriter};
use super::compress::compress;
use super::events::{self, FirstColumn, number_of};
use super::head::{Head, in_order};
use super::layout::{self, ColumnLayout};
use super::limits::{MAX_OWN, MAX_RECORDS};
use super::plan::{Class, ColumnPlan};
use super::plan_texts::new_class;
use super::schema::{ROOT, ValueKind};
use super::shred::{Cell, Row, Shredded, names, shred};
use super::state::State;
use super::table::{Quick, TextTable};
use super::uuid_v1::UuidV1Time;
use super::{FORMAT, plan_numbers, plan_texts};
use crate::{Error, MAX_CHUNK_JSON};

/// Encodes `records`. The same records in the same order always give the same bytes.
pub(crate) fn encode(records: &[Record]) -> Result<Vec<u8>, Error> {
    if records.len() > MAX_RECORDS {
        return Err(Error::TooLarge { what: "a chunk's number of records", limit: MAX_RECORDS });
    }
    let json: usize = records.iter().map(|record| record.body.len()).sum();
    if json > MAX_CHUNK_JSON {
        return Err(Error::TooLarge { what: "a chunk's JSON", limit: MAX_CHUNK_JSON });
    }
    let names = names(records);
    let mut shredded = shred(records, &names)?;
    bring_in_order(&mut shredded);
    let (plan, first_columns) = choose(&shredded);
    if plan.texts.iter().map(|plan| plan.own as usize).sum::<usize>() > MAX_OWN {
        return Err(Error::TooLarge { what: "a chunk's lists", limit: MAX_OWN });
    }
    let mut head = Head::default();
    head.schema(&shredded.schema);
    head.plan(&plan);
    let (coded, raw) = Encoder::new(&shredded, &plan, first_columns, &mut head).all();
    assemble(records.len(), json, &head, &coded, &raw)
}

/// Sorts the paths into the order of the head and assigns column numbers.
pub(crate) fn bring_in_order(shredded: &mut Shredded<'_>) {
    let numbers = in_order(&mut shredded.schema);
    shredded.cells.iter_mut().for_each(|cell| cell.node = numbers[cell.node as usize]);
    shredded.schema.number_columns();
}

/// Chooses the coding plan of each column.
pub(crate) fn choose(shredded: &Shredded<'_>) -> (ColumnPlan, Vec<FirstColumn>) {
    let table = &shredded.interner.table;
    let values = events::events(shredded);
    let layout = ColumnLayout::find(&values, &shredded.schema, &shredded.interner);
    let values = layout::with_parts(&values, &shredded.interner, &layout);
    let first_columns = events::first_columns(&values, layout.texts);
    let numbers = plan_numbers::choose(&values, layout.numbers);
    (ColumnPlan { texts: plan_texts::choose(&values, &first_columns, table, layout), numbers }, first_columns)
}

fn assemble(records: usize, json: usize, head: &Head, coded: &[u8], raw: &[u8]) -> Result<Vec<u8>, Error> {
    let plain = [&head.structure[..], &head.lengths, &head.texts].concat();
    if plain.len() > MAX_CHUNK_JSON {
        return Err(Error::TooLarge { what: "a chunk's head", limit: MAX_CHUNK_JSON });
    }
    let compressed = compress(&plain).map_err(|_| crate::error::malformed("chunk: zstd"))?;
    let mut out = Vec::with_capacity(compressed.len() + coded.len() + raw.len() + 32);
    out.push(FORMAT);
    for number in
        [records, json, head.structure.len(), head.lengths.len(), head.texts.len(), compressed.len(), coded.len()]
    {
        put(&mut out, number as u64);
    }
    out.extend_from_slice(&compressed);
    out.extend_from_slice(coded);
    out.extend_from_slice(raw);
    Ok(out)
}

/// The last step: codes the values cell by cell.
struct Encoder<'a> {
    shredded: &'a Shredded<'a>,
    table: &'a TextTable,
    plan: &'a ColumnPlan,
    first_columns: Vec<FirstColumn>,
    head: &'a mut Head,
    state: State,
    coder: ColumnWriter,
    /// How many texts are coded so far. The decoder knows all texts with a smaller number.
    known: u32,
    /// The index of each (column, text) in the column's own list.
    own: HashMap<u64, u32, Quick>,
}

impl<'a> Encoder<'a> {
    fn new(
        shredded: &'a Shredded<'a>,
        plan: &'a ColumnPlan,
        first_columns: Vec<FirstColumn>,
        head: &'a mut Head,
    ) -> Self {
        let state = State::new(&shredded.schema, plan);
        let table = &shredded.interner.table;
        Self {
            shredded,
            table,
            plan,
            first_columns,
            head,
            state,
            coder: ColumnWriter::new(),
            known: 0,
            own: HashMap::default(),
        }
    }

    fn all(mut self) -> (Vec<u8>, Vec<u8>) {
        let shredded = self.shredded;
        let mut start = 0;
        for row in &shredded.rows {
            let end = row.cells as usize;
            self.row(row, &shredded.cells[start..end]);
            start = end;
        }
        self.coder.finish()
    }

    fn row(&mut self, row: &Row, cells: &[Cell]) {
        let context = self.state.root_context();
        self.text(ROOT, context, row.root);
        self.state.head(&mut self.coder, row.entity, row.deleted);
        let entity = &self.shredded.schema.entities[row.entity as usize];
        self.text_in_context(entity.id, row.id);
        self.number(entity.numbers[0], row.row_version);
        self.number(entity.numbers[1], row.modified);
        for cell in cells {
            self.cell(cell, row.deleted);
        }
    }

    fn cell(&mut self, cell: &Cell, deleted: bool) {
        let node = &self.shredded.schema.nodes[cell.node as usize];
        self.state.kind(&mut self.coder, cell.node, node.kinds, deleted, cell.kind);
        match cell.kind {
            ValueKind::Null | ValueKind::False | ValueKind::True => {}
            ValueKind::Int | ValueKind::Small | ValueKind::Large => {
                if let Some((column, value)) = number_of(node, cell) {
                    self.number(column, value);
                }
            }
            ValueKind::String => self.text_in_context(node.texts[0], cell.value as u32),
            ValueKind::Raw => self.text_in_context(node.texts[1], cell.value as u32),
            ValueKind::Object => {
                self.state.list(&mut self.coder, cell.node, node.lists.len(), cell.value as u32);
            }
            ValueKind::Array => {
                self.state.length(&mut self.coder, cell.node, node.lengths, cell.value as u32);
            }
        }
    }

    fn number(&mut self, column: u32, value: i64) {
        self.state.number(&mut self.coder, self.plan.numbers[column as usize], column, value);
    }

    fn text_in_context(&mut self, column: u32, id: u32) {
        let context = self.state.text_context(column);
        self.text(column, context, id);
    }

    fn text(&mut self, column: u32, context: usize, id: u32) {
        let plan = &self.plan.texts[column as usize];
        let expected = self.state.expected(plan);
        let hit = expected == Some(id);
        if expected.is_none() || !(plan.certain || self.state.hit(&mut self.coder, column, context, hit)) {
            self.missed(column, id);
        }
        self.state.set_last(column, id);
    }

    /// Codes a text that does not match the prediction.
    fn missed(&mut self, column: u32, id: u32) {
        let plan = &self.plan.texts[column as usize];
        let first = self.first_columns[id as usize];
        let key = u64::from(column) << 32 | u64::from(id);
        let class = if id >= self.known {
            new_class(self.table.uuid(id), plan)
        } else if first.column == plan.first_column && plan.by_distance {
            Class::FirstColumn
        } else if self.own.contains_key(&key) {
            Class::Own
        } else if first.column == plan.first_column {
            Class::FirstColumn
        } else {
            Class::Any
        };
        // The plan always contains this class, because the planner made the same pass over the data.
        _ = self.state.class(&mut self.coder, column, plan.classes, class);
        match class {
            Class::Own => {
                let index = self.own.get(&key).copied().unwrap_or_default();
                self.state.own(&mut self.coder, column, plan, index);
            }
            Class::FirstColumn => {
                let distance = self.state.firsts(plan.first_column).len() as u32 - 1 - first.index;
                self.state.distance(&mut self.coder, column, distance);
            }
            Class::Any => _ = State::any(&mut self.coder, self.known, id),
            _ => self.new_text(column, class, id),
        }
        let index = self.state.list_of(column).len() as u32;
        if self.state.note(plan, column, class, id) {
            self.own.insert(key, index);
        }
    }

    fn new_text(&mut self, column: u32, class: Class, id: u32) {
        if class == Class::UuidV1 {
            self.uuid_v1(column, id);
        }
        self.known += 1;
        match (class, self.table.uuid(id)) {
            (Class::Random, Some(uuid)) => {
                let bits = u128::from_be_bytes(uuid);
                let (high, low) = ((bits >> 64) as u64, bits as u64);
                // Skip the four version bits and the two variant bits; the decoder adds them.
                self.coder.raw(60, high >> 16 << 12 | high & 0xfff);
                self.coder.raw(62, low & (u64::MAX >> 2));
            }
            (Class::UuidV1, _) => {}
            (_, Some(uuid)) => {
                let bits = u128::from_be_bytes(uuid);
                self.coder.raw(64, (bits >> 64) as u64);
                self.coder.raw(64, bits as u64);
            }
            (Class::Template, None) => {
                let template = self.plan.texts[column as usize].template.as_ref();
                let numbers =
                    template.and_then(|template| Some((template.first, template.numbers(self.table.text(id))?)));
                if let Some((first, numbers)) = numbers {
                    (first..).zip(numbers).for_each(|(column, value)| self.number(column, value));
                }
            }
            _ => self.head.text(self.table.text(id)),
        }
    }

    /// Codes the parts of a version 1 UUID.
    fn uuid_v1(&mut self, column: u32, id: u32) {
        let parts = self.plan.texts[column as usize].uuid_v1;
        let time = self.table.uuid(id).and_then(UuidV1Time::of);
        if let (Some(parts), Some(time), Some(tail)) = (parts, time, self.shredded.interner.tail_of(id)) {
            self.text_in_context(parts.tail, tail);
            self.number(parts.millis, time.millis);
            self.number(parts.millis + 1, time.ticks);
        }
    }
}
