//! See [`fieldcast_fuzz::machines`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::machines(data));
