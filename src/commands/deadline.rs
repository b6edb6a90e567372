//! What ends a run early: its time is over, `--timeout`, or a signal asks it to end. Reading is
//! broken off, and writing begins nothing new.

use std::{fmt, future::Future, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

use super::signals::Signals;
use crate::{
    cli::Global,
    state::{Live, ReadFailure},
};

/// Counted from when the door is opened; none if the run may take as long as it needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Option<(Duration, Instant)>);

/// The time was over before the work was done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) struct TooLate(Duration);

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX);
        write!(f, "the run's time, {time:#}, is over")
    }
}

/// Why work was left half-done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum BrokenOff {
    #[error(transparent)]
    TooLate(TooLate),
    #[error("a signal asked the run to end")]
    Interrupted,
}

impl Deadline {
    /// A time beyond what a clock can tell is none.
    pub(super) fn of(global: &Global) -> Deadline {
        let at = |time: Duration| Some((time, Instant::now().checked_add(time)?));
        Deadline(global.timeout.and_then(|timeout| at(timeout.0)))
    }

    /// Does work that can be left half-done.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, BrokenOff> {
        let mut signals = Signals::listen();
        tokio::select! {
            // Whoever asked for the end does not get the next step because the work was done at the
            // same moment.
            biased;
            () = signals.next() => Err(BrokenOff::Interrupted),
            done = work => Ok(done),
            late = self.passes() => Err(BrokenOff::TooLate(late)),
        }
    }

    /// Returns when the time is over.
    pub(super) async fn passes(&self) -> TooLate {
        match self.0 {
            None => std::future::pending().await,
            Some((time, at)) => {
                tokio::time::sleep_until(at).await;
                TooLate(time)
            }
        }
    }
}

impl BrokenOff {
    /// What was read until then is not whole, and so is worth nothing.
    pub(super) fn live(self) -> Live {
        let hint = match self {
            BrokenOff::TooLate(_) => {
                "give it more with `--timeout`, or look at less with `--target`"
            }
            BrokenOff::Interrupted => "run it again; nothing was sent but reads",
        };
        let failure = ReadFailure {
            subject: "live state".to_owned(),
            message: self.to_string(),
            hint: Some(hint.to_owned()),
        };
        Live {
            failures: vec![failure],
            ..Live::default()
        }
    }
}
