//! Whether a request that brought no success is sent again, and how long it waits before.
//!
//! Whether a request may be repeated at all is not known here: a read may, and a write only behind
//! a new check. Pure: it counts what it is told, and names the bounds of a wait, within which
//! chance decides.

use std::{ops::RangeInclusive, time::Duration};

use super::gate::Standing;
use crate::wire::error::Class;

/// How often a request is sent at most.
const TRIES: u32 = 6;

/// A plain 500 is repeated once: the service answers so to some requests for ever (swr-api: section
/// 15).
const TRIES_AFTER_500: u32 = 2;

/// The longest wait between two tries, whatever `Retry-After` says.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The first wait after anything but throttling, which may be over at once.
const BROKEN_WAIT: Duration = Duration::from_millis(100);

/// The most milliseconds to wait after throttling, and half of it the least: short while others
/// succeed, and yet six tries outlast a limit that counts by the minute and is used up in its first
/// second.
const THROTTLED_WAITS: [u64; 5] = [500, 8_000, 24_000, 40_000, 60_000];

/// Why a try was in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Answered(Class),
    NoAnswer,
}

/// What was tried so far for one request.
#[derive(Debug, Default)]
pub(super) struct Tries {
    broken: u32,
    server_errors: u32,
    /// Since anything but a check has succeeded on the endpoint.
    throttled: u32,
    successes: u64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Stop,
    Again { wait: RangeInclusive<Duration> },
}

impl Tries {
    /// One more try was in vain.
    pub(super) fn failed(
        &mut self,
        failure: Failure,
        retry_after: Option<Duration>,
        standing: Standing,
    ) -> Next {
        if failure == Failure::Answered(Class::Throttled) {
            return self.was_throttled(retry_after, standing);
        }
        let may_help = matches!(
            failure,
            Failure::NoAnswer | Failure::Answered(Class::Unavailable | Class::ServerError)
        );
        self.broken += 1;
        self.server_errors += u32::from(failure == Failure::Answered(Class::ServerError));
        if !may_help || self.is_spent() {
            return Next::Stop;
        }
        Next::Again {
            wait: after(retry_after).unwrap_or(Duration::ZERO..=doubled(BROKEN_WAIT, self.broken)),
        }
    }

    /// Throttling counts only while nothing on the endpoint succeeds. Once another request has
    /// given up there, one try is enough to see that nothing has changed.
    fn was_throttled(&mut self, retry_after: Option<Duration>, standing: Standing) -> Next {
        if standing.successes != self.successes {
            (self.successes, self.throttled) = (standing.successes, 0);
        }
        let bound = THROTTLED_WAITS
            .get(self.throttled as usize)
            .copied()
            .unwrap_or_default();
        let bound = Duration::from_millis(bound);
        self.throttled += 1;
        if self.is_spent() || standing.given_up {
            return Next::Stop;
        }
        let own = bound / 2..=bound;
        let wait = match after(retry_after) {
            // A word that did not hold is not trusted again; zero is a wish, and no word about the
            // future.
            Some(asked) if self.throttled > 1 && !asked.end().is_zero() => {
                *asked.start().max(own.start())..=*asked.end().max(own.end())
            }
            Some(asked) => asked,
            None => own,
        };
        Next::Again { wait }
    }

    fn is_spent(&self) -> bool {
        self.broken + self.throttled >= TRIES || self.server_errors >= TRIES_AFTER_500
    }
}

/// As long as the service asks for, or a little longer: others were asked too.
fn after(retry_after: Option<Duration>) -> Option<RangeInclusive<Duration>> {
    let asked = retry_after?.min(LONGEST_WAIT);
    Some(asked..=asked + asked / 10)
}

fn doubled(first: Duration, tries: u32) -> Duration {
    first
        .saturating_mul(1 << (tries - 1).min(16))
        .min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
