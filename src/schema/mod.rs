//! The published JSON Schemas, made from the tables that the program itself works with.
//!
//! For editors, scripts and pre-merge checks; portolan itself never validates with them.

mod account;
mod chart;
mod plan;

pub use chart::chart;
pub use plan::plan;

/// The dialect of all of them.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
