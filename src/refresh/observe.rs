//! Observes one object: the requests, and their responses as a value.
//!
//! The caller sends the requests: a plan with retries, an apply from the place in flight of the
//! write that follows.

use std::borrow::Cow;

use super::{
    clock, contents,
    pages::{self, List, Reader},
};
use crate::{
    address::Address,
    kind::{BlocksParent, Item, ItemList, Listing, Page, Subject, Undecodable},
    state::{LiveResource, ReadFailure},
    time::Moment,
    transport::{
        client::{CallError, Client},
        trace::Trace,
    },
    wire::{Request, Response},
};

/// What to read of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Its attributes.
    Values,
    /// Its attributes under any spelling of its name, because it would be created again.
    BeforeCreate,
    /// What its deletion would destroy, too.
    BeforeDelete,
    /// What its parent contains, too, because a change of it can delete that.
    Counted,
}

/// An observation of an object.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observation {
    /// `None`: it does not exist.
    pub(crate) live: Option<LiveResource>,
    /// Whether the service knows the id in the request. A git repository that is not a mirror is
    /// known, but not live.
    pub(crate) is_known: bool,
    /// The time on the service's clock.
    pub(crate) now: Option<Moment>,
    /// What the parent contains, if that was read.
    pub(crate) contents: Option<Vec<Item>>,
}

/// The request that returns the attributes of an object.
pub(crate) fn request(subject: Subject<'_>) -> Request {
    subject.address.kind().wire.read(subject)
}

/// Whether one response is enough. It may show siblings too.
pub(crate) fn is_one_answer(subject: Subject<'_>, view: View) -> bool {
    counted_children(subject, view).is_none()
        && listed(subject, view).is_none()
        && siblings(subject, view).is_none()
}

/// The list that shows a resource under any spelling. Whether its own read does, too, is up to the
/// service (swr-next: A2).
fn siblings(subject: Subject<'_>, view: View) -> Option<Siblings> {
    let kind = subject.address.kind();
    match &kind.listing {
        Listing::PerListedParent {
            request, decode, ..
        } if view == View::BeforeCreate && kind.ignores_case() => Some(Siblings {
            parent: subject.address.parent()?,
            request: *request,
            decode: *decode,
        }),
        _ => None,
    }
}

/// The list of the resources of one kind in one parent.
struct Siblings {
    parent: Address,
    request: fn(&Address) -> Request,
    decode: fn(&Address, &Response) -> Result<Page, Undecodable>,
}

/// The children to count.
fn counted_children(subject: Subject<'_>, view: View) -> Option<&'static BlocksParent> {
    match view {
        View::Values | View::BeforeCreate | View::Counted => None,
        View::BeforeDelete => subject.address.kind().blocked_by(),
    }
}

/// The parent whose contents are listed.
fn listed(subject: Subject<'_>, view: View) -> Option<(Address, &'static ItemList)> {
    let collects = subject.address.kind().collects;
    let collects = collects.filter(|_| view == View::Counted)?;
    Some((subject.address.parent()?, collects.list))
}

/// Decodes the response to [`request`].
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
                contents: None,
            })
        }
        // Some services report absence with a status that means something else for other kinds, so
        // the kind lists the codes (swr-api: section 1, point 9).
        Err(error) if error.is_absence(kind.absent_codes) => Ok(Observation::default()),
        Err(error) => Err(failed(subject, error)),
    }
}

/// Observes an object: its own read, or every page of the children that its deletion would delete
/// too.
pub(crate) async fn observe_with(
    reader: &mut impl Reader,
    subject: Subject<'_>,
    view: View,
) -> Result<Observation, ReadFailure> {
    if let Some(siblings) = siblings(subject, view)
        && let Some(seen) = look_beside(reader, subject, &siblings).await?
    {
        return Ok(seen);
    }
    match counted_children(subject, view) {
        Some(fills) => look_inside(reader, subject.address, fills).await,
        None => {
            let answer = reader.read(&request(subject)).await;
            let mut seen = decode(subject, &answer)?;
            if let Some((parent, list)) = listed(subject, view) {
                let listed = contents::list(reader, &parent, list).await?;
                seen.now = seen.now.max(listed.now);
                seen.contents = Some(listed.items);
            }
            Ok(seen)
        }
    }
}

/// Finds a resource among its siblings. `None`: its own read decides, because a list may lack it.
async fn look_beside(
    reader: &mut impl Reader,
    subject: Subject<'_>,
    siblings: &Siblings,
) -> Result<Option<Observation>, ReadFailure> {
    let answer = reader.read(&(siblings.request)(&siblings.parent)).await;
    let response = match &answer {
        Ok(response) => response,
        Err(error) if error.is_absence(siblings.parent.kind().absent_codes) => return Ok(None),
        Err(error) => return Err(failed(subject, error)),
    };
    let page = (siblings.decode)(&siblings.parent, response)
        .map_err(|error| unreadable(subject, &error, response))?
        .hidden(&response.mask);
    // Addresses are equal in any case here.
    let is_meant = |(address, _): &(Address, LiveResource)| address == subject.address;
    let found = page.items.into_iter().find(is_meant);
    Ok(found.map(|(_, live)| Observation {
        live: Some(live),
        is_known: true,
        now: clock(response),
        contents: None,
    }))
}

/// Counts the children of a resource, whether or not it exists: its deletion finds that out.
async fn look_inside(
    reader: &mut impl Reader,
    address: &Address,
    BlocksParent { fact, contents, .. }: &'static BlocksParent,
) -> Result<Observation, ReadFailure> {
    let list = List {
        subject: format!("list of children of {address}"),
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
        // The filter of the list may match other organizations too.
        .filter(|(child, _)| child.parent().as_ref() == Some(address));
    let live = Some(LiveResource {
        facts: fact.count(inside.count() as u64),
        ..LiveResource::default()
    });
    Ok(Observation {
        live,
        is_known: true,
        // The count may come from several pages, so it has no single time.
        now: None,
        contents: None,
    })
}

/// Observes the attributes of an object, with retries.
pub(crate) async fn observe(
    client: &Client,
    subject: Subject<'_>,
    trace: &Trace,
) -> Result<Observation, ReadFailure> {
    let answer = client.read_traced(&request(subject), trace).await;
    decode(subject, &answer)
}

/// Observes the only resource of its kind in a parent that a list shows. Not found means that the
/// parent is gone, unless the code says what is missing (swr-next: A1).
pub(super) async fn observe_below(
    client: &Client,
    subject: Subject<'_>,
) -> Result<Observation, ReadFailure> {
    let answer = client.read(&request(subject)).await;
    match &answer {
        Err(error) if !error.has_code(subject.address.kind().absent_codes) => {
            Err(failed(subject, error))
        }
        _ => decode(subject, &answer),
    }
}

fn unreadable(subject: Subject<'_>, error: &Undecodable, response: &Response) -> ReadFailure {
    super::unreadable(subject.address.to_string(), error, response)
}

fn failed(subject: Subject<'_>, error: &CallError) -> ReadFailure {
    let explained = match error {
        CallError::Answered { error, .. } => subject.address.kind().wire.explain(error),
        CallError::NoAnswer(_) | CallError::Spent(_) => None,
    };
    let hint = explained.map(Cow::Borrowed).or_else(|| error.hint());
    let hint = hint.map(Cow::into_owned);
    ReadFailure {
        hint,
        ..super::failed(subject.address.to_string(), error)
    }
}
