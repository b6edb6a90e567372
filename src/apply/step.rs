//! Makes the changes of one unit: the writes of each change, their order, and what follows from
//! their outcomes.
//!
//! [`write`](super::write) checks, sends and retries one write.

use std::sync::Arc;

use super::{
    Env,
    carry::to_fill,
    copy,
    freshen::Runner,
    observe::failed,
    write::{Certainty, Guard, Settled, Shared, Write, Writer},
};
use crate::{
    plan::{Action, Change, Run},
    progress::{Event, Listener},
    report::{Fate, Record, Seen},
    state::Attributes,
    transport::trace::Trace,
    wire::Request,
};

/// One change to make.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) position: usize,
    pub(super) change: Change,
    /// Its parent was created by this apply, so there is nothing to check.
    pub(super) fresh: bool,
}

/// A change with its outcome.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) position: usize,
    pub(super) record: Record,
    pub(super) certainty: Certainty,
}

/// Makes the changes of a unit, which share one read, one after the other.
pub(super) async fn make(
    env: Env<'_>,
    tasks: Vec<Task>,
    listener: &Arc<dyn Listener>,
) -> Vec<Finished> {
    let mut shared = None;
    let mut finished = Vec::with_capacity(tasks.len());
    // One after the other, because each change can use the check of the one before.
    for Task {
        position,
        change,
        fresh,
    } in tasks
    {
        let trace = Trace::default();
        let run = change.action.run().and_then(Run::copies);
        let (record, certainty) = match (run, change.address.kind().copying) {
            (Some(copies), Some(copying)) => {
                let task = copy::Task {
                    change: &change,
                    copies,
                    copying,
                    trace: &trace,
                    listener,
                };
                copy::make(env, task, &mut shared).await
            }
            _ => make_one(env, &change, &trace, fresh, &mut shared).await,
        };
        let record = Record {
            tries: trace.tries(),
            ..record
        };
        listener.on_event(&Event::Finished {
            change: &change,
            record: &record,
        });
        finished.push(Finished {
            position,
            record,
            certainty,
        });
    }
    finished
}

async fn make_one(
    env: Env<'_>,
    change: &Change,
    trace: &Trace,
    is_new: bool,
    shared: &mut Option<Shared>,
) -> (Record, Certainty) {
    let mut writer = Writer::new(
        env.client,
        change,
        trace,
        is_new,
        shared.take(),
        env.options.now,
    );
    let (fate, certainty) = match writer.perform(change).await {
        Settled::Done => (Fate::Applied { verified: false }, Certainty::Own),
        Settled::AsPlanned => (Fate::AsPlanned, Certainty::Known),
        Settled::Found => (Fate::Applied { verified: false }, Certainty::Known),
        Settled::Refused(fate) => (fate, Certainty::Known),
        Settled::Unknown(fate) => (fate, Certainty::Doubtful),
    };
    let (mut before, wrote) = (writer.before.take(), writer.wrote);
    // The response is from before this change's write. It still holds for the siblings: the write
    // touches only its own object.
    *shared = writer.shared.take();
    // Releases its place in flight: a run may wait for long.
    drop(writer);
    let (fate, wrote) = follow(env, change, trace, fate, wrote, &mut before).await;
    (
        Record {
            fate,
            tries: Vec::new(),
            wrote,
            was_made: false,
            before,
            after: None,
            unread: None,
            copied: None,
        },
        certainty,
    )
}

/// Starts the run that follows a change, if the change succeeded. Returns the outcome, and whether
/// anything was written.
async fn follow(
    env: Env<'_>,
    change: &Change,
    trace: &Trace,
    fate: Fate,
    wrote: bool,
    before: &mut Option<Seen>,
) -> (Fate, bool) {
    let fetch = change.action.run().and_then(Run::fetch);
    let (Some(run), Some(runs)) = (fetch, change.address.kind().runs) else {
        return (fate, wrote);
    };
    let changed = match fate {
        Fate::Applied { .. } => true,
        Fate::AsPlanned => false,
        // Without the change, a run would use the old configuration.
        _ => return (fate, wrote),
    };
    let mut runner = Runner::new(env, change, (run, runs), trace, changed);
    let fate = runner.make().await;
    if let Some(seen) = runner.first {
        // Only for a run alone: after a write, the observation before the write counts.
        before.get_or_insert(Some(Box::new(seen)));
    }
    let wrote = wrote || !matches!(fate, Fate::AsPlanned | Fate::InProgress { .. });
    match fate {
        Fate::Failed {
            message,
            hint,
            restored,
            job,
        } if changed => {
            let message = format!("it was changed as planned, but {message}");
            (
                Fate::Failed {
                    message,
                    hint,
                    restored,
                    job,
                },
                wrote,
            )
        }
        fate => (fate, wrote),
    }
}

impl Writer<'_> {
    pub(super) async fn perform(&mut self, change: &Change) -> Settled {
        let planned = Guard::Planned(&change.precondition);
        match &change.action {
            Action::Create { after, .. } => self.create(change, after, planned).await,
            Action::Update { after, .. } => self.update(change, after, planned).await,
            Action::Delete { .. } => self.delete(change, None, planned).await,
            Action::Replace { before, after, .. } => {
                self.replace(change, before, after, planned).await
            }
            // Nothing to write. The run makes its own check.
            Action::Run { .. } => Settled::AsPlanned,
        }
    }

    /// Creates, then updates the attributes that the create request cannot contain.
    async fn create(&mut self, change: &Change, after: &Attributes, guard: Guard<'_>) -> Settled {
        let wire = change.address.kind().wire;
        let created = wire.created(after);
        let (request, update) = (
            wire.create(change.subject(), &to_fill(after)),
            wire.update(change.subject(), &to_fill(after)),
        );
        // Known before the create, so that its admission covers the update too.
        let next = update.as_ref().filter(|_| created != *after);
        let write = Write {
            request: &request,
            guard,
            goal: Some(&created),
            next,
        };
        match self.settle(write).await {
            Settled::Done | Settled::Found if next.is_some() => {
                self.update(change, after, Guard::Left(Some(&created)))
                    .await
            }
            settled => settled,
        }
    }

    async fn update(&mut self, change: &Change, after: &Attributes, guard: Guard<'_>) -> Settled {
        let kind = change.address.kind();
        match kind.wire.update(change.subject(), &to_fill(after)) {
            Some(request) => {
                self.settle(Write {
                    request: &request,
                    guard,
                    goal: Some(after),
                    next: None,
                })
                .await
            }
            None => Settled::Refused(failed(
                format!("a {} cannot be changed in place", kind.name),
                None,
            )),
        }
    }

    async fn delete(
        &mut self,
        change: &Change,
        next: Option<&Request>,
        guard: Guard<'_>,
    ) -> Settled {
        let kind = change.address.kind();
        let before = change.action.before();
        let first = before.map(|before| kind.wire.delete_first(change.subject(), before));
        let request = match before {
            Some(before) => kind.wire.delete_known(change.subject(), before),
            None => kind.wire.delete(change.subject()),
        };
        match request {
            Some(request) => {
                let first = first.unwrap_or_default();
                let mut left = guard;
                for (other, rest) in &first {
                    let write = Write {
                        request: other,
                        guard: left,
                        goal: Some(rest),
                        next: Some(&request),
                    };
                    match self.settle(write).await {
                        Settled::Done | Settled::Found => {}
                        stopped => return stopped,
                    }
                    left = Guard::Left(Some(rest));
                }
                self.settle(Write {
                    request: &request,
                    guard: left,
                    goal: None,
                    next,
                })
                .await
            }
            None => Settled::Refused(failed(format!("a {} cannot be deleted", kind.name), None)),
        }
    }

    async fn replace(
        &mut self,
        change: &Change,
        before: &Attributes,
        after: &Attributes,
        guard: Guard<'_>,
    ) -> Settled {
        let create = change
            .address
            .kind()
            .wire
            .create(change.subject(), &to_fill(after));
        // Deletion and creation are admitted together: what is pushed between the two is not copied
        // (swr-api: section 7.2), so nothing else may delay the creation.
        match self.delete(change, Some(&create), guard).await {
            // `Found` means that it is gone although this apply may not have deleted it, which is
            // all that the creation needs.
            Settled::Done | Settled::Found => {}
            stopped => return stopped,
        }
        match self.create(change, after, Guard::Left(None)).await {
            Settled::Refused(fate) => Settled::Refused(self.restore(change, before, fate).await),
            settled => settled,
        }
    }

    /// Creates the old object again, if it was one. Only after a definite refusal: then the new one
    /// certainly does not exist.
    async fn restore(&mut self, change: &Change, before: &Attributes, refused: Fate) -> Fate {
        let Fate::Failed {
            message, hint, job, ..
        } = refused
        else {
            return refused;
        };
        let wire = change.address.kind().wire;
        let others = wire.delete_first(change.subject(), before).len();
        let request = wire.create(change.subject(), &to_fill(before));
        let write = Write {
            request: &request,
            guard: Guard::Left(None),
            goal: Some(before),
            next: None,
        };
        // One of several alone would mean something else.
        let restored =
            others == 0 && matches!(self.settle(write).await, Settled::Done | Settled::Found);
        let outcome = match (restored, others) {
            (true, _) => "the old one was restored".to_owned(),
            (false, 0) => "the old one was not restored".to_owned(),
            (false, others) => format!("the old {} were not restored", others + 1),
        };
        Fate::Failed {
            message: format!("{message}; {outcome}"),
            hint,
            restored,
            job,
        }
    }
}
