//! What happens while a command runs, told to whoever listens.
//!
//! Who tells knows nothing of terminals; how it is shown is in `lines` and `bars`. Nothing here is
//! part of a result: what becomes of a change is in the report.

pub mod bars;
pub mod events;
pub mod lines;
pub mod terminal;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{plan::Change, report::Record};

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The live state is read.
    Reading,
    /// Changes are made.
    Applying,
    /// What was written is read again.
    Checking,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// Of the steps of a stage that are known so far, so many are done. More may become known.
    Progress {
        stage: Stage,
        done: usize,
        known: usize,
    },
    /// A change is about to be made.
    Started { change: &'a Change },
    /// A change came to its end, one way or another.
    Finished {
        change: &'a Change,
        record: &'a Record,
    },
    /// What was written was read again.
    Checked {
        change: &'a Change,
        record: &'a Record,
        /// Whether it is not what was told when the change came to its end.
        is_news: bool,
    },
}

/// Somebody who wants to know.
pub trait Listener: Send + Sync {
    fn hear(&self, event: &Event<'_>);
}

/// Hears nothing: for `--no-progress` and `--quiet`.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Listener for Silent {
    fn hear(&self, _event: &Event<'_>) {}
}

/// Two who listen.
pub struct Both(pub Arc<dyn Listener>, pub Arc<dyn Listener>);

impl Listener for Both {
    fn hear(&self, event: &Event<'_>) {
        self.0.hear(event);
        self.1.hear(event);
    }
}

/// Counts the steps of a stage, and tells of each.
pub struct Tally<'l> {
    listener: &'l dyn Listener,
    stage: Stage,
    done: AtomicUsize,
    known: AtomicUsize,
}

impl<'l> Tally<'l> {
    pub fn new(listener: &'l dyn Listener, stage: Stage) -> Tally<'l> {
        Tally {
            listener,
            stage,
            done: AtomicUsize::new(0),
            known: AtomicUsize::new(0),
        }
    }

    /// So many more steps are to be done.
    pub fn expect(&self, steps: usize) {
        self.known.fetch_add(steps, Ordering::Relaxed);
        self.tell(self.done.load(Ordering::Relaxed));
    }

    /// One more is done.
    pub fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.tell(done);
    }

    fn tell(&self, done: usize) {
        let known = self.known.load(Ordering::Relaxed);
        self.listener.hear(&Event::Progress {
            stage: self.stage,
            done,
            known,
        });
    }
}

impl std::fmt::Debug for Both {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Both")
    }
}

impl std::fmt::Debug for Tally<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tally")
            .field("stage", &self.stage)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}
