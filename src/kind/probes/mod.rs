//! Kinds that no service has, unlike all others on purpose: what the tables can hold is more than
//! what they hold now.
//!
//! Only the tests of the library know them. Each is one file and one line in the registry, as any
//! kind is.

#[cfg(test)]
mod chart_tests;
pub mod cleanup;
pub mod member;
