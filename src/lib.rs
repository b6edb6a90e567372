//! portolan keeps image repositories and the rules that copy their images equal to a chart.

pub mod config;
pub mod diagnostics;
pub mod emulator;
pub mod transport;
pub mod wire;
