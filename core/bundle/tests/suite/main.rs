//! Tests of the crate's public behaviour.
#![allow(clippy::unwrap_used, reason = "a failed step ends the test")]

mod campaign;
mod common;
mod golden;
mod hostile;
mod manifest;
mod round_trip;
mod size;
