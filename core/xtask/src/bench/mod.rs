//! Measurements.

pub(crate) mod codec;
mod lines;
pub(crate) mod memory;
pub(crate) mod store;
