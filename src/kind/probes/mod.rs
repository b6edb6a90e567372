//! Test-only kinds that exercise what the tables can express and no real kind uses yet.
//!
//! Each is one file and one line in the registry, like a real kind.

pub mod cleanup;
pub mod member;
#[cfg(test)]
mod tests;
