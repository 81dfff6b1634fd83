//! What the generated bindings call, called as they call it: from a thread that knows no runtime.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that failed")]

mod discovery;
mod journey;
mod lifetime;
mod listener;
mod phone;
mod ports;
