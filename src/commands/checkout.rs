//! Finds the repository that the chart is in, for the reports that forges read.

use std::{env, path::Path};

use anyhow::Context as _;

use crate::{cli::Global, config::load, render::checkout::Checkout};

/// Paths in a report are relative to the root of the repository, as forges expect; outside of a
/// repository they are relative to the current directory.
pub(super) fn of(global: &Global) -> anyhow::Result<Checkout> {
    let directory = env::current_dir().context("cannot determine the current directory")?;
    // In a worktree and a submodule `.git` is a file, so it need not be a directory.
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
