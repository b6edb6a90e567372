//! Progress for a pipe or a log: a line for each finished change, and a line from time to time
//! during a long read.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{Copies, Event, Listener, Stage, terminal::print_line};
use crate::render;

/// The interval of lines while the live state is read: rare enough for a log, and often enough to
/// show that the command does not hang.
const INTERVAL: Duration = Duration::from_secs(10);

/// Writes lines to stderr.
#[derive(Debug)]
pub struct Lines {
    color: render::style::Color,
    last_line: Mutex<Instant>,
    copies: Copies,
}

impl Lines {
    pub fn new(color: render::style::Color) -> Lines {
        Lines {
            color,
            // The first line comes after an interval: a short read needs none.
            last_line: Mutex::new(Instant::now()),
            copies: Copies::default(),
        }
    }

    fn is_due(&self) -> bool {
        let mut last_line = self
            .last_line
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_due = last_line.elapsed() >= INTERVAL;
        if is_due {
            *last_line = Instant::now();
        }
        is_due
    }
}

impl Listener for Lines {
    fn on_event(&self, event: &Event<'_>) {
        match event {
            Event::Finished { change, record }
            | Event::Checked {
                change,
                record,
                is_news: true,
            } => {
                print_line(&render::report::line(change, record, self.color));
            }
            Event::Progress {
                stage: Stage::Reading,
                done,
                known,
                // At the end of the stage the result follows anyway.
            } if done < known && self.is_due() => {
                print_line(&format!("reading: {done} of {known}"));
            }
            Event::Copied { change, done, of } => {
                let (done, of) = self.copies.update(change, *done, *of);
                if done < of && self.is_due() {
                    print_line(&format!("copying: {done} of {of}"));
                }
            }
            Event::Progress { .. } | Event::Started { .. } | Event::Checked { .. } => {}
        }
    }
}
