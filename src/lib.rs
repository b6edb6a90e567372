//! portolan keeps image repositories, the rules that copy their images, and git mirrors equal to a
//! YAML chart.
//!
//! ```text
//! load -> decode -> validate -> refresh -> scope -> diff -> plan -> check -> render -> apply -> report
//!  IO      pure      pure         IO       pure     pure    pure    pure     pure       IO      pure
//! ```
//!
//! In reading order: [`address`], [`names`], [`pattern`], [`region`], [`kind`], [`time`], [`risk`]
//! and [`state`] are the nouns; [`config`] makes the desired state from files, with [`diagnostics`]
//! about them, and [`refresh`] the live one from the API; [`scope`], [`diff`] and [`plan`] compare
//! them, and [`drift`] says which differences count, [`coverage`] which patterns do nothing;
//! [`render`] shows the result, [`apply`] makes it true, [`progress`] tells meanwhile, and
//! [`report`] and [`receipt`] say what came of it. [`wire`] is the seam to [`transport`], which
//! sends, and [`emulator`] stands in for the services without sharing anything with the planner.
//! [`cli`], [`commands`] and [`exit`] are the program around that, [`schema`] and [`export`] what
//! else it prints, [`input`] how it reads other files than charts. [`mask`] and [`mod@text`] keep
//! what is not ours from showing secrets and from driving a terminal or a runner.

pub mod address;
pub mod apply;
pub mod cli;
pub mod commands;
pub mod config;
pub mod coverage;
pub mod diagnostics;
pub mod diff;
pub mod drift;
pub mod emulator;
pub mod exit;
pub mod export;
pub mod input;
pub mod kind;
pub mod mask;
pub mod names;
pub mod pattern;
pub mod plan;
pub mod progress;
pub mod receipt;
pub mod refresh;
pub mod region;
pub mod render;
pub mod report;
pub mod risk;
pub mod schema;
pub mod scope;
pub mod state;
pub mod text;
pub mod time;
pub mod transport;
pub mod wire;

#[cfg(test)]
extern crate self as portolan;
#[cfg(test)]
#[path = "../tests/support/given.rs"]
mod given;
