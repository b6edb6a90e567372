//! Finds the repository that the chart is in, for the reports that forges read.

use std::{env, path::Path};

use anyhow::Context as _;

use crate::{cli::Global, config::load, render::checkout::Checkout};

/// Paths in a report start at the root of the repository, wherever in it the command runs. Outside
/// of one they start where it runs.
pub(super) fn of(global: &Global) -> anyhow::Result<Checkout> {
    let directory = env::current_dir().context("cannot tell the current directory")?;
    let is_root = |path: &&Path| path.join(".git").exists();
    let root = directory
        .ancestors()
        .find(is_root)
        .unwrap_or(&directory)
        .to_owned();
    let chart = load::first_file(&global.file)
        .to_string_lossy()
        .into_owned();
    Ok(Checkout {
        root,
        directory,
        chart,
    })
}
