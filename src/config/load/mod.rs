//! Finds and reads the chart's files: the only part of `config` with file access.
//!
//! Anyone who can change the chart can add links to its directory, and errors are printed with
//! their lines. So a link is followed only to files beside it or below.

pub mod links;

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
};

use self::links::{End, follow, refuse_system_path, shown};
use super::tree::MAX_BYTES;
use crate::diagnostics::SourceMap;

/// The default charts if no `--file` is given: these files, or the directory.
const DEFAULT_FILES: [&str; 2] = ["portolan.yaml", "portolan.yml"];
const DEFAULT_DIRECTORY: &str = "portolan";

/// The name of a chart that is read from a stream. The number of the open file is not used, because
/// it differs between invocations.
const STREAM: &str = "chart";

/// Why there is no chart to decode.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "no chart found: there is no `{}`, `{}` or directory `{DEFAULT_DIRECTORY}/` \
        here; give one with `--file`",
        DEFAULT_FILES[0],
        DEFAULT_FILES[1]
    )]
    NotFound,
    #[error("several charts found: {}; choose one with `--file`", .0.join(" and "))]
    Ambiguous(Vec<String>),
    #[error("cannot read {path}", path = shown(path))]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} contains no `*.yaml` or `*.yml` file", path = shown(.0))]
    EmptyDirectory(PathBuf),
    #[error("{path} is given twice", path = shown(.0))]
    Twice(PathBuf),
}

/// The files that could be read, and the errors of the others.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: SourceMap,
    pub problems: Vec<LoadError>,
}

/// Why a file is part of the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The command line names it.
    Named,
    /// It is a default chart, or in a directory.
    Found,
}

/// Reads the named files and directories in the order given, the files of a directory sorted by
/// name. Reads on after an error, so that all errors are reported at once.
pub fn load(named: &[PathBuf]) -> Result<Loaded, LoadError> {
    let mut loaded = Loaded::default();
    let mut seen: Vec<PathBuf> = Vec::new();
    let (named, origin) = match named {
        [] => (vec![default_path()?], Origin::Found),
        named => (named.to_vec(), Origin::Named),
    };
    for path in named {
        let files = match expand(&path, origin) {
            Ok(files) => files,
            Err(problem) => {
                loaded.problems.push(problem);
                continue;
            }
        };
        for (file, origin) in files {
            let place = stream(&file).map_or_else(|| file.clone(), descriptor);
            // `-` and `/dev/stdin` are the same stream, which can be read only once.
            if seen.contains(&place) {
                loaded.problems.push(LoadError::Twice(file));
                continue;
            }
            seen.push(place);
            match read(&file, origin) {
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

/// The default charts in the working directory. A file named like the default directory is not a
/// chart: it may be the program itself.
pub fn here() -> Vec<&'static str> {
    let mut here: Vec<&str> = DEFAULT_FILES
        .into_iter()
        .filter(|name| is_there(Path::new(name)))
        .collect();
    let directory = Path::new(DEFAULT_DIRECTORY);
    // A dangling link counts as a directory, so that it is reported and not ignored.
    if is_there(directory) && fs::metadata(directory).map_or(true, |found| found.is_dir()) {
        here.push(DEFAULT_DIRECTORY);
    }
    here
}

/// The first path on the command line, or the default chart.
pub fn first(named: &[PathBuf]) -> Option<String> {
    let path = named.first().cloned().or_else(|| default_path().ok())?;
    Some(path.to_string_lossy().into_owned())
}

fn default_path() -> Result<PathBuf, LoadError> {
    match here().as_slice() {
        [] => Err(LoadError::NotFound),
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

/// Whether the name exists, even as a link to a missing file.
fn is_there(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// The number of the open file, if the path names one, as `-` and `/dev/fd/N` do.
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
            // `parse` also accepts `+3`, which names no open file.
            let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| number.parse().ok()).flatten()
        }
        _ => None,
    }
}

/// Whether the path names an open file rather than one on disk.
pub(crate) fn is_stream(path: &Path) -> bool {
    stream(path).is_some()
}

/// The same path for all names of an open file.
fn descriptor(number: u32) -> PathBuf {
    PathBuf::from(format!("/dev/fd/{number}"))
}

/// Whether a part of the chart is read from standard input.
pub(crate) fn reads_stdin(named: &[PathBuf]) -> bool {
    named.iter().any(|path| stream(path) == Some(0))
}

fn read(path: &Path, origin: Origin) -> io::Result<Vec<u8>> {
    if let Some(number) = stream(path).filter(|_| origin == Origin::Named) {
        let bytes = if number == 0 {
            bounded(io::stdin().lock())
        } else {
            bounded(File::open(descriptor(number))?)
        }?;
        // The command that should have written it probably failed. Without this part, the chart
        // would be a different one.
        return if bytes.is_empty() {
            Err(io::Error::other("it is empty"))
        } else {
            Ok(bytes)
        };
    }
    let end = find(path)?;
    // A pipe in a directory, or behind a link, could keep the command waiting forever. One that the
    // user names, such as `<(...)` of a shell, has a writer.
    let is_pipe = origin == Origin::Named && !end.is_linked && is_fifo(&end);
    if !is_pipe {
        end.expect_file()?;
    }
    bounded(end.open()?)
}

/// Reads at most one byte more than a chart may have.
fn bounded(from: impl io::Read) -> io::Result<Vec<u8>> {
    // A pipe may never end, and one byte more is enough for the parser to refuse the file.
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

#[cfg(windows)]
fn is_fifo(_end: &End) -> bool {
    false
}

/// Follows the path of a chart file. Links on the way to its directory are chosen by the user and
/// followed anywhere. A link at its end can come from anyone who can change the chart, so it must
/// end below the directory.
fn find(path: &Path) -> io::Result<End> {
    let Some(name) = path.file_name() else {
        return follow(path, &refuse_system_path);
    };
    let typed = directory_of(path);
    let base = follow(typed, &refuse_system_path)?.path;
    // A link may name the directory by the path that the user typed, which may lead through links.
    let also = std::path::absolute(typed)?;
    let first = base.join(name);
    let end = follow(&first, &|place| {
        refuse_system_path(place)?;
        // An absolute link starts at the root again, so the way down to the directory is allowed.
        if base.starts_with(place) || also.starts_with(place) {
            return Ok(());
        }
        let Ok(below) = place.strip_prefix(&base) else {
            let directory = shown(typed);
            return Err(io::Error::other(format!(
                "it is a link to {}, which is outside the directory {directory}; give the path of \
                the file itself",
                shown(place)
            )));
        };
        // The chart file itself may be hidden: then the user named it.
        let hidden = below
            .file_name()
            .filter(|_| place != first)
            .filter(|name| is_hidden(name));
        match hidden.filter(|name| !is_mount(name)) {
            None => Ok(()),
            Some(name) => Err(io::Error::other(format!(
                "it is a link through `{}`; files below names that begin with a dot are not read",
                shown(Path::new(name))
            ))),
        }
    })?;
    if end.path.starts_with(&base) && end.path != base {
        Ok(end)
    } else {
        Err(io::Error::other(format!(
            "it is a link to a place outside the directory {}",
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

/// Kubernetes mounts the files of a ConfigMap through links over `..data`.
fn is_mount(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"..")
}

/// All paths that would be read: the named files and directories, or the defaults.
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
            // Pipes and terminals may be written to while they are read, so they do not count.
            Some(number) => inputs.extend(Some(descriptor(number)).filter(|path| path.is_file())),
            None => {
                inputs.extend(charts(&path).unwrap_or_default());
                inputs.push(path);
            }
        }
    }
    inputs
}

/// The chart's first file, even if it cannot be read: the place of findings without one.
pub(crate) fn first_file(named: &[PathBuf]) -> PathBuf {
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

/// The name of the first chart file without its extension, or the name of its directory.
pub(crate) fn stem(named: &[PathBuf]) -> String {
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

/// Whether a file with that name is read as a part of its directory.
pub(crate) fn is_chart(path: &Path) -> bool {
    let is_yaml = path
        .extension()
        .is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml && !path.file_name().is_some_and(is_hidden)
}

/// The files of a path: the file itself, or the chart files directly in a directory.
fn expand(path: &Path, origin: Origin) -> Result<Vec<(PathBuf, Origin)>, LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let is_file =
        stream(path).is_some() || (origin == Origin::Found && path != Path::new(DEFAULT_DIRECTORY));
    if is_file || !find(path).map_err(unreadable)?.found.is_dir() {
        return Ok(vec![(path.to_owned(), origin)]);
    }
    let files = charts(path).map_err(unreadable)?;
    if files.is_empty() {
        return Err(LoadError::EmptyDirectory(path.to_owned()));
    }
    Ok(files
        .into_iter()
        .map(|file| (file, Origin::Found))
        .collect())
}

/// The chart files of a directory, sorted. Those that cannot be read are listed too, so that they
/// are reported and not left out.
fn charts(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.path();
        if is_chart(&file) {
            files.push(file);
        }
    }
    // The system lists a directory in no fixed order, and findings appear in the order of the
    // files.
    files.sort();
    Ok(files)
}
