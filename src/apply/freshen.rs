//! Runs one mirror and finds out the result. The service returns a job that cannot be queried, so
//! the state of the mirror before the start is compared with the state afterwards.
//!
//! A start directly follows a read of the mirror, and is sent only if that shows what the plan saw:
//! the login must go to no other `url` than the reviewed one. A start without a response is
//! repeated only if the mirror shows no effect. No run is started while another one is in progress.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Env,
    check::check,
    observe::{changed_since_plan, did_not_stick_hint, difference, failed, hint, matches},
};
use crate::{
    kind::Runs,
    plan::{Change, Fetch},
    refresh::observe::{self, Observation, View},
    report::{Fate, RunEnd},
    state::{LiveResource, ReadFailure, RunState},
    time::{Moment, Stamp},
    transport::{
        client::{Admission, CallError, Purpose, Retries},
        trace::Trace,
    },
    wire::{Request, error::Class},
};

/// The waits between two reads of a running mirror. Each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
// A minute, because all users of a region share 600 reads of mirrors a minute (codearts-repo-api:
// section 6), and up to 200 runs are awaited at once.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often the mirror is read for the effect of a start without a response, and how often such a
/// start is sent.
// Four reads take 15 seconds: the waits are 1, 2, 4 and 8.
const READS: u32 = 4;
const STARTS: u32 = 3;

/// An older run counts as lost, whatever the mirror's status is: services lose runs when they
/// restart.
const LOST_AFTER_SECONDS: i64 = 24 * 60 * 60;

/// Runs one mirror.
pub(super) struct Runner<'a> {
    env: Env<'a>,
    change: &'a Change,
    run: &'a Fetch,
    runs: &'static Runs,
    /// Records the requests.
    trace: &'a Trace,
    /// This apply changed the configuration just now, so earlier successes do not count.
    changed: bool,
    /// The first observation.
    pub(super) first: Option<LiveResource>,
}

/// One observation of the mirror.
struct Observed {
    live: LiveResource,
    /// The time on the service's clock, or else on this machine's at the start of the apply.
    now: Moment,
}

impl Observed {
    fn state(&self) -> RunState {
        self.live.runs.as_deref().cloned().unwrap_or_default()
    }
}

/// The outcome if no run was started.
type NotStarted = Box<Fate>;

/// The result of watching a run.
enum Watched {
    Success(Box<LiveResource>),
    Failure(String),
    /// The wait was over, or the apply was stopped.
    Unknown(String),
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        env: Env<'a>,
        change: &'a Change,
        (run, runs): (&'a Fetch, &'static Runs),
        trace: &'a Trace,
        changed: bool,
    ) -> Runner<'a> {
        Runner {
            env,
            change,
            run,
            runs,
            trace,
            changed,
            first: None,
        }
    }

    /// Runs the mirror if it is still due, and waits for the result.
    pub(super) async fn make(&mut self) -> Fate {
        // Before the start, because the wait for another client's run counts too.
        let begin = Instant::now();
        let login = self.env.options.logins.get(&self.change.address);
        let start = (self.runs.start)(
            self.change.subject(),
            self.run.force,
            &self.run.endpoint,
            login,
        );
        let (snapshot, job) = match self.start(&start, begin).await {
            Ok(started) => started,
            Err(fate) => return *fate,
        };
        let Some(wait) = self.env.options.wait else {
            return Fate::Ran {
                job,
                end: RunEnd::NotAwaited,
            };
        };
        self.fate(self.watch(&snapshot, begin + wait).await, job)
    }

    /// Starts a run. Returns the state before the start, and the job's id if the service returned
    /// it.
    async fn start(
        &mut self,
        start: &Request,
        begin: Instant,
    ) -> Result<(RunState, Option<String>), NotStarted> {
        // Counted apart: a throttled start was not executed, so its retry needs no read of the
        // effect.
        let (mut throttled, mut doubtful) = (Retries::default(), 0);
        // The state before the first start that may have had an effect.
        let mut snapshot = None;
        // A run that did not end while it was waited for counts as lost.
        let mut is_waited_for = false;
        loop {
            let (observed, mut admission) = self.check_before_start(start).await?;
            let state = observed.state();
            // A start without a response can have its effect after `had_effect` stopped reading.
            // Another start here would be a second run beside it.
            if let Some(snapshot) = snapshot.take_if(|snapshot| self.has_changed(snapshot, &state))
            {
                return Ok((snapshot, None));
            }
            if !self.changed && self.has_newer_success(&observed) {
                return Err(Box::new(Fate::AsPlanned));
            }
            // What a start beside a run does is not documented: it may queue, join or fail
            // (codearts-repo-api: section 8.3).
            if (self.runs.is_in_flight)(&state) && !is_waited_for {
                // Releases the place in flight during the wait.
                drop(admission);
                self.wait_for_other_run(&observed, begin).await?;
                is_waited_for = true;
                continue;
            }
            let failed = match admission.send(start, &[], Purpose::Work, self.trace).await {
                Ok(response) => return Ok((snapshot.unwrap_or(state), (self.runs.job)(&response))),
                Err(failed) => failed,
            };
            drop(admission);
            if failed.error.is_doubtful() {
                doubtful += 1;
                let snapshot = snapshot.get_or_insert(state);
                if self.had_effect(snapshot, &failed.error).await? {
                    return Ok((snapshot.clone(), None));
                }
                // A 500 is repeated only once: it is rarely transient (swr-api: section 15).
                let is_spent = doubtful >= STARTS
                    || (failed.error.class() == Some(Class::ServerError) && doubtful > 1);
                if is_spent {
                    return Err(Box::new(self.refused(&failed.error)));
                }
            } else if !failed.error.is_transient()
                || !throttled.wait(self.env.client, start, &failed).await
            {
                return Err(Box::new(self.refused(&failed.error)));
            }
        }
    }

    /// Reads the mirror, with the admission for the start, until it shows what the plan saw or what
    /// this apply wrote.
    async fn check_before_start(
        &mut self,
        start: &Request,
    ) -> Result<(Observed, Admission<'a>), NotStarted> {
        let mut wait = FIRST_WAIT;
        let mut reads = 1;
        loop {
            let client = self.env.client;
            let behind = [start];
            let checked = check(
                client,
                self.change.subject(),
                View::Values,
                &behind,
                self.trace,
            )
            .await;
            let observed = checked.seen.and_then(|seen| self.observed(seen));
            let observed = observed.map_err(|failure| Box::new(not_run(&failure)))?;
            // An observation always comes with its admission; only the type does not show that.
            let Some(admission) = checked.admission else {
                continue;
            };
            self.first.get_or_insert_with(|| observed.live.clone());
            let live = Some(&observed.live);
            if matches(self.change.address.kind(), live, self.change.action.after()) {
                return Ok((observed, admission));
            }
            drop(admission);
            // Reads may lag behind the write.
            if !self.changed || reads > READS {
                return Err(Box::new(self.not_as_planned(&observed)));
            }
            tokio::time::sleep(wait).await;
            (wait, reads) = (wait * 2, reads + 1);
        }
    }

    fn not_as_planned(&self, observed: &Observed) -> Fate {
        if self.changed {
            return self.did_not_stick(&observed.live);
        }
        let differences = self.change.precondition.check(Some(&observed.live));
        // The precondition has the values before the change. If the mirror was already as planned
        // and another client reverted it, only the planned values show a difference.
        if differences.is_empty() {
            return changed_since_plan(&[difference(self.change, Some(&observed.live))]);
        }
        changed_since_plan(&differences)
    }

    /// Reads the mirror, without a request that follows.
    async fn read(&self) -> Result<Observed, ReadFailure> {
        let subject = self.change.subject();
        let seen = observe::observe(self.env.client, subject, self.trace).await?;
        self.observed(seen)
    }

    fn observed(&self, seen: Observation) -> Result<Observed, ReadFailure> {
        match seen.live {
            Some(live) => Ok(Observed {
                live,
                now: seen.now.unwrap_or(self.env.options.now),
            }),
            None => Err(ReadFailure {
                subject: self.change.address.to_string(),
                message: format!("it is not a {} any more", self.change.address.kind().name),
                hint: None,
            }),
        }
    }

    /// Whether a run is in progress, or the state changed since the snapshot.
    fn has_changed(&self, snapshot: &RunState, state: &RunState) -> bool {
        (self.runs.is_in_flight)(state) || state != snapshot
    }

    fn refused(&self, error: &CallError) -> Fate {
        failed(
            format!("not run: {error}"),
            hint(&self.change.address, error).as_deref(),
        )
    }

    /// Whether another run succeeded since the plan was made, and is recent enough.
    fn has_newer_success(&self, observed: &Observed) -> bool {
        let success = observed.state().last_success;
        let is_new = success.as_ref().map(|stamp| &stamp.text) != self.run.last_success.as_ref();
        is_new && success.is_some_and(|stamp| stamp.moment.is_fresh(self.run.max_age, observed.now))
    }

    /// Waits for a run already in progress, which may be enough: then its fate is the error.
    async fn wait_for_other_run(
        &self,
        observed: &Observed,
        begin: Instant,
    ) -> Result<(), NotStarted> {
        let state = observed.state();
        let is_young = |stamp: &Stamp| {
            let age = observed.now.0.saturating_sub(stamp.moment.0);
            age < LOST_AFTER_SECONDS && !stamp.moment.is_ahead_of(observed.now)
        };
        // During the first run there is no last attempt, so nothing shows that the run is lost.
        let is_alive = state.last_attempt.as_ref().is_none_or(is_young);
        let Some(wait) = self.env.options.wait else {
            return match (is_alive, self.changed) {
                (false, _) => Ok(()),
                (true, false) => Err(Box::new(Fate::InProgress { problem: None })),
                (true, true) => Err(Box::new(other_run_in_progress(
                    "it began before the change".to_owned(),
                    self.changed,
                ))),
            };
        };
        // A run that seems lost may have begun just now: half of the wait is for finding out, half
        // for the own run.
        let until = begin + if is_alive { wait } else { wait / 2 };
        match self.watch(&state, until).await {
            Watched::Unknown(problem) if is_alive || self.env.stop.is_asked() => {
                Err(Box::new(other_run_in_progress(problem, self.changed)))
            }
            // After a change that run is not enough: it may have begun with the old configuration.
            Watched::Success(live) if !self.changed => {
                Err(Box::new(self.stuck(&live).unwrap_or(Fate::AsPlanned)))
            }
            _ => Ok(()),
        }
    }

    /// Whether a start without a response had an effect: the mirror changed since the snapshot.
    async fn had_effect(&self, snapshot: &RunState, error: &CallError) -> Result<bool, NotStarted> {
        let mut wait = FIRST_WAIT;
        // Each read comes after a wait: the service may need a moment before it shows a run.
        for _ in 0..READS {
            tokio::time::sleep(wait).await;
            wait *= 2;
            let state = match self.read().await {
                Ok(observed) => observed.state(),
                Err(ReadFailure {
                    message: unread, ..
                }) => {
                    let problem = format!(
                        "{error}; its outcome is unknown, because the {} could not be read: \
                        {unread}",
                        self.change.address.kind().name
                    );
                    return Err(Box::new(Fate::Ran {
                        job: None,
                        end: RunEnd::Unknown(problem),
                    }));
                }
            };
            if self.has_changed(snapshot, &state) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the mirror until its state shows the result of the run.
    async fn watch(&self, snapshot: &RunState, until: Instant) -> Watched {
        let mut wait = FIRST_WAIT;
        let mut problem = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.env.stop.is_asked() {
                let problem = problem.unwrap_or_else(|| "it has not ended yet".to_owned());
                return Watched::Unknown(problem);
            }
            tokio::select! {
                () = tokio::time::sleep(wait.min(left)) => {}
                // One more read shows how far it is.
                () = self.env.stop.asked() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            match self.read().await {
                Ok(observed) => match verdict(snapshot, &observed.state(), observed.now) {
                    Some(Ok(())) => return Watched::Success(Box::new(observed.live)),
                    Some(Err(error)) => return Watched::Failure(error),
                    // An earlier read that failed is no problem once a later one shows the mirror.
                    None => problem = None,
                },
                Err(ReadFailure {
                    message: unread, ..
                }) => {
                    problem = Some(format!("it could not be read: {unread}"));
                }
            }
        }
    }

    fn fate(&self, end: Watched, job: Option<String>) -> Fate {
        match end {
            Watched::Success(live) => self.stuck(&live).unwrap_or(Fate::Ran {
                job,
                end: RunEnd::Succeeded,
            }),
            Watched::Failure(error) => {
                let message = format!("the run failed: {error}");
                let hint = Some("fix what the service reports, and apply again".to_owned());
                Fate::Failed {
                    message,
                    hint,
                    restored: false,
                    job,
                }
            }
            Watched::Unknown(problem) => Fate::Ran {
                job,
                end: RunEnd::Unknown(problem),
            },
        }
    }

    /// The outcome if the configuration did not stick.
    fn stuck(&self, live: &LiveResource) -> Option<Fate> {
        // A run that succeeded may have used the configuration of another client.
        let is_as_written = matches(
            self.change.address.kind(),
            Some(live),
            self.change.action.after(),
        );
        (!is_as_written).then(|| self.did_not_stick(live))
    }

    fn did_not_stick(&self, live: &LiveResource) -> Fate {
        let difference = difference(self.change, Some(live));
        failed(
            format!("did not stick: {difference}"),
            Some(did_not_stick_hint(self.change, Some(live))),
        )
    }
}

fn not_run(failure: &ReadFailure) -> Fate {
    failed(
        format!("not run: {}", failure.message),
        failure.hint.as_deref(),
    )
}

/// The outcome for another client's run that did not end. If this apply changed the mirror, that
/// counts too.
fn other_run_in_progress(problem: String, changed: bool) -> Fate {
    if changed {
        let problem = format!("another run is in progress: {problem}");
        return Fate::Ran {
            job: None,
            end: RunEnd::Unknown(problem),
        };
    }
    Fate::InProgress {
        problem: Some(problem),
    }
}

/// The result of a run that was started in the snapshot's state, if known. Times are compared only
/// with the service's own. A success that is ahead of the service's clock has no order.
fn verdict(snapshot: &RunState, state: &RunState, now: Moment) -> Option<Result<(), String>> {
    let succeeded = match (&snapshot.last_success, &state.last_success) {
        (None, Some(_)) => true,
        (Some(before), Some(after)) => {
            let is_later = after.moment > before.moment;
            let has_no_order = after.moment == before.moment || before.moment.is_ahead_of(now);
            is_later || (has_no_order && after.text != before.text)
        }
        (_, None) => false,
    };
    // Whether `number_of_failures` counts in all or in a row, and what resets it, is not documented
    // (codearts-repo-api: section 2.2). So a new error text shows a failure too.
    let new_error = state
        .last_error
        .as_ref()
        .filter(|error| Some(*error) != snapshot.last_error.as_ref());
    // First, because the service may keep the error of an earlier run after a success
    // (codearts-repo-api: section 2.2).
    if succeeded {
        Some(Ok(()))
    } else if state.failures > snapshot.failures || new_error.is_some() {
        let error = state
            .last_error
            .as_deref()
            .unwrap_or("the service gives no reason")
            .to_owned();
        Some(Err(error))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::{Foreign, Mask};

    fn state(success: &str, failures: u64, error: &str) -> RunState {
        let filled =
            |text: &str| (!text.is_empty()).then(|| Foreign::new(&Mask::default(), text, 100));
        RunState {
            last_success: Stamp::parse(success, None),
            failures,
            last_error: filled(error),
            ..RunState::default()
        }
    }

    #[test]
    fn a_run_is_judged_against_the_snapshot() {
        let (old, new) = ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
        let failed = |error: &str| Some(Err(error.to_owned()));
        for (before, after, expected) in [
            (state("", 0, ""), state("", 0, ""), None),
            (state("", 0, ""), state(new, 0, ""), Some(Ok(()))),
            (state(old, 2, "no route"), state(old, 2, "no route"), None),
            (state(old, 2, "no route"), state(new, 0, ""), Some(Ok(()))),
            // The error stays the same, but the number of failures grows.
            (
                state(old, 2, "no route"),
                state(new, 2, "no route"),
                Some(Ok(())),
            ),
            (
                state(old, 2, "no route"),
                state(old, 3, "no route"),
                failed("no route"),
            ),
            (
                state(old, 2, "no route"),
                state(old, 2, "no\nlogin"),
                failed("no\\nlogin"),
            ),
            (
                state(old, 2, ""),
                state(old, 3, ""),
                failed("the service gives no reason"),
            ),
            (
                state(old, 0, ""),
                state("2026-11-20T18:00:00+08:00", 0, ""),
                Some(Ok(())),
            ),
            (state(new, 0, ""), state(old, 0, ""), None),
        ] {
            let now = Moment::of_http("Fri, 20 Nov 2026 12:00:00 GMT").unwrap();
            assert_eq!(
                verdict(&before, &after, now),
                expected,
                "{before:?} -> {after:?}"
            );
        }
    }

    #[test]
    fn a_success_ahead_of_the_clock_does_not_hide_a_later_one() {
        let now = Moment::of_http("Fri, 20 Nov 2026 12:00:00 GMT").unwrap();
        let (ahead, real) = (
            state("2099-01-01T00:00:00Z", 0, ""),
            state("2026-11-20T11:59:00Z", 0, ""),
        );
        assert_eq!(verdict(&ahead, &real, now), Some(Ok(())));
        assert_eq!(verdict(&ahead, &ahead, now), None);
    }
}
