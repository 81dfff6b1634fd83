//! What each fuzz target does with its input. The targets themselves are the two-line files in `fuzz_targets/`.
//!
//! Every target asserts something about what was accepted, not only that nothing panics: a decoder that takes rubbish
//! and gives something else is as wrong as one that crashes.

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
