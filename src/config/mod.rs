//! The chart.
pub mod tree;
