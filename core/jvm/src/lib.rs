//! Support for native threads that call into a Java VM, and for Android's log.
//!
//! By default JNA attaches an unknown thread to the VM before each callback and detaches it afterwards. That costs more
//! than most callbacks and creates a new Java `Thread` each time. This crate attaches a thread once, until the thread
//! ends. The threads are daemons, so they do not keep the VM from ending. It works only in a library that
//! `System.loadLibrary` loaded; in a process without a VM, or if the VM did not load the library itself, the functions
//! do nothing.

#[cfg(any(test, target_os = "android"))]
mod log;
#[cfg(target_os = "android")]
mod logcat;
mod vm;

pub use vm::{attach, attached, detach};
