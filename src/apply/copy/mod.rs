//! Makes the run of a rule: the service copies what existed before the rule, and the lists of
//! source and target say what arrived.
//!
//! A new rule is copied for first and created then, however the copies ended: an interrupted apply
//! leaves no rule, and the next one begins again. What the target lacks after the creation is sent
//! once more. A service that wants the rule first refuses the first round, and the second one
//! copies everything. `batch` sends and follows one request.

mod batch;
mod outcome;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use self::{
    batch::{Batch, End},
    outcome::State,
};
use super::{
    Env,
    check::check,
    observe::{changed_since_plan, difference, failed, matches},
    write::{Certainty, Settled, Shared, Writer},
};
use crate::{
    address::Address,
    kind::copying::Copying,
    plan::{Action, Change, Copies},
    progress::{Event, Listener},
    refresh::{contents, observe::View, pages::Reader},
    report::{Copied, Fate, Record, RunEnd},
    transport::{
        client::{CallError, Client},
        trace::Trace,
    },
    wire::{Request, Response},
};

/// The waits for items to become visible at the target after their jobs succeeded.
const LAGS: [u32; 4] = [0, 1, 2, 4];

/// How often jobs are read: the first pause, and the longest. Each is half as long again as the one
/// before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    pub first: Duration,
    pub longest: Duration,
}

impl Pace {
    /// For a service that may be far away, and limits the rate of requests.
    pub const SERVICE: Pace = Pace {
        first: Duration::from_secs(2),
        longest: Duration::from_secs(15),
    };

    /// For one on this machine, such as the emulator, whose jobs take no time of their own.
    pub const LOCAL: Pace = Pace {
        first: Duration::from_millis(25),
        longest: Duration::from_secs(1),
    };
}

/// A change with a run that copies, as `make` needs it.
pub(super) struct Task<'a> {
    pub(super) change: &'a Change,
    pub(super) copies: &'a Copies,
    pub(super) copying: &'static Copying,
    pub(super) trace: &'a Trace,
    pub(super) listener: &'a Arc<dyn Listener>,
}

/// Makes the change and its run. `shared` is the check of a change of the same unit.
pub(super) async fn make(
    env: Env<'_>,
    task: Task<'_>,
    shared: &mut Option<Shared>,
) -> (Record, Certainty) {
    let Some(mut copier) = Copier::new(env, &task) else {
        let fate = failed("nothing to copy from or to".to_owned(), None);
        return (fate.into(), Certainty::Known);
    };
    if let Action::Run { .. } = task.change.action {
        let fate = match copier.check().await {
            Ok(()) => {
                copier.round(&task.copies.items).await;
                copier.fate()
            }
            Err(fate) => fate,
        };
        return (copier.record(fate), Certainty::Known);
    }
    copier.round(&task.copies.items).await;
    if let Some(fate) = copier.put_off() {
        return (copier.record(fate), Certainty::Known);
    }
    let now = env.options.now;
    let shared_before = shared.take();
    let mut writer = Writer::new(
        env.client,
        task.change,
        task.trace,
        false,
        shared_before,
        now,
    );
    let (settled, certainty) = match writer.perform(task.change).await {
        Settled::Done => (Ok(true), Certainty::Own),
        Settled::Found => (Ok(true), Certainty::Known),
        Settled::AsPlanned => (Ok(false), Certainty::Known),
        Settled::Refused(fate) => (Err(fate), Certainty::Known),
        Settled::Unknown(fate) => (Err(fate), Certainty::Doubtful),
    };
    let (before, wrote) = (writer.before.take(), writer.wrote);
    *shared = writer.shared.take();
    // Releases its place in flight: the run may wait for long.
    drop(writer);
    let was_made = matches!(settled, Ok(false));
    let fate = match settled {
        Ok(changed) => {
            copier.again().await;
            copier.fate_after(changed)
        }
        Err(fate) => copier.not_changed(fate),
    };
    let mut record = copier.record(fate);
    record.wrote |= wrote;
    record.was_made = was_made;
    record.before = before.or(record.before);
    (record, certainty)
}

/// Copies the items of one rule.
struct Copier<'a> {
    env: Env<'a>,
    change: &'a Change,
    copies: &'a Copies,
    copying: &'static Copying,
    trace: &'a Trace,
    listener: &'a Arc<dyn Listener>,
    source: Address,
    target: Address,
    /// What is known about each item.
    states: BTreeMap<String, State>,
    /// Whether a request to copy was sent.
    sent: bool,
    /// A read that failed, or a refusal, which concerns every item that is not decided.
    problem: Option<(String, Option<String>)>,
    record: Record,
}

impl<'a> Copier<'a> {
    fn new(env: Env<'a>, task: &Task<'a>) -> Option<Copier<'a>> {
        let rule = &task.change.address;
        Some(Copier {
            env,
            change: task.change,
            copies: task.copies,
            copying: task.copying,
            trace: task.trace,
            listener: task.listener,
            source: rule.parent()?,
            target: (rule.kind().expected_copy?)(rule)?,
            states: BTreeMap::new(),
            sent: false,
            problem: None,
            record: Record::from(Fate::AsPlanned),
        })
    }

    /// Reads the rule, which must be as the plan saw it.
    async fn check(&mut self) -> Result<(), Fate> {
        let subject = self.change.subject();
        let checked = check(self.env.client, subject, View::Values, &[], self.trace).await;
        let seen = checked.seen.map_err(|failure| {
            failed(
                format!("not run: {}", failure.message),
                failure.hint.as_deref(),
            )
        })?;
        self.record.before = Some(seen.live.clone().map(Box::new));
        let (kind, live) = (self.change.address.kind(), seen.live.as_ref());
        if matches(kind, live, self.change.action.after()) {
            return Ok(());
        }
        let mut differences = self.change.precondition.check(live);
        if differences.is_empty() {
            differences.push(difference(self.change, live));
        }
        Err(changed_since_plan(&differences))
    }

    /// Copies these, as far as they are at the source and not at the target.
    async fn round(&mut self, items: &[String]) {
        let (source, target) = match self.both().await {
            Ok(both) => both,
            Err(problem) => {
                self.mark(items, &State::NotSent);
                self.problem = Some(problem);
                return;
            }
        };
        let mut open = Vec::new();
        for item in items {
            let state = if target.contains(item) {
                State::There
            } else if source.contains(item) {
                open.push(item.clone());
                State::NotSent
            } else {
                State::Gone
            };
            self.states.insert(item.clone(), state);
        }
        self.tell();
        for batch in open.chunks(self.copying.batch) {
            if self.env.stop.is_asked() {
                return;
            }
            let (end, sent) = Batch::new(self, batch).make().await;
            self.sent |= sent;
            match end {
                // The rest is left to the next run.
                End::Started => {
                    self.mark(batch, &State::Open("started".to_owned()));
                    return;
                }
                End::Refused(problem) => {
                    self.mark(batch, &State::Failed(problem.0.clone()));
                    self.problem = Some(problem);
                    return;
                }
                End::Watched { seen, stalled } => {
                    let arrived = self.prove(batch, &seen).await;
                    // Where nothing arrives, or nothing moves, the others would only wait as long.
                    if stalled || !arrived {
                        return;
                    }
                }
            }
        }
    }

    /// What the target lacks after the rule was created: it is sent once more.
    async fn again(&mut self) {
        let (source, target) = match self.both().await {
            Ok(both) => both,
            Err(problem) => {
                self.problem.get_or_insert(problem);
                return;
            }
        };
        let left_out: BTreeSet<&String> = self.copies.left_out.iter().collect();
        let is_waited_for = |item: &String| matches!(self.states.get(item), Some(State::Open(_)));
        // In the order of the plan, and what was pushed since then behind.
        let planned = self
            .copies
            .items
            .iter()
            .filter(|item| source.contains(*item));
        let known: BTreeSet<&String> = planned.clone().collect();
        let new = source.iter().filter(|item| !known.contains(item));
        let lacking: Vec<String> = planned
            .chain(new)
            .filter(|item| !target.contains(*item) && !left_out.contains(item))
            .filter(|item| !is_waited_for(item))
            .cloned()
            .collect();
        for (item, state) in &mut self.states {
            if target.contains(item) {
                *state = State::There;
            } else if !source.contains(item) {
                *state = State::Gone;
            }
        }
        if !lacking.is_empty() {
            self.problem = None;
            self.round(&lacking).await;
        }
    }

    /// The names at the source and at the target.
    async fn both(&self) -> Result<(BTreeSet<String>, BTreeSet<String>), Problem> {
        let source = self.names(&self.source).await?;
        let target = self.names(&self.target).await?;
        Ok((source, target))
    }

    /// The names of one list. What does not exist has none.
    async fn names(&self, parent: &Address) -> Result<BTreeSet<String>, Problem> {
        let mut reader = Traced {
            client: self.env.client,
            trace: self.trace,
            is_absent: false,
        };
        match contents::list(&mut reader, parent, self.copying.list).await {
            Ok(listed) => Ok(listed.items.into_iter().map(|item| item.name).collect()),
            Err(_) if reader.is_absent => Ok(BTreeSet::new()),
            Err(failure) => {
                let message = format!("cannot read the {}: {}", failure.subject, failure.message);
                Err((message, failure.hint))
            }
        }
    }

    /// Decides by the list of the target. Returns whether any item is there or has a job.
    async fn prove(&mut self, batch: &[String], seen: &batch::Seen) -> bool {
        let mut target = Err((String::new(), None));
        for lag in LAGS {
            tokio::time::sleep(self.env.options.pace.first * lag).await;
            target = self.names(&self.target).await;
            // A job that succeeded shows that the list lags behind.
            let is_late = |names: &BTreeSet<String>| {
                let copied = seen.iter().filter(|(_, job)| job.has_copied());
                copied.into_iter().any(|(item, _)| !names.contains(item))
            };
            if !target.as_ref().is_ok_and(is_late) {
                break;
            }
        }
        let gone = match &target {
            Ok(names) => self.gone(batch, seen, names).await,
            Err(_) => BTreeSet::new(),
        };
        let mut moved = false;
        for item in batch {
            let job = seen.get(item);
            let state = match &target {
                Ok(_) if gone.contains(item) => State::Gone,
                Ok(names) => State::of(names.contains(item), job),
                Err((message, _)) => State::Open(message.clone()),
            };
            moved |= job.is_some() || matches!(state, State::There | State::Gone);
            self.states.insert(item.clone(), state);
        }
        self.tell();
        moved
    }

    /// What did not arrive because the source lost it.
    async fn gone(
        &self,
        batch: &[String],
        seen: &batch::Seen,
        target: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let is_lost = |item: &&String| {
            let state = State::of(target.contains(*item), seen.get(*item));
            matches!(state, State::Failed(_))
        };
        let lost: Vec<&String> = batch.iter().filter(is_lost).collect();
        if lost.is_empty() {
            return BTreeSet::new();
        }
        match self.names(&self.source).await {
            Ok(source) => lost
                .into_iter()
                .filter(|item| !source.contains(*item))
                .cloned()
                .collect(),
            Err(_) => BTreeSet::new(),
        }
    }

    fn mark(&mut self, items: &[String], state: &State) {
        let states = items.iter().map(|item| (item.clone(), state.clone()));
        self.states.extend(states);
    }

    /// Reports how many are done of those that are to be copied.
    fn tell(&self) {
        self.tell_with(0);
    }

    /// The same with some that are not proven yet.
    fn tell_with(&self, more: usize) {
        let there = |state: &&State| matches!(state, State::There | State::Gone);
        let done = self.states.values().filter(there).count();
        self.listener.on_event(&Event::Copied {
            change: self.change,
            done: done + more,
            of: self.states.len(),
        });
    }

    /// The outcome, if the change itself is left to a later apply.
    fn put_off(&self) -> Option<Fate> {
        let is_left = self.states.values().any(|state| *state == State::NotSent);
        if self.env.stop.is_asked() {
            return Some(self.stopped());
        }
        let starts_only = self.env.options.wait.is_none() && self.problem.is_none();
        (starts_only && is_left).then_some(Fate::Ran {
            job: None,
            end: RunEnd::PutOff,
        })
    }
}

/// A message and a hint.
type Problem = (String, Option<String>);

/// A reader that notes that a list does not exist.
struct Traced<'a> {
    client: &'a Client,
    trace: &'a Trace,
    is_absent: bool,
}

impl Reader for Traced<'_> {
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        let answer = self.client.read_traced(request, self.trace).await;
        self.is_absent |= answer.as_ref().is_err_and(|error| error.is_absence(&[]));
        answer
    }
}

impl Copier<'_> {
    /// The record, with what became of each item.
    fn record(self, fate: Fate) -> Record {
        let planned: BTreeSet<&String> = self.copies.items.iter().collect();
        let mut copied = Copied::default();
        for (item, state) in &self.states {
            outcome::sort_in(&mut copied, item, state);
            if !planned.contains(item) && !matches!(state, State::Gone | State::NotSent) {
                copied.added.push(item.clone());
            }
        }
        Record {
            fate,
            wrote: self.sent,
            copied: Some(Box::new(copied)),
            ..self.record
        }
    }
}
