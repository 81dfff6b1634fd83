//! What a Java VM needs of native threads, and Android of a log.
//!
//! A thread the VM does not know is attached by JNA for each callback and detached after it, which costs more than most
//! callbacks do and makes a new Java `Thread` each time. Here the threads of a library that was loaded by
//! `System.loadLibrary` are attached once, as daemons (none keeps the VM from ending), until they end. In a process without
//! a VM, or whose VM did not load the library itself, nothing of this happens.

#[cfg(any(test, target_os = "android"))]
mod log;
#[cfg(target_os = "android")]
mod logcat;
mod vm;

pub use vm::{attach, attached, detach};
