//! Writes the output files of a command: a regular file is replaced atomically, anything else is
//! written to in place.
//!
//! A replacement is written beside its target, under a hidden name that begins with the target's,
//! and its process holds a lock on it. So the next command can tell which of them are abandoned.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::{UsageError, paths::directory_of};

/// What follows the target's name in the name of a replacement.
const MARK: &str = ".portolan-";

/// How many characters follow the mark.
const RANDOM: usize = 8;

/// The most bytes of the target's name in it: names have 255 at most.
const LONGEST: usize = 200;

/// Replaces a file atomically. A link is followed, and a pipe or a device is written to in place.
pub(super) fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    write_whole(path, text).with_context(|| cannot_write(path))
}

/// A replacement of a regular file, complete on disk, that is not in its place yet.
pub(super) struct Prepared {
    target: PathBuf,
    file: NamedTempFile,
}

/// Prepares the replacement of a regular file. A link is followed; the mode stays.
pub(super) fn prepare(path: &Path, text: &str) -> anyhow::Result<Prepared> {
    let prepare = || -> io::Result<Prepared> {
        let target = path.canonicalize()?;
        let found = fs::metadata(&target)?;
        if !found.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        // A file that may not be written to is not replaced either.
        OpenOptions::new().write(true).open(&target)?;
        let file = filled(&target, text)?;
        file.as_file().set_permissions(found.permissions())?;
        file.as_file().sync_all()?;
        Ok(Prepared { target, file })
    };
    prepare().with_context(|| cannot_write(path))
}

impl Prepared {
    /// The file that is replaced.
    pub(super) fn path(&self) -> &Path {
        &self.target
    }

    /// Replaces the file.
    pub(super) fn persist(self) -> anyhow::Result<()> {
        let Prepared { target, file } = self;
        let persisted = file.persist(&target).map(drop).map_err(|error| error.error);
        persisted.with_context(|| cannot_write(&target))
    }
}

/// Creates a file atomically; fails if there is one already.
pub(super) fn create(path: &Path, text: &str) -> anyhow::Result<()> {
    let create = || -> io::Result<()> {
        let file = filled(path, text)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)
            .map(drop)
            .map_err(|error| error.error)
    };
    create().with_context(|| cannot_write(path))
}

/// Creates a directory with these files; fails if it is there and not empty. All are in place at
/// once.
pub(super) fn create_directory(path: &Path, files: &[(String, &str)]) -> anyhow::Result<()> {
    let create = || -> io::Result<()> {
        let new = new_directory(directory_of(path), &prefix(path)).map_err(|it| nameless(&it))?;
        for (name, text) in files {
            let mut file = File::create_new(new.path().join(name))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        // Fails unless it is empty.
        if path.is_dir() {
            fs::remove_dir(path)?;
        }
        fs::rename(new.path(), path)?;
        // It is no longer there to be removed.
        let _ = new.keep();
        Ok(())
    };
    create().with_context(|| cannot_write(path))
}

/// A file that is written at the end of a command, and known to be writable at its beginning.
pub(super) struct Later {
    path: PathBuf,
    /// Open from the start if it is not a regular file: opening a pipe waits for its reader, and at
    /// the start a signal still ends the process.
    straight: Option<File>,
}

impl Later {
    pub(super) fn at(path: &Path) -> anyhow::Result<Later> {
        let open = || -> io::Result<Option<File>> {
            match fs::metadata(path) {
                Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
                _ if !is_replaced(path) => straight(path).map(Some),
                _ => tempfile::tempfile_in(directory_of(path))
                    .map(|_| None)
                    .map_err(|error| nameless(&error)),
            }
        };
        let straight = open().with_context(|| cannot_write(path))?;
        Ok(Later {
            path: path.to_owned(),
            straight,
        })
    }

    pub(super) fn write(&self, text: &str) -> anyhow::Result<()> {
        match &self.straight {
            Some(file) => (&*file)
                .write_all(text.as_bytes())
                .with_context(|| cannot_write(&self.path)),
            None => replace(&self.path, text),
        }
    }
}

/// Begins a file that is written to event by event.
pub(super) fn begin(path: &Path) -> anyhow::Result<File> {
    let begun = if is_replaced(path) {
        File::create(path)
    } else {
        straight(path)
    };
    begun.with_context(|| cannot_write(path))
}

/// Refuses a path that leads to stdout, where it would mix with the document.
pub(super) fn is_not_stdout(path: &Path) -> anyhow::Result<()> {
    if path == Path::new("-") || descriptor(path) == Some(1) || is_stdout(path) {
        let problem = format!(
            "{} is standard output, where the document is printed: name a file",
            path.display()
        );
        return Err(UsageError(problem).into());
    }
    Ok(())
}

/// Whether a path is a regular file or free for one. Only such a file is ever read, replaced or
/// removed.
pub(super) fn is_replaced(path: &Path) -> bool {
    descriptor(path).is_none() && fs::metadata(path).map_or(true, |found| found.is_file())
}

/// Removes replacements of this file that killed processes left; those of live ones are locked.
pub(super) fn sweep(path: &Path) {
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let Ok(entries) = fs::read_dir(directory_of(&target)) else {
        return;
    };
    let prefix = prefix(&target);
    for entry in entries.flatten() {
        let is_ours = is_replacement(
            entry.file_name().as_encoded_bytes(),
            prefix.as_encoded_bytes(),
        );
        if is_ours && entry.file_type().is_ok_and(|found| found.is_file()) {
            remove_abandoned(&entry.path());
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    if !is_replaced(path) && !path.is_dir() {
        return straight(path)?.write_all(text.as_bytes());
    }
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let file = filled(&target, text)?;
    // The rename replaces the file and its mode; the user may have chosen another than the default.
    if let Ok(found) = fs::metadata(&target) {
        file.as_file().set_permissions(found.permissions())?;
    }
    // On disk before the rename: after a crash the name must not lead to an empty file.
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

/// Opens a path that is not a regular file for writing. The process's own streams are not opened
/// again: that would write a redirected file from its beginning.
fn straight(path: &Path) -> io::Result<File> {
    match descriptor(path) {
        Some(2) => stderr(),
        // At the end: the stream may be a file that was written to before.
        Some(_) => OpenOptions::new().append(true).open(path),
        None => OpenOptions::new().write(true).open(path),
    }
}

#[cfg(unix)]
fn stderr() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    io::stderr().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn stderr() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    io::stderr()
        .as_handle()
        .try_clone_to_owned()
        .map(File::from)
}

/// The file descriptor that a path names.
fn descriptor(path: &Path) -> Option<u32> {
    let mut parts = path.components();
    if parts.next() != Some(Component::RootDir) {
        return None;
    }
    let names: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    match names?.as_slice() {
        ["dev", "stdin"] => Some(0),
        ["dev", "stdout"] => Some(1),
        ["dev", "stderr"] => Some(2),
        ["dev", "fd", number] | ["proc", "self" | "thread-self", "fd", number] => {
            number.parse().ok()
        }
        _ => None,
    }
}

/// Whether a path and stdout lead to one file, pipe or terminal. Other devices, such as
/// `/dev/null`, do not count: nothing that is written to them can mix.
#[cfg(unix)]
fn is_stdout(path: &Path) -> bool {
    use std::{
        io::IsTerminal as _,
        os::{
            fd::AsFd as _,
            unix::fs::{FileTypeExt as _, MetadataExt as _},
        },
    };
    let stdout = io::stdout();
    let found = stdout
        .as_fd()
        .try_clone_to_owned()
        .and_then(|stdout| File::from(stdout).metadata());
    let (Ok(found), Ok(other)) = (found, fs::metadata(path)) else {
        return false;
    };
    let is_sink = found.file_type().is_char_device() && !stdout.is_terminal();
    !is_sink && (found.dev(), found.ino()) == (other.dev(), other.ino())
}

/// Whether stdout is redirected to this file. A console and a pipe have no path there.
#[cfg(windows)]
fn is_stdout(path: &Path) -> bool {
    let stdout = same_file::Handle::stdout();
    stdout.is_ok_and(|stdout| same_file::Handle::from_path(path).is_ok_and(|file| file == stdout))
}

/// A replacement with this text; abandoned ones are removed first.
fn filled(target: &Path, text: &str) -> io::Result<NamedTempFile> {
    sweep(target);
    let mut file = locked(target)?;
    // Not through `NamedTempFile`: its errors name the temporary file, which means nothing to
    // users.
    file.as_file_mut().write_all(text.as_bytes())?;
    Ok(file)
}

/// A replacement that no other process removes.
fn locked(target: &Path) -> io::Result<NamedTempFile> {
    loop {
        let file =
            new_file(directory_of(target), &prefix(target)).map_err(|error| nameless(&error))?;
        match file.as_file().try_lock() {
            // Before it was locked it looked abandoned, so another process may have removed it.
            Ok(()) if file.path().exists() => return Ok(file),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
            // On a file system without locks no process removes it either.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Removes a replacement that no process has locked.
fn remove_abandoned(path: &Path) {
    // Network file systems lock only what is open for writing.
    let Ok(file) = OpenOptions::new().write(true).open(path) else {
        return;
    };
    if file.try_lock().is_ok() {
        // Ignored: another process may have removed it meanwhile. The lock is held until here, so
        // that its creator cannot lock it in between.
        let _ = fs::remove_file(path);
    }
}

/// How the names of all replacements of a file begin.
fn prefix(target: &Path) -> OsString {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let most = (0..=LONGEST.min(name.len()))
        .rev()
        .find(|end| name.is_char_boundary(*end))
        .unwrap_or(0);
    format!(".{}{MARK}", &name[..most]).into()
}

fn is_replacement(name: &[u8], prefix: &[u8]) -> bool {
    let random = name.strip_prefix(prefix);
    random.is_some_and(|random| {
        random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
    })
}

/// An error about a replacement, without its random name.
fn nameless(error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), "its directory does not exist"),
        kind => kind.into(),
    }
}

/// With the mode of any new file, not the private one of `tempfile`: other users may have to read
/// it, and it holds no secret.
#[cfg(unix)]
fn new_file(directory: &Path, prefix: &OsString) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new()
        .prefix(prefix)
        .rand_bytes(RANDOM)
        .permissions(mode)
        .tempfile_in(directory)
}

/// With the mode of any new directory, for the same reason.
#[cfg(unix)]
fn new_directory(directory: &Path, prefix: &OsString) -> io::Result<tempfile::TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::Permissions::from_mode(0o777);
    tempfile::Builder::new()
        .prefix(prefix)
        .permissions(mode)
        .tempdir_in(directory)
}

#[cfg(windows)]
fn new_directory(directory: &Path, prefix: &OsString) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new()
        .prefix(prefix)
        .tempdir_in(directory)
}

/// With the permissions that its directory passes on: there is no mode.
#[cfg(windows)]
fn new_file(directory: &Path, prefix: &OsString) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(prefix)
        .rand_bytes(RANDOM)
        .tempfile_in(directory)
}
