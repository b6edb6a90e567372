//! How many requests may be in flight to one endpoint: answers and refusals in, a number out.
//!
//! Additive increase and multiplicative decrease, as TCP does it: double from round to round until
//! something gives, halve on throttling, then climb step by step. Besides, it climbs only while
//! answers stay as fast as they were. Pure: time is a duration since some start, and nobody waits
//! here.

use std::time::Duration;

/// Where the adaptive limit starts. Slow answers alone never push it below.
pub const START: usize = 10;
/// Where it ends.
pub(crate) const MOST: usize = 64;

/// Nothing is added when answers take so much longer than in the fastest round...
const FAST: f64 = 1.15;
/// ... and what was too much is taken back when they take so much longer.
const SLOW: f64 = 1.3;
/// What a busy machine adds to any answer, and no sign of a queue at the other end.
const SLACK: Duration = Duration::from_millis(5);
/// After halving, so many rounds lead from nothing to the ceiling.
const ROUNDS_TO_THE_TOP: f64 = 16.0;

/// What one endpoint may have in flight.
#[derive(Debug, Clone)]
pub struct Limit {
    allowed: f64,
    ceiling: f64,
    /// Slow answers take nothing away up to here: the start, or everything if the number is fixed.
    unmoved: f64,
    doubling: bool,
    /// Whether the last round was about as fast as any.
    fast: bool,
    halved_at: Option<Duration>,
    round: Round,
    fastest: Option<Duration>,
}

/// As many answers as were allowed in flight when it began.
#[derive(Debug, Clone)]
struct Round {
    size: usize,
    latencies: Vec<Duration>,
    /// Its requests were sent before the limit fell, and tell of the time before.
    stale: bool,
}

impl Limit {
    /// Starts at [`START`] and grows to [`MOST`].
    pub(crate) fn adaptive() -> Limit {
        Limit::new(START, MOST)
    }

    /// Starts at its ceiling, and falls for throttling only.
    pub fn fixed(number: usize) -> Limit {
        let number = number.max(1);
        Limit::new(number, number)
    }

    fn new(start: usize, ceiling: usize) -> Limit {
        let round = Round {
            size: start,
            latencies: Vec::new(),
            stale: false,
        };
        let (start, ceiling) = (start as f64, ceiling as f64);
        Limit {
            allowed: start,
            ceiling,
            unmoved: start,
            doubling: true,
            fast: true,
            halved_at: None,
            round,
            fastest: None,
        }
    }

    /// At least one, or nothing would ever be learned again.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and the ceiling"
    )]
    pub fn allowed(&self) -> usize {
        self.allowed as usize
    }

    /// A request succeeded. `pressed` says whether another was waiting for its place: a limit that
    /// nobody reaches is not shown to be good by what goes well below it.
    pub fn succeeded(&mut self, latency: Duration, pressed: bool) {
        if pressed && self.fast {
            let step = if self.doubling {
                1.0
            } else {
                (self.ceiling / ROUNDS_TO_THE_TOP).max(1.0) / self.allowed
            };
            self.allowed = (self.allowed + step).min(self.ceiling);
        }
        self.round.latencies.push(latency);
        if self.round.latencies.len() >= self.round.size {
            self.end_round();
        }
    }

    /// A request that was sent at `sent` was throttled. Halves once for all that were in flight
    /// together, and says whether it did.
    pub fn throttled(&mut self, sent: Duration, now: Duration) -> bool {
        // A request of the same instant was let in by an answer that came together with the
        // refusal.
        if self.halved_at.is_some_and(|at| sent <= at) {
            return false;
        }
        self.halved_at = Some(now);
        self.doubling = false;
        self.fall_to(self.allowed / 2.0);
        true
    }

    fn end_round(&mut self) {
        let typical = quartile(&mut self.round.latencies);
        let stale = self.round.stale;
        self.next_round(false);
        if stale {
            return;
        }
        let fastest = self.fastest.map_or(typical, |fastest| fastest.min(typical));
        self.fastest = Some(fastest);
        self.fast = typical <= fastest.mul_f64(FAST) + SLACK;
        let tolerated = fastest.mul_f64(SLOW) + SLACK;
        if typical > tolerated && self.allowed > self.unmoved {
            self.doubling = false;
            let share = (tolerated.as_secs_f64() / typical.as_secs_f64()).max(0.5);
            self.fall_to((self.allowed * share).max(self.unmoved));
        }
    }

    fn fall_to(&mut self, allowed: f64) {
        self.allowed = allowed.max(1.0);
        self.next_round(true);
    }

    fn next_round(&mut self, stale: bool) {
        self.round.latencies.clear();
        (self.round.size, self.round.stale) = (self.allowed(), stale);
    }
}

/// Not the mean: a few large lists take longer than many small reads, and a new connection longer
/// than an old one, whatever the load.
fn quartile(latencies: &mut [Duration]) -> Duration {
    let at = latencies.len() / 4;
    *latencies.select_nth_unstable(at).1
}

#[cfg(test)]
mod tests;
