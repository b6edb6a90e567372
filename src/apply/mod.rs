//! Makes the changes of a plan, in an order that their dependencies allow, and follows the plan to
//! the letter.
//!
//! It decides nothing: what is sent, what must hold before, and what may run at all stands in the
//! plan. Which writes a change takes is in `step`, how one write is checked and sent in
//! `write`, how a mirror is run in `freshen`, how the result is proved in `verify`.

mod carry;
mod check;
mod freshen;
mod observe;
mod step;
mod stop;
#[cfg(test)]
pub(crate) mod tests;
mod verify;
mod write;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use step::End;
pub use stop::Stop;

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

/// How long a run of a mirror is waited for if nobody says.
const USUAL_WAIT: Duration = Duration::from_secs(15 * 60);

/// How many mirrors may be waited for at once.
const MOST_WAITING: usize = 200;

/// What the person who runs an apply can choose, and what this machine knows.
#[derive(Debug, Clone)]
pub struct Options {
    /// Start nothing new after the first failure.
    pub fail_fast: bool,
    /// How long the end of a mirror's run is waited for; not at all, if nothing.
    pub wait: Option<Duration>,
    /// What time it is, where the service does not tell.
    pub now: Moment,
    /// What the plan's runs log in with.
    pub logins: BTreeMap<Address, Login>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            fail_fast: false,
            wait: Some(USUAL_WAIT),
            now: Moment::default(),
            logins: BTreeMap::new(),
        }
    }
}

/// What every change is made with.
#[derive(Clone, Copy)]
struct Around<'a> {
    client: &'a Client,
    options: &'a Options,
    stop: &'a Stop,
}

/// Changes that share the read which checks their preconditions; they are made one after the other.
#[derive(Debug)]
struct Unit {
    changes: Vec<usize>,
    /// The units that must have ended before.
    waits: usize,
    followers: Vec<usize>,
}

/// Makes every change that is not withheld; the records are in the order of the plan's changes.
pub async fn run(
    client: &Arc<Client>,
    plan: &Plan,
    options: Options,
    stop: &Stop,
    listener: &Arc<dyn Listener>,
) -> Vec<Record> {
    let positions: Vec<usize> = (0..plan.changes.len())
        .filter(|at| plan.changes[*at].withheld.is_none())
        .collect();
    let changes: Vec<&Change> = positions.iter().map(|at| &plan.changes[*at]).collect();
    let (mut made, doubtful) = Schedule::new(&changes)
        .run(client, Arc::new(options), stop, listener)
        .await;
    tokio::select! {
        () = verify::verify(client, &changes, &mut made, &doubtful, listener) => {}
        // What was not read back by then stays unproved.
        () = stop.wanted_at_once() => {}
    }
    // The records of a large plan take much room: they are copied only where something lies between
    // them.
    if made.len() == plan.changes.len() {
        return made;
    }
    let mut records = vec![Record::from(Fate::Withheld); plan.changes.len()];
    for (at, record) in positions.into_iter().zip(made) {
        records[at] = record;
    }
    records
}

/// Which unit may start when.
struct Schedule<'a> {
    changes: &'a [&'a Change],
    dependencies: Vec<Vec<usize>>,
    units: Vec<Unit>,
    ready: VecDeque<usize>,
    /// Whether the change was handed out to be made.
    begun: Vec<bool>,
    records: Vec<Option<Record>>,
    ends: Vec<End>,
    has_failed: bool,
}

impl<'a> Schedule<'a> {
    fn new(changes: &'a [&'a Change]) -> Schedule<'a> {
        let dependencies = order::dependencies(changes);
        let (mut units, unit_of) = units(changes);
        for (position, waits) in dependencies.iter().enumerate() {
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
        let (begun, ends) = (vec![false; changes.len()], vec![End::Known; changes.len()]);
        let records = vec![None; changes.len()];
        Schedule {
            changes,
            dependencies,
            units,
            ready,
            begun,
            records,
            ends,
            has_failed: false,
        }
    }

    /// Starts units as their dependencies end; at most as many at once as requests may be in
    /// flight, so that little is under way when the run is stopped. Mirrors that are run do little
    /// but wait, and do not count. Beside the records: which of them are doubtful.
    async fn run(
        mut self,
        client: &Arc<Client>,
        options: Arc<Options>,
        stop: &Stop,
        listener: &Arc<dyn Listener>,
    ) -> (Vec<Record>, Vec<bool>) {
        let tally = Tally::new(&**listener, Stage::Applying);
        tally.expect(self.units.len());
        let mut running = JoinSet::new();
        let mut waiting = 0;
        loop {
            let halted = stop.is_asked() || (options.fail_fast && self.has_failed);
            while !halted && running.len() < client.parallelism() + waiting.min(MOST_WAITING) {
                let Some(unit) = self.ready.pop_front() else {
                    break;
                };
                let changes = self.start(unit, listener);
                if changes.is_empty() {
                    self.finish(unit);
                    tally.step();
                    continue;
                }
                waiting += usize::from(self.is_run(unit));
                let (client, options, stop, listener) = (
                    client.clone(),
                    options.clone(),
                    stop.clone(),
                    listener.clone(),
                );
                running.spawn(async move {
                    let around = Around {
                        client: &client,
                        options: &options,
                        stop: &stop,
                    };
                    (unit, step::make(around, changes, &listener).await)
                });
            }
            let ended = tokio::select! {
                ended = running.join_next() => ended,
                () = stop.wanted_at_once() => break,
            };
            match ended {
                None => break,
                Some(Ok((unit, made))) => {
                    for step::Made {
                        position,
                        record,
                        end,
                    } in made
                    {
                        self.has_failed |= matches!(record.fate, Fate::Failed { .. });
                        (self.records[position], self.ends[position]) = (Some(record), end);
                    }
                    waiting -= usize::from(self.is_run(unit));
                    self.finish(unit);
                    tally.step();
                }
                // A panic in one unit must not lose the report of the others; nobody knows what
                // became of its changes.
                Some(Err(_)) => {}
            }
        }
        for (record, begun) in self.records.iter_mut().zip(self.begun) {
            if begun && record.is_none() {
                *record = Some(cut_off());
            }
        }
        let doubtful = self.ends.iter().map(|end| *end == End::Doubtful).collect();
        let records = self
            .records
            .into_iter()
            .map(|record| record.unwrap_or_else(|| Fate::NotAttempted.into()));
        (records.collect(), doubtful)
    }

    fn is_run(&self, unit: usize) -> bool {
        self.units[unit]
            .changes
            .iter()
            .any(|at| self.changes[*at].action.run().is_some())
    }

    /// The changes of a unit that may be made; those that depend on a failure are skipped here.
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
        let done = |fate: &Fate| {
            matches!(
                fate,
                Fate::Applied { .. } | Fate::AsPlanned | Fate::Ran { .. } | Fate::UnderWay { .. }
            )
        };
        let failed = |needed: &&usize| !fate(**needed).is_some_and(done);
        let needed = self.dependencies[position].iter().find(failed)?;
        Some(match fate(*needed) {
            Some(Fate::Skipped { because }) => because.clone(),
            _ => self.changes[*needed].address.clone(),
        })
    }

    /// Nobody else can have made anything in what this run created just now. What somebody else was
    /// faster with may hold anything.
    fn parent_is_new(&self, position: usize) -> bool {
        let parent = self.changes[position].address.parent();
        self.dependencies[position].iter().any(|at| {
            let needed = self.changes[*at];
            let is_parent = Some(&needed.address) == parent.as_ref();
            self.ends[*at] == End::Own
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

/// What is known of a change that was under way when the run was stopped at once.
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

/// Groups changes by the request that checks them: all rules of a repository are seen in one
/// answer.
fn units(changes: &[&Change]) -> (Vec<Unit>, Vec<usize>) {
    let mut by_read = BTreeMap::new();
    let mut units: Vec<Unit> = Vec::new();
    let mut unit_of = Vec::with_capacity(changes.len());
    for (position, change) in changes.iter().enumerate() {
        let read = change.address.kind().wire.read(change.subject());
        let unit = *by_read.entry((read.region, read.path)).or_insert_with(|| {
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
    (units, unit_of)
}
