//! How fast requests may be sent to one endpoint: a token bucket whose rate is learned from
//! throttling.
//!
//! Until an endpoint throttles there is no limit. Most services count by the second: what was let
//! through at once, before the first refusal, is then the limit, and is tried at once when the
//! endpoint opens again. Otherwise, what it let through from one recovery to the next is taken for
//! its limit, whether it counts seconds or minutes. The pace stays a little below, holds for a
//! while, and then feels its way up. Throttling that lowering the pace does not end is not about
//! the pace, and is ignored. Pure: time is a duration since some start, and nobody waits here.

mod measurement;

use std::time::Duration;

use measurement::{Measurement, SHORTEST};

/// The pace is kept so far below what was measured, so that it is not throttled again at once.
const MARGIN: f64 = 0.97;
/// No pace is set below this before something was measured: the first answer may be a refusal.
const UNMEASURED: f64 = 10.0;
/// No pace is slower, whatever happens: something has to be sent to learn that it is over.
const SLOWEST: f64 = 0.05;
/// Faster than anything is sent: there is no limit.
const FASTEST: f64 = 5000.0;
/// So much of a second may be sent at once beside the next request, to make up for timers that ring
/// late.
const BURST: f64 = 0.02;
/// Holding and growing count in cycles: twice as long as nothing was let through, within bounds in
/// seconds. What costs more to try is tried less often.
const CYCLES: (f64, f64) = (1.0, 10.0);
/// How many cycles a pace is held that was measured or guessed, but not tried.
const HELD_UNTRIED: f64 = 2.0;
/// What is left of a pace that is refused soon after it was set, and of which no more is known.
const STEP_BACK: f64 = 0.95;
/// How many cycles a pace is held that was counted, or is just below one that failed, and how often
/// that is doubled.
const HELD: f64 = 5.0;
const DOUBLINGS: u32 = 3;
/// A pace was tried when nothing was refused for so many cycles.
const TRIED: f64 = 3.0;
/// An endpoint that was shut for longer counts by the minute: what it let through is better known
/// than the pace.
const SHUT_FOR_LONG: Duration = Duration::from_millis(2500);
/// How much the pace grows in the first cycle after it was held, and at most; the growth doubles in
/// so many cycles.
const GROWTH: f64 = 0.02;
const MOST_GROWTH: f64 = 0.5;
const GROWTH_DOUBLES: f64 = 4.0;
/// A measurement within this share of the pace confirms it.
const CONFIRMS: f64 = 0.8;
/// After so many refusals of a pace that should be good, they are not about the pace.
const DOUBTS: u32 = 1;
/// Refusals that cost no more than a second try now and then are no reason to be slower: so many in
/// a row, or such a share of about so many answers.
const SIGNS_TOLERATED: u32 = 2;
const SHARE_TOLERATED: f64 = 0.08;
const MEMORY: f64 = 100.0;
/// So many refusals without a success in between are no chance: what else is in flight will be
/// refused too.
const IN_A_ROW: u32 = 3;
/// While nothing gets through, one request after the other asks whether anything does.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// `Retry-After` is in whole seconds, rounded up.
const ROUNDING: Duration = Duration::from_secs(1);

/// The pace of one endpoint.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Requests a second; none until there was throttling.
    rate: Option<f64>,
    tokens: f64,
    /// How many there were when it opened again.
    at_once: f64,
    /// Tokens come in from then on.
    filled: Duration,
    /// Nothing is sent before.
    not_before: Duration,
    measured: Measurement,
    refusals: Option<Refusals>,
    /// The share of refusals among the last answers.
    share: f64,
    /// How many refusals came since anything succeeded.
    in_a_row: u32,
    cycle: f64,
    held_until: Duration,
    doublings: u32,
    /// How often a pace that was held was refused all the same.
    doubts: u32,
    quiet_since: Duration,
    /// Whether the rate is more than a first guess.
    learned: bool,
    /// Whether somebody had to wait for a token since the rate last grew.
    pressed: bool,
    /// Counts how often the tokens were set anew: what was taken before is not given back after.
    epoch: u32,
}

/// Tokens that were taken for requests that were not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    tokens: u32,
    epoch: u32,
}

impl Taken {
    /// One of the requests is sent; its token is used up.
    pub fn spend(&mut self) {
        self.tokens = self.tokens.saturating_sub(1);
    }
}

/// Throttling since the last recovery.
#[derive(Debug, Clone, Copy)]
struct Refusals {
    /// Requests that were sent before are no new sign.
    at: Duration,
    /// How often something that was sent after the last sign was a sign again.
    signs: u32,
    first: Duration,
    /// Until then the endpoint certainly let nothing through.
    shut_until: Duration,
    /// They cost more than a second try now and then.
    grave: bool,
    /// The endpoint let through so little at once that it counts by the second: what that was is
    /// its limit.
    is_counted: bool,
}

impl Pace {
    pub fn new(now: Duration) -> Pace {
        Pace {
            rate: None,
            tokens: 1.0,
            at_once: 0.0,
            filled: now,
            not_before: now,
            measured: Measurement::from(now),
            refusals: None,
            cycle: CYCLES.0,
            held_until: now,
            doublings: 0,
            doubts: 0,
            share: 0.0,
            in_a_row: 0,
            quiet_since: now,
            learned: false,
            pressed: false,
            epoch: 0,
        }
    }

    /// Requests a second, once they are limited.
    pub fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Whether nothing gets through at the moment, so that one request at a time is enough to ask.
    pub fn is_shut(&self) -> bool {
        self.refusals
            .is_some_and(|refusals| refusals.signs > 1 || self.in_a_row >= IN_A_ROW)
    }

    /// Takes a token for each of `requests` requests that are sent one right after the other, or
    /// says when that may be tried again. `idle` says whether nothing is in flight.
    pub fn take(&mut self, now: Duration, idle: bool, requests: u32) -> Result<Taken, Duration> {
        if now < self.not_before {
            return Err(self.not_before);
        }
        if idle && self.refusals.is_none() && self.measured.is_idle(now) {
            self.measured = Measurement::from(now);
        }
        self.grow(now);
        let Some(rate) = self.rate else {
            return Ok(Taken::default());
        };
        if let Some(passed) = now.checked_sub(self.filled) {
            let tokens = self.tokens + passed.as_secs_f64() * rate;
            (self.tokens, self.filled) = (tokens.min(1.0 + rate * BURST), now);
        }
        let wanted = f64::from(requests);
        // The tokens of a counted second are all there are. Else one is enough to begin with, and
        // the next requests wait until the others are paid for.
        let needed = if self.filled > now { wanted } else { 1.0 };
        if self.tokens >= needed {
            self.tokens -= wanted;
            if self.filled > now {
                // One of those that may go at once. No second, whenever it begins, is to hold more
                // than all of them: a token of the pace has to come a second after the one in the
                // same place here.
                let first = self.tokens + wanted - 1.0;
                let place = Duration::from_secs_f64((self.at_once - first).max(0.0) / rate);
                self.filled = self.filled.max((now + SHORTEST).saturating_sub(place));
            }
            return Ok(Taken {
                tokens: requests,
                epoch: self.epoch,
            });
        }
        self.pressed = true;
        // Rounded up, or the token would be missing by less than a clock can tell.
        let filling = now.max(self.filled);
        let missing = (1.0 - self.tokens).max(0.0);
        Err(filling + Duration::from_secs_f64(missing / rate) + Duration::from_micros(1))
    }

    /// Takes the token of a request that cannot wait for it.
    pub fn borrow(&mut self) {
        if self.rate.is_some() {
            self.tokens -= 1.0;
        }
    }

    /// Takes back the tokens of requests that will not be sent.
    pub fn give_back(&mut self, taken: Taken) {
        if taken.epoch == self.epoch {
            self.tokens += f64::from(taken.tokens);
        }
    }

    /// A request that was sent at `sent` succeeded.
    pub fn succeeded(&mut self, sent: Duration, now: Duration) {
        if let Some(refusals) = self.refusals.filter(|refusals| sent >= refusals.at) {
            self.recovered(refusals, sent);
        } else if self.refusals.is_none() && self.measured.is_old(now) {
            self.measured = Measurement::from(now);
        }
        self.measured.successes += 1;
        if now < self.not_before && self.refusals.is_some_and(|refusals| refusals.is_counted) {
            // It was in flight when the first refusal came.
            self.open_at_once(now);
        }
        self.in_a_row = 0;
        self.measured.last = now;
        self.share -= self.share / MEMORY;
    }

    /// Nobody waits any more for the endpoint to let through again.
    pub fn resume(&mut self, now: Duration) {
        self.not_before = now;
    }

    /// A request that was sent at `sent` was throttled. All that were in flight together count
    /// once. With `retry_after` nothing is sent until then.
    pub fn throttled(&mut self, sent: Duration, now: Duration, retry_after: Option<Duration>) {
        self.measured.last = now;
        self.in_a_row += 1;
        self.share += (1.0 - self.share) / MEMORY;
        let asked = retry_after.unwrap_or_default();
        self.not_before = self.not_before.max(now + asked);
        let before = self.refusals;
        if before.is_some_and(|before| sent < before.at) {
            return;
        }
        let signs = before.map_or(0, |before| before.signs) + 1;
        let shut_until = sent.max((now + asked).saturating_sub(ROUNDING));
        let first = before.map_or(now, |before| before.first);
        let grave = before.is_some_and(|before| before.grave)
            || !asked.is_zero()
            || signs > SIGNS_TOLERATED
            || self.share > SHARE_TOLERATED;
        let is_untried = !self.learned || first < self.filled;
        let is_counted = before.is_some_and(|before| before.is_counted)
            || (!asked.is_zero() || signs > SIGNS_TOLERATED)
                && is_untried
                && self.measured.fits_a_second(first);
        self.refusals = Some(Refusals {
            at: now,
            signs,
            first,
            shut_until,
            grave,
            is_counted,
        });
        if retry_after.is_none() && signs > 1 {
            let pause = FIRST_PAUSE
                .saturating_mul(1 << (signs - 2).min(16))
                .min(LONGEST_PAUSE);
            self.not_before = self.not_before.max(now + pause);
        }
        if grave && !self.learned {
            let so_far = self
                .measured
                .rate(now.max(self.measured.since + SHORTEST / 10))
                .max(UNMEASURED);
            self.limit_to(self.rate.unwrap_or(FASTEST).min(so_far), now);
        }
        if is_counted {
            self.open_at_once(now);
        }
    }

    /// When it opens again, all of the first second at once: if that is too much, it costs least to
    /// learn it then.
    fn open_at_once(&mut self, now: Duration) {
        let counted = self.measured.in_a_second();
        self.limit_to(counted * MARGIN, now);
        self.epoch += 1;
        (self.at_once, self.tokens, self.filled) = (counted, counted, self.not_before + SHORTEST);
    }

    /// The first success after throttling: the endpoint began to let through again at some time
    /// between the last refusal and this.
    fn recovered(&mut self, refusals: Refusals, sent: Duration) {
        self.refusals = None;
        if !refusals.grave {
            return;
        }
        let opened = refusals.shut_until.min(sent) + sent.saturating_sub(refusals.shut_until) / 2;
        let shut = sent.saturating_sub(refusals.first);
        let quiet_since = std::mem::replace(&mut self.quiet_since, sent);
        let cycle = (2.0 * shut.as_secs_f64())
            .max(self.cycle / 2.0)
            .clamp(CYCLES.0, CYCLES.1);
        let kept = refusals.first.saturating_sub(quiet_since).as_secs_f64();
        if self.measured.successes == 0 {
            // It was shut before anything was let through: there is nothing to learn from.
            self.measured = Measurement::from(sent);
        } else if let Some(rate) = self
            .rate
            .filter(|_| kept > TRIED * self.cycle && shut < SHUT_FOR_LONG)
        {
            self.failed(rate, cycle, sent);
        } else if let Some(measured) = self
            .measured
            .up_to(opened, sent.saturating_sub(refusals.shut_until))
        {
            self.measured = Measurement {
                since: opened,
                ..Measurement::from(sent)
            };
            let is_confirmed = self.rate.is_some_and(|rate| measured >= rate * CONFIRMS);
            if !(is_confirmed && sent < self.held_until) {
                self.cycle = cycle;
                self.limit_to(measured * MARGIN, sent);
                self.hold(HELD_UNTRIED, sent);
            }
        } else if refusals.is_counted {
            // Again, with what was in flight and came late.
            (self.rate, self.filled) =
                (Some(self.measured.in_a_second() * MARGIN), sent + SHORTEST);
            self.cycle = cycle;
            self.hold(HELD, sent);
            self.measured = Measurement::from(sent);
        } else if let Some(rate) = self.rate.filter(|_| self.learned) {
            // Too much for the first second of a new pace: what got through is better known than
            // the pace.
            let is_over = self.in_a_row >= IN_A_ROW && refusals.first < self.filled;
            let counted = self.measured.in_a_second() * MARGIN;
            let is_counted = is_over && self.measured.fits_a_second(refusals.first);
            self.limit_to(
                if is_counted {
                    counted.min(rate)
                } else {
                    rate * STEP_BACK
                },
                sent,
            );
            self.hold(HELD_UNTRIED, sent);
        }
    }

    /// A pace that had been kept for a while was refused: the limit is where it was a little
    /// earlier.
    fn failed(&mut self, rate: f64, cycle: f64, now: Duration) {
        // One doubt is remembered for good: refusals at random fall into every second time of
        // holding.
        self.doubts = if now < self.held_until {
            self.doubts + 1
        } else {
            self.doubts.min(DOUBTS)
        };
        if self.doubts > DOUBTS && now < self.held_until {
            self.held_until = now;
            return;
        }
        let growth = self.growth(now);
        let is_close = growth <= 3.0 * GROWTH;
        self.doublings = if is_close {
            (self.doublings + 1).min(DOUBLINGS)
        } else {
            0
        };
        self.limit_to(rate * MARGIN * (-growth).exp(), now);
        self.cycle = cycle;
        self.hold(
            if is_close {
                HELD * f64::from(1 << self.doublings)
            } else {
                HELD_UNTRIED
            },
            now,
        );
        self.measured = Measurement::from(now);
    }

    fn hold(&mut self, cycles: f64, now: Duration) {
        self.held_until = now + Duration::from_secs_f64(self.cycle * cycles);
        self.learned = true;
    }

    /// By which share of itself the pace grows in a cycle.
    fn growth(&self, now: Duration) -> f64 {
        let Some(growing) = now.checked_sub(self.held_until) else {
            return 0.0;
        };
        (GROWTH * (growing.as_secs_f64() / self.cycle / GROWTH_DOUBLES).exp2()).min(MOST_GROWTH)
    }

    fn limit_to(&mut self, rate: f64, now: Duration) {
        self.rate = Some(rate.max(SLOWEST)).filter(|rate| *rate < FASTEST);
        (self.tokens, self.filled, self.pressed) =
            (self.tokens.min(1.0), self.filled.max(now), false);
    }

    /// More and more, once the pace was held for long enough; only if it kept somebody waiting.
    fn grow(&mut self, now: Duration) {
        let Some(rate) = self
            .rate
            .filter(|_| self.pressed && self.refusals.is_none())
        else {
            return;
        };
        let since = self.filled.max(self.held_until);
        let passed = now.saturating_sub(since).as_secs_f64() / self.cycle;
        if passed <= 0.0 {
            return;
        }
        self.rate =
            Some(rate * (self.growth(now) * passed.min(1.0)).exp()).filter(|rate| *rate < FASTEST);
        self.pressed = false;
    }
}

#[cfg(test)]
mod tests;
