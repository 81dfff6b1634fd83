//! The columnar codec, which makes chunks small.
//!
//! The encoder splits a body into one column per JSON path. It codes each column with the best predictor for it: the
//! last value of the column, another column of the same or the previous record, a list of earlier values, or a running
//! number. An adaptive binary coder codes the remaining differences. docs/BUNDLE.md describes the byte format.
//!
//! Encoding steps: [`shred`] splits bodies into cells, [`schema`] names the columns, [`plan`] chooses the coding of
//! each column, [`encode`] codes cell by cell. [`decode`] needs no cells: it prints bodies while it reads them.

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
mod uuid;
mod uuid_v1;

pub(crate) use decode::{announced, decode};
pub(crate) use encode::encode;

/// The format that this version writes.
pub(crate) const FORMAT: u8 = 1;
