//! The arguments of the commands that serve the shell and the person at it.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, TypedValueParser as _},
};

use super::Format;
use crate::completion::Shell;

#[derive(Debug, Args)]
pub struct CompletionArgs {
    /// The shell that reads the script.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this directory, instead of the main page to stdout.
    #[arg(long, value_name = "DIR", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VersionArgs {
    /// How to print it; JSON has the commit, its date and the chart's version too.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}
