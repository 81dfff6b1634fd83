//! Reads the head of a chunk. The bytes are untrusted: this module checks everything that later steps rely on.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use fieldcast_model::MAX_DEPTH;

use super::bytes::Bytes;
use super::layout::Numbering;
use super::limits::{MAX_ENTITIES, MAX_LISTED, MAX_NODES, MAX_OWN, MAX_TEMPLATE_GROUPS, MAX_UUID_V1_COLUMNS};
use super::number::{LARGE_SCALE, SMALL_SCALE};
use super::plan::{Class, ColumnPlan, NumberPlan, TextPlan};
use super::schema::{ColumnSchema, Entity, Member, Node, OWN_ITEMS, ValueKind};
use super::template::{MAX_DIGITS, MAX_GROUPS, Template};
use super::text;
use crate::Error;
use crate::error::malformed;

/// The unread parts of the head's streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadReader<'a> {
    pub(crate) structure: Bytes<'a>,
    pub(crate) lengths: Bytes<'a>,
    pub(crate) texts: Bytes<'a>,
}

impl<'a> HeadReader<'a> {
    /// Reads the next text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Error> {
        let len = self.lengths.count(usize::MAX)?;
        std::str::from_utf8(self.texts.take(len)?).map_err(|_| malformed("chunk: text"))
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.structure.0.is_empty() && self.lengths.0.is_empty() && self.texts.0.is_empty()
    }

    /// Reads all paths.
    pub(crate) fn schema(&mut self) -> Result<ColumnSchema, Error> {
        let mut schema = ColumnSchema::default();
        let mut room = MAX_LISTED;
        let entities = self.structure.count(MAX_ENTITIES)?;
        for _ in 0..entities {
            let name = self.text()?.to_owned();
            schema.entities.push(Entity { name, node: 0, numbers: [0; 2], id: 0 });
        }
        for entity in 0..entities {
            let node = self.node(&mut schema, &mut room, 0)?;
            if let Some(entity) = schema.entities.get_mut(entity) {
                entity.node = node;
            }
        }
        schema.number_columns();
        Ok(schema)
    }

    /// Reads a path and all paths below it.
    fn node(&mut self, schema: &mut ColumnSchema, room: &mut usize, depth: usize) -> Result<u32, Error> {
        let number = schema.nodes.len();
        if number >= MAX_NODES || depth > MAX_DEPTH {
            return Err(malformed("chunk: paths"));
        }
        schema.nodes.push(Node::default());
        let mut node = Node { kinds: self.kinds()?, ..Node::default() };
        let limits = [(ValueKind::Small, SMALL_SCALE), (ValueKind::Large, LARGE_SCALE)];
        for ((kind, limit), scale) in limits.into_iter().zip(&mut node.scales) {
            if node.kinds & kind.bit() != 0 {
                *scale = self.structure.byte()?;
                if *scale > limit {
                    return Err(malformed("chunk: decimals"));
                }
            }
        }
        if node.has(ValueKind::Object) {
            self.lists(&mut node, schema, room)?;
        }
        let mut items = 0;
        if node.has(ValueKind::Array) {
            let (least, more) = (self.structure.count(u32::MAX as usize)?, self.structure.count(u32::MAX as usize)?);
            let greatest = u32::try_from(least + more).map_err(|_| malformed("chunk: array length"))?;
            node.lengths = (least as u32, greatest);
            items = (greatest as usize).min(OWN_ITEMS + 1);
        }
        for member in &mut node.members {
            member.node = self.node(schema, room, depth + 1)?;
        }
        for _ in 0..items {
            node.items.push(self.node(schema, room, depth + 1)?);
        }
        if let Some(unread) = schema.nodes.get_mut(number) {
            *unread = node;
        }
        Ok(number as u32)
    }

    fn kinds(&mut self) -> Result<u16, Error> {
        let kinds = self.structure.count((1 << ValueKind::ALL.len()) - 1)? as u16;
        if kinds == 0 { Err(malformed("chunk: kinds")) } else { Ok(kinds) }
    }

    fn lists(&mut self, node: &mut Node, schema: &mut ColumnSchema, room: &mut usize) -> Result<(), Error> {
        let lists = self.structure.count(*room)?;
        if lists == 0 {
            return Err(malformed("chunk: members"));
        }
        for _ in 0..lists {
            let len = self.structure.count(*room)?;
            *room = room.checked_sub(len + 1).ok_or(malformed("chunk: members"))?;
            let mut list: Vec<u32> = Vec::with_capacity(len);
            let mut last: Option<u32> = None;
            for _ in 0..len {
                let member = self.member(node, schema)?;
                let key = node.members.get(member as usize).map(|member| member.key);
                let ascends = |a: u32, b: u32| {
                    let (a, b) = (schema.keys.get(a as usize), schema.keys.get(b as usize));
                    a.zip(b).is_some_and(|(a, b)| text::keys_ascend(a, b))
                };
                if last.zip(key).is_some_and(|(last, key)| !ascends(last, key)) {
                    return Err(malformed("chunk: key order"));
                }
                last = key;
                list.push(member);
            }
            node.lists.push(list);
        }
        Ok(())
    }

    fn member(&mut self, node: &mut Node, schema: &mut ColumnSchema) -> Result<u32, Error> {
        let known = self.structure.count(node.members.len())?;
        if known > 0 {
            return Ok(known as u32 - 1);
        }
        let back = self.structure.count(schema.keys.len())?;
        let key = schema.keys.len() - back;
        if back == 0 {
            let name = self.text()?;
            if !text::is_content(name) {
                return Err(malformed("chunk: key"));
            }
            schema.keys.push(name.to_owned());
        }
        node.members.push(Member { key: key as u32, node: 0 });
        Ok(node.members.len() as u32 - 1)
    }

    /// Reads the coding plan of all columns.
    pub(crate) fn plan(&mut self, schema: &ColumnSchema) -> Result<ColumnPlan, Error> {
        let mut plan = ColumnPlan::default();
        // A source can be a column with a higher number, so the count of columns comes first.
        let texts = self.structure.count(schema.texts as usize + MAX_UUID_V1_COLUMNS)? as u32;
        let mut own = 0;
        for column in 0..texts {
            let text = self.text_plan(column, texts)?;
            own += text.own as usize;
            if own > MAX_OWN {
                return Err(malformed("chunk: plan"));
            }
            plan.texts.push(text);
        }
        let numbers = number_parts(&mut plan, schema)?;
        for column in 0..numbers {
            let flags = self.structure.byte()?;
            let source = if flags & 1 == 0 { None } else { Some(self.column(column, numbers)?) };
            plan.numbers.push(NumberPlan { source, certain: flags & 2 != 0 });
        }
        Ok(plan)
    }

    fn text_plan(&mut self, column: u32, columns: u32) -> Result<TextPlan, Error> {
        let (flags, classes) = (self.structure.byte()?, self.structure.byte()?);
        let has = |bit: u8| flags >> bit & 1 == 1;
        let mut plan = TextPlan { certain: has(1), by_distance: has(2), classes, ..TextPlan::default() };
        if flags >= 1 << 4 {
            return Err(malformed("chunk: plan"));
        }
        if has(0) {
            plan.source = Some(self.column(column, columns)?);
        }
        if classes & Class::FirstColumn.bit() != 0 || plan.by_distance {
            plan.first_column = self.column(column, columns)?;
        }
        if classes & Class::Own.bit() != 0 {
            plan.own = self.structure.count(MAX_OWN)? as u32;
        }
        if has(3) {
            plan.template = Some(self.template()?);
        }
        Ok(plan)
    }

    fn template(&mut self) -> Result<Template, Error> {
        let groups = self.structure.count(MAX_GROUPS)?;
        let widths = self.structure.take(groups)?.to_vec();
        if groups == 0 || widths.iter().any(|width| usize::from(*width) > MAX_DIGITS) {
            return Err(malformed("chunk: template"));
        }
        let literals: Result<Vec<String>, Error> = (0..=groups).map(|_| Ok(self.text()?.to_owned())).collect();
        Ok(Template { literals: literals?, widths, first: 0 })
    }

    fn column(&mut self, here: u32, columns: u32) -> Result<u32, Error> {
        let column = i64::from(here).checked_sub(self.structure.signed()?);
        column
            .and_then(|column| u32::try_from(column).ok())
            .filter(|column| *column < columns)
            .ok_or(malformed("chunk: column"))
    }
}

/// Assigns numbers to the columns within texts in the same order as the encoder: first the columns of templates, then
/// the parts of UUIDs. Returns the total count of number columns.
fn number_parts(plan: &mut ColumnPlan, schema: &ColumnSchema) -> Result<u32, Error> {
    let mut numbers = schema.numbers;
    for template in plan.texts.iter_mut().filter_map(|plan| plan.template.as_mut()) {
        template.first = numbers;
        numbers += template.widths.len() as u32;
    }
    if (numbers - schema.numbers) as usize > MAX_TEMPLATE_GROUPS {
        return Err(malformed("chunk: template"));
    }
    let mut numbering = Numbering { texts: schema.texts, numbers, made: 0, last: None };
    for (column, plan) in (0..).zip(&mut plan.texts) {
        if plan.classes & Class::UuidV1.bit() != 0 {
            // A tail cannot have a tail: parts must not nest.
            if column >= schema.texts {
                return Err(malformed("chunk: plan"));
            }
            plan.uuid_v1 = Some(numbering.next());
        }
    }
    if numbering.texts as usize == plan.texts.len() { Ok(numbering.numbers) } else { Err(malformed("chunk: plan")) }
}
