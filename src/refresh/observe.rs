//! Reads one object: the request, and its answer as a value.
//!
//! How the request is sent is the caller's business: a plan retries it, an apply sends it from the place in flight of
//! the write that follows.

use super::clock;
use crate::{
    kind::{Subject, Undecodable},
    moment::Moment,
    state::{LiveResource, ReadFailure},
    transport::{
        client::{CallError, Client},
        trace::Trace,
    },
    wire::{Request, Response},
};

/// What is to be seen of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Its values.
    Values,
    /// What its deletion would destroy.
    BeforeDelete,
}

/// What a read showed of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observation {
    /// `None`: it is not there.
    pub(crate) live: Option<LiveResource>,
    /// Whether the service knows the id in the request: a git repository that is no mirror is known, and not live.
    pub(crate) is_known: bool,
    /// What the service's clock said.
    pub(crate) now: Option<Moment>,
}

/// The one request that shows an object.
pub(crate) fn request(subject: Subject<'_>, view: View) -> Request {
    let wire = subject.address.kind().wire;
    match view {
        View::Values => wire.read(subject),
        View::BeforeDelete => wire.read_before_delete(subject),
    }
}

/// What the answer to [`request`] says about the object.
pub(crate) fn decode(
    subject: Subject<'_>,
    view: View,
    answer: &Result<Response, CallError>,
) -> Result<Observation, ReadFailure> {
    let Subject { address, .. } = subject;
    let kind = address.kind();
    match answer {
        Ok(response) => {
            let live = match view {
                View::Values => kind.wire.decode_read(address, response),
                View::BeforeDelete => kind.wire.decode_before_delete(address, response),
            };
            let live = live.map_err(|error| unreadable(subject, &error, response))?;
            Ok(Observation { live, is_known: true, now: clock(response) })
        }
        Err(error) if error.is_absence(kind.also_absent) => Ok(Observation::default()),
        Err(error) => Err(failed(subject, error)),
    }
}

/// Sends [`request`] until it is answered, and reads the answer.
pub(crate) async fn observe(client: &Client, subject: Subject<'_>, trace: &Trace) -> Result<Observation, ReadFailure> {
    let answer = client.read_traced(&request(subject, View::Values), trace).await;
    decode(subject, View::Values, &answer)
}

fn unreadable(subject: Subject<'_>, error: &Undecodable, response: &Response) -> ReadFailure {
    super::unreadable(subject.address.to_string(), error, &response.request_id)
}

fn failed(subject: Subject<'_>, error: &CallError) -> ReadFailure {
    let explained = match error {
        CallError::Answered { error, .. } => subject.address.kind().wire.explain(error),
        CallError::NoAnswer(_) => None,
    };
    let hint = explained.or_else(|| error.hint()).map(str::to_owned);
    ReadFailure { hint, ..super::failed(subject.address.to_string(), error) }
}
