//! The reads in one region. The first one shows whether the endpoint answers and the credentials
//! are accepted; the others follow side by side.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinSet;

use super::{
    Failed,
    allowances::{self, strange},
    ask, unreadable,
};
use crate::{
    address::Address,
    doctor::seen::{Looked, Object, Problem, Reading, Region, Why},
    kind::{Kind, Listing, Page, REGISTRY, Subject, Window},
    refresh::{
        accounts::{self, NotAnOverview},
        by_id,
    },
    scope,
    state::{Chart, Live, LiveResource},
    transport::client::{Client, Purpose},
    wire::{Request, Service},
};

/// The longest page that is asked for: it shows whether a list may be read, and some resources.
const PAGE: usize = 100;

const NOTHING_HAS_THEM: &str = "nothing that has them exists yet";

/// What is to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: Arc<str>,
    /// The services that have an endpoint here.
    pub(crate) services: Vec<Service>,
    /// The id of the project, if the credentials have one for this region.
    pub(crate) project: Option<String>,
}

impl Wanted {
    fn has(&self, service: Service) -> bool {
        self.services.contains(&service)
    }
}

/// What was seen of a region.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) region: Region,
    /// The services that did not answer.
    pub(super) silent: BTreeMap<Service, Problem>,
}

pub(super) async fn visit(client: &Arc<Client>, chart: &Arc<Chart>, wanted: Wanted) -> Seen {
    let mut seen = Seen::default();
    let mut is_proven = false;
    if wanted.has(Service::Swr) {
        let found = account(client, &wanted.name).await;
        is_proven = !found.problem().is_some_and(is_fatal);
        seen.note(Service::Swr, found.problem());
        seen.region.account = found;
    }
    // Side by side from here on.
    let registry = async {
        match is_proven {
            true => Some(lists(client, chart, &wanted.name).await),
            false => None,
        }
    };
    let objects = async {
        match wanted.has(Service::CodeArts) {
            true => Some(by_id(client, chart, &wanted.name).await),
            false => None,
        }
    };
    // Its own refusal says nothing about SWR, which has accepted the credentials.
    let purpose = if is_proven {
        Purpose::Aside
    } else {
        Purpose::Work
    };
    let allowances = allowances(client, &wanted, purpose, is_proven);
    let (registry, objects, (project, quotas, gates)) = tokio::join!(registry, objects, allowances);
    seen.note(Service::Iam, project.problem());
    seen.region.project = project;
    seen.region.quotas = quotas;
    seen.region.gates = gates;
    if let Some(lists) = registry {
        seen.region.tops = lists.tops;
        seen.region.readings = lists.readings;
        if let (false, Some(listed)) = (seen.has_account(), lists.account) {
            seen.region.account = Looked::At(listed);
        }
    }
    if let Some(Objects { reading, objects }) = objects {
        seen.note(Service::CodeArts, reading.found.problem());
        seen.region.readings.push(reading);
        seen.region.objects = objects;
    }
    let is_answering = wanted.has(Service::Iam) && !seen.silent.contains_key(&Service::Iam);
    if chart.account.is_some() && !seen.has_account() && is_answering && !client.is_refused() {
        seen.region.account = domain(client, &wanted.name).await;
    }
    seen
}

impl Seen {
    fn has_account(&self) -> bool {
        self.region.account.value().is_some()
    }

    fn note(&mut self, service: Service, problem: Option<&Problem>) {
        let silent = problem.filter(|problem| problem.why == Why::NoAnswer);
        self.silent
            .extend(silent.map(|problem| (service, problem.clone())));
    }
}

/// Whether nothing else can be read where this happened.
fn is_fatal(problem: &Problem) -> bool {
    matches!(
        problem.why,
        Why::NoAnswer | Why::Unauthorized | Why::NotSent
    )
}

/// The name of the account; the first request in a region.
async fn account(client: &Client, region: &Arc<str>) -> Looked<String> {
    match ask(
        client,
        &accounts::overview_request(region),
        Purpose::Work,
        &[],
    )
    .await
    {
        Err(failed) => Looked::Failed(failed.problem),
        Ok(response) => match accounts::overview_name(&response) {
            Ok(Some(name)) => Looked::At(name),
            Ok(None) => Looked::NotAt("the service does not show it"),
            Err(NotAnOverview) => Looked::Failed(strange("an object with `domain_name`")),
        },
    }
}

/// The name of the account by IAM.
async fn domain(client: &Client, region: &Arc<str>) -> Looked<String> {
    let request = accounts::domain_request(region);
    let answer = ask(client, &request, Purpose::Aside, &[]).await;
    match accounts::domain_name(answer.map_err(|failed| failed.problem.message)) {
        Ok(name) => Looked::At(name),
        Err(_) => Looked::NotAt("neither SWR nor IAM names it"),
    }
}

/// The project, its quotas, and its feature gates.
type Allowances = (
    Looked<String>,
    Looked<Vec<crate::doctor::seen::Quota>>,
    Looked<BTreeMap<String, bool>>,
);

async fn allowances(
    client: &Client,
    wanted: &Wanted,
    purpose: Purpose,
    is_proven: bool,
) -> Allowances {
    let project = match &wanted.project {
        Some(project) => Looked::At(project.clone()),
        None if client.is_refused() => Looked::Needless,
        None if !wanted.has(Service::Iam) => {
            Looked::NotAt("there is no endpoint of IAM; `PORTOLAN_ENDPOINT_IAM` names one")
        }
        None => allowances::project(client, &wanted.name, purpose).await,
    };
    let (quotas, gates) = match project.value() {
        _ if !is_proven => (Looked::Needless, Looked::Needless),
        // The line of the project says so.
        None => (Looked::Needless, Looked::Needless),
        Some(id) => tokio::join!(
            allowances::quotas(client, &wanted.name, id),
            allowances::gates(client, &wanted.name, id)
        ),
    };
    (project, quotas, gates)
}

/// What the lists of a region show.
struct Lists {
    tops: Looked<BTreeMap<Address, LiveResource>>,
    account: Option<String>,
    readings: Vec<Reading>,
}

/// Reads the lists of the region, and then one list of each kind that the chart manages below.
async fn lists(client: &Arc<Client>, chart: &Arc<Chart>, region: &Arc<str>) -> Lists {
    let kinds = REGISTRY
        .iter()
        .copied()
        .filter(|kind| kind.service == Service::Swr);
    let mut reads = JoinSet::new();
    for kind in kinds.clone() {
        if matches!(kind.listing, Listing::PerRegion { .. }) {
            let (client, region) = (client.clone(), region.clone());
            reads.spawn(async move { (kind, page(&client, kind, &region).await) });
        }
    }
    let pages: BTreeMap<&'static Kind, _> = reads.join_all().await.into_iter().collect();
    let mut reads = JoinSet::new();
    let below = scope::to_list_if_live(chart);
    for (place, kind) in kinds.enumerate() {
        let parents = below.iter().filter(|(parent, of)| {
            *of == kind && parent.kind().service == Service::Swr && parent.region() == region
        });
        let parents: Vec<&Address> = parents.map(|(parent, _)| parent).collect();
        if parents.is_empty() {
            continue;
        }
        let example = example(&parents, &pages);
        let (client, region) = (client.clone(), region.clone());
        reads.spawn(async move { (place, below_one(&client, kind, &region, example).await) });
    }
    let persons = scope::to_look_up(chart, &Live::default());
    let person = persons.into_iter().find(|(_, of, _)| of == region);
    let person = async {
        match person {
            Some((kind, region, name)) => person_reading(client, kind, &region, &name).await,
            None => None,
        }
    };
    let (below, person) = tokio::join!(reads.join_all(), person);
    let mut below = below;
    below.sort_by_key(|(place, _)| *place);
    let mut lists = Lists {
        tops: Looked::Needless,
        account: None,
        readings: Vec::new(),
    };
    for (kind, found) in pages {
        let what = kind.several();
        let found = match found {
            Ok(page) => {
                lists.account = lists.account.or(page.account);
                if kind.holds_unlisted() {
                    lists.tops = Looked::At(page.items.into_iter().collect());
                }
                Looked::At(())
            }
            Err(problem) => {
                if kind.holds_unlisted() {
                    lists.tops = Looked::Failed(problem.clone());
                }
                Looked::Failed(problem)
            }
        };
        lists.readings.push(needed(what, found));
    }
    lists
        .readings
        .extend(below.into_iter().map(|(_, reading)| reading));
    lists.readings.extend(person);
    lists
}

fn needed(what: String, found: Looked<()>) -> Reading {
    Reading {
        what,
        is_needed: true,
        found,
    }
}

/// One page of a list.
async fn page(client: &Client, kind: &'static Kind, region: &Arc<str>) -> Result<Page, Problem> {
    let Listing::PerRegion {
        page_size,
        request,
        decode,
    } = kind.listing
    else {
        return Ok(Page::default());
    };
    let limit = page_size.map_or(usize::MAX, |size| size.min(PAGE));
    let request = request(region, Window::first(limit));
    let answer = ask(client, &request, Purpose::Work, &[]).await;
    let response = answer.map_err(|failed| failed.problem)?;
    let page = decode(region, &response).map_err(|error| unreadable(&error, &response))?;
    Ok(page.hidden(&response.mask))
}

/// A parent to try a kind with: one that is there, else one that may be.
fn example(
    parents: &[&Address],
    pages: &BTreeMap<&'static Kind, Result<Page, Problem>>,
) -> Option<Address> {
    let kind = parents.first()?.kind();
    let Some(Ok(page)) = pages.get(kind) else {
        return parents.first().map(|parent| (*parent).clone());
    };
    let mut listed = page.items.iter().map(|(address, _)| address);
    if let Some(there) = listed.find(|address| parents.contains(address)) {
        return Some(there.clone());
    }
    // A list that is not whole may lack it.
    let is_whole = page.total.unwrap_or(page.length) <= page.items.len();
    let first = parents.first().map(|parent| (*parent).clone());
    first.filter(|_| !is_whole)
}

/// Tries to read a kind in one parent.
async fn below_one(
    client: &Client,
    kind: &'static Kind,
    region: &Arc<str>,
    parent: Option<Address>,
) -> Reading {
    let what = match kind.parent {
        // Kinds with different parents may share a name.
        Some(parent) if kind.family() != kind || has_twin(kind) => {
            format!("{} of {}", kind.several(), parent.several())
        }
        _ => kind.several(),
    };
    let mut requests: Vec<Request> = Vec::new();
    if let Some(parents) = kind.parents() {
        requests.push((parents.request)(region, Window::first(1)));
    }
    let single = parent.map(|parent| match kind.listing {
        Listing::PerParent { request, .. } | Listing::PerListedParent { request, .. } => {
            request(&parent)
        }
        _ => kind.wire.read(Subject {
            address: &Address::new(kind, parent.parts().to_vec()),
            id: None,
        }),
    });
    let has_single = single.is_some();
    requests.extend(single);
    for request in requests {
        match ask(client, &request, Purpose::Work, &[]).await {
            Ok(_) => {}
            Err(Failed {
                error: Some(error), ..
            }) if error.has_code(kind.absent_codes) => {}
            Err(Failed {
                error: Some(error), ..
            }) if error.is_absence(&[]) => {
                return needed(what, Looked::NotAt(NOTHING_HAS_THEM));
            }
            Err(failed) => return needed(what, Looked::Failed(failed.problem)),
        }
    }
    let found = match has_single {
        true => Looked::At(()),
        false => Looked::NotAt(NOTHING_HAS_THEM),
    };
    needed(what, found)
}

fn has_twin(kind: &'static Kind) -> bool {
    let mut others = REGISTRY.iter().filter(|other| **other != kind);
    others.any(|other| other.family() == kind)
}

/// Whether ids of persons can be looked up.
async fn person_reading(
    client: &Client,
    kind: &'static Kind,
    region: &Arc<str>,
    name: &str,
) -> Option<Reading> {
    let naming = kind.naming()?;
    let request = (naming.look_up)(region, name);
    let found = match ask(client, &request, Purpose::Aside, &[]).await {
        Ok(_) => Looked::At(()),
        Err(failed) => Looked::Failed(Problem {
            hint: Some(naming.id_hint.to_owned()),
            ..failed.problem
        }),
    };
    Some(Reading {
        what: format!("ids of new {}s", naming.part),
        is_needed: false,
        found,
    })
}

/// What requests name by an id.
struct Objects {
    reading: Reading,
    objects: Vec<(Address, Looked<Object>)>,
}

async fn by_id(client: &Arc<Client>, chart: &Arc<Chart>, region: &Arc<str>) -> Objects {
    let mut all = Objects {
        reading: needed(String::new(), Looked::Needless),
        objects: Vec::new(),
    };
    for kind in REGISTRY.iter().copied() {
        let Listing::PerId { request, .. } = kind.listing else {
            continue;
        };
        let declared = chart.resources.keys();
        let declared = declared.filter(|it| it.kind() == kind && it.region() == region);
        let declared: Vec<Address> = declared.cloned().collect();
        if declared.is_empty() {
            continue;
        }
        // Once and briefly: the reads that follow are repeated where nothing answers.
        let first = ask(
            client,
            &request(region, Window::first(1)),
            Purpose::Work,
            &[],
        )
        .await;
        all.reading.what = kind.several();
        if let Err(failed) = first {
            all.reading.found = Looked::Failed(failed.problem);
            continue;
        }
        all.reading.found = Looked::At(());
        let live = by_id::read(client, kind, chart, region).await;
        let found = declared.into_iter().map(|address| {
            let found = object(&address, &live);
            (address, found)
        });
        all.objects.extend(found);
    }
    all
}

fn object(address: &Address, live: &Live) -> Looked<Object> {
    if live.resources.contains_key(address) {
        return Looked::At(Object::There);
    }
    let name = address.to_string();
    let mut failures = live.failures.iter();
    if let Some(failure) = failures.find(|it| it.subject.ends_with(&name)) {
        return Looked::Failed(Problem {
            why: Why::Other,
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        });
    }
    match live.ids.contains_key(address) {
        true => Looked::At(Object::Attachable),
        false if !live.failures.is_empty() => Looked::NotAt("its list could not be read"),
        false => Looked::At(Object::Missing(address.kind())),
    }
}
