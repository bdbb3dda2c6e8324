#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::run("content_type", data));
