//! Android's log.

use std::ffi::{CString, c_char, c_int};

use tracing::Level;

// SAFETY: matches the declaration in <android/log.h>; liblog is part of every Android version.
#[link(name = "log")]
unsafe extern "C" {
    fn __android_log_write(priority: c_int, tag: *const c_char, text: *const c_char) -> c_int;
}

/// Writes one line.
pub(crate) fn write(level: Level, line: String) {
    let priority = match level {
        Level::ERROR => 6,
        Level::WARN => 5,
        Level::INFO => 4,
        _ => 3,
    };
    let Ok(text) = CString::new(line.replace('\0', " ")) else { return };
    // SAFETY: both arguments are C strings that stay valid until the call returns; the log copies them.
    let _ignored = unsafe { __android_log_write(priority, c"fieldcast".as_ptr(), text.as_ptr()) };
}
