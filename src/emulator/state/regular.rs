//! Regular files: nothing else is read, and none without a limit.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

/// The most bytes of a state, and of the changes beside it. A hundred thousand repositories have
/// fewer.
const MOST: u64 = 256 << 20;

/// What a regular file holds; none if it is not there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    is_file(path)?;
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(io::Error::other(format!(
            "it is larger than {} MiB",
            MOST >> 20
        )));
    }
    Ok(Some(bytes))
}

/// Refuses what is no regular file: a pipe may wait for ever, and a device may have no end.
pub(super) fn is_file(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other("expected a regular file")),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
