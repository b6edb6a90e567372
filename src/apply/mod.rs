//! Applies a plan: makes its changes in the order of their dependencies.
//!
//! It decides nothing: the plan contains what is sent, the preconditions, and what may run at all.
//! `step` has the writes of each change, `write` how one write is checked and sent, `freshen`
//! how a mirror is run, `copy` how a rule is, `verify` how the result is verified.

mod carry;
mod check;
mod copy;
mod freshen;
mod observe;
mod shutdown;
mod step;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod write;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

pub use copy::Pace;
pub use shutdown::Shutdown;
use write::Certainty;

use tokio::task::JoinSet;

use crate::{
    address::Address,
    plan::{Action, Change, Plan, order},
    progress::{Event, Listener, Stage, Tally},
    report::{Fate, Record},
    time::Moment,
    transport::client::Client,
    wire::secret::Login,
};

/// How long to wait for a run by default.
const DEFAULT_WAIT: Duration = Duration::from_secs(15 * 60);

/// How many runs are waited for at once. A run needs no request while it waits, so this is
/// above the number of requests in flight.
const MAX_WAITING: usize = 200;

/// The options of an apply.
#[derive(Debug, Clone)]
pub struct Options {
    /// Start nothing new after the first failure.
    pub fail_fast: bool,
    /// How long to wait for a mirror run, or until copies move again. `None`: not at all.
    pub wait: Option<Duration>,
    /// How often the jobs of copies are read.
    pub pace: Pace,
    /// The time at the start, used if a response has no date.
    pub now: Moment,
    /// The logins of the plan's runs.
    pub logins: BTreeMap<Address, Login>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            fail_fast: false,
            wait: Some(DEFAULT_WAIT),
            pace: Pace::SERVICE,
            now: Moment::default(),
            logins: BTreeMap::new(),
        }
    }
}

/// What all changes share.
#[derive(Clone, Copy)]
struct Env<'a> {
    client: &'a Client,
    options: &'a Options,
    stop: &'a Shutdown,
}

/// Changes whose preconditions are checked by the same read. They are made one after the other.
#[derive(Debug)]
struct Unit {
    changes: Vec<usize>,
    /// The number of units that must end first.
    waits: usize,
    followers: Vec<usize>,
}

/// Makes every change that is not withheld. The records are in the order of the plan's changes.
pub async fn run(
    client: &Arc<Client>,
    plan: &Plan,
    options: Options,
    stop: &Shutdown,
    listener: &Arc<dyn Listener>,
) -> Vec<Record> {
    // Withheld changes take no part, so that nothing waits for them.
    let positions: Vec<usize> = (0..plan.changes.len())
        .filter(|at| plan.changes[*at].withheld.is_none())
        .collect();
    let changes: Vec<&Change> = positions.iter().map(|at| &plan.changes[*at]).collect();
    let (mut records, doubtful) = Schedule::new(&changes)
        .run(client, Arc::new(options), stop, listener)
        .await;
    tokio::select! {
        () = verify::verify(client, &changes, &mut records, &doubtful, listener) => {}
        // What was not read back by then stays unverified.
        () = stop.asked_at_once() => {}
    }
    // The records of a large plan need much memory, so they are copied only if withheld changes lie
    // between them.
    if records.len() == plan.changes.len() {
        return records;
    }
    let mut all = vec![Record::from(Fate::Withheld); plan.changes.len()];
    for (at, record) in positions.into_iter().zip(records) {
        all[at] = record;
    }
    all
}

/// Decides when each unit starts.
struct Schedule<'a> {
    changes: &'a [&'a Change],
    dependencies: Vec<Vec<usize>>,
    units: Vec<Unit>,
    ready: VecDeque<usize>,
    /// Whether each change was started.
    begun: Vec<bool>,
    records: Vec<Option<Record>>,
    certainties: Vec<Certainty>,
    has_failed: bool,
}

impl<'a> Schedule<'a> {
    fn new(changes: &'a [&'a Change]) -> Schedule<'a> {
        let dependencies = order::dependencies(changes);
        let (mut units, unit_of) = units(changes, &dependencies);
        for (position, waits) in dependencies.iter().enumerate() {
            // Changes of one unit are made in order. An edge inside a unit would let it wait for
            // itself.
            for needed in waits
                .iter()
                .filter(|needed| unit_of[**needed] != unit_of[position])
            {
                units[unit_of[position]].waits += 1;
                units[unit_of[*needed]].followers.push(unit_of[position]);
            }
        }
        let ready = (0..units.len())
            .filter(|unit| units[*unit].waits == 0)
            .collect();
        let (begun, certainties) = (
            vec![false; changes.len()],
            vec![Certainty::Known; changes.len()],
        );
        let records = vec![None; changes.len()];
        Schedule {
            changes,
            dependencies,
            units,
            ready,
            begun,
            records,
            certainties,
            has_failed: false,
        }
    }

    /// Starts units as their dependencies end. At most as many as requests may be in flight, so
    /// that little is in progress when the apply is stopped. Runs mostly wait and do not
    /// count. Returns the records, and which changes have an unknown outcome.
    async fn run(
        mut self,
        client: &Arc<Client>,
        options: Arc<Options>,
        stop: &Shutdown,
        listener: &Arc<dyn Listener>,
    ) -> (Vec<Record>, Vec<bool>) {
        let tally = Tally::new(&**listener, Stage::Applying);
        tally.expect(self.units.len());
        let mut running = JoinSet::new();
        let mut waiting = 0;
        loop {
            let halted = stop.is_asked() || (options.fail_fast && self.has_failed);
            while !halted && running.len() < client.parallelism() + waiting.min(MAX_WAITING) {
                let Some(unit) = self.ready.pop_front() else {
                    break;
                };
                let changes = self.start(unit, listener);
                // All were skipped. The units that wait for this one must be reached, to be skipped
                // as well.
                if changes.is_empty() {
                    self.finish(unit);
                    tally.step();
                    continue;
                }
                waiting += usize::from(self.runs_long(unit));
                let (client, options, stop, listener) = (
                    client.clone(),
                    options.clone(),
                    stop.clone(),
                    listener.clone(),
                );
                running.spawn(async move {
                    let env = Env {
                        client: &client,
                        options: &options,
                        stop: &stop,
                    };
                    (unit, step::make(env, changes, &listener).await)
                });
            }
            let ended = tokio::select! {
                ended = running.join_next() => ended,
                // Dropping `running` aborts its tasks. Their changes have begun and have no record,
                // which the loop below reports.
                () = stop.asked_at_once() => break,
            };
            match ended {
                None => break,
                Some(Ok((unit, finished))) => {
                    for step::Finished {
                        position,
                        record,
                        certainty,
                    } in finished
                    {
                        self.has_failed |= matches!(record.fate, Fate::Failed { .. });
                        (self.records[position], self.certainties[position]) =
                            (Some(record), certainty);
                    }
                    waiting -= usize::from(self.runs_long(unit));
                    self.finish(unit);
                    tally.step();
                }
                // A panic in one unit must not lose the report of the others. Its changes are
                // reported as cut off.
                Some(Err(_)) => {}
            }
        }
        for (record, begun) in self.records.iter_mut().zip(self.begun) {
            if begun && record.is_none() {
                *record = Some(cut_off());
            }
        }
        let doubtful = self
            .certainties
            .iter()
            .map(|certainty| *certainty == Certainty::Doubtful)
            .collect();
        let records = self
            .records
            .into_iter()
            .map(|record| record.unwrap_or_else(|| Fate::NotAttempted.into()));
        (records.collect(), doubtful)
    }

    fn runs_long(&self, unit: usize) -> bool {
        self.units[unit]
            .changes
            .iter()
            .any(|at| self.changes[*at].action.run().is_some())
    }

    /// The changes of a unit to make. Those that depend on a failed change are recorded as skipped.
    fn start(&mut self, unit: usize, listener: &Arc<dyn Listener>) -> Vec<step::Task> {
        let mut tasks = Vec::new();
        for position in self.units[unit].changes.clone() {
            let change = self.changes[position];
            match self.failed_dependency(position) {
                Some(because) => {
                    let record = Record::from(Fate::Skipped { because });
                    listener.on_event(&Event::Finished {
                        change,
                        record: &record,
                    });
                    self.records[position] = Some(record);
                }
                None => {
                    self.begun[position] = true;
                    listener.on_event(&Event::Started { change });
                    tasks.push(step::Task {
                        position,
                        change: change.clone(),
                        fresh: self.parent_is_new(position),
                    });
                }
            }
        }
        tasks
    }

    fn failed_dependency(&self, position: usize) -> Option<Address> {
        let fate = |at: usize| self.records[at].as_ref().map(|record| &record.fate);
        // An unverified change is enough: everything is read back only at the end, and a child
        // whose parent is missing after all is refused by the service.
        let done = |fate: &Fate| {
            matches!(
                fate,
                Fate::Applied { .. } | Fate::AsPlanned | Fate::Ran { .. } | Fate::InProgress { .. }
            )
        };
        let failed = |needed: &&usize| !fate(**needed).is_some_and(done);
        let needed = self.dependencies[position].iter().find(failed)?;
        // A chain of skipped changes names its first cause.
        Some(match fate(*needed) {
            Some(Fate::Skipped { because }) => because.clone(),
            _ => self.changes[*needed].address.clone(),
        })
    }

    /// A parent that this apply created is empty, so its children need no check. One that another
    /// client created first may not be.
    fn parent_is_new(&self, position: usize) -> bool {
        let parent = self.changes[position].address.parent();
        self.dependencies[position].iter().any(|at| {
            let needed = self.changes[*at];
            let is_parent = Some(&needed.address) == parent.as_ref();
            self.certainties[*at] == Certainty::Own
                && is_parent
                && matches!(needed.action, Action::Create { .. })
        })
    }

    fn finish(&mut self, unit: usize) {
        for follower in std::mem::take(&mut self.units[unit].followers) {
            self.units[follower].waits -= 1;
            if self.units[follower].waits == 0 {
                self.ready.push_back(follower);
            }
        }
    }
}

/// The record of a change that was in progress when the apply was stopped at once.
fn cut_off() -> Record {
    let fate = Fate::Failed {
        message: "stopped while in progress; the outcome is unknown".to_owned(),
        hint: Some("apply again: what was done is not repeated".to_owned()),
        restored: false,
        job: None,
    };
    Record {
        wrote: true,
        ..Record::from(fate)
    }
}

/// Groups changes by the request that checks them. One response shows all rules of a repository.
fn units(changes: &[&Change], dependencies: &[Vec<usize>]) -> (Vec<Unit>, Vec<usize>) {
    let mut by_read = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of = Vec::with_capacity(changes.len());
    for (position, change) in changes.iter().enumerate() {
        // Reads of one object have no query, so region and path identify them.
        let read = change.address.kind().wire.read(change.subject());
        // What waits for a change of another list must not make this list wait.
        let is_of_person = change.address.kind().naming().is_some();
        let waits = !dependencies[position].is_empty() && change.action.before().is_some();
        let own = (is_of_person && waits).then_some(position);
        let unit = *by_read
            .entry((read.region, read.path, own))
            .or_insert_with(|| {
                units.push(Unit {
                    changes: Vec::new(),
                    waits: 0,
                    followers: Vec::new(),
                });
                units.len() - 1
            });
        units[unit].changes.push(position);
        unit_of.push(unit);
    }
    for unit in &mut units {
        // Who loses a permission comes last: the others need not wait until that is done, or fail
        // if it fails.
        let is_loss = |at: &usize| {
            let is_of_person = changes[*at].address.kind().naming().is_some();
            match changes[*at].action {
                Action::Create { .. } if is_of_person => 0,
                Action::Delete { .. } if is_of_person => 2,
                _ => 1,
            }
        };
        unit.changes.sort_by_key(is_loss);
    }
    for ((region, path, own), unit) in &by_read {
        let list = by_read.get(&(region.clone(), path.clone(), None));
        if let (Some(_), Some(list)) = (own, list) {
            units[*unit].waits += 1;
            units[*list].followers.push(*unit);
        }
    }
    (units, unit_of)
}
