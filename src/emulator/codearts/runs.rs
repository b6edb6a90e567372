//! Runs in simulated time: they start, end or hang, and change the facts of their mirror.
//!
//! There is no timer. Each access passes the current time, and everything that is due by then is
//! done first, in order. A test moves the clock instead of waiting.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::refs;
use crate::emulator::settings::{
    Settings,
    assumptions::{Assumptions, RepeatStart, SchedulePeriod},
};
use crate::emulator::state::{
    git::{GitRepository, Mirror, Run, RunOutcome},
    later,
};

/// The error of a run without the credentials that its source needs.
pub(super) const UNAUTHENTICATED: &str = "fatal: Authentication failed";

/// The error of a run of a mirror without a URL.
const NO_URL: &str = "fatal: no path specified";

/// The parameters of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    pub(super) jid: String,
    pub(super) force: bool,
    /// Whether the request has credentials.
    pub(super) authenticated: bool,
    /// The error with which it fails, regardless of the mirror's outcome.
    pub(super) error: Option<String>,
}

/// The result of a request to run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Started {
    /// A new run with this id.
    Run(String),
    /// No new run. The answer has this id.
    Existing(String),
    /// Refused.
    Conflict,
}

impl GitRepository {
    /// Finishes the runs that are due by `now`, and starts those that the schedule started before.
    pub(super) fn finish_due_runs(&mut self, now: Timestamp, settings: &Settings) {
        let assumptions = &settings.assumptions;
        let Self {
            mirror: Some(mirror),
            refs,
            ..
        } = self
        else {
            return;
        };
        // First: a schedule that an edit switched off must not start another run.
        mirror.update_schedule(now, assumptions);
        loop {
            // The earliest end, and of equal ends the run that was added first.
            let ends = mirror
                .runs
                .iter()
                .enumerate()
                .filter_map(|(at, run)| Some((run.ends?, at)))
                .min();
            let due = mirror.next_scheduled_at.filter(|due| *due <= now);
            // In the order of time: a run that ends first may free the mirror for a scheduled one.
            match ends.filter(|(ends, _)| *ends <= now) {
                Some((ends, at)) if due.is_none_or(|due| ends <= due) => {
                    let run = mirror.runs.remove(at);
                    mirror.last_started_at = mirror.last_started_at.max(Some(run.starts));
                    let failure = match run.error {
                        Some(error) => Some(error),
                        None => refs::copy(refs, mirror, run.force, assumptions).err(),
                    };
                    mirror.record_end(ends, failure);
                }
                _ => {
                    let Some(due) = due else { break };
                    // From the due time and not from now, or the schedule would move with the
                    // requests.
                    mirror.next_scheduled_at = due.checked_add(period(assumptions)).ok();
                    // The schedule skips its turn while a run is in flight, so a run that hangs
                    // does not pile up others.
                    if mirror.runs.is_empty() {
                        mirror.begin(Order::default(), due, settings);
                    }
                }
            }
        }
        let started = mirror
            .runs
            .iter()
            .map(|run| run.starts)
            .filter(|starts| *starts <= now)
            .max();
        mirror.last_started_at = mirror.last_started_at.max(started);
    }

    /// Runs the mirror. If a run is in flight, the assumption decides.
    pub(super) fn start(&mut self, order: Order, now: Timestamp, settings: &Settings) -> Started {
        // A run that is due by now is no longer in flight.
        self.finish_due_runs(now, settings);
        let Some(mirror) = &mut self.mirror else {
            // Not reached: both callers look for the mirror first.
            return Started::Existing(order.jid);
        };
        let jid = order.jid.clone();
        match (settings.assumptions.repeat_start, mirror.runs.last_mut()) {
            (RepeatStart::SameRun, Some(_)) => return Started::Existing(jid),
            (RepeatStart::SameJid, Some(run)) => {
                // A scheduled run has no id until a request needs one.
                if run.jid.is_empty() {
                    run.jid = jid;
                }
                return Started::Existing(run.jid.clone());
            }
            (RepeatStart::Conflict, Some(_)) => return Started::Conflict,
            (RepeatStart::Queue, Some(_)) => {
                let ends = mirror
                    .runs
                    .iter()
                    .map(|run| run.ends.unwrap_or(Timestamp::MAX))
                    .max();
                mirror.begin(order, ends.unwrap_or(now), settings);
            }
            (RepeatStart::Concurrent, Some(_)) | (_, None) => mirror.begin(order, now, settings),
        }
        // With zero delay and duration the new run ends at once.
        self.finish_due_runs(now, settings);
        Started::Run(jid)
    }
}

impl Mirror {
    /// Starts or ends a schedule that was switched by an edit of the state.
    fn update_schedule(&mut self, now: Timestamp, assumptions: &Assumptions) {
        match (self.scheduled, self.next_scheduled_at) {
            (true, None) => self.next_scheduled_at = now.checked_add(period(assumptions)).ok(),
            (false, Some(_)) => self.next_scheduled_at = None,
            _ => {}
        }
    }

    fn begin(&mut self, order: Order, now: Timestamp, settings: &Settings) {
        let outcome = match self.next_outcomes.is_empty() {
            true => self.outcome.clone(),
            false => self.next_outcomes.remove(0),
        };
        let starts = later(now, settings.run_delay);
        let duration = self
            .run_seconds
            .map_or(settings.run_duration, Duration::from_secs);
        // A run that would start after the end of time, queued behind one that hangs, never ends.
        let ends = (outcome != RunOutcome::Hang && starts < Timestamp::MAX)
            .then(|| later(starts, duration));
        // A scheduled run has no request with credentials: only stored ones help (section 2.3).
        let unauthenticated =
            self.source.needs_credentials && !order.authenticated && self.endpoint_uuid.is_empty();
        let error = match outcome {
            _ if order.error.is_some() => order.error,
            _ if self.url.is_empty() => Some(NO_URL.to_owned()),
            _ if unauthenticated => Some(UNAUTHENTICATED.to_owned()),
            RunOutcome::Fail(error) => Some(error),
            RunOutcome::Succeed | RunOutcome::Hang => None,
        };
        self.runs.push(Run {
            jid: order.jid,
            starts,
            ends,
            error,
            force: order.force,
        });
    }

    fn record_end(&mut self, at: Timestamp, failure: Option<String>) {
        self.last_ended_at = Some(at);
        match failure {
            None => {
                self.last_successful_update_at = Some(at);
                self.failures_in_a_row = 0;
            }
            Some(error) => {
                self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
                self.failures = self.failures.saturating_add(1);
                self.last_error = Some(error);
            }
        }
    }
}

fn period(assumptions: &Assumptions) -> SignedDuration {
    match assumptions.schedule_period {
        SchedulePeriod::Day => SignedDuration::from_hours(24),
        SchedulePeriod::Hour => SignedDuration::from_hours(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::new(1_800_000_000 + seconds, 0).unwrap()
    }

    fn settings(switch: &str) -> Settings {
        let mut settings = Settings {
            run_delay: Duration::from_secs(1),
            run_duration: Duration::from_secs(5),
            ..Settings::default()
        };
        settings.assumptions.set(switch).unwrap();
        settings
    }

    fn repository(outcome: RunOutcome) -> GitRepository {
        let mirror = Mirror {
            outcome,
            ..Mirror::of("https://git.example.com/app.git")
        };
        GitRepository {
            mirror: Some(mirror),
            ..GitRepository::default()
        }
    }

    fn order(jid: &str) -> Order {
        Order {
            jid: jid.to_owned(),
            ..Order::default()
        }
    }

    /// The time of the last success, the failures in a row and all failures, at the time `now`.
    fn facts(
        repository: &mut GitRepository,
        now: i64,
        settings: &Settings,
    ) -> (Option<Timestamp>, u32, u32) {
        repository.finish_due_runs(at(now), settings);
        let mirror = repository.mirror.as_ref().unwrap();
        (
            mirror.last_successful_update_at,
            mirror.failures_in_a_row,
            mirror.failures,
        )
    }

    #[test]
    fn a_run_ends_when_it_is_due() {
        let settings = settings("repeat-start=409");
        let mut repository = repository(RunOutcome::Succeed);
        assert_eq!(
            repository.start(order("a"), at(0), &settings),
            Started::Run("a".to_owned())
        );
        assert_eq!(facts(&mut repository, 5, &settings), (None, 0, 0));
        assert_eq!(
            repository.mirror.as_ref().unwrap().last_started_at,
            Some(at(1))
        );
        assert_eq!(facts(&mut repository, 100, &settings), (Some(at(6)), 0, 0));
        assert_eq!(
            repository.mirror.as_ref().unwrap().last_ended_at,
            Some(at(6))
        );
    }

    #[test]
    fn failures_are_counted_and_a_success_resets_the_row() {
        let settings = settings("repeat-start=409");
        let mut repository = repository(RunOutcome::Succeed);
        let fail = || RunOutcome::Fail("timed out".to_owned());
        repository.mirror.as_mut().unwrap().next_outcomes = vec![fail(), fail()];
        let expected = [(None, 1, 1), (None, 2, 2), (Some(at(206)), 0, 2)];
        for (start, expected) in [0, 100, 200].into_iter().zip(expected) {
            repository.start(order("a"), at(start), &settings);
            assert_eq!(facts(&mut repository, start + 6, &settings), expected);
        }
        assert_eq!(
            repository.mirror.unwrap().last_error.as_deref(),
            Some("timed out")
        );
    }

    #[test]
    fn a_run_that_hangs_never_ends() {
        let mut repository = repository(RunOutcome::Hang);
        let settings = settings("repeat-start=queue");
        repository.start(order("a"), at(0), &settings);
        assert_eq!(
            repository.start(order("b"), at(10), &settings),
            Started::Run("b".to_owned())
        );
        assert_eq!(
            facts(&mut repository, 1_000_000_000, &settings),
            (None, 0, 0)
        );
        assert_eq!(repository.mirror.unwrap().runs.len(), 2);
    }

    #[test]
    fn a_second_start_follows_the_assumption() {
        for (switch, started, success) in [
            (
                "repeat-start=new-jid-same-run",
                Started::Existing("b".to_owned()),
                6,
            ),
            (
                "repeat-start=same-jid",
                Started::Existing("a".to_owned()),
                6,
            ),
            ("repeat-start=409", Started::Conflict, 6),
            ("repeat-start=concurrent", Started::Run("b".to_owned()), 8),
            ("repeat-start=queue", Started::Run("b".to_owned()), 12),
        ] {
            let (settings, mut repository) = (settings(switch), repository(RunOutcome::Succeed));
            repository.start(order("a"), at(0), &settings);
            assert_eq!(
                repository.start(order("b"), at(2), &settings),
                started,
                "{switch}"
            );
            assert_eq!(
                facts(&mut repository, 100, &settings).0,
                Some(at(success)),
                "{switch}"
            );
        }
    }

    #[test]
    fn the_schedule_starts_runs_in_order() {
        const DAY: i64 = 24 * 3600;
        for (switch, first, last) in [
            ("schedule-period=24h", DAY + 6, 3 * DAY + 6),
            ("schedule-period=1h", 3606, 3 * DAY + 6),
        ] {
            let (settings, mut repository) = (settings(switch), repository(RunOutcome::Succeed));
            repository.mirror.as_mut().unwrap().scheduled = true;
            assert_eq!(facts(&mut repository, 0, &settings).0, None);
            assert_eq!(facts(&mut repository, first - 1, &settings).0, None);
            assert_eq!(
                facts(&mut repository, first, &settings).0,
                Some(at(first)),
                "{switch}"
            );
            assert_eq!(
                facts(&mut repository, 3 * DAY + 600, &settings).0,
                Some(at(last)),
                "{switch}"
            );
            repository.mirror.as_mut().unwrap().scheduled = false;
            assert_eq!(
                facts(&mut repository, 9 * DAY, &settings).0,
                Some(at(last)),
                "{switch}"
            );
        }
    }

    #[test]
    fn a_source_can_need_credentials() {
        let settings = settings("repeat-start=409");
        let error = |order: Order, endpoint: &str| {
            let mut repository = repository(RunOutcome::Succeed);
            let mirror = repository.mirror.as_mut().unwrap();
            mirror.source.needs_credentials = true;
            mirror.endpoint_uuid = endpoint.to_owned();
            repository.start(order, at(0), &settings);
            repository.finish_due_runs(at(10), &settings);
            repository.mirror.unwrap().last_error
        };
        assert_eq!(error(order("a"), "").as_deref(), Some(UNAUTHENTICATED));
        assert_eq!(error(order("a"), "0123"), None);
        assert_eq!(
            error(
                Order {
                    authenticated: true,
                    ..order("a")
                },
                ""
            ),
            None
        );
        assert_eq!(
            error(
                Order {
                    error: Some("no".to_owned()),
                    ..order("a")
                },
                "0123"
            )
            .as_deref(),
            Some("no")
        );
    }

    #[test]
    fn a_mirror_without_a_url_fails() {
        let settings = settings("repeat-start=409");
        let mut repository = repository(RunOutcome::Succeed);
        repository.mirror.as_mut().unwrap().url.clear();
        repository.start(order("a"), at(0), &settings);
        assert_eq!(facts(&mut repository, 10, &settings), (None, 1, 1));
        assert_eq!(
            repository.mirror.unwrap().last_error.as_deref(),
            Some(NO_URL)
        );
    }

    #[test]
    fn a_scheduled_run_gets_an_id_when_a_request_needs_one() {
        let settings = settings("repeat-start=same-jid");
        let mut repository = repository(RunOutcome::Hang);
        let mirror = repository.mirror.as_mut().unwrap();
        (mirror.scheduled, mirror.next_scheduled_at) = (true, Some(at(0)));
        for jid in ["a", "b"] {
            assert_eq!(
                repository.start(order(jid), at(10), &settings),
                Started::Existing("a".to_owned())
            );
        }
    }
}
