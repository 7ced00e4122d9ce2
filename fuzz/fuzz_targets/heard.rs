#![no_main]

libfuzzer_sys::fuzz_target!(|message: &[u8]| suona_fuzz::heard::check(message));
