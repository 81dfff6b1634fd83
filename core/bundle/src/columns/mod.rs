//! The columnar codec: what makes a chunk small.
//!
//! A body is taken apart into one column per JSON path; each column is coded by what predicts it best: its own last
//! value, another column of the same record or of the record before, a list of values seen, a running number. What
//! remains goes to an adaptive binary coder. docs/BUNDLE.md describes the bytes.
//!
//! Encoding goes: [`shred`] bodies into cells, [`schema`] names the columns, [`plan`] chooses how each is coded,
//! [`encode`] codes cell by cell. [`decode`] needs no cells: it prints bodies as it reads them.

mod bytes;
mod coder;
mod compress;
mod decode;
#[cfg(test)]
mod dictionary;
mod encode;
mod events;
mod head;
mod head_read;
mod layout;
mod limits;
mod model;
mod number;
mod plan;
mod plan_numbers;
mod plan_texts;
mod scan;
mod schema;
mod shred;
mod state;
mod table;
mod template;
mod text;
mod timed;

pub(crate) use decode::{announced, decode};
pub(crate) use encode::encode;

/// The format this version writes.
pub(crate) const FORMAT: u8 = 1;
