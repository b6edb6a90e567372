//! `cargo +nightly fuzz run pager -- -max_len=65536 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/pager.rs"]
mod pager;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| pager::check(bytes));
