//! Android's log.

use std::ffi::{CString, c_char, c_int};

use tracing::Level;

// SAFETY: as <android/log.h> declares it, in every Android's liblog.
#[link(name = "log")]
unsafe extern "C" {
    fn __android_log_write(priority: c_int, tag: *const c_char, text: *const c_char) -> c_int;
}

/// Writes a line.
pub(crate) fn write(level: Level, line: String) {
    let priority = match level {
        Level::ERROR => 6,
        Level::WARN => 5,
        Level::INFO => 4,
        _ => 3,
    };
    let Ok(text) = CString::new(line.replace('\0', " ")) else { return };
    // SAFETY: both are C strings that live until the call returns, and the log copies them.
    let _a_full_log_is_no_error = unsafe { __android_log_write(priority, c"fieldcast".as_ptr(), text.as_ptr()) };
}
