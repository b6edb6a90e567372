//! Follows a path one name at a time, so that every link on the way is checked before it is
//! followed.
//!
//! `fs::canonicalize` gives only the end of the path, not the links on the way.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, File, Metadata},
    io,
    path::{Component, Path, PathBuf},
};

use crate::{diagnostics::visible, names};

/// The limit of Linux.
const MOST_LINKS: usize = 40;

/// The end of a path.
#[derive(Debug)]
pub struct End {
    /// Without links.
    pub path: PathBuf,
    pub found: Metadata,
    pub is_linked: bool,
}

/// Refuses paths below the system's own directories, such as `/proc`.
pub(crate) fn refuse_system_path(path: &Path) -> io::Result<()> {
    match names::system_directory(path) {
        None => Ok(()),
        Some(directory) => Err(io::Error::other(format!(
            "it leads below {directory}; files there are not read"
        ))),
    }
}

/// A path for a message.
pub fn shown(path: &Path) -> String {
    visible(&path.display().to_string())
}

/// Follows a path to its end. `allows` checks every place on the way before it is accessed.
pub fn follow(path: &Path, allows: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<End> {
    let mut real = PathBuf::new();
    let mut ahead: VecDeque<OsString> = parts(&std::path::absolute(path)?).collect();
    let (mut links, mut last) = (0, None);
    while let Some(part) = ahead.pop_front() {
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => continue,
            // `real` contains no links, so its parent is the parent directory.
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
        // Without a bound, two links to each other would be followed forever.
        links += 1;
        if links > MOST_LINKS {
            return Err(io::Error::other(format!(
                "it leads through more than {MOST_LINKS} symbolic links"
            )));
        }
        // The target is not resolved here: its parts go back to the front of the queue, and pass
        // the same checks as the path itself.
        let target = fs::read_link(&real)?;
        // The target of a relative link starts at the directory of the link.
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

/// Adds the missing target to the error, if the path that the user gave is a link.
fn missing(error: io::Error, path: &Path, is_linked: bool) -> io::Error {
    if is_linked && error.kind() == io::ErrorKind::NotFound {
        let problem = format!("it is a link to {}, which does not exist", shown(path));
        return io::Error::new(io::ErrorKind::NotFound, problem);
    }
    error
}

impl End {
    /// Opens the file that was found.
    pub fn open(&self) -> io::Result<File> {
        let file = File::open(&self.path)?;
        // A link may have replaced the file since it was checked.
        if is_same(&file.metadata()?, &self.found) {
            Ok(file)
        } else {
            Err(io::Error::other(
                "it was replaced while it was opened; run the command again",
            ))
        }
    }

    /// Refuses anything but a regular file.
    pub(crate) fn expect_file(&self) -> io::Result<()> {
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

// The standard library has no stable file id here. The time of creation has steps of 100 ns.
#[cfg(windows)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt as _;
    let id = |of: &Metadata| (of.file_type(), of.creation_time());
    id(one) == id(other)
}
