//! `portolan version`: what this program was built from.

use jiff::Timestamp;

use super::output;
use crate::{
    cli::{Format, VersionArgs},
    exit::Exit,
    render::version::{Build, json, text},
};

pub(super) fn run(args: &VersionArgs) -> anyhow::Result<Exit> {
    let build = build();
    output::document(&match args.format {
        Format::Text => text(&build),
        Format::Json => json(&build),
    })?;
    Ok(Exit::Done)
}

/// What the build script learnt.
pub(super) fn build() -> Build {
    let seconds = option_env!("PORTOLAN_BUILT_SECONDS").and_then(|text| text.parse().ok());
    let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    Build {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("PORTOLAN_BUILT_COMMIT"),
        // In UTC, so that it is the same on every machine.
        date: time.map(|time| time.strftime("%Y-%m-%d").to_string()),
    }
}
