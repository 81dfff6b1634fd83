//! See [`fieldcast_fuzz::json`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::json(data));
