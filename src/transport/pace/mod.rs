//! How fast requests may be sent to one endpoint: a token bucket whose rate follows a cubic curve.
//!
//! The idea is that of the AWS SDKs' adaptive retry mode, which takes it from TCP CUBIC: a refusal
//! cuts the rate, and the rate then climbs back fast at first, slowly around the value at which it
//! was refused, and fast again above it. Unlike in the SDKs, a rate is set only after a second
//! burst of refusals: one may come from another client or from a fault, and says nothing about the
//! limit. Pure: time is a duration since some start, and nothing waits here.

use std::{collections::VecDeque, time::Duration};

/// The share of a refused rate that a cut leaves.
const LEFT: f64 = 0.85;
/// The least share of the refused rate that a cut takes for what the service allows. If less was
/// let through, another client may have used the rest.
const LEAST_MEASURED: f64 = 0.8;
/// How fast the rate grows: requests per second, for each cubed second away from the plateau. The
/// SDKs take 0.4; where each refusal costs a `Retry-After` of a second, that probes too often.
const SCALE: f64 = 0.01;
/// The lowest rate: only a request can show that the throttling is over.
const SLOWEST: f64 = 0.05;
/// Seconds of tokens that are kept for timers that fire late. More would let twice the limit into
/// one second after a pause.
const BURST: f64 = 0.02;
/// This many refusals without a success in between are a burst, not chance.
const IN_A_ROW: u32 = 3;
/// The window in which successes are counted: the services count by the second.
const MEASURED: Duration = Duration::from_secs(1);
/// After this many seconds in which no token was wanted, the rate does not grow.
const IDLE: f64 = 1.0;
/// A shorter time says nothing about a rate.
const SHORTEST: Duration = Duration::from_millis(100);
/// While nothing gets through, one request at a time is sent, after pauses that double from the
/// first to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The pace of one endpoint.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Requests per second; none until throttling has shown a limit.
    rate: Option<f64>,
    /// The rate at which the curve is flat: what was let through, or was sent, when it was refused.
    plateau: f64,
    /// When the curve began.
    climbing_since: Duration,
    tokens: f64,
    filled: Duration,
    /// Nothing is sent before.
    not_before: Duration,
    /// When requests succeeded, within the time that is measured.
    successes: VecDeque<Duration>,
    /// Refusals since a success that was sent after them.
    refusals: Option<Refusals>,
    /// Refusals since any success.
    in_a_row: u32,
    last_burst: Option<Duration>,
}

/// Tokens that were taken for requests that were not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    tokens: u32,
}

impl Taken {
    /// One of the requests is sent; its token is used up.
    pub fn spend(&mut self) {
        self.tokens = self.tokens.saturating_sub(1);
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Refusals {
    /// The last one that counted. A request that was sent before it is not a new sign.
    at: Duration,
    signs: u32,
    is_burst: bool,
}

impl Pace {
    pub fn new(now: Duration) -> Pace {
        Pace {
            rate: None,
            plateau: 0.0,
            climbing_since: now,
            tokens: 1.0,
            filled: now,
            not_before: now,
            successes: VecDeque::new(),
            refusals: None,
            in_a_row: 0,
            last_burst: None,
        }
    }

    /// Requests per second, once they are limited.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Whether nothing gets through at the moment, so that one request at a time is enough.
    pub fn is_shut(&self) -> bool {
        self.refusals
            .is_some_and(|refusals| refusals.signs > 1 || self.in_a_row >= IN_A_ROW)
    }

    /// Takes a token for each of `requests` requests that are sent one right after the other, or
    /// returns when that may be tried again.
    pub fn take(&mut self, now: Duration, requests: u32) -> Result<Taken, Duration> {
        if now < self.not_before {
            return Err(self.not_before);
        }
        // No token is taken, so none is given back after a rate has been set.
        let Some(rate) = self.rate else {
            return Ok(Taken::default());
        };
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        // At least one whole token, or a slow rate could never send.
        let capacity = 1.0 + rate * BURST;
        // Without the time in which the bucket filled up: only the rest of it was idle.
        if passed - (capacity - self.tokens) / rate > IDLE {
            // A rate that was not used cannot have been refused, so that time must not raise it.
            self.climbing_since += Duration::from_secs_f64(passed);
        }
        self.tokens = (self.tokens + passed * rate).min(capacity);
        // The rate stays until a success shows that the endpoint lets requests through again.
        let rate = match self.refusals {
            Some(_) => rate,
            None => self.curve(now),
        };
        (self.rate, self.filled) = (Some(rate), now);
        // One token is enough to begin with; the next in the queue wait until the others are paid
        // for.
        if self.tokens >= 1.0 {
            self.tokens -= f64::from(requests);
            return Ok(Taken { tokens: requests });
        }
        // Rounded up: the token could be missing by less than the resolution of the clock.
        let missing = Duration::from_secs_f64((1.0 - self.tokens) / rate);
        Err(now + missing + Duration::from_micros(1))
    }

    /// Takes the token of a request that cannot wait for it.
    pub fn borrow(&mut self) {
        if self.rate.is_some() {
            // This may be below zero: later requests then wait longer.
            self.tokens -= 1.0;
        }
    }

    /// Takes back the tokens of requests that will not be sent.
    pub fn give_back(&mut self, taken: Taken) {
        // This may exceed the capacity: the next `take` limits it.
        self.tokens += f64::from(taken.tokens);
    }

    /// A request that was sent at `sent` succeeded.
    pub fn succeeded(&mut self, sent: Duration, now: Duration) {
        // Success of a request that was sent before the refusals says nothing about the time after.
        if self.refusals.is_some_and(|refusals| sent > refusals.at) {
            self.refusals = None;
            // The time in which nothing got through is not part of the curve.
            self.climbing_since = now;
        }
        self.in_a_row = 0;
        self.successes.push_back(now);
        self.forget(now);
    }

    /// Ends a pause, when requests no longer wait for the endpoint.
    pub fn resume(&mut self, now: Duration) {
        self.not_before = now;
    }

    /// A request that was sent at `sent` was throttled. With `retry_after` nothing is sent until
    /// then.
    pub fn throttled(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>) {
        self.in_a_row += 1;
        // Requests in flight can be refused with different waits: the longest one holds.
        self.not_before = self.not_before.max(now + retry_after.unwrap_or_default());
        let mut refusals = self.refusals.unwrap_or_default();
        // A rate that is refused with a wait is too high: each further refusal costs that wait.
        let is_burst = self.in_a_row >= IN_A_ROW || self.rate.is_some() && retry_after.is_some();
        // Once per burst: its refusals have one cause.
        if is_burst && !refusals.is_burst {
            refusals.is_burst = true;
            self.burst(now);
        }
        // Chance, or the edge of a limit: the curve starts again, and its plateau does not fall.
        if !refusals.is_burst {
            self.plateau = self.plateau.max(self.rate.unwrap_or_default());
        }
        if refusals.signs == 0 || sent > refusals.at {
            refusals.at = now;
            refusals.signs += 1;
            // With `Retry-After` the service has set the pause, and a first sign may be chance.
            if retry_after.is_none() && refusals.signs > 1 {
                // 2^16 first pauses are above the longest one, and the shift cannot overflow.
                let doublings = (refusals.signs - 2).min(16);
                let pause = FIRST_PAUSE
                    .saturating_mul(1 << doublings)
                    .min(LONGEST_PAUSE);
                self.not_before = self.not_before.max(now + pause);
            }
        }
        self.refusals = Some(refusals);
    }

    /// Cuts the rate. The first burst sets none.
    fn burst(&mut self, now: Duration) {
        let measured = self.measured(now);
        let is_first = self.last_burst.replace(now).is_none();
        self.plateau = match self.rate {
            // Not above the rate that was refused.
            Some(rate) => measured.clamp(rate * LEAST_MEASURED, rate),
            None => measured.max(self.plateau * LEAST_MEASURED),
        };
        if is_first {
            return;
        }
        self.rate = Some((self.plateau * LEFT).max(SLOWEST));
        // Tokens that were saved at the higher rate would be refused.
        (self.tokens, self.filled, self.climbing_since) = (self.tokens.min(1.0), now, now);
    }

    /// What was let through per second. A service with a small token bucket shows its rate since
    /// the last burst, when the bucket was empty; one that counts by the second, in a whole second.
    fn measured(&mut self, now: Duration) -> f64 {
        self.forget(now);
        let in_a_second = self.successes.len() as f64 / MEASURED.as_secs_f64();
        let Some(last_burst) = self.last_burst else {
            return in_a_second;
        };
        let since = self.successes.iter().filter(|at| **at > last_burst).count();
        let seconds = now.saturating_sub(last_burst).max(SHORTEST).as_secs_f64();
        in_a_second.max(since as f64 / seconds)
    }

    fn forget(&mut self, now: Duration) {
        while self
            .successes
            .front()
            .is_some_and(|at| *at + MEASURED < now)
        {
            self.successes.pop_front();
        }
    }

    /// The cubic curve, which starts at what a cut has left and is flat at the plateau.
    fn curve(&self, now: Duration) -> f64 {
        let seconds = now.saturating_sub(self.climbing_since).as_secs_f64();
        // K of TCP CUBIC (RFC 9438): with it the curve begins at `LEFT` of the plateau.
        let to_plateau = (self.plateau * (1.0 - LEFT) / SCALE).cbrt();
        (self.plateau + SCALE * (seconds - to_plateau).powi(3)).max(SLOWEST)
    }
}

#[cfg(test)]
mod tests;
