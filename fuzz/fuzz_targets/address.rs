//! `cargo +nightly fuzz run address -- -max_len=65536 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/address.rs"]
mod address;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| address::check(bytes));
