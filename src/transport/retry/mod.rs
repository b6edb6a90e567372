//! Whether a failed request is retried, and after which wait.
//!
//! The caller decides whether a retry is allowed at all: of a read, and of a write only after a new
//! check. Pure: it counts failures and returns the bounds of a wait, within which the caller
//! chooses at random.

use std::{ops::RangeInclusive, time::Duration};

use super::gate::EndpointState;
use crate::wire::error::Class;

/// The largest number of tries of a request.
const TRIES: u32 = 6;

/// A plain 500 is retried once: the service answers some requests with it permanently (swr-api:
/// section 15).
const TRIES_AFTER_500: u32 = 2;

/// The longest wait between two tries, also for a longer `Retry-After`.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The upper bound of the first wait after any failure but throttling.
const BROKEN_WAIT: Duration = Duration::from_millis(100);

/// The upper bounds of the waits after throttling in milliseconds; the lower bound is half of it.
/// The first is short, for the case that other requests succeed. Together they are longer than a
/// minute, for a limit per minute that is used up in its first second.
const THROTTLED_WAITS: [u64; 5] = [500, 2_000, 24_000, 40_000, 60_000];

/// Why a try failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Answered(Class),
    NoAnswer,
}

/// The failed tries of one request.
#[derive(Debug, Default)]
pub(super) struct Tries {
    broken: u32,
    server_errors: u32,
    /// Throttled tries since the last success at the endpoint, checks aside.
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
    /// Counts a failed try.
    pub(super) fn failed(
        &mut self,
        failure: Failure,
        retry_after: Option<Duration>,
        endpoint: EndpointState,
    ) -> Next {
        if failure == Failure::Answered(Class::Throttled) {
            return self.was_throttled(retry_after, endpoint);
        }
        let may_help = matches!(
            failure,
            Failure::NoAnswer | Failure::Answered(Class::Unavailable | Class::ServerError)
        );
        self.broken += 1;
        self.server_errors += u32::from(failure == Failure::Answered(Class::ServerError));
        // A refusal such as 400 or 404 would be the same again.
        if !may_help || self.is_spent() {
            return Next::Stop;
        }
        Next::Again {
            // Full jitter: from zero, so that requests which broke together spread out.
            wait: after(retry_after).unwrap_or(Duration::ZERO..=doubled(BROKEN_WAIT, self.broken)),
        }
    }

    /// Throttling counts only while nothing at the endpoint succeeds. After another request has
    /// given up there, one try is enough to see whether that has changed.
    fn was_throttled(&mut self, retry_after: Option<Duration>, endpoint: EndpointState) -> Next {
        if endpoint.successes != self.successes {
            (self.successes, self.throttled) = (endpoint.successes, 0);
        }
        let bound = THROTTLED_WAITS
            .get(self.throttled as usize)
            .copied()
            // Past the last bound the tries are spent, and the value is not used.
            .unwrap_or_default();
        let bound = Duration::from_millis(bound);
        self.throttled += 1;
        if self.is_spent() || endpoint.given_up {
            return Next::Stop;
        }
        let own = bound / 2..=bound;
        let wait = match after(retry_after) {
            // After the first `Retry-After` was too short, `own` is a lower bound. A zero is
            // an explicit request to retry at once and stays.
            Some(requested) if self.throttled > 1 && !requested.end().is_zero() => {
                *requested.start().max(own.start())..=*requested.end().max(own.end())
            }
            Some(requested) => requested,
            None => own,
        };
        Next::Again { wait }
    }

    fn is_spent(&self) -> bool {
        // Counted together, so that a request which is throttled and broken in turn ends too.
        self.broken + self.throttled >= TRIES || self.server_errors >= TRIES_AFTER_500
    }
}

/// The wait that the service asks for, or up to a tenth longer, so that not all requests come back
/// at once.
fn after(retry_after: Option<Duration>) -> Option<RangeInclusive<Duration>> {
    let requested = retry_after?.min(LONGEST_WAIT);
    Some(requested..=requested + requested / 10)
}

fn doubled(first: Duration, tries: u32) -> Duration {
    first
        // The exponent is bounded for the shift; such a wait is above the longest anyway.
        .saturating_mul(1 << (tries - 1).min(16))
        .min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests;
