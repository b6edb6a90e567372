//! How many requests may be in flight to one endpoint: answers and refusals in, a number out.
//!
//! Additive increase and multiplicative decrease, as in TCP: the limit doubles from round to round
//! until the first throttling or slow round, halves on throttling, and then climbs step by step. It
//! climbs only while answers stay as fast as they were. Pure: time is a duration since some start,
//! and nothing waits here.

use std::time::Duration;

/// Where the adaptive limit starts. Slow answers alone never push it below.
pub const START: usize = 10;
/// The most that it grows to.
pub(crate) const MOST: usize = 64;

/// Nothing is added when answers take so much longer than in the fastest round...
const FAST: f64 = 1.15;
/// ... and what was too much is taken back when they take so much longer.
const SLOW: f64 = 1.3;
/// A busy client adds this much to any answer, without a queue at the service.
const SLACK: Duration = Duration::from_millis(5);
/// In how many rounds the limit climbs from zero to the ceiling after a halving.
const ROUNDS_TO_THE_TOP: f64 = 16.0;

/// The limit in flight of one endpoint.
#[derive(Debug, Clone)]
pub struct Limit {
    allowed: f64,
    ceiling: f64,
    /// Slow answers never lower the limit below this: the start, or the ceiling if it is fixed.
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
    /// Its requests were sent before the limit fell, so it shows nothing about the new limit.
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

    /// A request succeeded. `pressed` is whether another one waited for a place: successes below
    /// the limit do not show that the service can take more.
    pub fn succeeded(&mut self, latency: Duration, pressed: bool) {
        if pressed && self.fast {
            // Per answer. A round has as many answers as the limit, so a round adds the limit
            // itself, or a sixteenth of the ceiling.
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
    /// together, and returns whether it did.
    pub fn throttled(&mut self, sent: Duration, now: Duration) -> bool {
        // A request of the same instant was admitted by an answer that arrived together with the
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
        // Their latencies show the load of the limit before it fell.
        if stale {
            return;
        }
        // The fastest round had the shortest queue at the service.
        let fastest = self.fastest.map_or(typical, |fastest| fastest.min(typical));
        self.fastest = Some(fastest);
        self.fast = typical <= fastest.mul_f64(FAST) + SLACK;
        let tolerated = fastest.mul_f64(SLOW) + SLACK;
        // A fixed limit is the user's choice: it equals `unmoved`, so only throttling lowers it.
        if typical > tolerated && self.allowed > self.unmoved {
            self.doubling = false;
            // At most halved, as after throttling.
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
/// than an old one, at any load.
fn quartile(latencies: &mut [Duration]) -> Duration {
    // Not empty: a round ends with an answer.
    let at = latencies.len() / 4;
    *latencies.select_nth_unstable(at).1
}

#[cfg(test)]
mod tests;
