//! The file of changes beside a large state file, which would take too long to write with each
//! change.
//!
//! Every line is JSON. The first names the state file that the changes belong to by its digest;
//! each further line is one change. Before the state file is replaced by one that holds them all, a
//! line names the digest of that one, so that a crash in between leaves no doubt. A line without
//! its end was never answered and does not count.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
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
    /// The digest of a state file that holds all changes so far.
    IncludedIn(String),
}

/// What a file of changes holds.
#[derive(Debug)]
pub(in super::super) struct Recorded {
    pub(in super::super) since: String,
    pub(in super::super) changes: Vec<Change>,
    pub(in super::super) included_in: Option<String>,
    /// How long the file is without half a line at its end.
    pub(in super::super) size: u64,
}

/// The file of changes, which is there only while it holds what the state file does not.
#[derive(Debug)]
pub(in super::super) struct Changes {
    path: PathBuf,
    file: Option<File>,
    size: u64,
}

impl Changes {
    /// Those of the state file at `path`.
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

    /// How large the file is; 0 if there are no changes.
    pub(in super::super) fn size(&self) -> u64 {
        self.size
    }

    /// What an emulator left that was killed. None if there is nothing, or nothing whole.
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
                        "expected `since` in the first line and nowhere else".to_owned(),
                    ));
                }
            }
        }
        Ok(recorded)
    }

    /// Goes on with the file that another emulator left, of which so much is whole.
    pub(in super::super) fn resume(&mut self, size: u64) -> io::Result<()> {
        let file = OpenOptions::new().append(true).open(&self.path)?;
        file.set_len(size)?;
        (self.file, self.size) = (Some(file), size);
        Ok(())
    }

    /// Adds a change to those since the state file of that digest. It is in the file afterwards, or
    /// not at all.
    pub(in super::super) fn add(&mut self, since: &str, change: Change) -> io::Result<()> {
        let mut lines = Vec::new();
        if self.size == 0 {
            write_line(&mut lines, &Line::Since(since.to_owned()))?;
            File::create(&self.path)?;
            self.file = Some(OpenOptions::new().append(true).open(&self.path)?);
        }
        write_line(&mut lines, &Line::Change(change))?;
        self.append(&lines)
    }

    /// Says that a state file of that digest, which is about to be written, holds all changes.
    pub(in super::super) fn are_included_in(&mut self, digest: &str) -> io::Result<()> {
        let mut line = Vec::new();
        write_line(&mut line, &Line::IncludedIn(digest.to_owned()))?;
        self.append(&line)
    }

    /// Forgets the changes. A file that cannot be removed does no harm: it says which state file
    /// holds them.
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
            Err(_) if file.set_len(self.size).is_ok() => {}
            // Half a line must not become a part of the next one. Now the state file has to be
            // written.
            Err(_) => (self.file, self.size) = (None, u64::MAX),
        }
        written
    }
}

fn write_line(lines: &mut Vec<u8>, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *lines, line)?;
    lines.push(b'\n');
    Ok(())
}
