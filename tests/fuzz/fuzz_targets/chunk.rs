//! See [`fieldcast_fuzz::chunk`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fieldcast_fuzz::chunk(data));
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fieldcast_fuzz::mutate_chunk(data, size, max_size, seed)
});
