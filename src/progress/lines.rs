//! Progress for a pipe or a log: a line for each finished change, and one now and then while much
//! is read.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use super::{Event, Listener, Stage, terminal::tell};
use crate::render;

/// How long nothing is said while the live state is read: a log is not a clock, and silence is not
/// a hang.
const SILENCE: Duration = Duration::from_secs(10);

/// Whole lines on stderr.
#[derive(Debug)]
pub struct Lines {
    color: render::style::Color,
    spoke: Mutex<Instant>,
}

impl Lines {
    pub fn new(color: render::style::Color) -> Lines {
        Lines {
            color,
            spoke: Mutex::new(Instant::now()),
        }
    }

    fn is_time(&self) -> bool {
        let mut spoke = self
            .spoke
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_time = spoke.elapsed() >= SILENCE;
        if is_time {
            *spoke = Instant::now();
        }
        is_time
    }
}

impl Listener for Lines {
    fn hear(&self, event: &Event<'_>) {
        match event {
            Event::Finished { change, record }
            | Event::Checked {
                change,
                record,
                is_news: true,
            } => {
                tell(&render::report::line(change, &record.fate, self.color));
            }
            Event::Progress {
                stage: Stage::Reading,
                done,
                known,
            } if done < known && self.is_time() => {
                tell(&format!("reading: {done} of {known}"));
            }
            Event::Progress { .. } | Event::Started { .. } | Event::Checked { .. } => {}
        }
    }
}
