//! The head of a chunk: its paths, the coding plan of their columns, and the texts, as three streams that zstd
//! compresses.

use std::collections::HashMap;

use super::bytes::{put, put_signed};
use super::plan::{Class, ColumnPlan, NumberPlan, TextPlan};
use super::schema::{ColumnSchema, Node, ValueKind};
use super::table::Quick;

/// The three streams of the head.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) structure: Vec<u8>,
    pub(crate) lengths: Vec<u8>,
    pub(crate) texts: Vec<u8>,
}

impl Head {
    /// Appends a text.
    pub(crate) fn text(&mut self, text: &str) {
        put(&mut self.lengths, text.len() as u64);
        self.texts.extend_from_slice(text.as_bytes());
    }

    /// Writes all paths, grouped by entity type, parents first. Call [`in_order`] first to sort the nodes.
    pub(crate) fn schema(&mut self, schema: &ColumnSchema) {
        put(&mut self.structure, schema.entities.len() as u64);
        schema.entities.iter().for_each(|entity| self.text(&entity.name));
        let mut keys: HashMap<u32, u64, Quick> = HashMap::default();
        for node in &schema.nodes {
            put(&mut self.structure, u64::from(node.kinds));
            for (kind, scale) in [ValueKind::Small, ValueKind::Large].into_iter().zip(node.scales) {
                if node.has(kind) {
                    self.structure.push(scale);
                }
            }
            if node.has(ValueKind::Object) {
                self.lists(node, schema, &mut keys);
            }
            if node.has(ValueKind::Array) {
                put(&mut self.structure, u64::from(node.lengths.0));
                put(&mut self.structure, u64::from(node.lengths.1 - node.lengths.0));
            }
        }
    }

    fn lists(&mut self, node: &Node, schema: &ColumnSchema, keys: &mut HashMap<u32, u64, Quick>) {
        put(&mut self.structure, node.lists.len() as u64);
        let mut known = 0;
        for list in &node.lists {
            put(&mut self.structure, list.len() as u64);
            for member in list {
                // 0 means the next new member; n + 1 means member n of those already written.
                if *member != known {
                    put(&mut self.structure, u64::from(*member) + 1);
                    continue;
                }
                known += 1;
                put(&mut self.structure, 0);
                let key = node.members[*member as usize].key;
                let next = keys.len() as u64;
                let number = *keys.entry(key).or_insert(next);
                // Here, too, 0 means new. Keys count back from the newest key, because neighbouring objects use similar
                // keys.
                if number == next {
                    put(&mut self.structure, 0);
                    self.text(&schema.keys[key as usize]);
                } else {
                    put(&mut self.structure, next - number);
                }
            }
        }
    }

    /// Writes the coding plan of all columns.
    pub(crate) fn plan(&mut self, plan: &ColumnPlan) {
        put(&mut self.structure, plan.texts.len() as u64);
        for (column, plan) in plan.texts.iter().enumerate() {
            self.text_plan(column, plan);
        }
        for (column, plan) in plan.numbers.iter().enumerate() {
            self.number_plan(column, *plan);
        }
    }

    fn text_plan(&mut self, column: usize, plan: &TextPlan) {
        let flags = [plan.source.is_some(), plan.certain, plan.by_distance, plan.template.is_some()];
        let flags = flags.iter().rev().fold(0, |flags, flag| flags << 1 | u8::from(*flag));
        self.structure.extend([flags, plan.classes]);
        if let Some(source) = plan.source {
            self.column(column, source);
        }
        if plan.classes & Class::FirstColumn.bit() != 0 || plan.by_distance {
            self.column(column, plan.first_column);
        }
        if plan.classes & Class::Own.bit() != 0 {
            put(&mut self.structure, u64::from(plan.own));
        }
        if let Some(template) = &plan.template {
            put(&mut self.structure, template.widths.len() as u64);
            self.structure.extend(&template.widths);
            template.literals.iter().for_each(|literal| self.text(literal));
        }
    }

    fn number_plan(&mut self, column: usize, plan: NumberPlan) {
        self.structure.push(u8::from(plan.source.is_some()) | u8::from(plan.certain) << 1);
        if let Some(source) = plan.source {
            self.column(column, source);
        }
    }

    /// Writes a column number relative to the current column, so that similar entities give similar bytes.
    fn column(&mut self, here: usize, other: u32) {
        put_signed(&mut self.structure, here as i64 - i64::from(other));
    }
}

/// Sorts the nodes into the order of the head. Returns the new number of each node.
pub(crate) fn in_order(schema: &mut ColumnSchema) -> Vec<u32> {
    let mut order = Vec::with_capacity(schema.nodes.len());
    for entity in &schema.entities {
        visit(schema, entity.node, &mut order);
    }
    let mut numbers = vec![0; schema.nodes.len()];
    for (number, node) in order.iter().enumerate() {
        numbers[*node as usize] = number as u32;
    }
    let mut nodes: Vec<Node> = order.iter().map(|node| std::mem::take(&mut schema.nodes[*node as usize])).collect();
    for node in &mut nodes {
        node.members.iter_mut().for_each(|member| member.node = numbers[member.node as usize]);
        node.items.iter_mut().for_each(|item| *item = numbers[*item as usize]);
    }
    schema.nodes = nodes;
    schema.entities.iter_mut().for_each(|entity| entity.node = numbers[entity.node as usize]);
    numbers
}

fn visit(schema: &ColumnSchema, node: u32, order: &mut Vec<u32>) {
    order.push(node);
    let node = &schema.nodes[node as usize];
    node.members.iter().for_each(|member| visit(schema, member.node, order));
    node.items.iter().for_each(|item| visit(schema, *item, order));
}
