//! See [`fieldcast_fuzz::bundle_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::bundle_file(data));
