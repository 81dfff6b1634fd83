//! The values of a chunk in the order they are coded, for the passes that choose how to code them.

use super::layout::Layout;
use super::number::power;
use super::schema::{Kind, Node, ROOT};
use super::shred::{Cell, Shredded};
use super::table::Interner;
use super::timed::Timed;

/// One value of one column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Text { column: u32, id: u32 },
    Number { column: u32, value: i64 },
}

/// Everything that is coded, record by record, envelope first.
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
                Kind::String => Some(Event::Text { column: node.texts[0], id: cell.value as u32 }),
                Kind::Raw => Some(Event::Text { column: node.texts[1], id: cell.value as u32 }),
                _ => number_of(node, cell).map(|(column, value)| Event::Number { column, value }),
            }
        }));
        start = end;
    }
    events
}

/// The column and the value of a number.
pub(crate) fn number_of(node: &Node, cell: &Cell) -> Option<(u32, i64)> {
    let scaled = |which: usize| cell.value * power(node.scales[which] - cell.scale) as i64;
    match cell.kind {
        Kind::Int => Some((node.numbers[0], cell.value)),
        Kind::Small => Some((node.numbers[1], scaled(0))),
        Kind::Large => Some((node.numbers[2], scaled(1))),
        _ => None,
    }
}

/// Adds the parts of new texts to `events`: a UUID's tail in front of it, as it has the smaller number, the numbers
/// within a text behind it.
pub(crate) fn with_parts(events: &[Event], interner: &Interner<'_>, layout: &Layout) -> Vec<Event> {
    let table = &interner.table;
    let mut all = Vec::with_capacity(events.len());
    let mut known = 0;
    for event in events {
        let Event::Text { column, id } = *event else {
            all.push(*event);
            continue;
        };
        if id < known {
            all.push(*event);
            continue;
        }
        known = id + 1;
        let timed = layout.timed.get(column as usize).copied().flatten();
        let timed = timed.and_then(|parts| Some((parts, Timed::of(table.uuid(id)?)?, interner.tail_of(id)?)));
        if let Some((parts, time, tail)) = timed {
            all.push(Event::Text { column: parts.tail, id: tail });
            all.push(*event);
            all.push(Event::Number { column: parts.millis, value: time.millis });
            all.push(Event::Number { column: parts.millis + 1, value: time.ticks });
            continue;
        }
        all.push(*event);
        let frame = layout.templates[column as usize].as_ref().filter(|_| table.uuid(id).is_none());
        if let Some((frame, numbers)) = frame.and_then(|frame| Some((frame, frame.numbers(table.text(id))?))) {
            let columns = frame.first..;
            all.extend(columns.zip(numbers).map(|(column, value)| Event::Number { column, value }));
        }
    }
    all
}

/// Where each text first occurs: its column, and its place among the texts that first occur there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FirstColumn {
    pub(crate) column: u32,
    pub(crate) place: u32,
}

/// The homes of all texts, by their numbers.
pub(crate) fn homes(events: &[Event], columns: u32) -> Vec<FirstColumn> {
    let mut counts = vec![0; columns as usize];
    let mut homes = Vec::new();
    for event in events {
        // Texts are numbered as they first occur.
        if let Event::Text { column, id } = *event
            && id as usize == homes.len()
        {
            homes.push(FirstColumn { column, place: counts[column as usize] });
            counts[column as usize] += 1;
        }
    }
    homes
}
