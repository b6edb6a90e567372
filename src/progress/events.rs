//! Progress for programs: one JSON object per line, written at once, so that the lines are complete
//! up to the moment when a command was killed.

use std::{
    fs::File,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use super::{Event, Listener};
use crate::receipt::{Entry, Line};

/// A file to which events are written.
#[derive(Debug)]
pub(crate) struct Events {
    file: Mutex<File>,
    /// The error of the first line that could not be written. It ends the stream: later lines would
    /// hide the gap.
    failure: Mutex<Option<io::Error>>,
}

impl Events {
    /// Writes to an open file, pipe or device.
    pub(crate) fn to(file: File) -> Events {
        Events {
            file: Mutex::new(file),
            failure: Mutex::new(None),
        }
    }

    /// Writes a line in one call. [`Events::end`] reports an error: an apply does not stop because
    /// its events cannot be written.
    pub(crate) fn write(&self, line: &Line) {
        // Held while writing, so that no other line follows one that failed.
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if failure.is_some() {
            return;
        }
        // Serializing cannot fail: all keys are strings.
        let text = crate::text::json(serde_json::to_string(line).unwrap_or_default()) + "\n";
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = file.write_all(text.as_bytes()).err();
    }

    /// Whether every line was written.
    pub(crate) fn end(&self) -> io::Result<()> {
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        failure.map_or(Ok(()), Err)
    }
}

impl Listener for Events {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::Started { change } => {
                let (address, actions) = (change.address.clone(), change.verbs());
                self.write(&Line::Started { address, actions });
            }
            Event::Finished { change, record } => {
                self.write(&Line::Finished(Entry::new(change, record)));
            }
            Event::Checked { change, record, .. } => {
                self.write(&Line::Checked(Entry::new(change, record)));
            }
            Event::Progress { .. } | Event::Copied { .. } => {}
        }
    }
}
