//! See [`fieldcast_fuzz::invite`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::invite(data));
