//! Looks at the surroundings of a chart, for `doctor`: a few small reads in each region, each of
//! them once and for a few seconds only.
//!
//! A question that was answered once is not asked again: a refused key is not tried in the next
//! region, and what does not answer is not asked for the rest.

mod allowances;
mod region;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};

pub(crate) use self::region::Wanted;
use super::targets::Visit;
use crate::{
    address::Address,
    copies::Target,
    doctor::seen::{Problem, Region, Why},
    kind::Undecodable,
    plan::copies::routes,
    state::{Chart, DesiredResource},
    transport::{
        client::{CallError, Client, Purpose},
        trace::Trace,
    },
    wire::{Request, Response, Service, error::Class},
};

/// How long one answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What was seen of all regions.
#[derive(Debug, Default)]
pub(crate) struct Checkup {
    pub(crate) regions: BTreeMap<Arc<str>, Region>,
    pub(crate) targets: BTreeMap<Address, Target>,
    /// The endpoints that were asked and did not answer.
    pub(crate) silent: BTreeMap<(Service, Arc<str>), Problem>,
}

/// Looks at regions, side by side, and then at the places that rules copy to in others. `abroad`
/// has these other regions, and why one has no endpoint.
pub(crate) async fn check(
    client: &Arc<Client>,
    chart: &Arc<Chart>,
    regions: Vec<Wanted>,
    abroad: &BTreeMap<Arc<str>, Result<(), String>>,
) -> Checkup {
    let mut visits = JoinSet::new();
    for wanted in regions {
        let (client, chart) = (client.clone(), chart.clone());
        visits.spawn(async move {
            let name = wanted.name.clone();
            (name, region::visit(&client, &chart, wanted).await)
        });
    }
    let mut checkup = Checkup::default();
    for (name, seen) in visits.join_all().await {
        let silent = seen.silent.into_iter();
        checkup
            .silent
            .extend(silent.map(|(service, problem)| ((service, name.clone()), problem)));
        checkup.regions.insert(name, seen.region);
    }
    checkup.targets = targets(client, chart, &checkup.regions, abroad).await;
    checkup
}

/// Whether the places exist that rules copy to and the chart does not declare.
async fn targets(
    client: &Arc<Client>,
    chart: &Chart,
    regions: &BTreeMap<Arc<str>, Region>,
    abroad: &BTreeMap<Arc<str>, Result<(), String>>,
) -> BTreeMap<Address, Target> {
    let mut places = BTreeMap::<Arc<str>, BTreeSet<Address>>::new();
    for route in routes(chart) {
        let declared = chart.resources.get(&route.place);
        if declared.is_none_or(DesiredResource::is_absent) {
            let of_region = places.entry(route.place.region().clone()).or_default();
            of_region.insert(route.place);
        }
    }
    let is_proven = regions.values().any(|region| region.tops.value().is_some());
    let unseen = |places: BTreeSet<Address>, reason: &str| {
        let reason = Target::NotLookedAt(reason.into());
        let all = places.into_iter().map(move |it| (it, reason.clone()));
        all.collect::<BTreeMap<_, _>>()
    };
    let mut seen = BTreeMap::new();
    let mut visits = JoinSet::new();
    for (region, mut places) in places {
        let listed = regions.get(&region).and_then(|region| region.tops.value());
        if let Some(listed) = listed {
            places.retain(|place| {
                let is_there = listed.contains_key(place);
                seen.extend(is_there.then(|| (place.clone(), Target::There)));
                !is_there
            });
        }
        if places.is_empty() {
            continue;
        }
        match abroad.get(&region) {
            _ if !is_proven || client.is_refused() => {
                seen.extend(unseen(
                    places,
                    "no list of the chart's own regions was read",
                ));
            }
            Some(Err(reason)) => seen.extend(unseen(places, reason)),
            None => seen.extend(unseen(places, "its region has no endpoint")),
            Some(Ok(())) => {
                let visit = Arc::new(Visit::new(client));
                let is_listed = listed.is_some();
                visits.spawn(async move {
                    let places = places.into_iter().collect();
                    match is_listed {
                        true => visit.each(places).await,
                        false => visit.look(&region, places).await,
                    }
                });
            }
        }
    }
    for found in visits.join_all().await {
        seen.extend(found);
    }
    seen
}

/// Sends a read once. The wait for a place in flight is not part of the patience: that is the time
/// of other requests.
async fn ask(
    client: &Client,
    request: &Request,
    purpose: Purpose,
    absent_codes: &[&str],
) -> Result<Response, Failed> {
    let mut admission = client.admit(request, &[]).await.map_err(|error| Failed {
        problem: problem(&error),
        error: Some(error),
    })?;
    let trace = Trace::default();
    let sent = admission.send(request, absent_codes, purpose, &trace);
    match timeout(PATIENCE, sent).await {
        Ok(answer) => answer.map_err(|failed| {
            let mut problem = problem(&failed.error);
            if problem.why == Why::NoAnswer {
                // It is the endpoint that does not answer, whatever is asked.
                let line = format!(" ({} {})", request.method, request.path);
                problem.message = problem.message.replace(&line, "");
            }
            Failed {
                problem,
                error: Some(failed.error),
            }
        }),
        Err(_) => Err(Failed {
            problem: Problem {
                why: Why::NoAnswer,
                message: format!("no answer within {} seconds", PATIENCE.as_secs()),
                hint: Some("check the endpoint, the network and the proxy settings".to_owned()),
            },
            error: None,
        }),
    }
}

/// A read that failed.
#[derive(Debug)]
struct Failed {
    problem: Problem,
    /// None without an answer in time.
    error: Option<CallError>,
}

fn problem(error: &CallError) -> Problem {
    let why = match error {
        CallError::NoAnswer(_) => Why::NoAnswer,
        CallError::Spent(_) => Why::NotSent,
        CallError::Answered { class, .. } => match class {
            Class::Unauthorized => Why::Unauthorized,
            Class::Forbidden => Why::Forbidden,
            _ => Why::Other,
        },
    };
    Problem {
        why,
        message: error.to_string(),
        hint: error.hint().map(std::borrow::Cow::into_owned),
    }
}

fn unreadable(error: &Undecodable, response: &Response) -> Problem {
    Problem {
        why: Why::Other,
        message: super::undecodable(error, response),
        hint: Some(super::NOT_THE_SERVICE.to_owned()),
    }
}
