//! portolan keeps image repositories, the rules that copy their images, and git mirrors equal to a
//! YAML chart.
//!
//! ```text
//! load -> decode -> validate -> refresh -> scope -> diff -> plan -> check -> render -> apply -> report
//!  IO      pure      pure         IO       pure     pure    pure    pure     pure       IO      pure
//! ```
//!
//! In reading order: [`address`], [`names`], [`pattern`], [`region`], [`kind`], [`time`], [`risk`],
//! [`copies`] and [`state`] are the nouns. [`config`] reads the desired state from files, with
//! [`diagnostics`]; [`refresh`] reads the live state from the API. [`scope`], [`diff`] and [`plan`]
//! compare the two; [`drift`] decides which differences count, [`coverage`] finds patterns that
//! cover nothing, [`doctor`] judges what surrounds a chart. [`render`] shows the result, [`apply`] makes the changes, [`progress`] shows how
//! far it is, [`report`] and [`receipt`] record the outcome. [`wire`] has the types of requests and
//! responses, which [`transport`] sends; [`emulator`] replaces the services, and shares nothing
//! with the planner. [`cli`], [`commands`] and [`exit`] are the program; [`completion`], [`schema`],
//! [`export`], [`adopt`] and [`inventory`] are further outputs, [`snapshot`] is the live state as a
//! file, and [`input`] reads files other than charts. [`mask`] hides secrets in foreign texts, and
//! [`mod@text`] escapes such texts so that they cannot control a terminal or a CI runner.

pub mod address;
pub mod adopt;
pub mod apply;
pub mod cli;
pub mod commands;
pub mod completion;
pub mod config;
pub mod copies;
pub mod coverage;
pub mod diagnostics;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod emulator;
pub mod exit;
pub mod export;
pub mod input;
pub mod inventory;
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
pub mod snapshot;
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
