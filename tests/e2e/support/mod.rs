//! Shared test helpers: processes, devices, a server, and the contents of databases.

mod device;
mod group;
mod holdings;
mod process;
mod server;

pub(crate) use device::{Device, Field};
pub(crate) use group::{Counter, Group};
pub(crate) use holdings::Holdings;
pub(crate) use process::{Ended, Process, text, whole};
pub(crate) use server::{PASSWORD, Server, USER, config};
