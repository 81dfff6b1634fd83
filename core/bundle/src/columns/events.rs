//! The values of a chunk in coding order, for the passes that choose the coding plan.

use super::number::power;
use super::schema::{Node, ROOT, ValueKind};
use super::shred::{Cell, Shredded};

/// One value of one column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Text { column: u32, id: u32 },
    Number { column: u32, value: i64 },
}

/// Returns all coded values, record by record; in each record the envelope comes first.
pub(crate) fn events(shredded: &Shredded<'_>) -> Vec<Event> {
    let mut events = Vec::with_capacity(shredded.cells.len());
    let schema = &shredded.schema;
    let mut start = 0;
    for row in &shredded.rows {
        let entity = &schema.entities[row.entity as usize];
        events.push(Event::Text { column: ROOT, id: row.root });
        events.push(Event::Text { column: entity.id, id: row.id });
        events.push(Event::Number { column: entity.numbers[0], value: row.row_version });
        events.push(Event::Number { column: entity.numbers[1], value: row.modified });
        let end = row.cells as usize;
        events.extend(shredded.cells[start..end].iter().filter_map(|cell| {
            let node = &schema.nodes[cell.node as usize];
            match cell.kind {
                ValueKind::String => Some(Event::Text { column: node.texts[0], id: cell.value as u32 }),
                ValueKind::Raw => Some(Event::Text { column: node.texts[1], id: cell.value as u32 }),
                _ => number_of(node, cell).map(|(column, value)| Event::Number { column, value }),
            }
        }));
        start = end;
    }
    events
}

/// Returns the column and the value of a number cell.
pub(crate) fn number_of(node: &Node, cell: &Cell) -> Option<(u32, i64)> {
    let scaled = |which: usize| cell.value * power(node.scales[which] - cell.scale) as i64;
    match cell.kind {
        ValueKind::Int => Some((node.numbers[0], cell.value)),
        ValueKind::Small => Some((node.numbers[1], scaled(0))),
        ValueKind::Large => Some((node.numbers[2], scaled(1))),
        _ => None,
    }
}

/// Where a text first occurs: its column, and its index among the texts that first occur in that column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstColumn {
    pub(crate) column: u32,
    pub(crate) index: u32,
}

/// Returns the first column of every text, by text number.
pub(crate) fn first_columns(events: &[Event], columns: u32) -> Vec<FirstColumn> {
    let mut counts = vec![0; columns as usize];
    let mut first_columns = Vec::new();
    for event in events {
        // Texts are numbered in order of first occurrence.
        if let Event::Text { column, id } = *event
            && id as usize == first_columns.len()
        {
            first_columns.push(FirstColumn { column, index: counts[column as usize] });
            counts[column as usize] += 1;
        }
    }
    first_columns
}
