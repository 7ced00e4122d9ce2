#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| suona_fuzz::deltas::check(input));
