//! What ends a command early: its timeout, or a signal. Reading is cancelled; writing starts
//! nothing new.

use std::{fmt, future::Future, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

use super::signals::Signals;
use crate::{
    cli::Global,
    state::{Live, ReadFailure},
};

/// The timeout and when it ends, counted from when the door is opened; `None` without a timeout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Option<(Duration, Instant)>);

/// The timeout ended before the work was done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) struct TooLate(Duration);

impl fmt::Display for TooLate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = SignedDuration::try_from(self.0).unwrap_or(SignedDuration::MAX);
        write!(f, "the timeout of {time:#} is over")
    }
}

/// Why work was cancelled.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum BrokenOff {
    #[error(transparent)]
    TooLate(TooLate),
    #[error("interrupted by a signal")]
    Interrupted,
}

impl Deadline {
    /// A timeout beyond the range of the clock counts as none.
    pub(super) fn of(global: &Global) -> Deadline {
        let at = |time: Duration| Some((time, Instant::now().checked_add(time)?));
        Deadline(global.timeout.and_then(|timeout| at(timeout.0)))
    }

    /// Does work that may be cancelled at any point.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, BrokenOff> {
        let mut signals = Signals::listen();
        tokio::select! {
            // The signal first: if the work ends at the same moment, the command must still stop
            // instead of going on to its next step.
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
    /// A live state with nothing but the failure: what was read until then is incomplete, and a
    /// plan from it could delete or create the wrong things.
    pub(super) fn live(self) -> Live {
        let hint = match self {
            BrokenOff::TooLate(_) => "raise `--timeout`, or select less with `--target`",
            BrokenOff::Interrupted => "run the command again; only reads were sent",
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
