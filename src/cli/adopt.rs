//! The options of `adopt`.

use clap::Args;

use crate::pattern::Written;

#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// What is adopted, such as `team-a/web`; several may be given.
    ///
    /// Patterns are written as for `--target` of `plan`: an organization or a repository covers what
    /// is in it, and a printed address is a pattern too. One that covers nothing is an error.
    #[arg(value_name = "PATTERN", required = true, value_parser = str::parse::<Written>)]
    pub patterns: Vec<Written>,

    /// Change the files, instead of printing the difference for `git apply`.
    #[arg(long)]
    pub write: bool,
}
