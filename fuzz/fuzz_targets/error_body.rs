//! `cargo +nightly fuzz run error_body -- -max_len=65536 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/error_body.rs"]
mod error_body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| error_body::check(bytes));
