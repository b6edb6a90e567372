//! What an endpoint let through since some point in time, and what that says about its limit.

use std::time::Duration;

/// A measurement takes at least this long and holds so many successes.
pub(super) const SHORTEST: Duration = Duration::from_secs(1);
const FEWEST: u32 = 10;
/// A measurement without throttling begins anew after this: what was long ago says little.
const LONGEST: Duration = Duration::from_secs(120);
/// Nothing asked for so long: the time is no measure of what would have been let through.
const IDLE: Duration = Duration::from_secs(1);
/// An end is certain to one part in so many, or it is none.
const CERTAIN: u32 = 5;

#[derive(Debug, Clone, Copy)]
pub(super) struct Measurement {
    pub(super) since: Duration,
    pub(super) successes: u32,
    /// The last answer.
    pub(super) last: Duration,
}

impl Measurement {
    pub(super) fn from(now: Duration) -> Measurement {
        Measurement {
            since: now,
            successes: 0,
            last: now,
        }
    }

    pub(super) fn is_idle(&self, now: Duration) -> bool {
        now > self.last + IDLE
    }

    pub(super) fn is_old(&self, now: Duration) -> bool {
        now > self.since + LONGEST
    }

    /// What was let through in a second, if it is known well enough when the endpoint opened again.
    pub(super) fn up_to(&self, opened: Duration, uncertain: Duration) -> Option<f64> {
        let took = opened.saturating_sub(self.since);
        let is_long = took >= SHORTEST && self.successes >= FEWEST;
        (is_long && took >= uncertain * CERTAIN).then(|| self.rate(opened))
    }

    /// Whether it was refused within the first second, after enough was let through. A service that
    /// counts by the second lets through no more until the next, whenever in its second that was.
    pub(super) fn fits_a_second(&self, refused: Duration) -> bool {
        self.successes >= FEWEST && refused < self.since + SHORTEST
    }

    /// The limit of such a service; more than that if a second of its clock ended meanwhile.
    pub(super) fn in_a_second(&self) -> f64 {
        f64::from(self.successes) / SHORTEST.as_secs_f64()
    }

    pub(super) fn rate(&self, until: Duration) -> f64 {
        f64::from(self.successes) / until.saturating_sub(self.since).as_secs_f64()
    }
}
