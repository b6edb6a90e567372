//! What happens while a command runs, told to whoever listens; the one place that writes it to stderr.

use std::io::Write as _;

use crate::{plan::Change, render, report::Fate};

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A change came to its end, one way or another.
    Finished { change: &'a Change, fate: &'a Fate },
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

/// One line on stderr for each event.
#[derive(Debug, Clone, Copy)]
pub struct Lines {
    pub color: render::style::Color,
}

impl Listener for Lines {
    fn hear(&self, event: &Event<'_>) {
        let Event::Finished { change, fate } = event;
        // A terminal that went away must not end an apply.
        let _ = writeln!(std::io::stderr(), "{}", render::report::line(change, fate, self.color));
    }
}
