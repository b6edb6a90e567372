//! The door to the services: the endpoints of a command, resolved once, and the client that sends
//! to them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use super::{UsageError, deadline::Deadline, output, secrets};
use crate::{
    apply::Pace,
    cli::{CredentialsFrom, Global, Parallelism},
    emulator::{self, Emulator},
    mask::Mask,
    plan::{
        Plan, Run, Scope,
        copies::{Route, routes},
    },
    scope::{self, Selection},
    state::{Chart, Live},
    transport::{
        Transport,
        budget::Budget,
        client::Client,
        connection::{Connections, Timeouts},
        credentials::{self, Choice, CredentialError, Credentials, Found, Source, SourceName},
        emulated::Emulated,
        endpoint::{self, Endpoints, Overrides, Wanted},
        http::HttpTransport,
        roots::Roots,
        wallet::{Issuers, Places, Wallet},
    },
    wire::{Service, host::EMULATED},
};

/// What a command's requests go through.
pub(super) struct Door {
    pub(super) client: Arc<Client>,
    /// The URL of each service in each region, as a plan names it.
    pub(super) endpoints: BTreeMap<(Service, String), String>,
    /// The other regions that rules copy to, and why one has no endpoint, as a clause.
    pub(super) abroad: BTreeMap<Arc<str>, Result<(), String>>,
    pub(super) deadline: Deadline,
}

/// Another region that rules copy to, and the regions that do.
pub(super) struct Abroad<'a> {
    pub(super) place: Wanted<'a>,
    pub(super) sources: Vec<Wanted<'a>>,
}

/// A service in a region.
pub(super) type Place = (Service, Arc<str>);

/// A place, with the endpoint that the chart names for it.
pub(super) fn in_chart<'c>(chart: &'c Chart, service: Service, region: &'c str) -> Wanted<'c> {
    let wanted = Wanted::new(service, region);
    match chart.endpoints.get(&(service, Arc::from(region))) {
        Some(endpoint) => wanted.in_chart(&endpoint.url, Some(endpoint.source.clone())),
        None => wanted,
    }
}

/// The places that rules copy to, each with the regions that do.
pub(super) fn targets(chart: &Chart) -> BTreeMap<Place, BTreeSet<Arc<str>>> {
    let mut sources = BTreeMap::<Place, BTreeSet<Arc<str>>>::new();
    for route in routes(chart) {
        let of = (route.place.kind().service, route.place.region().clone());
        let source = route.rule.region().clone();
        sources.entry(of).or_default().insert(source);
    }
    sources
}

/// Those of them that the command does not ask anyway.
pub(super) fn abroad<'c>(
    chart: &'c Chart,
    targets: &'c BTreeMap<Place, BTreeSet<Arc<str>>>,
    places: &BTreeSet<Place>,
) -> Vec<Abroad<'c>> {
    let others = targets.iter().filter(|(place, _)| !places.contains(place));
    others
        .map(|((service, region), sources)| Abroad {
            place: in_chart(chart, *service, region),
            sources: sources
                .iter()
                .map(|region| in_chart(chart, *service, region))
                .collect(),
        })
        .collect()
}

impl Door {
    /// Opens the door to the regions of a chart.
    pub(super) async fn for_chart(global: &Global, chart: &Chart) -> anyhow::Result<Door> {
        let mut places = chart.places();
        // IAM is asked to compare its account with the chart's.
        if chart.account.is_some() {
            let regions: BTreeSet<_> = places.iter().map(|(_, region)| region.clone()).collect();
            places.extend(regions.into_iter().map(|region| (Service::Iam, region)));
        }
        // And for the ids of new users.
        let unidentified = scope::to_look_up(chart, &Live::default());
        places.extend(
            unidentified
                .into_iter()
                .map(|(_, region, _)| (Service::Iam, region)),
        );
        let named = |service, region| in_chart(chart, service, region);
        let targets = targets(chart);
        let opening = Opening {
            wanted: places
                .iter()
                .map(|(service, region)| named(*service, region))
                .collect(),
            abroad: abroad(chart, &targets, &places),
            named: &named,
            mask: secrets::mask_of(chart),
            account: chart.account.as_deref(),
        };
        let mut door = Door::open(global, opening).await?;
        // The chart itself asks there.
        let known = targets.keys().filter(|place| places.contains(place));
        door.abroad
            .extend(known.map(|(_, region)| (region.clone(), Ok(()))));
        Ok(door)
    }

    /// Opens the door to services in regions of which no chart says anything.
    pub(super) async fn for_places(
        global: &Global,
        places: &BTreeSet<(Service, Arc<str>)>,
    ) -> anyhow::Result<Door> {
        let wanted = places.iter();
        let opening = Opening {
            wanted: wanted
                .map(|(service, region)| Wanted::new(*service, region))
                .collect(),
            abroad: Vec::new(),
            named: &Wanted::new,
            mask: secrets::mask_of(&Chart::default()),
            account: None,
        };
        Door::open(global, opening).await
    }

    /// Opens the door to the endpoints of a saved plan; refuses if they resolve to others now.
    pub(super) async fn for_plan(global: &Global, plan: &Plan) -> anyhow::Result<Door> {
        let planned = &plan.scope.endpoints;
        if global.emulator.is_none() && planned.values().any(|url| url.starts_with(EMULATED)) {
            anyhow::bail!(
                "the plan was made against the emulator; apply it with `--emulator`, or plan again"
            );
        }
        let named = |service, region| {
            let wanted = Wanted::new(service, region);
            match planned.get(&(service, region.to_owned())) {
                Some(url) => wanted.in_saved_plan(url),
                None => wanted,
            }
        };
        // Other credentials may apply the plan than made it, which do not need STS.
        let places = planned
            .keys()
            .filter(|(service, _)| *service != Service::Sts);
        let mut wanted: Vec<Wanted<'_>> = places
            .map(|(service, region)| named(*service, region))
            .collect();
        let account = plan.chart.account.as_deref();
        if account.is_some() {
            // Another service may show the account now than when the plan was made.
            let regions = plan.scope.regions.iter();
            let unplanned =
                regions.filter(|region| !planned.contains_key(&(Service::Iam, (*region).clone())));
            wanted.extend(unplanned.map(|region| Wanted::new(Service::Iam, region)));
        }
        let runs = plan.changes.iter().filter_map(|change| change.action.run());
        let logins = runs
            .filter_map(Run::fetch)
            .filter_map(|run| run.credentials.as_ref());
        let mask = secrets::mask(logins);
        // Runs of rules read their targets, which may be in regions that the plan does not name.
        let copies = plan.changes.iter().filter(|change| {
            let run = change.action.run();
            run.is_some_and(|run| run.copies().is_some())
        });
        let targets = copies.filter_map(|change| Route::of(&change.address));
        let targets = targets.map(|route| (route.place.kind().service, route.place));
        let targets: BTreeSet<(Service, String)> = targets
            .map(|(service, place)| (service, place.region().to_string()))
            .filter(|place| !planned.contains_key(place))
            .collect();
        let abroad: Vec<Abroad<'_>> = targets
            .iter()
            .map(|(service, region)| Abroad {
                place: Wanted::new(*service, region),
                sources: planned
                    .iter()
                    .filter(|((other, _), _)| other == service)
                    .map(|((_, region), url)| Wanted::new(*service, region).in_saved_plan(url))
                    .collect(),
            })
            .collect();
        let opening = Opening {
            wanted,
            abroad,
            named: &named,
            mask,
            account,
        };
        let door = Door::open(global, opening).await?;
        // An endpoint variable may have another value than when the plan was made.
        for (place, planned) in planned {
            let now = door.endpoints.get(place).map_or("", String::as_str);
            if now != planned && place.0 != Service::Sts {
                anyhow::bail!(
                    "the plan was made for {planned}, and {} is {now} now; plan again",
                    place.1
                );
            }
        }
        Ok(door)
    }

    async fn open(global: &Global, opening: Opening<'_>) -> anyhow::Result<Door> {
        // First, so that the timeout includes the time for the emulator's state and the keys.
        let deadline = Deadline::of(global);
        let overrides = Overrides::read(&|name| std::env::var(name).ok(), &global.allow_endpoint);
        let mask = opening.mask.clone();
        let Opened {
            transport,
            endpoints,
            abroad,
        } = match (&global.emulator, overrides.any_variable()) {
            (Some(_), Some(variable)) => {
                let problem =
                    format!("`--emulator` and `{variable}` exclude each other; set one of them");
                return Err(UsageError(problem).into());
            }
            (Some(state), None) => to_emulator(state, &opening)?,
            (None, _) => {
                let to_cloud = to_cloud(global, opening, &overrides);
                deadline.within(to_cloud).await??
            }
        };
        // Below the client, so that the budget covers its retries too.
        let within_budget: Arc<dyn Transport> = Arc::new(Budget::new(transport));
        let client = match global.parallelism {
            Parallelism::Auto => Client::adaptive(within_budget),
            Parallelism::Fixed(number) => Client::new(within_budget, number),
        };
        Ok(Door {
            client: Arc::new(client.masking(mask)),
            endpoints,
            abroad,
            deadline,
        })
    }

    /// How often the jobs of copies are read. Plain `http` goes to this machine only.
    pub(super) fn pace(&self) -> Pace {
        let is_local = |url: &String| url.starts_with(EMULATED) || url.starts_with("http://");
        if self.endpoints.values().all(is_local) {
            Pace::LOCAL
        } else {
            Pace::SERVICE
        }
    }

    /// The scope of a plan of this chart, without the account.
    pub(super) fn scope(&self, chart: &Chart, selection: &Selection) -> Scope {
        let places = chart.places().into_iter();
        let regions: BTreeSet<String> = places.map(|(_, region)| region.to_string()).collect();
        // IAM is entered once it was asked. STS is here only if it was.
        let endpoints = self
            .endpoints
            .iter()
            .filter(|((service, _), _)| *service != Service::Iam);
        Scope {
            regions: regions.into_iter().collect(),
            endpoints: endpoints
                .map(|(place, url)| (place.clone(), url.clone()))
                .collect(),
            account: BTreeMap::new(),
            selection: selection.clone(),
        }
    }
}

/// What a door is opened to.
struct Opening<'o> {
    wanted: Vec<Wanted<'o>>,
    /// Further regions, only to look at them.
    abroad: Vec<Abroad<'o>>,
    /// A further place, with the endpoint that the chart or the plan names.
    named: &'o (dyn Fn(Service, &'o str) -> Wanted<'o> + Sync),
    mask: Arc<Mask>,
    account: Option<&'o str>,
}

/// What sends.
struct Opened {
    transport: Arc<dyn Transport>,
    /// The URLs that a plan names.
    endpoints: BTreeMap<(Service, String), String>,
    abroad: BTreeMap<Arc<str>, Result<(), String>>,
}

/// The account is the chart's unless the state names one.
fn to_emulator(state: &Path, opening: &Opening<'_>) -> anyhow::Result<Opened> {
    let mut settings = emulator::Settings::default();
    if let Some(account) = opening.account {
        account.clone_into(&mut settings.account);
    }
    let emulator = Emulator::open(state, settings)?;
    // It would only take memory: this command has no control interface that could read it.
    emulator.discard_journal();
    let url = format!("{EMULATED}{}", state.display());
    let endpoints = opening
        .wanted
        .iter()
        .map(|wanted| ((wanted.service(), wanted.region().to_owned()), url.clone()))
        .collect();
    let abroad = opening
        .abroad
        .iter()
        .map(|it| (it.place.region().into(), Ok(())));
    Ok(Opened {
        transport: Arc::new(Emulated::new(emulator)),
        endpoints,
        abroad: abroad.collect(),
    })
}

/// The credentials of this command.
pub(super) fn found(global: &Global) -> anyhow::Result<Found> {
    let choice = Choice {
        source: global.credentials.map(SourceName::from),
        profile: global.profile.clone(),
    };
    let found = secrets::with_surroundings(|here| credentials::find(here, &choice));
    found.map_err(|error| match error {
        CredentialError::ProfileElsewhere { .. } => UsageError(error.to_string()).into(),
        error => error.into(),
    })
}

impl From<CredentialsFrom> for SourceName {
    fn from(typed: CredentialsFrom) -> SourceName {
        match typed {
            CredentialsFrom::Env => SourceName::Env,
            CredentialsFrom::Oidc => SourceName::Oidc,
            CredentialsFrom::Metadata => SourceName::Metadata,
            CredentialsFrom::Profile => SourceName::Profile,
        }
    }
}

async fn to_cloud<'o>(
    global: &Global,
    opening: Opening<'o>,
    overrides: &Overrides<'_>,
) -> anyhow::Result<Opened> {
    let Opening {
        mut wanted,
        abroad,
        named,
        mask,
        ..
    } = opening;
    let regions: BTreeSet<&str> = wanted.iter().map(Wanted::region).collect();
    let found = found(global)?;
    let is_token = matches!(found.source, Source::Fixed(Credentials::Token(_)));
    // Keys of any region are valid in all of them.
    if let Some(&first) = regions.first() {
        let missing = found.issuers().into_iter().filter(|service| {
            let is_here =
                |known: &Wanted<'_>| known.service() == *service && known.region() == first;
            !wanted.iter().any(is_here)
        });
        let missing: Vec<Wanted<'o>> = missing.map(|service| named(service, first)).collect();
        wanted.extend(missing);
    }
    let mut resolved = Endpoints::resolve(&wanted, overrides)?;
    let mut endpoints = BTreeMap::new();
    for (service, region, endpoint) in resolved.iter() {
        tracing::debug!(
            "{} in {region}: {endpoint}, from {}",
            service.name(),
            endpoint.origin
        );
        endpoints.insert((service, region.to_owned()), endpoint.to_string());
    }
    tracing::info!("credentials from {}", found.origin);
    let roots = global
        .ca_file
        .as_deref()
        .map(Roots::read)
        .transpose()?
        .unwrap_or_default();
    let add = |it: &Abroad<'_>| {
        let added = match is_token {
            true => Err("a token is valid in one region".to_owned()),
            false => resolved.add_abroad(&it.place, &it.sources, overrides),
        };
        (it.place.region().into(), added)
    };
    let abroad: BTreeMap<Arc<str>, _> = abroad.iter().map(add).collect();
    let has_local_tls = resolved.have_local_tls();
    let connections = Arc::new(Connections::new(Timeouts::default(), roots, has_local_tls));
    let wallet = wallet(global, found, &regions, &resolved, &connections, mask)?;
    // Before anything else is sent: what is wrong with them is the reason for all that fails.
    if !regions.is_empty() {
        wallet
            .current()
            .await
            .map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    let transport = HttpTransport::with(resolved, wallet, connections)
        .without_project(abroad.keys().cloned().collect());
    Ok(Opened {
        transport: Arc::new(transport),
        endpoints,
        abroad,
    })
}

/// The credentials for these regions, or what they are obtained with.
pub(super) fn wallet(
    global: &Global,
    found: Found,
    regions: &BTreeSet<&str>,
    resolved: &Endpoints,
    connections: &Arc<Connections>,
    mask: Arc<Mask>,
) -> anyhow::Result<Wallet> {
    let place = |service| {
        let base = resolved.base(service, regions.first()?);
        base.cloned()
    };
    let source = match (found.source, &found.agency) {
        (Source::Fixed(credentials), None) => {
            let scoped = credentials.for_regions(regions.len())?;
            if scoped.dropped_project_id {
                warn(
                    global,
                    "the chart has several regions, so the project id is not sent",
                );
            }
            return Ok(Wallet::fixed(scoped.credentials));
        }
        (Source::Fixed(credentials), Some(_)) => {
            let scoped = credentials.without_project();
            if scoped.dropped_project_id {
                warn(
                    global,
                    "the project id is not sent: an agency's account has projects of its own",
                );
            }
            Source::Fixed(scoped.credentials)
        }
        (source, _) => source,
    };
    let metadata = match source {
        Source::Metadata => Some(endpoint::metadata(&|name| std::env::var(name).ok())?),
        _ => None,
    };
    Ok(Wallet::of(Issuers {
        origin: found.origin,
        source,
        agency: found.agency,
        places: Places {
            sts: place(Service::Sts),
            iam: place(Service::Iam),
            metadata,
        },
        connections: connections.clone(),
        mask,
    }))
}

fn warn(global: &Global, text: &str) {
    if !global.quiet {
        output::print_line(&format!("warning: {text}"));
    }
}
