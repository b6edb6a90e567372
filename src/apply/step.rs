//! Makes the changes of one unit: checks what must hold, sends what the plan says, and finds out what happened
//! where no answer came.

use std::{sync::Arc, time::Duration};

use super::{Options, Stop, run::Runner};
use crate::{
    address::Address,
    kind::{Kind, Subject},
    plan::{Action, Change},
    progress::{Event, Listener},
    report::{Fate, Record, Seen},
    state::{Attributes, LiveResource},
    transport::{
        client::{CallError, Client},
        trace::Trace,
    },
    wire::{Request, Response, error::Class},
};

/// How often a write is sent at most when each time a read shows that it did nothing.
const TRIES: u32 = 6;

/// For a plain 500, which some requests get for ever.
const TRIES_AFTER_500: u32 = 2;

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

/// What every change is made with.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) client: &'a Client,
    pub(super) options: &'a Options,
    pub(super) stop: &'a Stop,
}

/// Makes the changes of a unit, which share one read, one after the other.
pub(super) async fn make(around: Around<'_>, tasks: Vec<Task>, listener: &Arc<dyn Listener>) -> Vec<Made> {
    let client = around.client;
    let checking = Trace::default();
    let checked = match tasks.first() {
        Some(Task { change, fresh: false, .. }) => {
            Some(look(client, change.address.kind(), &request_for_check(change), &checking).await)
        }
        _ => None,
    };
    let mut made = Vec::with_capacity(tasks.len());
    for Task { position, change, .. } in tasks {
        let trace = Trace::default();
        trace.take_over(&checking);
        let found = checked.as_ref().map(|look| seen(&change, look));
        let (fate, end, wrote) = match check(&change, found.as_ref()) {
            Check::Holds => {
                let (fate, end) = perform(client, &change, &trace).await;
                (fate, end, true)
            }
            Check::Ends(fate) => (fate, End::Known, false),
        };
        let (fate, wrote) = follow(around, &change, &trace, fate, wrote).await;
        let before = found.and_then(Result::ok);
        let record = Record { fate, tries: trace.tries(), wrote, before, after: None };
        listener.hear(&Event::Finished { change: &change, record: &record });
        made.push(Made { position, record, end });
    }
    made
}

/// The run that follows a change which was made, or which was needless; and whether anything was written.
async fn follow(around: Around<'_>, change: &Change, trace: &Trace, fate: Fate, wrote: bool) -> (Fate, bool) {
    let Some(run) = &change.run else { return (fate, wrote) };
    let changed = match fate {
        Fate::Applied { .. } => true,
        Fate::AsPlanned => false,
        _ => return (fate, wrote),
    };
    let fate = Runner { around, change, run, trace }.make(changed).await;
    let wrote = wrote || !matches!(fate, Fate::AsPlanned | Fate::UnderWay { .. });
    match fate {
        Fate::Failed { message, hint, restored, job } if changed => {
            let message = format!("it was changed as planned, but {message}");
            (Fate::Failed { message, hint, restored, job }, wrote)
        }
        fate => (fate, wrote),
    }
}

/// A complete answer to a read that shows an object: what it holds, or that there is nothing.
type Look = Result<Option<Response>, CallError>;

pub(super) async fn look(client: &Client, kind: &Kind, request: &Request, trace: &Trace) -> Look {
    match client.read_traced(request, trace).await {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.is_absence(kind.also_absent) => Ok(None),
        Err(error) => Err(error),
    }
}

/// One object as it is now.
pub(super) async fn observe(client: &Client, subject: Subject<'_>, trace: &Trace) -> Result<Seen, String> {
    let (address, wire) = (subject.address, subject.address.kind().wire);
    match look(client, address.kind(), &wire.read(subject), trace).await {
        Ok(None) => Ok(None),
        Ok(Some(response)) => wire.decode_read(address, &response).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// The one read that a precondition is checked with.
fn request_for_check(change: &Change) -> Request {
    let wire = change.address.kind().wire;
    match change.action {
        Action::Delete { .. } => wire.read_before_delete(change.subject()),
        _ => wire.read(change.subject()),
    }
}

/// What the look before a write says about it.
enum Check {
    Holds,
    /// Nothing is to be sent.
    Ends(Fate),
}

/// An object that is as the plan wants it needs no write: a saved plan that was interrupted can be applied again.
fn check(change: &Change, found: Option<&Result<Seen, Blind>>) -> Check {
    let live = match found {
        None => return Check::Holds,
        Some(Ok(live)) => live,
        Some(Err((error, hint))) => {
            return Check::Ends(failed(format!("not sent, because it could not be checked: {error}"), *hint));
        }
    };
    if is(change.address.kind(), live.as_ref(), change.action.after()) {
        return Check::Ends(Fate::AsPlanned);
    }
    let moved = change.precondition.check(live.as_ref());
    if moved.is_empty() {
        return Check::Holds;
    }
    let message = format!("not sent, because it moved since the plan was made: {}", moved.join("; "));
    Check::Ends(failed(message, Some("plan again, and look at what somebody else did")))
}

/// Why the live object cannot be told, and what to do about that.
type Blind = (String, Option<&'static str>);

fn seen(change: &Change, look: &Look) -> Result<Seen, Blind> {
    let (address, wire) = (&change.address, change.address.kind().wire);
    match look {
        Ok(None) => Ok(None),
        Ok(Some(response)) => match change.action {
            Action::Delete { .. } => wire.decode_before_delete(address, response),
            _ => wire.decode_read(address, response),
        }
        .map_err(|error| (error.to_string(), None)),
        Err(error) => Err((error.to_string(), hint(address, error))),
    }
}

pub(super) fn failed(message: String, hint: Option<&str>) -> Fate {
    Fate::Failed { message, hint: hint.map(str::to_owned), restored: false, job: None }
}

/// What is known after a write.
enum Settled {
    Done,
    /// It is as the write would have it, and nobody knows who did that.
    Found,
    /// The service said no, and did nothing.
    Refused(Fate),
    /// It may have been done.
    Unknown(Fate),
}

async fn perform(client: &Client, change: &Change, trace: &Trace) -> (Fate, End) {
    let way = Way { client, subject: change.subject(), trace };
    let settled = match &change.action {
        Action::Create { after } => way.create(after).await,
        Action::Update { before, after } => way.update(before, after).await,
        Action::Delete { before } => way.delete(before).await,
        Action::Replace { before, after } => way.replace(before, after).await,
        // Nothing is to be written, and the look before showed what it is to be run on.
        Action::Run { .. } => Settled::Found,
    };
    match settled {
        Settled::Done => (Fate::Applied { verified: false }, End::Own),
        Settled::Found => (Fate::Applied { verified: false }, End::Known),
        Settled::Refused(fate) => (fate, End::Known),
        Settled::Unknown(fate) => (fate, End::Doubtful),
    }
}

/// What every request for one change goes through.
#[derive(Clone, Copy)]
struct Way<'w> {
    client: &'w Client,
    subject: Subject<'w>,
    trace: &'w Trace,
}

impl Way<'_> {
    async fn observe(self) -> Result<Seen, String> {
        observe(self.client, self.subject, self.trace).await
    }

    /// Creates, and then changes what a creation cannot say.
    async fn create(self, after: &Attributes) -> Settled {
        let wire = self.subject.address.kind().wire;
        let created = wire.created(after);
        match self.settle(&wire.create(self.subject, after), None, Some(&created)).await {
            Settled::Done | Settled::Found if created != *after => self.update(&created, after).await,
            settled => settled,
        }
    }

    async fn update(self, before: &Attributes, after: &Attributes) -> Settled {
        let kind = self.subject.address.kind();
        match kind.wire.update(self.subject, after) {
            Some(request) => self.settle(&request, Some(before), Some(after)).await,
            None => Settled::Refused(failed(format!("a {} cannot be changed in place", kind.name), None)),
        }
    }

    async fn delete(self, before: &Attributes) -> Settled {
        let kind = self.subject.address.kind();
        match kind.wire.delete(self.subject) {
            Some(request) => self.settle(&request, Some(before), None).await,
            None => Settled::Refused(failed(format!("a {} cannot be deleted", kind.name), None)),
        }
    }

    async fn replace(self, before: &Attributes, after: &Attributes) -> Settled {
        match self.delete(before).await {
            Settled::Done | Settled::Found => {}
            stopped => return stopped,
        }
        match self.create(after).await {
            Settled::Refused(fate) => Settled::Refused(self.restore(before, fate).await),
            settled => settled,
        }
    }

    /// Puts the old values back, if the object is certainly not there.
    async fn restore(self, before: &Attributes, refused: Fate) -> Fate {
        let Fate::Failed { message, hint, job, .. } = refused else { return refused };
        let request = self.subject.address.kind().wire.create(self.subject, before);
        let restored = match self.observe().await {
            Ok(None) => {
                let settled = self.settle(&request, None, Some(before)).await;
                matches!(settled, Settled::Done | Settled::Found)
            }
            _ => false,
        };
        let told = if restored { "the old one is back" } else { "the old one is gone" };
        Fate::Failed { message: format!("{message}; {told}"), hint, restored, job }
    }

    /// Sends a write until it is known what became of it. `before` and `after` are what a read shows if it was not
    /// done and if it was; `None` is an object that is not there.
    async fn settle(self, request: &Request, before: Option<&Attributes>, after: Option<&Attributes>) -> Settled {
        let Way { client, subject: Subject { address, .. }, trace } = self;
        let mut sent = 0;
        loop {
            let error = match client.write_traced(request, address.kind().also_gone, trace).await {
                Ok(_) => return Settled::Done,
                Err(error) => error,
            };
            sent += 1;
            let tries = match error.class() {
                Some(Class::Absent) if after.is_none() => return Settled::Found,
                Some(Class::Conflict) if before.is_none() => return self.conflict(after, &error).await,
                Some(Class::ServerError) => TRIES_AFTER_500,
                Some(Class::Unavailable) | None => TRIES,
                Some(_) => return Settled::Refused(failure(address, &error)),
            };
            let live = match self.observe().await {
                Ok(live) => live,
                Err(unread) => {
                    let message =
                        format!("{error}; whether it was done is not known, because it could not be read: {unread}");
                    return Settled::Unknown(failed(message, Some("apply again: what was done is not repeated")));
                }
            };
            if is(address.kind(), live.as_ref(), after) {
                return Settled::Found;
            }
            if !is(address.kind(), live.as_ref(), before) {
                return Settled::Unknown(failed(format!("{error}; and somebody else changed it meanwhile"), None));
            }
            if sent >= tries {
                return Settled::Refused(failure(address, &error));
            }
            let bound = Duration::from_millis(200) * (1 << sent);
            tokio::time::sleep(bound.mul_f64(fastrand::f64())).await;
        }
    }

    /// Somebody made it between the check and the write: that is fine if it is what the plan wants.
    async fn conflict(self, after: Option<&Attributes>, error: &CallError) -> Settled {
        let address = self.subject.address;
        match self.observe().await {
            Ok(live) if is(address.kind(), live.as_ref(), after) => Settled::Found,
            Ok(Some(_)) => {
                Settled::Refused(failed(format!("{error}; it is there now, with other values"), Some("plan again")))
            }
            _ => Settled::Refused(failure(address, error)),
        }
    }
}

fn failure(address: &Address, error: &CallError) -> Fate {
    failed(error.to_string(), hint(address, error))
}

/// What to do about an error: what the kind knows of it, else what holds for all.
pub(super) fn hint(address: &Address, error: &CallError) -> Option<&'static str> {
    let explained = match error {
        CallError::Answered { error, .. } => address.kind().wire.explain(error),
        CallError::NoAnswer(_) => None,
    };
    explained.or_else(|| error.hint())
}

/// Whether an object is as described, as far as the description goes and the service tells.
pub(super) fn is(kind: &Kind, live: Option<&LiveResource>, described: Option<&Attributes>) -> bool {
    let told = |name: &str| kind.attribute(name).is_none_or(|attribute| attribute.role.is_readable());
    match (live, described) {
        (None, None) => true,
        (Some(live), Some(described)) => {
            let mut described = described.iter().filter(|(name, _)| told(name));
            described.all(|(name, value)| live.attributes.get(name) == Some(value))
        }
        _ => false,
    }
}
