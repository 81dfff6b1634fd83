//! The code of each fuzz target. The files in `fuzz_targets/` only call it.
//!
//! Every target also checks accepted input, because a decoder that accepts garbage and returns other data is as wrong
//! as one that crashes.

mod chunk;
mod files;
mod machines;
mod memory;
mod messages;
mod mutate;
mod texts;

pub use chunk::chunk;
pub use files::{bundle_file, manifest};
pub use machines::machines;
pub use messages::{frame_header, message};
pub use mutate::mutate_chunk;
pub use texts::{invite, json, records};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
