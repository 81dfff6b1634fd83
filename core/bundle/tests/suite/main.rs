//! The crate's behaviour as others see it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod campaign;
mod common;
mod golden;
mod hostile;
mod manifest;
mod round_trip;
mod size;
