//! The crate's behaviour as others see it.

mod common;
mod golden;
mod hostile;
mod manifest;
mod round_trip;
mod size;
