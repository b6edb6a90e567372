//! Runs one mirror, and finds out how that ends: the service starts a run, and answers with a job
//! that cannot be asked for. What can be asked for is the mirror, whose state before the start is
//! compared with the one after it.
//!
//! Each start is sent right behind a look at the mirror, and only if that shows what the plan saw:
//! the login goes to the `url` that was reviewed and to no other. A start is never repeated because
//! its answer is missing; what the mirror shows decides. Nothing is started beside a run that is
//! under way.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Around,
    check::check,
    observe::{difference, failed, hint, matches, moved, unstuck},
};
use crate::{
    kind::Runs,
    plan::{Change, Run},
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

/// The waits between two looks at a mirror that is run: each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often a missing answer is looked for, and how often a start is sent at most that showed no
/// effect.
const LOOKS: u32 = 4;
const STARTS: u32 = 3;

/// A run that is older is dead, whatever the mirror's state says: services lose runs when they are
/// restarted.
const DEAD_AFTER_SECONDS: i64 = 24 * 60 * 60;

/// What a run works with.
pub(super) struct Runner<'a> {
    around: Around<'a>,
    change: &'a Change,
    run: &'a Run,
    runs: &'static Runs,
    /// What is sent is noted here.
    trace: &'a Trace,
    /// This apply wrote the configuration just now, so an earlier success says nothing.
    changed: bool,
    /// What the first look showed.
    pub(super) first: Option<LiveResource>,
}

/// One look at the mirror.
struct Look {
    live: LiveResource,
    /// What the service's clock said, or else this machine's at the beginning.
    now: Moment,
}

impl Look {
    fn state(&self) -> RunState {
        self.live.runs.as_deref().cloned().unwrap_or_default()
    }
}

/// Why a run was not started, or what is known instead.
type NotStarted = Box<Fate>;

/// How a run that was watched ended.
enum End {
    Success(Box<LiveResource>),
    Failure(String),
    /// The time was over, or somebody stopped the apply.
    Unknown(String),
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        around: Around<'a>,
        change: &'a Change,
        (run, runs): (&'a Run, &'static Runs),
        trace: &'a Trace,
        changed: bool,
    ) -> Runner<'a> {
        Runner {
            around,
            change,
            run,
            runs,
            trace,
            changed,
            first: None,
        }
    }

    /// Runs the mirror if it is due, and waits for the end of that.
    pub(super) async fn make(&mut self) -> Fate {
        let begin = Instant::now();
        let login = self.around.options.logins.get(&self.change.address);
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
        let Some(wait) = self.around.options.wait else {
            return Fate::Ran {
                job,
                end: RunEnd::NotAwaited,
            };
        };
        self.fate(self.watch(&snapshot, begin + wait).await, job)
    }

    /// Starts a run: the state that it was started on, and the job if the service named it.
    async fn start(
        &mut self,
        start: &Request,
        begin: Instant,
    ) -> Result<(RunState, Option<String>), NotStarted> {
        let (mut throttled, mut doubtful) = (Retries::default(), 0);
        // What the mirror showed before the first start that may have been heard.
        let mut snapshot = None;
        // A run that was waited for and did not end is taken for dead.
        let mut is_waited_for = false;
        loop {
            let (look, mut admission) = self.look_to_start(start).await?;
            let state = look.state();
            if let Some(snapshot) = snapshot.take_if(|snapshot| self.shows_life(snapshot, &state)) {
                return Ok((snapshot, None));
            }
            if !self.changed && self.is_needless(&look) {
                return Err(Box::new(Fate::AsPlanned));
            }
            if (self.runs.is_in_flight)(&state) && !is_waited_for {
                // The place in flight is for others meanwhile.
                drop(admission);
                self.let_others_finish(&look, begin).await?;
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
                if self.was_heard(snapshot, &failed.error).await? {
                    return Ok((snapshot.clone(), None));
                }
                let is_spent = doubtful >= STARTS
                    || (failed.error.class() == Some(Class::ServerError) && doubtful > 1);
                if is_spent {
                    return Err(Box::new(self.refused(&failed.error)));
                }
            } else if !failed.error.is_transient()
                || !throttled.wait(self.around.client, start, &failed).await
            {
                return Err(Box::new(self.refused(&failed.error)));
            }
        }
    }

    /// Looks at the mirror from the place that the start will be sent from, until it shows what the
    /// plan saw, or what this apply wrote.
    async fn look_to_start(
        &mut self,
        start: &Request,
    ) -> Result<(Look, Admission<'a>), NotStarted> {
        let mut wait = FIRST_WAIT;
        let mut looks = 1;
        loop {
            let client = self.around.client;
            let behind = [start];
            let checked = check(
                client,
                self.change.subject(),
                View::Values,
                &behind,
                self.trace,
            )
            .await;
            let look = checked.seen.and_then(|seen| self.looked(seen));
            let look = look.map_err(|failure| Box::new(not_run(&failure)))?;
            let Some(admission) = checked.admission else {
                continue;
            };
            self.first.get_or_insert_with(|| look.live.clone());
            let live = Some(&look.live);
            if matches(self.change.address.kind(), live, self.change.action.after()) {
                return Ok((look, admission));
            }
            drop(admission);
            // What was written just now may show late.
            if !self.changed || looks > LOOKS {
                return Err(Box::new(self.not_as_planned(&look)));
            }
            tokio::time::sleep(wait).await;
            (wait, looks) = (wait * 2, looks + 1);
        }
    }

    fn not_as_planned(&self, look: &Look) -> Fate {
        if self.changed {
            return self.did_not_stick(&look.live);
        }
        let differences = self.change.precondition.check(Some(&look.live));
        if differences.is_empty() {
            return moved(&[difference(self.change, Some(&look.live))]);
        }
        moved(&differences)
    }

    /// A look that nothing is sent behind.
    async fn look(&self) -> Result<Look, ReadFailure> {
        let subject = self.change.subject();
        let seen = observe::observe(self.around.client, subject, self.trace).await?;
        self.looked(seen)
    }

    fn looked(&self, seen: Observation) -> Result<Look, ReadFailure> {
        match seen.live {
            Some(live) => Ok(Look {
                live,
                now: seen.now.unwrap_or(self.around.options.now),
            }),
            None => Err(ReadFailure {
                subject: self.change.address.to_string(),
                message: format!("it is not a {} any more", self.change.address.kind().name),
                hint: None,
            }),
        }
    }

    /// Whether something happened to the resource since the snapshot.
    fn shows_life(&self, snapshot: &RunState, state: &RunState) -> bool {
        (self.runs.is_in_flight)(state) || state != snapshot
    }

    fn refused(&self, error: &CallError) -> Fate {
        failed(
            format!("not run: {error}"),
            hint(&self.change.address, error),
        )
    }

    /// Whether another run succeeded since the plan was made, and recently enough.
    fn is_needless(&self, look: &Look) -> bool {
        let success = look.state().last_success;
        let is_new = success.as_ref().map(|stamp| &stamp.text) != self.run.last_success.as_ref();
        is_new && success.is_some_and(|stamp| stamp.moment.is_fresh(self.run.max_age, look.now))
    }

    /// Waits for a run already in progress, which may be enough: then its fate is the error.
    async fn let_others_finish(&self, look: &Look, begin: Instant) -> Result<(), NotStarted> {
        let state = look.state();
        let is_young = |stamp: &Stamp| {
            let age = look.now.0.saturating_sub(stamp.moment.0);
            age < DEAD_AFTER_SECONDS && !stamp.moment.is_ahead_of(look.now)
        };
        // The first run of a mirror has no attempt before it: nothing says that it is dead, and so
        // it is not.
        let alive = state.last_attempt.as_ref().is_none_or(is_young);
        let Some(wait) = self.around.options.wait else {
            return match (alive, self.changed) {
                (false, _) => Ok(()),
                (true, false) => Err(Box::new(Fate::UnderWay { problem: None })),
                (true, true) => Err(Box::new(under_way(
                    "it began before the change".to_owned(),
                    self.changed,
                ))),
            };
        };
        // One that seems dead may have begun just now: half of the time is for finding out.
        let until = begin + if alive { wait } else { wait / 2 };
        match self.watch(&state, until).await {
            End::Unknown(problem) if alive || self.around.stop.is_asked() => {
                Err(Box::new(under_way(problem, self.changed)))
            }
            End::Success(live) if !self.changed => {
                Err(Box::new(self.stuck(&live).unwrap_or(Fate::AsPlanned)))
            }
            _ => Ok(()),
        }
    }

    /// Whether something happened to the mirror since the snapshot: then a start whose answer is
    /// missing was heard.
    async fn was_heard(&self, snapshot: &RunState, error: &CallError) -> Result<bool, NotStarted> {
        let mut wait = FIRST_WAIT;
        for _ in 0..LOOKS {
            tokio::time::sleep(wait).await;
            wait *= 2;
            let state = match self.look().await {
                Ok(look) => look.state(),
                Err(ReadFailure {
                    message: unread, ..
                }) => {
                    let said = format!(
                        "{error}; whether it runs is not known, because it could not be read: \
                        {unread}"
                    );
                    return Err(Box::new(Fate::Ran {
                        job: None,
                        end: RunEnd::Unknown(said),
                    }));
                }
            };
            if self.shows_life(snapshot, &state) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks at the mirror until it tells how the run ended.
    async fn watch(&self, snapshot: &RunState, until: Instant) -> End {
        let mut wait = FIRST_WAIT;
        let mut problem = None;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.around.stop.is_asked() {
                let said = problem.unwrap_or_else(|| "it has not ended yet".to_owned());
                return End::Unknown(said);
            }
            tokio::select! {
                () = tokio::time::sleep(wait.min(left)) => {}
                // The last look tells how far it is.
                () = self.around.stop.asked() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            match self.look().await {
                Ok(look) => match verdict(snapshot, &look.state(), look.now) {
                    Some(Ok(())) => return End::Success(Box::new(look.live)),
                    Some(Err(said)) => return End::Failure(said),
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

    fn fate(&self, end: End, job: Option<String>) -> Fate {
        match end {
            End::Success(live) => self.stuck(&live).unwrap_or(Fate::Ran {
                job,
                end: RunEnd::Succeeded,
            }),
            End::Failure(said) => {
                let message = format!("the run failed: {said}");
                let hint =
                    Some("fix what the service reports, and apply again".to_owned());
                Fate::Failed {
                    message,
                    hint,
                    restored: false,
                    job,
                }
            }
            End::Unknown(problem) => Fate::Ran {
                job,
                end: RunEnd::Unknown(problem),
            },
        }
    }

    /// A configuration that is not as written, which the last look shows too.
    fn stuck(&self, live: &LiveResource) -> Option<Fate> {
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
            Some(unstuck(self.change, Some(live))),
        )
    }
}

fn not_run(failure: &ReadFailure) -> Fate {
    failed(
        format!("not run: {}", failure.message),
        failure.hint.as_deref(),
    )
}

/// Somebody else's run that did not end. A change that was made before is not forgotten.
fn under_way(problem: String, changed: bool) -> Fate {
    if changed {
        let said = format!("another run is in progress: {problem}");
        return Fate::Ran {
            job: None,
            end: RunEnd::Unknown(said),
        };
    }
    Fate::UnderWay {
        problem: Some(problem),
    }
}

/// What became of a run that was started on the snapshot; nothing, while that is not known. The
/// service's own times are compared with each other. Only a success in the snapshot that lies ahead
/// of its clock says nothing about order.
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
    let new_error = state
        .last_error
        .as_ref()
        .filter(|said| Some(*said) != snapshot.last_error.as_ref());
    if succeeded {
        Some(Ok(()))
    } else if state.failures > snapshot.failures || new_error.is_some() {
        let said = state
            .last_error
            .as_deref()
            .unwrap_or("the service gives no reason")
            .to_owned();
        Some(Err(said))
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
    fn the_snapshot_decides_how_a_run_ended() {
        let (old, new) = ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z");
        let failed = |said: &str| Some(Err(said.to_owned()));
        for (before, after, expected) in [
            (state("", 0, ""), state("", 0, ""), None),
            (state("", 0, ""), state(new, 0, ""), Some(Ok(()))),
            (state(old, 2, "no route"), state(old, 2, "no route"), None),
            (state(old, 2, "no route"), state(new, 0, ""), Some(Ok(()))),
            // An error that stays, and failures that are counted in all.
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
    fn a_success_ahead_of_the_clock_hides_no_later_one() {
        let now = Moment::of_http("Fri, 20 Nov 2026 12:00:00 GMT").unwrap();
        let (ahead, real) = (
            state("2099-01-01T00:00:00Z", 0, ""),
            state("2026-11-20T11:59:00Z", 0, ""),
        );
        assert_eq!(verdict(&ahead, &real, now), Some(Ok(())));
        assert_eq!(verdict(&ahead, &ahead, now), None);
    }
}
