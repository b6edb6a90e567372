//! The file of changes beside a large state file. Writing the whole state with each change would
//! take too long.
//!
//! Every line is JSON. The first has the digest of the state file that the changes belong to; each
//! further line is one change. Before the state file is replaced by one that contains all changes,
//! a line with the new digest is added, so that the changes are not applied twice after a crash. An
//! incomplete last line was never answered and is ignored.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::emulator::state::{draft::Change, regular};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The digest of the state file before the first change.
    Since(String),
    /// One change.
    Change(Change),
    /// The digest of a state file that contains all changes so far.
    IncludedIn(String),
}

/// The content of a file of changes.
#[derive(Debug)]
pub(in super::super) struct Recorded {
    pub(in super::super) since: String,
    pub(in super::super) changes: Vec<Change>,
    pub(in super::super) included_in: Option<String>,
    /// The size of the file without an incomplete last line.
    pub(in super::super) size: u64,
}

/// The file of changes. It exists only while it has changes that the state file lacks.
#[derive(Debug)]
pub(in super::super) struct Changes {
    path: PathBuf,
    file: Option<File>,
    size: u64,
}

impl Changes {
    /// The file of changes of the state file at `path`.
    pub(in super::super) fn of(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".changes");
        Self {
            path: name.into(),
            file: None,
            size: 0,
        }
    }

    pub(in super::super) fn path(&self) -> &Path {
        &self.path
    }

    /// The size of the file; 0 if there are no changes.
    pub(in super::super) fn size(&self) -> u64 {
        self.size
    }

    /// Reads the changes that a killed emulator left. None if there is no complete line.
    pub(in super::super) fn read(&self) -> io::Result<Option<Recorded>> {
        let Some(bytes) = regular::read(&self.path)? else {
            return Ok(None);
        };
        let size = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let mut recorded: Option<Recorded> = None;
        for (number, line) in bytes[..size]
            .split_inclusive(|byte| *byte == b'\n')
            .enumerate()
        {
            let wrong = |message: String| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("line {}: {message}", number + 1),
                )
            };
            match (
                serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?,
                &mut recorded,
            ) {
                (Line::Since(since), None) => {
                    let (changes, size) = (Vec::new(), size as u64);
                    recorded = Some(Recorded {
                        since,
                        changes,
                        included_in: None,
                        size,
                    });
                }
                (Line::Change(change), Some(recorded)) => recorded.changes.push(change),
                (Line::IncludedIn(digest), Some(recorded)) => recorded.included_in = Some(digest),
                (Line::Since(_), Some(_)) | (_, None) => {
                    return Err(wrong(
                        "expected `since` in the first line and only there".to_owned(),
                    ));
                }
            }
        }
        Ok(recorded)
    }

    /// Continues the file that another emulator left, after its first `size` bytes.
    pub(in super::super) fn resume(&mut self, size: u64) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        cut(&mut file, size)?;
        (self.file, self.size) = (Some(file), size);
        Ok(())
    }

    /// Adds a change to the state file of digest `since`. It is added completely or not at all.
    pub(in super::super) fn add(&mut self, since: &str, change: Change) -> io::Result<()> {
        let mut lines = Vec::new();
        if self.size == 0 {
            // Written together with the change: alone this line would say nothing.
            write_line(&mut lines, &Line::Since(since.to_owned()))?;
            // Empties a file that could not be removed before.
            self.file = Some(File::create(&self.path)?);
        }
        write_line(&mut lines, &Line::Change(change))?;
        self.append(&lines)
    }

    /// Records that the state file of that digest, which is written next, contains all changes.
    pub(in super::super) fn mark_included_in(&mut self, digest: &str) -> io::Result<()> {
        let mut line = Vec::new();
        write_line(&mut line, &Line::IncludedIn(digest.to_owned()))?;
        self.append(&line)
    }

    /// Removes the file. If that fails, its last line still shows that the state file has the
    /// changes.
    pub(in super::super) fn clear(&mut self) {
        if self.size > 0 {
            (self.file, self.size) = (None, 0);
            let _ = fs::remove_file(&self.path);
        }
    }

    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        let written = file.write_all(lines);
        match &written {
            Ok(()) => self.size += lines.len() as u64,
            Err(_) if cut(file, self.size).is_ok() => {}
            // The incomplete line cannot be removed, and the next one must not be appended to it.
            // The huge size makes the next save write the whole state.
            Err(_) => (self.file, self.size) = (None, u64::MAX),
        }
        written
    }
}

/// Cuts the file, and goes on at its new end. Not a file that only appends: Windows cuts no such
/// file.
fn cut(file: &mut File, size: u64) -> io::Result<()> {
    file.set_len(size)?;
    file.seek(SeekFrom::Start(size)).map(drop)
}

fn write_line(lines: &mut Vec<u8>, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, line)?;
    lines.push(b'\n');
    Ok(())
}
