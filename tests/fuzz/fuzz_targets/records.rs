//! See [`fieldcast_fuzz::records`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::records(data));
