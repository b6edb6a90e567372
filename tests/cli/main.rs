//! The program from end to end: the real binary, run against an emulator on a socket of this
//! process.
//!
//! One file for each subject. What every test needs is in `support`; its checks are part of every
//! test, for example that a plan sends only reads, and that the plan after an apply is empty.
//! `charts`, `ci`, `examples` and `readme` run the program on files instead of an emulated world.
//!
//! All of them are one binary, because each binary links the whole library: `cargo test --test cli
//! charts::` runs one module. Tests that do not start the program are in `tests/lib`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod account;
mod adopt;
mod adopt_walk;
mod again;
mod agreement;
mod answers;
mod apply;
mod backfill;
mod canary;
#[path = "../support/cases.rs"]
mod cases;
mod chart_files;
mod chart_size;
mod charts;
mod ci;
mod completion;
mod connections;
mod copies;
mod copies_drill;
mod crash;
mod credentials;
mod deletions;
mod doctor;
mod documents;
mod drift;
mod emulated;
mod examples;
mod export;
mod faults;
mod files;
mod findings;
mod foreign_files;
mod foreign_words;
mod forges;
mod governance;
mod help;
mod hooks;
mod hostile;
mod init;
mod input;
mod installed;
mod jobs;
mod leftovers;
mod lints;
mod list;
mod logins;
mod long_output;
mod lost_answers;
mod manual;
mod many_mistakes;
mod masked;
mod metrics;
mod mirror_runs;
mod mirror_secrets;
mod mirrors;
mod misbehaving;
mod pager;
mod paging;
mod patterns;
mod quickstart;
mod readme;
mod receipt;
mod relay;
#[cfg(target_os = "linux")]
mod release;
mod requests;
mod retention;
mod risks;
mod saved;
mod scale;
mod sdk;
mod sharing;
mod signals;
mod snapshot;
mod special_files;
mod stale;
mod state_file;
mod storm;
mod streams;
mod support;
mod terminal;
#[path = "../support/times.rs"]
mod times;
mod trouble;
mod unmanaged;
mod validate;
mod validators;
mod version;
mod yaml_readers;
