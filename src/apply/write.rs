//! Sends the writes of one change. Each directly follows the read that shows what it would change
//! or destroy.
//!
//! A check and its write are admitted together: the place in flight and the places in the rate
//! limit are taken for both before the check is sent, so that no other request delays the write.
//! Each retry begins with a new check, because the object may have changed while the service was
//! busy. If the precondition fails, nothing is sent.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    carry::filled,
    check::check,
    observe::{changed_since_plan, failed, matches, refused, unchecked},
};
use crate::{
    kind::Subject,
    plan::{Change, Precondition},
    refresh::observe::{self, Observation, View},
    report::{Fate, Seen},
    state::{Attributes, LiveResource, ReadFailure},
    time::Moment,
    transport::{
        client::{Admission, CallError, Client, Failed, Purpose, Retries},
        trace::Trace,
    },
    wire::{Request, Response, error::Class},
};

/// The largest age of a check when its write is sent. It is exceeded only if the responses are
/// slow.
const MAX_AGE: Duration = Duration::from_secs(2);

/// How often a check that is too old is repeated for one write.
const MORE_CHECKS: u32 = 2;

/// The waits for a write to become visible before the next write of the same change is checked.
// SWR is taken to show each write at once (swr-api: section 16), CodeArts Repo is known not to
// (codearts-repo-api: section 4.2). Ten seconds in all.
const LAGS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(4),
];

/// The outcome of a write.
pub(super) enum Settled {
    Done,
    /// The check showed that nothing has to be sent.
    AsPlanned,
    /// A read shows the result. It is unknown which try caused it, or whether another client did.
    Found,
    /// The service refused, or nothing was sent.
    Refused(Fate),
    /// It may have had an effect.
    Unknown(Fate),
}

/// How certain the outcome of a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// The service accepted the write, so the live object is the one that this apply wrote.
    Own,
    /// The outcome is known, but another client may have caused it.
    Known,
    /// The write may have had an effect.
    Doubtful,
}

/// The condition for a write.
#[derive(Clone, Copy)]
pub(super) enum Guard<'a> {
    /// The plan's precondition.
    Planned(&'a Precondition),
    /// What the previous write of the same change left. `None`: no object.
    Left(Option<&'a Attributes>),
}

impl Guard<'_> {
    fn expects_nothing(self) -> bool {
        match self {
            Guard::Planned(precondition) => !precondition.exists,
            Guard::Left(left) => left.is_none(),
        }
    }
}

/// The response to a check, shared by the changes of a unit.
#[derive(Debug)]
pub(super) struct Shared {
    answer: Result<Response, CallError>,
    since: Instant,
    trace: Trace,
}

/// What is known about the object before the next write.
enum Known {
    /// It cannot exist: this apply created its parent.
    New,
    /// Another change of the unit read it.
    Shared,
    /// It was read at that time.
    Since(Instant),
    Nothing,
}

/// Writes one change.
pub(super) struct Writer<'w> {
    client: &'w Client,
    change: &'w Change,
    trace: &'w Trace,
    admission: Option<Admission<'w>>,
    known: Known,
    /// The response to the last check, for the other changes of the unit.
    pub(super) shared: Option<Shared>,
    /// The state at the first check.
    pub(super) before: Option<Seen>,
    /// The last state in which a check found the object.
    last: Option<LiveResource>,
    /// Whether a write was sent.
    pub(super) wrote: bool,
    /// The time, where an answer has none.
    now: Moment,
}

/// One write of a change, and the request that follows without another check.
pub(super) struct Write<'a> {
    pub(super) request: &'a Request,
    pub(super) guard: Guard<'a>,
    /// What a read shows after it. `None`: no object.
    pub(super) goal: Option<&'a Attributes>,
    pub(super) next: Option<&'a Request>,
}

impl<'w> Writer<'w> {
    /// `is_new`: this apply created the object's parent. `shared`: the check of another change of
    /// the unit.
    pub(super) fn new(
        client: &'w Client,
        change: &'w Change,
        trace: &'w Trace,
        is_new: bool,
        shared: Option<Shared>,
        now: Moment,
    ) -> Writer<'w> {
        let known = match &shared {
            _ if is_new => Known::New,
            Some(_) => Known::Shared,
            None => Known::Nothing,
        };
        let (admission, before, last, wrote) = (None, None, None, false);
        Writer {
            client,
            change,
            trace,
            admission,
            known,
            shared,
            before,
            last,
            wrote,
            now,
        }
    }

    fn subject(&self) -> Subject<'w> {
        self.change.subject()
    }

    fn view(&self) -> View {
        if self.change.precondition.stays.is_some() {
            View::Counted
        } else if self.change.action.after().is_none() {
            View::BeforeDelete
        } else if self.change.action.before().is_none() {
            View::BeforeCreate
        } else {
            View::Values
        }
    }

    /// Sends a write, with retries, until its outcome is known or no retry is left.
    pub(super) async fn settle(&mut self, write: Write<'_>) -> Settled {
        let mut tries = WriteTries::default();
        if let Some(settled) = self.use_shared(&write) {
            return settled;
        }
        loop {
            if !self.is_fresh() {
                // This admission does not cover another check, so a new one is needed.
                self.admission = None;
                match self.check(&write, &mut tries).await {
                    Ok(None) => {}
                    Ok(Some(settled)) => return settled,
                    Err(failure) => return tries.unread(&failure),
                }
            } else if self.admission.is_none() {
                match self
                    .client
                    .admit(write.request, write.next.as_slice())
                    .await
                {
                    Ok(admission) => self.admission = Some(admission),
                    Err(error) => return Settled::Refused(refused(&self.change.address, &error)),
                }
            }
            // The last read, or the wait for its admission, may itself have taken too long.
            if !self.is_fresh() {
                tries.too_old += 1;
                if tries.too_old > MORE_CHECKS {
                    return tries.too_slow();
                }
                continue;
            }
            let Some(admission) = self.admission.take() else {
                continue;
            };
            let request = match filled(write.request, write.goal, self.change, self.last.as_ref()) {
                Ok(request) => request,
                Err(fate) => return Settled::Refused(fate),
            };
            let failed = match self.send(&request, admission).await {
                Ok(()) => return Settled::Done,
                Err(failed) => failed,
            };
            if let Some(settled) = self.refusal(&write, &failed.error).await {
                return settled;
            }
            // Once set it stays: a later definite answer does not show what an earlier try did.
            tries.doubtful |= failed.error.is_doubtful();
            tries.last = Some(failed.error.clone());
            if !tries.writes.wait(self.client, write.request, &failed).await {
                return self.give_up(&write, &tries, &failed.error).await;
            }
        }
    }

    fn is_fresh(&self) -> bool {
        match self.known {
            Known::New => true,
            Known::Since(at) => at.elapsed() <= MAX_AGE,
            Known::Shared | Known::Nothing => false,
        }
    }

    /// Judges by the check of another change of the unit, unless that is too old.
    fn use_shared(&mut self, write: &Write<'_>) -> Option<Settled> {
        let shared = self
            .shared
            .as_ref()
            .filter(|_| matches!(self.known, Known::Shared))?;
        self.known = Known::Since(shared.since);
        // An error is used at any age. It was retried already, and each sibling would retry it
        // again.
        if shared.answer.is_ok() && !self.is_fresh() {
            return None;
        }
        self.trace.append(&shared.trace);
        match observe::decode(self.subject(), &shared.answer) {
            Ok(seen) => self.judge(write, &seen, None),
            Err(failure) => Some(Settled::Refused(unchecked(&failure))),
        }
    }

    /// Checks again. `Some`: nothing must be sent.
    async fn check(
        &mut self,
        write: &Write<'_>,
        tries: &mut WriteTries,
    ) -> Result<Option<Settled>, ReadFailure> {
        let mut waits = LAGS.into_iter();
        loop {
            let seen = self.observe(write).await?;
            let Some(wait) = waits.next().filter(|_| self.lags(write, &seen)) else {
                return Ok(self.judge(write, &seen, Some(tries)));
            };
            // Releases the place in flight during the wait.
            self.admission = None;
            tokio::time::sleep(wait).await;
        }
    }

    async fn observe(&mut self, write: &Write<'_>) -> Result<Observation, ReadFailure> {
        let mut behind = vec![write.request];
        behind.extend(write.next);
        // A trace of its own, because the siblings that share this check list its requests too.
        let trace = Trace::default();
        let checked = check(self.client, self.subject(), self.view(), &behind, &trace).await;
        self.trace.append(&trace);
        self.admission = checked.admission;
        self.known = Known::Since(checked.since);
        self.shared = checked.answer.map(|answer| Shared {
            answer,
            since: checked.since,
            trace,
        });
        checked.seen
    }

    /// Whether a read still shows the object as it was before this change wrote to it: reads may
    /// lag behind writes.
    fn lags(&self, write: &Write<'_>, seen: &Observation) -> bool {
        let Guard::Left(left) = write.guard else {
            return false;
        };
        let is_old = self
            .before
            .as_ref()
            .is_some_and(|before| before.as_deref() == seen.live.as_ref());
        self.wrote && is_old && !matches(self.change.address.kind(), seen.live.as_ref(), left)
    }

    /// Judges an observation. `None`: the write may be sent.
    fn judge(
        &mut self,
        write: &Write<'_>,
        seen: &Observation,
        tries: Option<&WriteTries>,
    ) -> Option<Settled> {
        let (kind, live) = (self.change.address.kind(), seen.live.as_ref());
        // Only the first time: later checks may show what this change wrote itself.
        self.before
            .get_or_insert_with(|| seen.live.clone().map(Box::new));
        if live.is_some() {
            self.last.clone_from(&seen.live);
        }
        let doubtful = tries.is_some_and(|tries| tries.doubtful);
        // Before the guard, which would take the effect of the lost try for a concurrent change.
        if doubtful && matches(kind, live, write.goal) {
            return Some(Settled::Found);
        }
        let mut differences = match write.guard {
            // An object that is already as planned needs no write. So an interrupted saved plan can
            // be applied again.
            Guard::Planned(_) if matches(kind, live, self.change.action.after()) => {
                return Some(Settled::AsPlanned);
            }
            Guard::Planned(precondition) => precondition.check(live),
            Guard::Left(left) if matches(kind, live, left) => Vec::new(),
            Guard::Left(_) if matches(kind, live, write.goal) => return Some(Settled::Found),
            Guard::Left(_) if self.lags(write, seen) => {
                let message = "not sent, because the previous write of this change is not visible \
                    yet";
                let fate = failed(
                    message.to_owned(),
                    Some("apply again: what was done is not repeated"),
                );
                return Some(if doubtful {
                    Settled::Unknown(fate)
                } else {
                    Settled::Refused(fate)
                });
            }
            Guard::Left(_) => {
                vec!["another client changed it during this change".to_owned()]
            }
        };
        differences.extend(self.lost(write, seen));
        if differences.is_empty() {
            return None;
        }
        let fate = changed_since_plan(&differences);
        Some(match tries.and_then(|tries| tries.last.as_ref()) {
            Some(error) if doubtful => {
                let what = differences.join("; ");
                Settled::Unknown(failed(
                    format!("{error}; and it changed meanwhile: {what}"),
                    None,
                ))
            }
            _ => Settled::Refused(fate),
        })
    }

    /// What the service would delete because of this write although it must stay, as a message.
    fn lost(&self, write: &Write<'_>, seen: &Observation) -> Option<String> {
        let Change {
            address,
            action,
            precondition,
            ..
        } = self.change;
        // The old policy deletes nothing that it did not delete before.
        let after = action
            .after()
            .filter(|after| write.goal.is_none_or(|goal| goal == *after))?;
        let (collects, items) = (address.kind().collects?, seen.contents.as_ref()?);
        let count = (collects.count)(after, items, seen.now.unwrap_or(self.now));
        precondition
            .stays
            .as_ref()?
            .check(&count, collects.list.words)
    }

    async fn send(
        &mut self,
        request: &Request,
        mut admission: Admission<'w>,
    ) -> Result<(), Failed> {
        self.wrote = true;
        let gone_codes = self.change.address.kind().gone_codes;
        match admission
            .send(request, gone_codes, Purpose::Work, self.trace)
            .await
        {
            Ok(_) => {
                self.admission = Some(admission);
                // The state is known: it is what the write left.
                self.known = Known::Since(Instant::now());
                Ok(())
            }
            Err(failed) => {
                self.known = Known::Nothing;
                Err(failed)
            }
        }
    }

    /// The outcome of a failed write, if a retry cannot change it.
    async fn refusal(&mut self, write: &Write<'_>, error: &CallError) -> Option<Settled> {
        match error.class() {
            // An earlier try, or another client, deleted it. SWR reports that for some kinds with a
            // 400, which `gone_codes` turns into this class.
            Some(Class::Absent) if write.goal.is_none() => Some(Settled::Found),
            // A 409 means "exists already" only for a creation.
            Some(Class::Conflict) if write.guard.expects_nothing() => {
                Some(self.conflict(write, error).await)
            }
            _ if error.is_transient() => None,
            _ => Some(Settled::Refused(refused(&self.change.address, error))),
        }
    }

    /// Another client created it between the check and the write. That is fine if it equals the
    /// plan.
    async fn conflict(&self, write: &Write<'_>, error: &CallError) -> Settled {
        let address = &self.change.address;
        match observe::observe(self.client, self.subject(), self.trace)
            .await
            .map(|seen| seen.live)
        {
            Ok(live) if matches(address.kind(), live.as_ref(), write.goal) => Settled::Found,
            // Never patched: its values were not in the reviewed plan.
            Ok(Some(_)) => {
                let message = format!("{error}; it exists now, with other values");
                Settled::Refused(failed(message, Some("plan again")))
            }
            _ => Settled::Refused(refused(address, error)),
        }
    }

    /// No retry is left. One more read shows whether a try had an effect.
    async fn give_up(&self, write: &Write<'_>, tries: &WriteTries, error: &CallError) -> Settled {
        let address = &self.change.address;
        if !tries.doubtful {
            return Settled::Refused(refused(address, error));
        }
        match observe::observe(self.client, self.subject(), self.trace).await {
            Ok(seen) if matches(address.kind(), seen.live.as_ref(), write.goal) => Settled::Found,
            Ok(_) => Settled::Refused(refused(address, error)),
            Err(failure) => tries.unread(&failure),
        }
    }
}

/// The tries of one write.
#[derive(Default)]
struct WriteTries {
    writes: Retries,
    /// A try may have had an effect.
    doubtful: bool,
    last: Option<CallError>,
    /// How often a check was too old when its write could be sent.
    too_old: u32,
}

impl WriteTries {
    /// The check failed, so nothing more is sent.
    fn unread(&self, failure: &ReadFailure) -> Settled {
        match &self.last {
            Some(error) if self.doubtful => {
                let unread = &failure.message;
                let message = format!(
                    "{error}; its outcome is unknown, because it could not be read: {unread}"
                );
                Settled::Unknown(failed(
                    message,
                    Some("apply again: what was done is not repeated"),
                ))
            }
            _ => Settled::Refused(unchecked(failure)),
        }
    }

    fn too_slow(&self) -> Settled {
        let message = format!(
            "not sent, because the service is too slow: {} checks in a row were older than {} \
            seconds when they were complete",
            self.too_old,
            MAX_AGE.as_secs()
        );
        let fate = failed(message, Some("apply again when the service answers faster"));
        if self.doubtful {
            Settled::Unknown(fate)
        } else {
            Settled::Refused(fate)
        }
    }
}
