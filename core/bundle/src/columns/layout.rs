//! The columns within texts: the numbers of framed texts, and the parts of UUIDs of version 1.

use super::events::Event;
use super::limits::{MAX_FRAMED, MAX_TIMED};
use super::plan::Parts;
use super::schema::Schema;
use super::table::Interner;
use super::template::Template;
use super::timed::Timed;

/// Which columns there are beside those of the paths.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The frame of each column whose new texts all share one.
    pub(crate) templates: Vec<Option<Template>>,
    /// The parts of each column in which UUIDs of version 1 first occur.
    pub(crate) timed: Vec<Option<Parts>>,
    /// How many columns of texts and of numbers there are in all.
    pub(crate) texts: u32,
    pub(crate) numbers: u32,
}

/// Gives the parts of UUIDs their columns, on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbering {
    pub(crate) texts: u32,
    pub(crate) numbers: u32,
    pub(crate) made: usize,
    pub(crate) last: Option<Parts>,
}

impl Numbering {
    /// The parts of the next column; from [`MAX_TIMED`] on, columns share the last ones.
    pub(crate) fn next(&mut self) -> Parts {
        if let Some(last) = self.last.filter(|_| self.made == MAX_TIMED) {
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

/// Fewer new texts than this are not worth a frame.
const MIN_FRAMED: usize = 8;

impl Layout {
    /// Finds the columns from the values of the paths' columns.
    pub(crate) fn find(events: &[Event], schema: &Schema, interner: &Interner<'_>) -> Self {
        let table = &interner.table;
        let mut news: Vec<Vec<u32>> = vec![Vec::new(); schema.texts as usize];
        let mut timed = vec![false; schema.texts as usize];
        let mut known = 0;
        for event in events {
            let Event::Text { column, id } = *event else { continue };
            if id < known {
                continue;
            }
            known = id + 1;
            match table.uuid(id) {
                Some(uuid) => timed[column as usize] |= Timed::of(uuid).is_some(),
                None => news[column as usize].push(id),
            }
        }
        let frame = |ids: Vec<u32>| {
            if ids.len() < MIN_FRAMED { None } else { Template::of(ids.iter().map(|id| table.text(*id))) }
        };
        let templates = news.into_iter().map(frame).collect();
        let mut layout = Self { templates, timed: Vec::new(), texts: schema.texts, numbers: schema.numbers };
        layout.number(&timed);
        layout
    }

    /// Gives the columns their numbers: frames first, then the parts of UUIDs.
    fn number(&mut self, timed: &[bool]) {
        let mut room = MAX_FRAMED;
        for place in &mut self.templates {
            match place.as_mut().filter(|template| template.widths.len() <= room) {
                Some(template) => {
                    template.first = self.numbers;
                    self.numbers += template.widths.len() as u32;
                    room -= template.widths.len();
                }
                None => *place = None,
            }
        }
        let mut numbering = Numbering { texts: self.texts, numbers: self.numbers, made: 0, last: None };
        self.timed = timed.iter().map(|timed| if *timed { Some(numbering.next()) } else { None }).collect();
        (self.texts, self.numbers) = (numbering.texts, numbering.numbers);
        // The tails' own columns have neither.
        self.templates.resize(self.texts as usize, None);
        self.timed.resize(self.texts as usize, None);
    }
}
