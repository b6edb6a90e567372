//! Reads the live state: the lists of each region, and the children that the chart manages.
//!
//! Sends reads only. A failed read is recorded, never dropped: an object that could not be read is
//! unknown, not absent.

pub mod accounts;
mod by_id;
pub(crate) mod checkup;
mod children;
pub(crate) mod contents;
mod copies;
pub mod everything;
mod holders;
pub(crate) mod inventory;
mod jobs;
mod lacking;
mod lists;
pub(crate) mod observe;
pub(crate) mod pages;
mod persons;
mod snapshot;
mod targets;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use tokio::task::{JoinError, JoinSet};

use self::{
    children::{Children, Watch},
    copies::{Abroad, Names},
    lists::{Found, Lists},
};
use crate::{
    address::Address,
    copies::Wanted,
    kind::{Kind, Listing, Page, REGISTRY, Subject, Undecodable, Window},
    plan,
    progress::{Listener, Stage, Tally},
    scope,
    state::{Chart, Live, LiveResource, ReadFailure, Unread},
    time::Moment,
    transport::client::{CallError, Client},
    wire::Response,
};

pub(crate) use self::lacking::confirm;
pub use self::{
    pages::Listed,
    snapshot::{Understood, read_for_snapshot},
};

const NOT_THE_SERVICE: &str =
    "this response is not from the service: check the endpoint and any proxy";

/// What is read beside the state of the chart's resources.
#[derive(Debug, Clone, Default)]
pub struct RefreshOptions {
    /// The rules whose targets are compared with their sources.
    pub copies: Wanted,
    /// Whether the newest jobs of each parent with rules are read.
    pub jobs: bool,
    /// The other regions that rules copy to, and why one has no endpoint, as a clause. `None`: no
    /// target is looked at.
    pub abroad: Option<BTreeMap<Arc<str>, Result<(), String>>>,
    /// Whether what fails leaves the rest to be read.
    pub goes_on: bool,
    /// The kinds of which every resource in a declared organization is read.
    pub include: BTreeSet<&'static Kind>,
    /// Whether what every resource contains is listed.
    pub contents: bool,
}

/// Reads everything that a plan for this chart needs.
pub async fn refresh(client: &Arc<Client>, chart: &Chart, listener: &dyn Listener) -> Live {
    refresh_with(client, chart, &RefreshOptions::default(), listener).await
}

/// The same, and what the options ask for.
pub async fn refresh_with(
    client: &Arc<Client>,
    chart: &Chart,
    options: &RefreshOptions,
    listener: &dyn Listener,
) -> Live {
    refresh_part(client, chart, chart, options, listener).await
}

/// The same for a part of the chart. Lists are read whole, because only they show what no file
/// lists. Children are read only for the selected part, and so are jobs, if they are asked for.
pub(crate) async fn refresh_part(
    client: &Arc<Client>,
    chart: &Chart,
    part: &Chart,
    options: &RefreshOptions,
    listener: &dyn Listener,
) -> Live {
    let Understood {
        mut live,
        unread,
        malformed,
    } = understood(client, chart, part, options, listener).await;
    live.failures
        .extend(unread.into_iter().map(|unread| unread.failure));
    // Undecodable objects that the chart declares, or that are in a declared parent, are unknown.
    live.failures.extend(malformed.into_values());
    live.failures
        .sort_by(|one, other| one.subject.cmp(&other.subject));
    live
}

/// The decoded objects, and a failure for each undecodable one that matters to the chart.
async fn understood(
    client: &Arc<Client>,
    chart: &Chart,
    part: &Chart,
    options: &RefreshOptions,
    listener: &dyn Listener,
) -> Understood {
    let tally = Tally::new(listener, Stage::Reading);
    let part = Arc::new(part.clone());
    let mut children = Children::new(client);
    let wanted = scope::to_list_if_live(&part);
    let goes_on = |live: &Live, unread: &[Unread]| {
        // Looks at other regions begin after a first success, so there must have been one.
        let has_some = !(live.reads.lists.is_empty() && live.reads.ids.is_empty());
        (options.goes_on && has_some) || (live.failures.is_empty() && unread.is_empty())
    };
    let (watch, reads) = Watch::new(wanted.clone());
    let names = Arc::new(copies::names(&part, options));
    let lists = Lists::new(client, chart, part.clone(), options, &wanted);
    let declared = &lists.declared;
    let abroad = Abroad::begin(client, &part, declared, options);
    let (regions, by_id) = lists.begin(watch, &names);
    let mut found = Found::default();
    for listed in children.gather(regions, reads, &tally).await {
        lists.take(listed, &mut found);
    }
    let Found {
        mut live,
        malformed,
        several,
        moved,
    } = found;
    for found in gather(by_id, &tally).await {
        live.resources.extend(found.resources);
        live.ids.extend(found.ids);
        live.reads.ids.extend(found.reads.ids);
        live.failures.extend(found.failures);
        live.clock = live.clock.max(found.clock);
    }
    // A list that failed lacks everything, so each object would be asked for by itself.
    if goes_on(&live, &[]) {
        lacking::look_for(client, &part, &several, &mut live, &tally).await;
    }
    // Beside the reads of children.
    let mut beside = JoinSet::new();
    if goes_on(&live, &[]) {
        beside = targets::beside(client, &part, declared, &mut live, options);
    }
    let mut unread = Vec::new();
    // If a list failed, reads of its children would only repeat the failure.
    if goes_on(&live, &[]) {
        let mut reads = scope::to_list(&part, &live);
        reads.extend(scope::to_include(&part, &live, &options.include));
        reads.retain(|(parent, kind)| {
            let holders = live.holders.get(kind);
            kind.parents().is_none() || holders.is_some_and(|holders| holders.contains(parent))
        });
        // Before the wait for the children, so that both are read side by side.
        if options.jobs {
            live.judged_jobs = plan::jobs::to_read(&part, &live);
        }
        let jobs = jobs::begin(client, live.judged_jobs.clone());
        unread = children.finish(reads, &moved, &mut live, &tally).await;
        jobs.finish(&mut live, &tally).await;
    }
    if goes_on(&live, &unread) {
        persons::look_up(client, &part, &mut live, &tally).await;
        holders::look_for(client, &part, &mut live, &tally).await;
    }
    // Only now is it known which changes need it.
    if goes_on(&live, &unread) {
        contents::read(client, &part, options.contents, &mut live, &tally).await;
    }
    if goes_on(&live, &unread) {
        live.targets
            .extend(beside.join_all().await.into_iter().flatten());
        let mut seen = abroad.end().await;
        live.targets.append(&mut seen.targets);
        let of_lists = (declared, &*several);
        let read = (&*names, seen);
        copies::read(
            client,
            (chart, &part),
            options,
            of_lists,
            read,
            &mut live,
            &tally,
        )
        .await;
        jobs::look_again(client, &part, declared, &mut live, &tally).await;
    }
    live.failures
        .sort_by(|one, other| one.subject.cmp(&other.subject));
    Understood {
        live,
        unread,
        malformed,
    }
}

/// The failure for an undecodable list item.
fn misread(address: &Address, found: &LiveResource) -> Option<ReadFailure> {
    let message = found.malformed.as_deref()?.to_owned();
    Some(ReadFailure {
        subject: address.to_string(),
        message,
        hint: Some(NOT_THE_SERVICE.to_owned()),
    })
}

/// The results of all tasks, in the order in which they end. Each counts as a step.
pub(crate) async fn gather<T: 'static>(mut tasks: JoinSet<T>, tally: &Tally<'_>) -> Vec<T> {
    tally.expect(tasks.len());
    let mut brought = Vec::with_capacity(tasks.len());
    while let Some(ended) = tasks.join_next().await {
        brought.push(result(ended));
        tally.step();
    }
    brought
}

/// The result of a task. Tasks are never cancelled, so an error is a panic, which continues here.
fn result<T>(ended: Result<T, JoinError>) -> T {
    ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Whether the chart declares the parent, or a rule targets it. Resources without a parent always
/// count: they are few.
fn lives_in(chart: &Chart, address: &Address) -> bool {
    address
        .parent()
        .is_none_or(|parent| chart.resources.contains_key(&parent))
}

/// The children of one resource, of a kind that is read per parent.
pub async fn list_children(
    client: &Client,
    parent: &Address,
    kind: &'static Kind,
) -> Result<Vec<(Address, LiveResource)>, ReadFailure> {
    let (items, doubt) = listed(client, parent, kind).await?;
    // Fails instead of reading again: a list without pages would give the same doubt.
    match doubt {
        Some(message) => Err(ReadFailure {
            subject: subject_of(kind, parent),
            message,
            hint: None,
        }),
        None => Ok(items),
    }
}

/// The same; none if the parent does not exist.
pub(crate) async fn list_children_if_there(
    client: &Client,
    parent: &Address,
    kind: &'static Kind,
) -> Result<Vec<(Address, LiveResource)>, ReadFailure> {
    let Listing::PerParent { request, decode } = kind.listing else {
        return list_children(client, parent, kind).await;
    };
    match client.read(&request(parent)).await {
        Err(error) if error.is_absence(parent.kind().absent_codes) => Ok(Vec::new()),
        answer => Ok(decoded_list((parent, kind), decode, answer)?.0),
    }
}

/// The same for a plan, which asks for what a doubtful list may lack, if the kind allows that.
async fn listed_children(
    client: &Client,
    parent: &Address,
    kind: &'static Kind,
) -> Result<Vec<(Address, LiveResource)>, ReadFailure> {
    match kind.parents() {
        Some(_) => Ok(listed(client, parent, kind).await?.0),
        None => list_children(client, parent, kind).await,
    }
}

fn subject_of(kind: &Kind, parent: &Address) -> String {
    format!("{} of {parent}", kind.several())
}

/// Children, and why there may be more.
type Doubted = (Vec<(Address, LiveResource)>, Option<String>);

/// The children, and why there may be more.
async fn listed(
    client: &Client,
    parent: &Address,
    kind: &'static Kind,
) -> Result<Doubted, ReadFailure> {
    let (Listing::PerParent { request, decode }
    | Listing::PerListedParent {
        request, decode, ..
    }) = kind.listing
    else {
        let address = Address::new(kind, parent.parts().to_vec());
        let subject = Subject {
            address: &address,
            id: None,
        };
        let seen = observe::observe_below(client, subject).await?;
        let items = seen.live.map(|live| (address, live)).into_iter().collect();
        return Ok((items, None));
    };
    let answer = client.read(&request(parent)).await;
    decoded_list((parent, kind), decode, answer)
}

/// The children in the answer to their list, and why there may be more.
fn decoded_list(
    (parent, kind): (&Address, &'static Kind),
    decode: fn(&Address, &Response) -> Result<Page, Undecodable>,
    answer: Result<Response, CallError>,
) -> Result<Doubted, ReadFailure> {
    let subject = || subject_of(kind, parent);
    let response = answer.map_err(|error| failed(subject(), &error))?;
    let page =
        decode(parent, &response).map_err(|error| unreadable(subject(), &error, &response))?;
    let page = page.hidden(&response.mask);
    let (mut items, mut seen) = (Vec::new(), BTreeMap::new());
    for (address, resource) in page.items {
        if is_new(&mut seen, &address, &resource)
            .map_err(|message| contradicted(&subject(), message))?
        {
            items.push((address, resource));
        }
    }
    Ok((items, page.doubt))
}

/// All resources of a kind in a region. Fails if one is undecodable.
pub async fn list_region(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
) -> Result<Listed, ReadFailure> {
    let listed = list_whole(client, kind, region, None).await?;
    match listed
        .items
        .iter()
        .find_map(|(address, found)| misread(address, found))
    {
        Some(failure) => Err(failure),
        None => Ok(listed),
    }
}

/// All resources of a kind in a region, undecodable ones included. The others see each page as it
/// arrives.
async fn list_whole(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
    seen: Option<(&Watch, &Names)>,
) -> Result<Listed, ReadFailure> {
    let Listing::PerRegion {
        page_size,
        request,
        decode,
    } = kind.listing
    else {
        return Ok(Listed {
            items: Vec::new(),
            account: None,
            at: None,
            pages: 0,
            readings: 0,
        });
    };
    let at = Mutex::new(None);
    let list = pages::List {
        subject: format!("{} list of {region}", kind.name),
        page_size,
        request: &|window| request(region, window),
        decode: &|response| {
            if let Ok(mut at) = at.lock() {
                *at = (*at).max(clock(response));
            }
            let page = decode(region, response)?.hidden(&response.mask);
            if let Some((watch, names)) = seen {
                watch.page(&page.items);
                names.page(kind, region, response, &page.items);
            }
            Ok(page)
        },
    };
    let listed = pages::read(&mut { client }, &list).await?;
    Ok(Listed {
        at: at.into_inner().unwrap_or_default(),
        ..listed
    })
}

/// The caller's account in a region, if the first page of a list shows it.
pub async fn account(client: &Client, region: &Arc<str>) -> Result<Option<String>, ReadFailure> {
    for kind in REGISTRY {
        let Listing::PerRegion {
            page_size: Some(size),
            request,
            decode,
        } = kind.listing
        else {
            continue;
        };
        let subject = || format!("{} list of {region}", kind.name);
        let request = request(region, Window::first(size));
        let response = client
            .read(&request)
            .await
            .map_err(|error| failed(subject(), &error))?;
        let page =
            decode(region, &response).map_err(|error| unreadable(subject(), &error, &response))?;
        if page.account.is_some() {
            return Ok(page.account);
        }
    }
    Ok(None)
}

/// Whether an item is new. Fails if it is listed twice with different values.
fn is_new(
    seen: &mut BTreeMap<Address, LiveResource>,
    address: &Address,
    resource: &LiveResource,
) -> Result<bool, String> {
    match seen.get(address) {
        Some(before) if before.attributes != resource.attributes => {
            Err(format!("{address} is listed twice, with different values"))
        }
        Some(_) => Ok(false),
        None => {
            seen.insert(address.clone(), resource.clone());
            Ok(true)
        }
    }
}

/// The time on the service's clock. Times in its responses are compared only with this, because
/// clocks may differ.
fn clock(response: &Response) -> Option<Moment> {
    Moment::of_http(response.date.as_deref()?)
}

/// What is wrong with an answer, and which request it belongs to.
fn undecodable(error: &Undecodable, response: &Response) -> String {
    let id = response.request_id.as_deref();
    let id = id.map(|id| format!("request id {}", crate::text::escaped(id)));
    let of: Vec<String> = response.request.clone().into_iter().chain(id).collect();
    match of.is_empty() {
        true => error.to_string(),
        false => format!("{error} ({})", of.join(", ")),
    }
}

fn contradicted(subject: &str, message: String) -> ReadFailure {
    ReadFailure {
        subject: subject.to_owned(),
        message,
        hint: Some("try again when no other client writes".to_owned()),
    }
}

fn failed(subject: String, error: &CallError) -> ReadFailure {
    ReadFailure {
        subject,
        message: error.to_string(),
        hint: error.hint().map(Cow::into_owned),
    }
}

fn unreadable(subject: String, error: &Undecodable, response: &Response) -> ReadFailure {
    ReadFailure {
        subject,
        message: undecodable(error, response),
        hint: Some(NOT_THE_SERVICE.to_owned()),
    }
}
