//! Events while a command runs, and the listeners that show them.
//!
//! The sender knows nothing about terminals; `lines`, `bars` and `events` show the events. They are
//! not part of a result: the outcome of a change is in the report.

pub mod bars;
pub mod events;
pub mod lines;
pub mod terminal;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{address::Address, plan::Change, report::Record};

/// The stage of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The live state is read.
    Reading,
    /// Changes are made.
    Applying,
    /// The changed resources are read again.
    Checking,
}

/// Something that happened while a command runs.
#[derive(Debug)]
pub enum Event<'a> {
    /// How many steps of a stage are done, of those that are known so far. More may follow.
    Progress {
        stage: Stage,
        done: usize,
        known: usize,
    },
    /// A change is about to be made.
    Started { change: &'a Change },
    /// How many items of a run that copies are at the target, of those that shall be.
    Copied {
        change: &'a Change,
        done: usize,
        of: usize,
    },
    /// A change has an outcome.
    Finished {
        change: &'a Change,
        record: &'a Record,
    },
    /// A changed resource was read again.
    Checked {
        change: &'a Change,
        record: &'a Record,
        /// Whether the outcome differs from that of the event `Finished`.
        is_news: bool,
    },
}

/// How far each run that copies is.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<BTreeMap<Address, (usize, usize)>>);

impl Copies {
    /// Takes what one run reports, and returns the sums of all.
    fn update(&self, change: &Change, done: usize, of: usize) -> (usize, usize) {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.insert(change.address.clone(), (done, of));
        runs.values()
            .fold((0, 0), |sum, run| (sum.0 + run.0, sum.1 + run.1))
    }
}

/// Receives events.
pub trait Listener: Send + Sync {
    fn on_event(&self, event: &Event<'_>);
}

/// Ignores all events, for `--no-progress` and `--quiet`.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Listener for Silent {
    fn on_event(&self, _event: &Event<'_>) {}
}

/// Passes each event to two listeners.
pub(crate) struct Pair(pub Arc<dyn Listener>, pub Arc<dyn Listener>);

impl Listener for Pair {
    fn on_event(&self, event: &Event<'_>) {
        self.0.on_event(event);
        self.1.on_event(event);
    }
}

/// Counts the steps of a stage, and sends an event for each.
pub(crate) struct Tally<'l> {
    listener: &'l dyn Listener,
    stage: Stage,
    done: AtomicUsize,
    known: AtomicUsize,
}

impl<'l> Tally<'l> {
    pub(crate) fn new(listener: &'l dyn Listener, stage: Stage) -> Tally<'l> {
        Tally {
            listener,
            stage,
            done: AtomicUsize::new(0),
            known: AtomicUsize::new(0),
        }
    }

    /// Adds steps that are to be done.
    pub(crate) fn expect(&self, steps: usize) {
        self.known.fetch_add(steps, Ordering::Relaxed);
        self.send(self.done.load(Ordering::Relaxed));
    }

    /// Counts a step as done.
    pub(crate) fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.send(done);
    }

    fn send(&self, done: usize) {
        // Not read together with `done`: an event may be one step behind, and the next corrects it.
        let known = self.known.load(Ordering::Relaxed);
        self.listener.on_event(&Event::Progress {
            stage: self.stage,
            done,
            known,
        });
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair")
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
