//! Makes the changes of one unit: which writes a change takes, in which order, and what follows
//! from their ends.
//!
//! How one write is checked, sent and repeated is in [`write`](super::write).

use std::sync::Arc;

use super::{
    Around,
    carry::to_fill,
    freshen::Runner,
    observe::failed,
    write::{Guard, Settled, Shared, Write, Writer},
};
use crate::{
    plan::{Action, Change},
    progress::{Event, Listener},
    report::{Fate, Record, Seen},
    state::Attributes,
    transport::trace::Trace,
    wire::Request,
};

/// One change to be made.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) position: usize,
    pub(super) change: Change,
    /// Its parent was created in this run, so there is nothing to check.
    pub(super) fresh: bool,
}

/// A change that came to its end.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) position: usize,
    pub(super) record: Record,
    pub(super) end: End,
}

/// How sure a change's end is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The service said yes to the write: what is there now is this run's own.
    Own,
    /// It is known what came of it, if not always who did it.
    Known,
    /// It may have been done.
    Doubtful,
}

/// Makes the changes of a unit, which share one read, one after the other.
pub(super) async fn make(
    around: Around<'_>,
    tasks: Vec<Task>,
    listener: &Arc<dyn Listener>,
) -> Vec<Made> {
    let mut shared = None;
    let mut made = Vec::with_capacity(tasks.len());
    for Task {
        position,
        change,
        fresh,
    } in tasks
    {
        let trace = Trace::default();
        let (record, end) = make_one(around, &change, &trace, fresh, &mut shared).await;
        let record = Record {
            tries: trace.tries(),
            ..record
        };
        listener.on_event(&Event::Finished {
            change: &change,
            record: &record,
        });
        made.push(Made {
            position,
            record,
            end,
        });
    }
    made
}

async fn make_one(
    around: Around<'_>,
    change: &Change,
    trace: &Trace,
    is_new: bool,
    shared: &mut Option<Shared>,
) -> (Record, End) {
    let mut writer = Writer::new(around.client, change, trace, is_new, shared.take());
    let (fate, end) = match writer.perform(change).await {
        Settled::Done => (Fate::Applied { verified: false }, End::Own),
        Settled::AsPlanned => (Fate::AsPlanned, End::Known),
        Settled::Found => (Fate::Applied { verified: false }, End::Known),
        Settled::Refused(fate) => (fate, End::Known),
        Settled::Unknown(fate) => (fate, End::Doubtful),
    };
    let (mut before, wrote) = (writer.before.take(), writer.wrote);
    *shared = writer.shared.take();
    // Its place in flight is free again for the run.
    drop(writer);
    let (fate, wrote) = follow(around, change, trace, fate, wrote, &mut before).await;
    (
        Record {
            fate,
            tries: Vec::new(),
            wrote,
            before,
            after: None,
        },
        end,
    )
}

/// The run that follows a change which was made, or which was needless; and whether anything was
/// written.
async fn follow(
    around: Around<'_>,
    change: &Change,
    trace: &Trace,
    fate: Fate,
    wrote: bool,
    before: &mut Option<Seen>,
) -> (Fate, bool) {
    let (Some(run), Some(runs)) = (change.action.run(), change.address.kind().runs) else {
        return (fate, wrote);
    };
    let changed = match fate {
        Fate::Applied { .. } => true,
        Fate::AsPlanned => false,
        _ => return (fate, wrote),
    };
    let mut runner = Runner::new(around, change, (run, runs), trace, changed);
    let fate = runner.make().await;
    if let Some(seen) = runner.first {
        before.get_or_insert(Some(Box::new(seen)));
    }
    let wrote = wrote || !matches!(fate, Fate::AsPlanned | Fate::UnderWay { .. });
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
    async fn perform(&mut self, change: &Change) -> Settled {
        let planned = Guard::Planned(&change.precondition);
        match &change.action {
            Action::Create { after, .. } => self.create(change, after, planned).await,
            Action::Update { after, .. } => self.update(change, after, planned).await,
            Action::Delete { .. } => self.delete(change, None, planned).await,
            Action::Replace { before, after, .. } => {
                self.replace(change, before, after, planned).await
            }
            // Nothing is written; the run checks for itself what it is started on.
            Action::Run { .. } => Settled::AsPlanned,
        }
    }

    /// Creates, and then changes what a creation cannot say.
    async fn create(&mut self, change: &Change, after: &Attributes, guard: Guard<'_>) -> Settled {
        let wire = change.address.kind().wire;
        let created = wire.created(after);
        let (request, update) = (
            wire.create(change.subject(), &to_fill(after)),
            wire.update(change.subject(), &to_fill(after)),
        );
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
        match kind.wire.delete(change.subject()) {
            Some(request) => {
                self.settle(Write {
                    request: &request,
                    guard,
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
        match self.delete(change, Some(&create), guard).await {
            Settled::Done | Settled::Found => {}
            stopped => return stopped,
        }
        match self.create(change, after, Guard::Left(None)).await {
            Settled::Refused(fate) => Settled::Refused(self.restore(change, before, fate).await),
            settled => settled,
        }
    }

    /// Puts the old values back, if the object is certainly not there.
    async fn restore(&mut self, change: &Change, before: &Attributes, refused: Fate) -> Fate {
        let Fate::Failed {
            message, hint, job, ..
        } = refused
        else {
            return refused;
        };
        let request = change
            .address
            .kind()
            .wire
            .create(change.subject(), &to_fill(before));
        let write = Write {
            request: &request,
            guard: Guard::Left(None),
            goal: Some(before),
            next: None,
        };
        let restored = matches!(self.settle(write).await, Settled::Done | Settled::Found);
        let told = if restored {
            "the old one was restored"
        } else {
            "the old one was not restored"
        };
        Fate::Failed {
            message: format!("{message}; {told}"),
            hint,
            restored,
            job,
        }
    }
}
