//! Whether two paths lead to one file, and whether a command may write to a path.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::UsageError;
use crate::{cli::Global, config::load};

/// The directory of a path; the current one for a bare name.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// Refuses to write over a file that the same command reads.
pub(super) fn is_no_input(global: &Global, path: &Path) -> anyhow::Result<()> {
    // The emulator keeps these files beside its state.
    let beside = |state: &PathBuf| {
        [".lock", ".changes"].map(|end| format!("{}{end}", state.display()).into())
    };
    let beside: Vec<PathBuf> = global.emulator.iter().flat_map(beside).collect();
    let others = [&global.emulator, &global.ca_file]
        .into_iter()
        .flatten()
        .cloned()
        .chain(beside);
    let inputs = load::inputs(&global.file).into_iter().chain(others);
    let target = target_of(path);
    for input in inputs {
        // A `*.yaml` file written into a chart directory would be loaded as a chart by the next
        // command.
        let is_chart_in = |path: &Path| load::is_chart(path) && is_same(&input, directory_of(path));
        let in_directory = input.is_dir() && (is_chart_in(path) || is_chart_in(&target));
        if is_same(&input, path) || in_directory {
            let problem = format!(
                "this command reads {}, so it cannot write to it",
                path.display()
            );
            return Err(UsageError(problem).into());
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, which need not exist yet.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    // A path may be missing, lead through links, or be a hard link: each case needs its own
    // comparison.
    one == other || target_of(one) == target_of(other) || is_one_file(one, other)
}

/// Where a path leads: links are followed, also to a file that does not exist.
fn target_of(path: &Path) -> PathBuf {
    // `canonicalize` fails for a link to a missing file, which a command may be about to create.
    let path =
        fs::read_link(path).map_or_else(|_| path.to_owned(), |link| directory_of(path).join(link));
    if let Ok(target) = path.canonicalize() {
        return target;
    }
    match (directory_of(&path).canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path,
    }
}

/// Whether two paths are names of one file, as hard links are.
#[cfg(unix)]
fn is_one_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let found = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|found| (found.dev(), found.ino()))
    };
    found(one).is_some_and(|found_one| found(other) == Some(found_one))
}

#[cfg(windows)]
fn is_one_file(one: &Path, other: &Path) -> bool {
    same_file::is_same_file(one, other).unwrap_or(false)
}
