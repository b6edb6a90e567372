//! Reads one object: the requests, and their answers as a value.
//!
//! How the request is sent is the caller's business: a plan retries it, an apply sends it from the
//! place in flight of the write that follows.

use super::{
    clock,
    pages::{self, List, Reader},
};
use crate::{
    address::Address,
    kind::{BlocksParent, Subject, Undecodable},
    state::{LiveResource, ReadFailure},
    time::Moment,
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
    /// Whether the service knows the id in the request: a git repository that is no mirror is
    /// known, and not live.
    pub(crate) is_known: bool,
    /// What the service's clock said.
    pub(crate) now: Option<Moment>,
}

/// The one request that shows the values of an object.
pub(crate) fn request(subject: Subject<'_>) -> Request {
    subject.address.kind().wire.read(subject)
}

/// Whether one answer shows the object and, if there are any, its siblings.
pub(crate) fn is_one_answer(subject: Subject<'_>, view: View) -> bool {
    fills(subject, view).is_none()
}

/// What is to be counted.
fn fills(subject: Subject<'_>, view: View) -> Option<&'static BlocksParent> {
    match view {
        View::Values => None,
        View::BeforeDelete => subject.address.kind().blocked_by(),
    }
}

/// What the answer to [`request`] says about the object.
pub(crate) fn decode(
    subject: Subject<'_>,
    answer: &Result<Response, CallError>,
) -> Result<Observation, ReadFailure> {
    let Subject { address, .. } = subject;
    let kind = address.kind();
    match answer {
        Ok(response) => {
            let live = kind.decode_read(address, response);
            let live = live.map_err(|error| unreadable(subject, &error, response))?;
            Ok(Observation {
                live,
                is_known: true,
                now: clock(response),
            })
        }
        Err(error) if error.is_absence(kind.absent_codes) => Ok(Observation::default()),
        Err(error) => Err(failed(subject, error)),
    }
}

/// Looks at an object: in one answer, or in all pages of what a deletion would take along.
pub(crate) async fn look(
    reader: &mut impl Reader,
    subject: Subject<'_>,
    view: View,
) -> Result<Observation, ReadFailure> {
    match fills(subject, view) {
        Some(fills) => look_inside(reader, subject.address, fills).await,
        None => {
            let answer = reader.read(&request(subject)).await;
            decode(subject, &answer)
        }
    }
}

/// Counts what lives in a resource. Whether the resource is there does not matter: its deletion
/// finds that out.
async fn look_inside(
    reader: &mut impl Reader,
    address: &Address,
    BlocksParent { fact, contents, .. }: &'static BlocksParent,
) -> Result<Observation, ReadFailure> {
    let list = List {
        subject: format!("list of what is in {address}"),
        page_size: Some(contents.page_size),
        request: &|window| (contents.request)(address, window),
        decode: &|response| {
            Ok((contents.decode)(address.region(), response)?.hidden(&response.mask))
        },
    };
    let listed = pages::read(reader, &list).await?;
    let inside = listed
        .items
        .iter()
        .filter(|(child, _)| child.parent().as_ref() == Some(address));
    let live = Some(LiveResource {
        facts: fact.count(inside.count() as u64),
        ..LiveResource::default()
    });
    Ok(Observation {
        live,
        is_known: true,
        now: None,
    })
}

/// Reads the values of an object, again where that may help.
pub(crate) async fn observe(
    client: &Client,
    subject: Subject<'_>,
    trace: &Trace,
) -> Result<Observation, ReadFailure> {
    let answer = client.read_traced(&request(subject), trace).await;
    decode(subject, &answer)
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
    ReadFailure {
        hint,
        ..super::failed(subject.address.to_string(), error)
    }
}
