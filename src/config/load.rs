//! Finds the chart's files and reads them: the only part of `config` that touches a disk.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::tree::MAX_BYTES;
use crate::diagnostics::SourceMap;

/// What is read where no `--file` is given: one of the two.
const DEFAULT_FILE: &str = "portolan.yaml";
const DEFAULT_DIRECTORY: &str = "portolan";

/// Why there is no chart to decode.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "no chart: neither `{DEFAULT_FILE}` nor the directory `{DEFAULT_DIRECTORY}/` is here; name one with `--file`"
    )]
    Nowhere,
    #[error("both `{DEFAULT_FILE}` and `{DEFAULT_DIRECTORY}/` are here; choose with `--file`")]
    Ambiguous,
    #[error("cannot read {path}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} holds no `*.yaml` or `*.yml` file", path = .0.display())]
    EmptyDirectory(PathBuf),
    #[error("{path} is given twice", path = .0.display())]
    Twice(PathBuf),
}

/// The files that could be read, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: SourceMap,
    pub problems: Vec<LoadError>,
}

/// Reads the named files and directories, in the order given; a directory's files sorted by name. One that cannot be
/// read does not hide what is wrong with the rest.
pub fn load(named: &[PathBuf]) -> Result<Loaded, LoadError> {
    let default;
    let named = if named.is_empty() {
        default = [default_path()?];
        &default[..]
    } else {
        named
    };
    let mut loaded = Loaded::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in named {
        let files = expand(path).unwrap_or_else(|problem| {
            loaded.problems.push(problem);
            Vec::new()
        });
        for file in files {
            if seen.contains(&file) {
                loaded.problems.push(LoadError::Twice(file));
                continue;
            }
            match read(&file) {
                Ok(bytes) => drop(loaded.sources.add(file.to_string_lossy().into_owned(), bytes)),
                Err(source) => loaded.problems.push(LoadError::Unreadable { path: file.clone(), source }),
            }
            seen.push(file);
        }
    }
    Ok(loaded)
}

fn default_path() -> Result<PathBuf, LoadError> {
    let (file, directory) = (Path::new(DEFAULT_FILE), Path::new(DEFAULT_DIRECTORY));
    match (file.exists(), directory.is_dir()) {
        (true, true) => Err(LoadError::Ambiguous),
        (true, false) => Ok(file.to_owned()),
        (false, true) => Ok(directory.to_owned()),
        (false, false) => Err(LoadError::Nowhere),
    }
}

/// One byte more than a chart may have is enough to refuse it; a device may never end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What would be read: files and directories, as they were named or as they are found if none was.
pub fn inputs(named: &[PathBuf]) -> Vec<PathBuf> {
    if named.is_empty() { default_path().into_iter().collect() } else { named.to_vec() }
}

/// Whether a file of that name is read as a chart where its directory is.
pub fn is_chart(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// A file is itself; a directory is its own YAML files, not those below.
fn expand(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if is_chart(&file) && file.is_file() {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(LoadError::EmptyDirectory(path.to_owned()));
    }
    files.sort();
    Ok(files)
}
