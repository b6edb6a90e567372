//! The end of a run's time, `--timeout`: reading is broken off, and writing begins nothing new.

use std::{fmt, future::Future, time::Duration};

use jiff::SignedDuration;
use tokio::time::Instant;

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

impl Deadline {
    /// A time beyond what a clock can tell is none.
    pub(super) fn of(global: &Global) -> Deadline {
        let at = |time: Duration| Some((time, Instant::now().checked_add(time)?));
        Deadline(global.timeout.and_then(|timeout| at(timeout.0)))
    }

    /// Does work that can be left half-done.
    pub(super) async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, TooLate> {
        match self.0 {
            None => Ok(work.await),
            Some((time, at)) => tokio::time::timeout_at(at, work).await.map_err(|_| TooLate(time)),
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

impl TooLate {
    /// What was read until then is not whole, and so is worth nothing.
    pub(super) fn live(self) -> Live {
        let failure = ReadFailure {
            subject: "live state".to_owned(),
            message: self.to_string(),
            hint: Some("give it more with `--timeout`, or look at less with `--target`".to_owned()),
        };
        Live { failures: vec![failure], ..Live::default() }
    }
}
