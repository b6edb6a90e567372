//! Follows a path one name at a time, so that every link on the way is judged before it is
//! followed.
//!
//! Resolving the whole path at once would tell where it ends, but not which way it took.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, File, Metadata},
    io,
    path::{Component, Path, PathBuf},
};

use crate::{diagnostics::visible, names};

/// As many as Linux follows.
const MOST_LINKS: usize = 40;

/// What a path leads to.
#[derive(Debug)]
pub struct End {
    /// Without a link in it.
    pub path: PathBuf,
    pub found: Metadata,
    pub is_linked: bool,
}

/// Refuses what lies below one of the system's own directories.
pub fn is_ordinary(path: &Path) -> io::Result<()> {
    match names::system_directory(path) {
        None => Ok(()),
        Some(directory) => Err(io::Error::other(format!(
            "it leads below {directory}, and nothing there is read"
        ))),
    }
}

/// A path for a message.
pub fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// Follows a path to its end. `allows` is asked about every place on the way, before anything there
/// is looked at.
pub fn follow(path: &Path, allows: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<End> {
    let mut real = PathBuf::new();
    let mut ahead: VecDeque<OsString> = parts(&std::path::absolute(path)?).collect();
    let (mut links, mut last) = (0, None);
    while let Some(part) = ahead.pop_front() {
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => continue,
            Some(Component::ParentDir) => drop(real.pop()),
            Some(Component::Prefix(_)) => {
                real.push(&part);
                continue;
            }
            Some(Component::RootDir | Component::Normal(_)) => real.push(&part),
        }
        allows(&real)?;
        let found =
            fs::symlink_metadata(&real).map_err(|error| missing(error, &real, links > 0))?;
        if !found.is_symlink() {
            last = Some(found);
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(io::Error::other(format!(
                "it leads through more than {MOST_LINKS} links"
            )));
        }
        let target = fs::read_link(&real)?;
        real.pop();
        parts(&target).rev().for_each(|part| ahead.push_front(part));
    }
    let found = last.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    Ok(End {
        path: real,
        found,
        is_linked: links > 0,
    })
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = OsString> {
    path.components().map(|part| part.as_os_str().to_owned())
}

/// Whoever named the link does not know what is missing.
fn missing(error: io::Error, path: &Path, is_linked: bool) -> io::Error {
    if is_linked && error.kind() == io::ErrorKind::NotFound {
        let problem = format!("it is a link, and {} does not exist", shown(path));
        return io::Error::new(io::ErrorKind::NotFound, problem);
    }
    error
}

impl End {
    /// Opens what was found, if it is still the same: a link may have taken its place since.
    pub fn open(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        if is_same(&file.metadata()?, &self.found) {
            Ok(file)
        } else {
            Err(io::Error::other(
                "it was replaced while it was being opened; try again",
            ))
        }
    }

    /// Refuses what is no regular file.
    pub fn is_file(&self) -> io::Result<()> {
        let kind = if self.found.is_file() {
            return Ok(());
        } else if self.found.is_dir() {
            "a directory"
        } else {
            "a pipe, a socket or a device"
        };
        Err(io::Error::other(format!(
            "expected a regular file, found {kind}"
        )))
    }
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    one.file_type() == other.file_type()
}
