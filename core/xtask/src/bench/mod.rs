//! Benchmarks.

pub(crate) mod codec;
pub(crate) mod crowd;
mod lines;
pub(crate) mod memory;
pub(crate) mod sdk;
pub(crate) mod store;
