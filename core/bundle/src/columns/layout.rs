//! The columns within texts: the numbers of templates, and the parts of version 1 UUIDs.

use super::events::Event;
use super::limits::{MAX_TEMPLATE_GROUPS, MAX_UUID_V1_COLUMNS};
use super::plan::Parts;
use super::schema::ColumnSchema;
use super::table::Interner;
use super::template::Template;
use super::uuid_v1::UuidV1Time;

/// The columns that exist in addition to those of the paths.
#[derive(Debug)]
pub(crate) struct ColumnLayout {
    /// The template of each column whose new texts all share one template.
    pub(crate) templates: Vec<Option<Template>>,
    /// The parts of each column in which version 1 UUIDs first occur.
    pub(crate) uuid_v1: Vec<Option<Parts>>,
    /// The total counts of text columns and of number columns.
    pub(crate) texts: u32,
    pub(crate) numbers: u32,
}

/// Assigns column numbers to the parts of UUIDs. Encoder and decoder both use it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbering {
    pub(crate) texts: u32,
    pub(crate) numbers: u32,
    pub(crate) made: usize,
    pub(crate) last: Option<Parts>,
}

impl Numbering {
    /// Returns the parts of the next column. After [`MAX_UUID_V1_COLUMNS`] columns, all further columns share the last
    /// parts.
    pub(crate) fn next(&mut self) -> Parts {
        if let Some(last) = self.last.filter(|_| self.made == MAX_UUID_V1_COLUMNS) {
            return last;
        }
        let parts = Parts { tail: self.texts, millis: self.numbers };
        self.texts += 1;
        self.numbers += 2;
        self.made += 1;
        self.last = Some(parts);
        parts
    }
}

/// A column with fewer new texts than this gets no template, because the template would cost more than it saves.
const MIN_TEMPLATE_TEXTS: usize = 8;

impl ColumnLayout {
    /// Derives the layout from the values of the path columns.
    pub(crate) fn find(events: &[Event], schema: &ColumnSchema, interner: &Interner<'_>) -> Self {
        let table = &interner.table;
        let mut new_texts: Vec<Vec<u32>> = vec![Vec::new(); schema.texts as usize];
        let mut uuid_v1 = vec![false; schema.texts as usize];
        let mut known = 0;
        for event in events {
            let Event::Text { column, id } = *event else { continue };
            if id < known {
                continue;
            }
            known = id + 1;
            match table.uuid(id) {
                Some(uuid) => uuid_v1[column as usize] |= UuidV1Time::of(uuid).is_some(),
                None => new_texts[column as usize].push(id),
            }
        }
        let template = |ids: Vec<u32>| {
            if ids.len() < MIN_TEMPLATE_TEXTS { None } else { Template::of(ids.iter().map(|id| table.text(*id))) }
        };
        let templates = new_texts.into_iter().map(template).collect();
        let mut layout = Self { templates, uuid_v1: Vec::new(), texts: schema.texts, numbers: schema.numbers };
        layout.number(&uuid_v1);
        layout
    }

    /// Assigns the column numbers: first those of templates, then those of UUID parts.
    fn number(&mut self, uuid_v1: &[bool]) {
        let mut room = MAX_TEMPLATE_GROUPS;
        for slot in &mut self.templates {
            match slot.as_mut().filter(|template| template.widths.len() <= room) {
                Some(template) => {
                    template.first = self.numbers;
                    self.numbers += template.widths.len() as u32;
                    room -= template.widths.len();
                }
                None => *slot = None,
            }
        }
        let mut numbering = Numbering { texts: self.texts, numbers: self.numbers, made: 0, last: None };
        self.uuid_v1 = uuid_v1.iter().map(|uuid_v1| if *uuid_v1 { Some(numbering.next()) } else { None }).collect();
        (self.texts, self.numbers) = (numbering.texts, numbering.numbers);
        // The tail columns have neither a template nor UUID parts.
        self.templates.resize(self.texts as usize, None);
        self.uuid_v1.resize(self.texts as usize, None);
    }
}

/// Adds the parts of new texts to `events`. The tail of a UUID comes before the UUID, because the tail has the smaller
/// number. The numbers within a text come after the text.
pub(crate) fn with_parts(events: &[Event], interner: &Interner<'_>, layout: &ColumnLayout) -> Vec<Event> {
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
        let uuid_v1 = layout.uuid_v1.get(column as usize).copied().flatten();
        let uuid_v1 = uuid_v1.and_then(|parts| Some((parts, UuidV1Time::of(table.uuid(id)?)?, interner.tail_of(id)?)));
        if let Some((parts, time, tail)) = uuid_v1 {
            all.push(Event::Text { column: parts.tail, id: tail });
            all.push(*event);
            all.push(Event::Number { column: parts.millis, value: time.millis });
            all.push(Event::Number { column: parts.millis + 1, value: time.ticks });
            continue;
        }
        all.push(*event);
        let template = layout.templates[column as usize].as_ref().filter(|_| table.uuid(id).is_none());
        if let Some((template, numbers)) = template.and_then(|it| Some((it, it.numbers(table.text(id))?))) {
            let columns = template.first..;
            all.extend(columns.zip(numbers).map(|(column, value)| Event::Number { column, value }));
        }
    }
    all
}
