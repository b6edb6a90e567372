//! Reads the files with credentials. Only regular ones: reading anything else could block.

use std::{fs, io, path::Path};

use crate::input;

/// Far above any file of credentials.
const MOST: usize = 1 << 20;

/// The text of a file; `None` if there is none.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(found) if !found.is_file() => Err(io::Error::other("expected a regular file")),
        Ok(_) => input::text(path, MOST).map(Some),
    }
}
