//! The options of the commands that look at the live state: `list` and `snapshot`, and of a plan
//! from a snapshot.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, TypedValueParser as _},
};

use super::Format;
use crate::{pattern::Written, snapshot, time::Age};

/// What a snapshot can hold beside resources.
const FURTHER: [&str; 3] = [SnapshotArgs::TAGS, SnapshotArgs::COPIES, SnapshotArgs::JOBS];

#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list, such as `team-a` or `cn-north-4/team-a/web/*`; without it, the organizations.
    ///
    /// Patterns are written as for `plan --target`. A name without a region is looked for in every
    /// region that is read.
    #[arg(value_name = "PATTERN", value_parser = str::parse::<Written>)]
    pub pattern: Option<Written>,

    /// List the rules too, one request more for each repository.
    #[arg(long)]
    pub rules: bool,

    /// How to print the list.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Read more than the chart manages: `rules`, `retention`, `access` or `share` of every
    /// repository in the chart's organizations; `tags`, `copies` or `jobs`.
    ///
    /// `tags` lists what each repository contains, which new retentions need; `copies` compares
    /// the targets of all rules, as `drift` does; `jobs` reads the newest sync jobs, as `--jobs`
    /// of a plan. May be given several times, or with several words between commas.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = included)]
    pub include: Vec<String>,

    /// Write the snapshot to this file instead of stdout.
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub out: Option<PathBuf>,
}

impl SnapshotArgs {
    pub const TAGS: &str = "tags";
    pub const COPIES: &str = "copies";
    pub const JOBS: &str = "jobs";

    pub fn includes(&self, word: &str) -> bool {
        self.include.iter().any(|included| included == word)
    }
}

/// A word of `--include`.
fn included(text: &str) -> Result<String, String> {
    let mut words = snapshot::words();
    words.extend(FURTHER.map(str::to_owned));
    match words.contains(&text.to_owned()) {
        true => Ok(text.to_owned()),
        false => Err(format!("expected one of {}", words.join(", "))),
    }
}

#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Plan from this snapshot, without network and credentials.
    ///
    /// What the plan needs and the snapshot does not hold is named and left out, and the outcome
    /// is unknown. Such a plan cannot be saved or applied.
    #[arg(long, value_name = "SNAPSHOT", conflicts_with = "out", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub live: Option<PathBuf>,

    /// The largest age of the snapshot, such as `90m`, `6h` or `2d`; older ones make the outcome
    /// unknown.
    #[arg(long, value_name = "TIME", default_value = "1d", requires = "live")]
    pub max_age: Age,
}
