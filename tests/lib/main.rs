//! Tests of the library without the program: one folder or file for each subject.
//!
//! All of them are one binary, because each binary links the whole library: `cargo test --test lib
//! laws::` runs one module. Tests that start the program are in `tests/cli`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod architecture;
#[path = "../support/cases.rs"]
mod cases;
mod docs;
mod emulator;
mod fuzz;
#[path = "../support/given.rs"]
mod given;
mod http_door;
mod kind_names;
mod law;
mod laws;
mod package;
mod plans;
mod schema;
mod signing;
#[path = "../support/times.rs"]
mod times;
