//! Progress for programs: a JSON object a line, written as it happens, so that a run that was
//! killed can be followed up to its last moment.

use std::{
    fs::File,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use super::{Event, Listener};
use crate::receipt::{Entry, Line};

/// A file that events are written to.
#[derive(Debug)]
pub struct Events {
    file: Mutex<File>,
    /// The first line that could not be written ends the stream.
    broken: Mutex<Option<io::Error>>,
}

impl Events {
    /// Writes to a file, a pipe or a device that was opened for it.
    pub fn to(file: File) -> Events {
        Events {
            file: Mutex::new(file),
            broken: Mutex::new(None),
        }
    }

    /// Writes a line in one piece. What is wrong with the file is told by [`Events::end`]: an apply
    /// does not stop because nobody can watch.
    pub fn write(&self, line: &Line) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if broken.is_some() {
            return;
        }
        // Maps have string keys and nothing here fails to serialize.
        let text = crate::text::json(serde_json::to_string(line).unwrap_or_default()) + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        *broken = file.write_all(text.as_bytes()).err();
    }

    /// Whether every line was written.
    pub fn end(&self) -> io::Result<()> {
        let broken = self
            .broken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        broken.map_or(Ok(()), Err)
    }
}

impl Listener for Events {
    fn hear(&self, event: &Event<'_>) {
        match event {
            Event::Started { change } => {
                let (address, actions) = (change.address.clone(), change.verbs());
                self.write(&Line::Started { address, actions });
            }
            Event::Finished { change, record } => {
                self.write(&Line::Finished(Entry::new(change, record)))
            }
            Event::Checked { change, record, .. } => {
                self.write(&Line::Checked(Entry::new(change, record)))
            }
            Event::Progress { .. } => {}
        }
    }
}
