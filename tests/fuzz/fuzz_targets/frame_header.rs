//! See [`fieldcast_fuzz::frame_header`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::frame_header(data));
