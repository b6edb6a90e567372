//! Runs one mirror, and finds out how that ends: the service starts a run, and answers with a job that cannot be asked
//! for. What can be asked for is the mirror, whose state before the start is compared with the one after it.
//!
//! A start is never repeated because its answer is missing; what the mirror shows decides. Nothing is started beside a
//! run that is under way.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    step::{Around, failed, hint, is, look},
    verify::difference,
};
use crate::{
    diagnostics::visible,
    kind::mirror,
    moment::Moment,
    plan::{Change, Run},
    refresh::clock,
    report::{Fate, RunEnd},
    state::{LiveResource, MirrorState},
    transport::{client::CallError, trace::Trace},
    wire::error::Class,
};

/// The waits between two looks at a mirror that is run: each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How often a missing answer is looked for, and how often a start is sent at most that showed no effect.
const LOOKS: u32 = 4;
const STARTS: u32 = 3;

/// A run that is older is dead, whatever the mirror's state says: services lose runs when they are restarted.
const DEAD_AFTER_SECONDS: i64 = 24 * 60 * 60;

/// What a run works with.
pub(super) struct Runner<'a> {
    pub(super) around: Around<'a>,
    pub(super) change: &'a Change,
    pub(super) run: &'a Run,
    /// What is sent is told here.
    pub(super) trace: &'a Trace,
}

/// One look at the mirror.
struct Seen {
    live: LiveResource,
    /// What the service's clock said, or else this machine's at the beginning.
    now: Moment,
}

impl Seen {
    fn state(&self) -> MirrorState {
        self.live.mirror.as_deref().cloned().unwrap_or_default()
    }
}

/// How a run that was watched ended.
enum End {
    Success(Box<LiveResource>),
    Failure(String),
    /// The time was over, or somebody stopped the apply.
    Unknown(String),
}

impl Runner<'_> {
    /// Runs the mirror if it is due, and waits for the end of that. `changed`: this apply wrote the configuration just
    /// now, so an earlier success says nothing.
    pub(super) async fn make(&self, changed: bool) -> Fate {
        let begin = Instant::now();
        let seen = match self.look().await {
            Ok(seen) => seen,
            Err((problem, hint)) => return self.not_run(&problem, hint),
        };
        if !changed && self.is_needless(&seen) {
            return Fate::AsPlanned;
        }
        let seen = match self.let_others_finish(seen, changed, begin).await {
            Ok(seen) => seen,
            Err(fate) => return *fate,
        };
        let snapshot = seen.state();
        let job = match self.start(&snapshot).await {
            Ok(job) => job,
            Err(fate) => return *fate,
        };
        let Some(wait) = self.around.options.wait else { return Fate::Ran { job, end: RunEnd::NotAwaited } };
        self.fate(self.watch(&snapshot, begin + wait).await, job)
    }

    async fn look(&self) -> Result<Seen, (String, Option<&'static str>)> {
        let (address, wire) = (&self.change.address, self.change.address.kind().wire);
        match look(self.around.client, address.kind(), &wire.read(self.change.subject()), self.trace).await {
            Ok(None) => Err(("it is no mirror any more".to_owned(), None)),
            Ok(Some(response)) => match wire.decode_read(address, &response) {
                Ok(Some(live)) => Ok(Seen { live, now: clock(&response).unwrap_or(self.around.options.now) }),
                Ok(None) => Err(("it is no mirror any more".to_owned(), None)),
                Err(error) => Err((error.to_string(), None)),
            },
            Err(error) => Err((error.to_string(), hint(address, &error))),
        }
    }

    fn not_run(&self, problem: &str, hint: Option<&str>) -> Fate {
        failed(format!("not run: {problem}"), hint)
    }

    /// Whether somebody else had it run since the plan was made, and recently enough.
    fn is_needless(&self, seen: &Seen) -> bool {
        let success = seen.state().last_success;
        let is_new = success.as_ref().map(|stamp| &stamp.text) != self.run.last_success.as_ref();
        is_new && success.is_some_and(|stamp| !stamp.moment.is_older_than(self.run.max_age, seen.now))
    }

    /// Waits for a run that somebody else started; it may be all that is needed. What it is to be started on afterwards
    /// is returned.
    async fn let_others_finish(&self, seen: Seen, changed: bool, begin: Instant) -> Result<Seen, Box<Fate>> {
        let state = seen.state();
        if !mirror::is_in_flight(&state) {
            return Ok(seen);
        }
        let is_young = |stamp: &crate::moment::Stamp| seen.now.0.saturating_sub(stamp.moment.0) < DEAD_AFTER_SECONDS;
        // The first run of a mirror has no attempt before it: nothing says that it is dead, and so it is not.
        let alive = state.last_attempt.as_ref().is_none_or(is_young);
        let Some(wait) = self.around.options.wait else {
            return match (alive, changed) {
                (false, _) => Ok(seen),
                (true, false) => Err(Box::new(Fate::UnderWay { problem: None })),
                (true, true) => Err(Box::new(under_way("it began before the change".to_owned(), changed))),
            };
        };
        // One that seems dead may have begun just now: half of the time is for finding out.
        let until = begin + if alive { wait } else { wait / 2 };
        match self.watch(&state, until).await {
            End::Unknown(problem) if alive || self.around.stop.is_asked() => Err(Box::new(under_way(problem, changed))),
            End::Success(live) if !changed => Err(Box::new(self.stuck(&live).unwrap_or(Fate::AsPlanned))),
            _ => self.look().await.map_err(|(problem, hint)| Box::new(self.not_run(&problem, hint))),
        }
    }

    /// Starts a run. `Ok` holds the job, if the service named it.
    async fn start(&self, snapshot: &MirrorState) -> Result<Option<String>, Box<Fate>> {
        let login = self.around.options.logins.get(&self.change.address);
        let request = mirror::start(self.change.subject(), self.run.force, &self.run.endpoint, login);
        let mut sent = 0;
        loop {
            sent += 1;
            let error = match self.around.client.write_traced(&request, &[], self.trace).await {
                Ok(response) => return Ok(mirror::job(&response)),
                Err(error) => error,
            };
            let may_have_started = matches!(error.class(), None | Some(Class::ServerError | Class::Unavailable));
            if !may_have_started {
                let fate = failed(format!("not run: {error}"), hint(&self.change.address, &error));
                return Err(Box::new(fate));
            }
            if self.shows_life(snapshot, &error).await? {
                return Ok(None);
            }
            if sent >= STARTS || (error.class() == Some(Class::ServerError) && sent > 1) {
                return Err(Box::new(failed(format!("not run: {error}"), hint(&self.change.address, &error))));
            }
        }
    }

    /// Whether something happened to the mirror since the snapshot: then a start whose answer is missing was heard.
    async fn shows_life(&self, snapshot: &MirrorState, error: &CallError) -> Result<bool, Box<Fate>> {
        let mut wait = FIRST_WAIT;
        for _ in 0..LOOKS {
            tokio::time::sleep(wait).await;
            wait *= 2;
            let state = match self.look().await {
                Ok(seen) => seen.state(),
                Err((unread, _)) => {
                    let said = format!("{error}; whether it runs is not known, because it could not be read: {unread}");
                    return Err(Box::new(Fate::Ran { job: None, end: RunEnd::Unknown(said) }));
                }
            };
            if mirror::is_in_flight(&state) || state != *snapshot {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks at the mirror until it tells how the run ended.
    async fn watch(&self, snapshot: &MirrorState, until: Instant) -> End {
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
                Ok(seen) => match verdict(snapshot, &seen.state()) {
                    Some(Ok(())) => return End::Success(Box::new(seen.live)),
                    Some(Err(said)) => return End::Failure(said),
                    None => problem = None,
                },
                Err((unread, _)) => problem = Some(format!("it could not be read: {unread}")),
            }
        }
    }

    fn fate(&self, end: End, job: Option<String>) -> Fate {
        match end {
            End::Success(live) => self.stuck(&live).unwrap_or(Fate::Ran { job, end: RunEnd::Succeeded }),
            End::Failure(said) => {
                let message = format!("the run failed: {said}");
                let hint = Some("mend what the service complains about, and apply again".to_owned());
                Fate::Failed { message, hint, restored: false, job }
            }
            End::Unknown(problem) => Fate::Ran { job, end: RunEnd::Unknown(problem) },
        }
    }

    /// A configuration that is not as written, which the last look shows too.
    fn stuck(&self, live: &LiveResource) -> Option<Fate> {
        let after = self.change.action.after();
        (!is(self.change.address.kind(), Some(live), after)).then(|| {
            let said = difference(self.change, Some(live));
            failed(format!("did not stick: {said}"), Some("somebody else may be writing; plan again"))
        })
    }
}

/// Somebody else's run that did not end. A change that was made before is not forgotten.
fn under_way(problem: String, changed: bool) -> Fate {
    if changed {
        let said = format!("a run of somebody else is under way: {problem}");
        return Fate::Ran { job: None, end: RunEnd::Unknown(said) };
    }
    Fate::UnderWay { problem: Some(problem) }
}

/// What became of a run that was started on the snapshot; nothing, while that cannot be told. Clocks are not asked.
fn verdict(snapshot: &MirrorState, state: &MirrorState) -> Option<Result<(), String>> {
    let succeeded = match (&snapshot.last_success, &state.last_success) {
        (None, Some(_)) => true,
        (Some(before), Some(after)) => {
            after.moment > before.moment || (after.moment == before.moment && after.text != before.text)
        }
        (_, None) => false,
    };
    let new_error = state.last_error.as_ref().filter(|said| Some(*said) != snapshot.last_error.as_ref());
    if succeeded {
        Some(Ok(()))
    } else if state.failures > snapshot.failures || new_error.is_some() {
        let said = state.last_error.as_deref().map_or_else(|| "the service does not say why".to_owned(), visible);
        Some(Err(said))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Stamp;

    fn state(success: &str, failures: u64, error: &str) -> MirrorState {
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        MirrorState {
            last_success: Stamp::parse(success, None),
            failures,
            last_error: filled(error),
            ..MirrorState::default()
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
            (state(old, 2, "no route"), state(new, 2, "no route"), Some(Ok(()))),
            (state(old, 2, "no route"), state(old, 3, "no route"), failed("no route")),
            (state(old, 2, "no route"), state(old, 2, "no\nlogin"), failed("no\\nlogin")),
            (state(old, 2, ""), state(old, 3, ""), failed("the service does not say why")),
            (state(old, 0, ""), state("2026-11-20T18:00:00+08:00", 0, ""), Some(Ok(()))),
            (state(new, 0, ""), state(old, 0, ""), None),
        ] {
            assert_eq!(verdict(&before, &after), expected, "{before:?} -> {after:?}");
        }
    }
}
