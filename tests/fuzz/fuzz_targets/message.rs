//! See [`fieldcast_fuzz::message`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::message(data));
