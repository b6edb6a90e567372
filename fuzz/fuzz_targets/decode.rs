//! `cargo +nightly fuzz run decode -- -max_len=65536 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/decode.rs"]
mod decode;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decode::check(bytes));
