//! Calls the same functions as the generated bindings, in the same way: from a thread without a runtime.

#![allow(clippy::unwrap_used, reason = "a test may panic on an unexpected error")]

mod discovery;
mod journey;
mod lifetime;
mod listener;
mod phone;
mod ports;
