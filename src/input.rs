//! Reads files and pipes, such as `<(command)`, that the command line names. Always whole, up to a
//! limit.
//!
//! [`config::load`](crate::config::load) reads charts. It also checks links.

use std::{
    fs::{self, File, FileType},
    io::{self, Read as _},
    path::Path,
};

/// The size limit of a document, such as a saved plan or a list of faults. The same as for a chart.
pub(crate) const MOST: usize = 64 << 20;

/// The bytes of a file or a pipe. More than `most` are an error.
pub fn bytes(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?.file_type();
    if !found.is_file() && !is_fifo(found) {
        let kind = if found.is_dir() {
            "a directory"
        } else {
            "a device or a socket"
        };
        return Err(io::Error::other(format!(
            "expected a file or a pipe, found {kind}"
        )));
    }
    if found.is_file() {
        is_stored(path)?;
    }
    bounded(File::open(path)?, most)
}

/// The text of a file or a pipe. More than `most` bytes are an error.
pub fn text(path: &Path, most: usize) -> io::Result<String> {
    String::from_utf8(bytes(path, most)?).map_err(|_| io::Error::other("it is not UTF-8"))
}

/// The text of a regular file. `None` for anything else, which could block, and for a larger file.
pub(crate) fn text_if_file(path: &Path, most: usize) -> Option<String> {
    let is_file = fs::metadata(path).is_ok_and(|found| found.is_file());
    is_file.then(|| text(path, most).ok()).flatten()
}

fn bounded(from: impl io::Read, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other(format!(
            "it is larger than {} MiB",
            most >> 20
        )));
    }
    Ok(bytes)
}

/// Files of the kernel, such as those below `/proc`, look regular, but may block or never end.
fn is_stored(path: &Path) -> io::Result<()> {
    // A deleted file that is still open has no path any more.
    let Ok(real) = path.canonicalize() else {
        return Ok(());
    };
    match ["/proc", "/sys"]
        .into_iter()
        .find(|directory| real.starts_with(directory))
    {
        None => Ok(()),
        Some(directory) => Err(io::Error::other(format!(
            "it lies below {directory}; files there are not read"
        ))),
    }
}

#[cfg(unix)]
fn is_fifo(found: FileType) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    found.is_fifo()
}

#[cfg(windows)]
fn is_fifo(_found: FileType) -> bool {
    false
}
