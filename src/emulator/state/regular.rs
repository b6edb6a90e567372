//! Reads regular files up to a size limit.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

/// The size limit of a state file and of its file of changes. A hundred thousand repositories need
/// less.
const MAX_BYTES: u64 = 256 << 20;

/// The content of a regular file; none if it does not exist.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    // Before the file is opened: opening a pipe blocks until it has a writer.
    require_regular(path)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    // One byte more than allowed shows that the file is too large, also if it grows meanwhile.
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!(
            "it is larger than {} MiB",
            MAX_BYTES >> 20
        )));
    }
    Ok(Some(bytes))
}

/// Refuses anything else: reading a pipe may block forever, and a device may have no end.
pub(super) fn require_regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("expected a regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
