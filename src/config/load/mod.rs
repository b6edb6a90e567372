//! Finds the chart's files and reads them: the only part of `config` that touches a disk.
//!
//! Whoever may change the chart may plant links in its directory, and what is wrong with a chart is
//! printed with its lines. So a link is followed only to what lies beside it or below.

pub mod links;

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use self::links::{End, follow, is_ordinary, shown};
use super::tree::MAX_BYTES;
use crate::diagnostics::SourceMap;

/// What is read where no `--file` is given: one of these files, or the directory.
const DEFAULT_FILES: [&str; 2] = ["portolan.yaml", "portolan.yml"];
const DEFAULT_DIRECTORY: &str = "portolan";

/// What a chart is called that has no name of its own: open files have numbers, which differ from
/// run to run.
const STREAM: &str = "chart";

/// Why there is no chart to decode.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "no chart: neither `{}` nor `{}` nor the directory `{DEFAULT_DIRECTORY}/` is here; name \
        one with `--file`",
        DEFAULT_FILES[0],
        DEFAULT_FILES[1]
    )]
    Nowhere,
    #[error("there are several charts here, {}; choose with `--file`", .0.join(" and "))]
    Ambiguous(Vec<String>),
    #[error("cannot read {path}", path = shown(path))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} holds no `*.yaml` or `*.yml` file", path = shown(.0))]
    EmptyDirectory(PathBuf),
    #[error("{path} is given twice", path = shown(.0))]
    Twice(PathBuf),
}

/// The files that could be read, and what is wrong with the others.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: SourceMap,
    pub problems: Vec<LoadError>,
}

/// How a file came to be part of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The command line names it.
    Name,
    /// It was found: as a default, or in a directory.
    Search,
}

/// Reads the named files and directories, in the order given; a directory's files sorted by name.
/// One that cannot be read does not hide what is wrong with the rest.
pub fn load(named: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    let (named, by) = match named {
        [] => (vec![default_path()?], By::Search),
        named => (named.to_vec(), By::Name),
    };
    for path in named {
        let files = match expand(&path, by) {
            Ok(files) => files,
            Err(problem) => {
                loaded.problems.push(problem);
                continue;
            }
        };
        for (file, by) in files {
            let place = stream(&file).map_or_else(|| file.clone(), descriptor);
            if seen.contains(&place) {
                loaded.problems.push(LoadError::Twice(file));
                continue;
            }
            seen.push(place);
            match read(&file, by) {
                Ok(bytes) => drop(
                    loaded
                        .sources
                        .add(file.to_string_lossy().into_owned(), bytes),
                ),
                Err(source) => loaded
                    .problems
                    .push(LoadError::Unreadable { path: file, source }),
            }
        }
    }
    Ok(loaded)
}

/// The defaults that are here. What stands at the place of the directory and is none, such as the
/// program itself, is no chart.
pub fn here() -> Vec<&'static str> {
    let mut here: Vec<&str> = DEFAULT_FILES
        .into_iter()
        .filter(|name| is_there(Path::new(name)))
        .collect();
    let directory = Path::new(DEFAULT_DIRECTORY);
    if is_there(directory) && fs::metadata(directory).map_or(true, |found| found.is_dir()) {
        here.push(DEFAULT_DIRECTORY);
    }
    here
}

/// What the command line names first, or what is read where it names nothing.
pub fn first(named: &[PathBuf]) -> Option<String> {
    let path = named.first().cloned().or_else(|| default_path().ok())?;
    Some(path.to_string_lossy().into_owned())
}

fn default_path() -> Result<PathBuf, LoadError> {
    match here().as_slice() {
        [] => Err(LoadError::Nowhere),
        [only] => Ok(PathBuf::from(only)),
        several => Err(LoadError::Ambiguous(
            several.iter().map(|name| as_written(name)).collect(),
        )),
    }
}

fn as_written(name: &str) -> String {
    format!(
        "`{name}{}`",
        if name == DEFAULT_DIRECTORY { "/" } else { "" }
    )
}

/// Whether a name is taken, also by a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// The number of the open file that a name of the command line stands for.
fn stream(path: &Path) -> Option<u32> {
    if path == Path::new("-") {
        return Some(0);
    }
    let mut parts = path.components();
    if parts.next() != Some(Component::RootDir) {
        return None;
    }
    let names: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    match names?.as_slice() {
        ["dev", "stdin"] => Some(0),
        ["dev", "fd", number] | ["proc", "self", "fd", number] => {
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| number.parse().ok()).flatten()
        }
        _ => None,
    }
}

/// One name for all those of an open file.
fn descriptor(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{number}"))
}

/// Whether the chart comes, in part, through standard input.
pub fn reads_stdin(named: &[PathBuf]) -> bool {
    named.iter().any(|path| stream(path) == Some(0))
}

fn read(path: &Path, by: By) -> io::Result<Vec<u8>> {
    if let Some(number) = stream(path).filter(|_| by == By::Name) {
        let bytes = if number == 0 {
            bounded(io::stdin().lock())
        } else {
            bounded(File::open(descriptor(number))?)
        }?;
        // What should have written it has failed, and a chart without it would be another one.
        return if bytes.is_empty() {
            Err(io::Error::other("nothing came through it"))
        } else {
            Ok(bytes)
        };
    }
    let end = find(path)?;
    let is_pipe = by == By::Name && !end.is_linked && is_fifo(&end);
    if !is_pipe {
        end.is_file()?;
    }
    bounded(end.open()?)
}

/// One byte more than a chart may have is enough to refuse it; a pipe may never end.
fn bounded(from: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(unix)]
fn is_fifo(end: &End) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    end.found.file_type().is_fifo()
}

#[cfg(not(unix))]
fn is_fifo(_end: &End) -> bool {
    false
}

/// What a path of a chart leads to. How its directory is reached is up to the person who names it;
/// a link at its end is up to those who may change the chart.
fn find(path: &Path) -> io::Result<End> {
    let Some(name) = path.file_name() else {
        return follow(path, &is_ordinary);
    };
    let typed = directory_of(path);
    let base = follow(typed, &is_ordinary)?.path;
    let also = std::path::absolute(typed)?;
    let first = base.join(name);
    let end = follow(&first, &|place| {
        is_ordinary(place)?;
        if base.starts_with(place) || also.starts_with(place) {
            return Ok(());
        }
        let Ok(below) = place.strip_prefix(&base) else {
            let directory = shown(typed);
            return Err(io::Error::other(format!(
                "it is a link that leads to {}, out of the directory {directory}; name the file \
                itself",
                shown(place)
            )));
        };
        let hidden = below
            .file_name()
            .filter(|_| place != first)
            .filter(|name| is_hidden(name));
        match hidden.filter(|name| !is_mount(name)) {
            None => Ok(()),
            Some(name) => Err(io::Error::other(format!(
                "it is a link that leads through `{}`, and charts are not read from names that \
                begin with a dot",
                shown(Path::new(name))
            ))),
        }
    })?;
    if end.path.starts_with(&base) && end.path != base {
        Ok(end)
    } else {
        Err(io::Error::other(format!(
            "it is a link that leads out of the directory {}",
            shown(typed)
        )))
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// As the directories are called in which Kubernetes keeps what it mounts.
fn is_mount(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"..")
}

/// What would be read: files and directories, as they were named or as they would be found if none
/// was.
pub fn inputs(named: &[PathBuf]) -> Vec<PathBuf> {
    let defaults = || {
        DEFAULT_FILES
            .into_iter()
            .chain([DEFAULT_DIRECTORY])
            .map(PathBuf::from)
            .collect()
    };
    let named: Vec<PathBuf> = if named.is_empty() {
        defaults()
    } else {
        named.to_vec()
    };
    let mut inputs = Vec::new();
    for path in named {
        match stream(&path) {
            // A pipe or a terminal may well be written to.
            Some(number) => inputs.extend(Some(descriptor(number)).filter(|path| path.is_file())),
            None => {
                inputs.extend(charts(&path).unwrap_or_default());
                inputs.push(path);
            }
        }
    }
    inputs
}

/// The chart's first file, whether it can be read or not: where a finding without a place belongs.
pub fn first_file(named: &[PathBuf]) -> PathBuf {
    let first = first_named(named);
    let in_directory = if stream(&first).is_some() {
        None
    } else {
        charts(&first).ok()
    };
    in_directory
        .and_then(|files| files.into_iter().next())
        .unwrap_or(first)
}

fn first_named(named: &[PathBuf]) -> PathBuf {
    let found = || PathBuf::from(here().first().map_or(DEFAULT_FILES[0], |name| name));
    named.first().cloned().unwrap_or_else(found)
}

/// The name of the first chart file without its ending, or that of its directory.
pub fn stem(named: &[PathBuf]) -> String {
    let first = first_named(named);
    if stream(&first).is_some() {
        return STREAM.to_owned();
    }
    // `.` and `..` have no name of their own.
    let first = if first.file_name().is_some() {
        first
    } else {
        first.canonicalize().unwrap_or(first)
    };
    let name = if first.is_dir() {
        first.file_name()
    } else {
        first.file_stem()
    };
    name.map_or_else(
        || STREAM.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// Whether a file of that name is read as a chart where its directory is.
pub fn is_chart(path: &Path) -> bool {
    let is_yaml = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml && !path.file_name().is_some_and(is_hidden)
}

/// A file is itself; a directory is its own charts, not those below.
fn expand(path: &Path, by: By) -> Result<Vec<(PathBuf, By)>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let is_file =
        stream(path).is_some() || (by == By::Search && path != Path::new(DEFAULT_DIRECTORY));
    if is_file || !find(path).map_err(unreadable)?.found.is_dir() {
        return Ok(vec![(path.to_owned(), by)]);
    }
    let files = charts(path).map_err(unreadable)?;
    if files.is_empty() {
        return Err(LoadError::EmptyDirectory(path.to_owned()));
    }
    Ok(files.into_iter().map(|file| (file, By::Search)).collect())
}

/// What is called as a chart in a directory, sorted, whether it can be read or not.
fn charts(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.path();
        if is_chart(&file) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}
