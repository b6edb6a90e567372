//! Progress for a terminal: a bar for the current stage, and above it a line for each finished
//! change.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

use super::{
    Copies, Event, Listener, Stage,
    terminal::{AREA, print_line},
};
use crate::render::{self, style::Color};

/// Fits 80 columns, also with large numbers.
const TEMPLATE: &str = "{prefix:>8} [{bar:24}] {pos}/{len}{msg}{rest}";

/// How long a stage must last before its rate is shown.
const RATE_AFTER: Duration = Duration::from_secs(1);

/// Draws on stderr. Dropping it clears the bar.
#[derive(Debug)]
pub(crate) struct Bars {
    color: Color,
    shown: Mutex<Option<(Stage, ProgressBar)>>,
    copies: Copies,
}

impl Bars {
    pub(crate) fn new(color: Color) -> Bars {
        Bars {
            color,
            shown: Mutex::new(None),
            copies: Copies::default(),
        }
    }

    fn progress(&self, stage: Stage, done: usize, known: usize) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let same = shown.take_if(|(before, _)| *before == stage);
        // A bar of another stage: at most one is on the screen.
        if let Some((_, old)) = shown.take() {
            old.finish_and_clear();
        }
        let (_, bar) = same.unwrap_or_else(|| (stage, AREA.add(bar(stage, self.color))));
        bar.set_length(length(known));
        bar.set_position(length(done));
        *shown = Some((stage, bar));
    }
}

impl Listener for Bars {
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
            Event::Progress { stage, done, known } => self.progress(*stage, *done, *known),
            Event::Copied { change, done, of } => {
                let (done, of) = self.copies.update(change, *done, *of);
                let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((_, bar)) = &*shown {
                    bar.set_message(format!(", {done} of {of} copied"));
                }
            }
            Event::Started { .. } | Event::Checked { .. } => {}
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some((_, bar)) = self
            .shown
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            bar.finish_and_clear();
        }
    }
}

fn length(steps: usize) -> u64 {
    u64::try_from(steps).unwrap_or(u64::MAX)
}

fn bar(stage: Stage, color: Color) -> ProgressBar {
    let name = match stage {
        Stage::Reading => "reading",
        Stage::Applying => "applying",
        Stage::Checking => "checking",
    };
    let template = match color {
        Color::Always => TEMPLATE.replace("{bar:24}", "{bar:24.cyan}"),
        Color::Never => TEMPLATE.to_owned(),
    };
    // The templates are valid, but a plain bar is better than a panic.
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0)
        .with_prefix(name)
        .with_style(style.with_key("rest", rest).progress_chars("=> "))
}

/// The rate and the time left, once they are meaningful.
fn rest(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    // Before the first step there is no rate, and after the last one no rest.
    let is_running = (1..state.len().unwrap_or(0)).contains(&state.pos());
    if is_running && state.elapsed() >= RATE_AFTER {
        // The bar is drawn again soon, so an error does not matter.
        let _ = write!(
            out,
            ", {:.0}/s, about {:#} left",
            state.per_sec(),
            HumanDuration(state.eta())
        );
    }
}
