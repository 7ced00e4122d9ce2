#![no_main]

libfuzzer_sys::fuzz_target!(|stream: &[u8]| suona_fuzz::frames::check(stream));
