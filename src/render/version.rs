//! The version of the program, for people and for scripts.

use serde::Serialize;

use crate::{
    config::grammar,
    plan::document::{FORMAT_VERSION, pretty},
};

/// What the program was built from.
#[derive(Debug)]
pub struct Build {
    pub version: &'static str,
    /// Unknown if it was built neither from a checkout nor from a package that names it.
    pub commit: Option<&'static str>,
    /// The day of the commit.
    pub date: Option<String>,
}

/// What `version --format json` prints.
#[derive(Debug, Serialize)]
struct Document<'b> {
    format_version: &'static str,
    /// The name of its schema.
    document: &'static str,
    version: &'static str,
    commit: Option<&'static str>,
    date: Option<&'b str>,
    chart_version: u64,
}

pub fn json(build: &Build) -> String {
    pretty(&Document {
        format_version: FORMAT_VERSION,
        document: "version",
        version: build.version,
        commit: build.commit,
        date: build.date.as_deref(),
        chart_version: grammar::VERSION,
    })
}

/// Scripts read the first line, so nothing is added to it.
pub fn text(build: &Build) -> String {
    let built = [build.commit, build.date.as_deref()].into_iter().flatten();
    let built = built.collect::<Vec<_>>().join(", ");
    let line = if built.is_empty() {
        String::new()
    } else {
        format!("built from {built}\n")
    };
    format!("portolan {}\n{line}", build.version)
}
