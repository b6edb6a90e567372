//! The arguments of `portolan export`.

use std::path::PathBuf;

use clap::{
    Args,
    builder::{NonEmptyStringValueParser, TypedValueParser as _},
};

use crate::export;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The organizations in the chart, in each `--region`.
    #[arg(value_name = "ORGANIZATION", conflicts_with = "all")]
    pub organizations: Vec<String>,

    /// All organizations that these credentials see.
    #[arg(long)]
    pub all: bool,

    /// Also the git repositories of CodeArts Repo that mirror others.
    #[arg(long)]
    pub mirrors: bool,

    /// Also `retention`, `access` or `share`; several between commas.
    ///
    /// Which tags are kept, who may do what, and what other accounts may pull. Each is one request
    /// more for every repository that may have it.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = included)]
    pub include: Vec<String>,

    /// Write this file, which must not exist, and beside it the schema for editors; without it the
    /// chart goes to stdout. With `--split` a directory, which must be new or empty.
    #[arg(long, value_name = "PATH", value_parser = NonEmptyStringValueParser::new().map(PathBuf::from))]
    pub out: Option<PathBuf>,

    /// A file for each organization, and one for what they share.
    #[arg(long, requires = "out")]
    pub split: bool,
}

fn included(text: &str) -> Result<String, String> {
    let known = export::optional();
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("expected one of {}", known.join(", ")))
}
