//! `cargo +nightly fuzz run renderers -- -max_len=4096 -timeout=1 -max_total_time=600`
#![no_main]

#[path = "../checks/renderers.rs"]
mod renderers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renderers::check(bytes));
