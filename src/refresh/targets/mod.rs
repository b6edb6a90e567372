//! Looks at the places that rules copy to: whether they exist.
//!
//! Nothing depends on it but findings. So it is one try, beside the other reads, and what fails is
//! not looked at. It begins after a first success: a wrong key must not be tried in every region.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::RefreshOptions;
use crate::{
    address::Address,
    copies::Target,
    kind::{Kind, Listing, Subject, Window},
    plan::copies::{Route, routes},
    state::{Chart, Live},
    transport::{
        NoAnswer,
        client::{CallError, Client, Purpose},
        trace::Trace,
    },
    wire::{Request, Response, Service},
};

/// How long all answers of one region may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The places in one region, each with the copies that are compared.
pub(super) type Places = BTreeMap<Address, BTreeSet<Address>>;

/// The regions whose objects are read in whole lists.
pub(super) type Own<'o> = BTreeSet<(Service, &'o Arc<str>)>;

/// The places that rules copy to, in regions that are read anyway or in all others.
pub(super) fn places(
    part: &Chart,
    own: &Own<'_>,
    are_own: bool,
    options: &RefreshOptions,
) -> BTreeMap<Arc<str>, Places> {
    let mut regions = BTreeMap::<Arc<str>, Places>::new();
    let is_meant = |route: &Route<'_>| {
        own.contains(&(route.place.kind().service, route.place.region())) == are_own
    };
    for route in routes(part).filter(is_meant) {
        let places = regions.entry(route.place.region().clone()).or_default();
        let copies = places.entry(route.place).or_default();
        if options.copies.holds(route.rule) {
            copies.insert(route.copy);
        }
    }
    regions
}

/// Looks at places in regions that are read anyway. Only what their lists lack is asked for.
pub(super) fn beside(
    client: &Arc<Client>,
    part: &Chart,
    own: &Own<'_>,
    live: &mut Live,
    options: &RefreshOptions,
) -> JoinSet<BTreeMap<Address, Target>> {
    let mut looks = JoinSet::new();
    if options.abroad.is_none() {
        return looks;
    }
    for (_, mut places) in places(part, own, true, options) {
        places.retain(|place, _| !is_declared(part, place));
        let (there, lacking): (Vec<_>, Vec<_>) = places
            .into_keys()
            .partition(|place| live.resources.contains_key(place));
        live.targets
            .extend(there.into_iter().map(|place| (place, Target::There)));
        if !lacking.is_empty() {
            let visit = Arc::new(Visit::new(client));
            looks.spawn(async move { visit.each(lacking).await });
        }
    }
    looks
}

/// Whether the chart creates the place if it does not exist.
fn is_declared(chart: &Chart, place: &Address) -> bool {
    let declared = chart.resources.get(place);
    declared.is_some_and(|declared| !declared.is_absent())
}

/// Requests, mostly to one region, with one patience for all.
pub(super) struct Visit {
    client: Arc<Client>,
    left: Mutex<Duration>,
}

impl Visit {
    pub(super) fn new(client: &Arc<Client>) -> Visit {
        Visit {
            client: client.clone(),
            left: Mutex::new(PATIENCE),
        }
    }

    /// Looks at places in a region that is not read otherwise.
    pub(super) async fn look(
        self: Arc<Self>,
        region: &Arc<str>,
        places: Vec<Address>,
    ) -> BTreeMap<Address, Target> {
        self.client.proven().await;
        let mut kinds = BTreeMap::<&'static Kind, Vec<Address>>::new();
        for place in places {
            kinds.entry(place.kind()).or_default().push(place);
        }
        let mut targets = BTreeMap::new();
        for (kind, places) in kinds {
            match self.list(kind, region).await {
                Ok(listed) => {
                    let (there, lacking): (Vec<_>, Vec<_>) =
                        places.into_iter().partition(|place| listed.contains(place));
                    targets.extend(there.into_iter().map(|place| (place, Target::There)));
                    targets.append(&mut self.clone().each(lacking).await);
                }
                Err(reason) => {
                    let reason = Target::NotLookedAt(reason.into());
                    targets.extend(places.into_iter().map(|place| (place, reason.clone())));
                }
            }
        }
        targets
    }

    async fn list(
        &self,
        kind: &'static Kind,
        region: &Arc<str>,
    ) -> Result<BTreeSet<Address>, String> {
        let Listing::PerRegion {
            request, decode, ..
        } = kind.listing
        else {
            return Err(format!("the {} of a region have no list", kind.several()));
        };
        let request = request(region, Window::first(usize::MAX));
        let answer = self.ask(&request, kind).await;
        let response = answer.map_err(|failed| failed.to_string())?;
        let page = decode(region, &response).map_err(|error| error.to_string())?;
        Ok(page.items.into_iter().map(|(address, _)| address).collect())
    }

    /// Looks at each place by itself.
    pub(super) async fn each(self: Arc<Self>, places: Vec<Address>) -> BTreeMap<Address, Target> {
        let mut reads = JoinSet::new();
        for place in places {
            let visit = self.clone();
            reads.spawn(async move {
                let target = visit.one(&place).await;
                (place, target)
            });
        }
        reads.join_all().await.into_iter().collect()
    }

    async fn one(&self, place: &Address) -> Target {
        let kind = place.kind();
        let subject = Subject {
            address: place,
            id: None,
        };
        let unclear = |reason: String| Target::NotLookedAt(reason.into());
        match self.ask(&kind.wire.read(subject), kind).await {
            Ok(response) => match kind.decode_read(place, &response) {
                Ok(Some(_)) => Target::There,
                Ok(None) => unclear(format!("{place} was not in its own answer")),
                Err(error) => unclear(error.to_string()),
            },
            Err(Failed::Answered(error)) if error.is_absence(kind.absent_codes) => Target::Missing,
            Err(failed) => unclear(failed.to_string()),
        }
    }

    /// Sends a request in what is left of the patience. The wait for a place in flight is not part
    /// of it: that is the time of other requests.
    pub(super) async fn ask(&self, request: &Request, kind: &Kind) -> Result<Response, Failed> {
        let mut admission = self.client.admit(request, &[]).await?;
        let left = self.with_left(|left| *left);
        let began = Instant::now();
        let trace = Trace::default();
        let sent = admission.send(request, kind.absent_codes, Purpose::Aside, &trace);
        let sent = timeout(left, sent).await;
        let rest = left.saturating_sub(began.elapsed());
        self.with_left(|left| *left = rest.min(*left));
        match sent {
            Ok(answer) => Ok(answer.map_err(|failed| failed.error)?),
            Err(_) => Err(Failed::Silent),
        }
    }

    fn with_left<T>(&self, of: impl FnOnce(&mut Duration) -> T) -> T {
        let left = self.left.lock();
        of(&mut left.unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Why a place was not looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error(transparent)]
    Answered(#[from] CallError),
    #[error("no answer within {} seconds", PATIENCE.as_secs())]
    Silent,
}

impl From<Failed> for CallError {
    fn from(failed: Failed) -> CallError {
        match failed {
            Failed::Answered(error) => error,
            Failed::Silent => CallError::NoAnswer(NoAnswer {
                message: Failed::Silent.to_string(),
                never_sent: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
