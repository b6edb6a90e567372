//! `cargo +nightly fuzz run plan_file -- -max_len=65536 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/plan_file.rs"]
mod plan_file;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plan_file::check(bytes));
