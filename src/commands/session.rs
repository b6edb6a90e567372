//! What commands need before they can work: the chart, the door to the services, a runtime.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;

use super::{UsageError, asked::Asked, deadline::Deadline, logins, output};
use crate::{
    cli::{Global, Parallelism},
    config::{
        self, Decoded,
        context::Context,
        lint::{self, PlacedRule},
        load,
        waivers::Waivers,
    },
    coverage::Seen,
    diagnostics::{Diagnostic, Diagnostics, SourceMap, View},
    emulator::{self, Emulator},
    mask::Mask,
    plan::{Plan, Scope},
    scope::Selection,
    state::{Chart, ChartEndpoint, Live, LoginSource},
    time::Moment,
    transport::{
        Transport,
        budget::Budget,
        client::Client,
        credentials,
        emulated::Emulated,
        endpoint::{Base, EndpointError, Endpoints, Overrides, Wanted, variable},
        http::{HttpTransport, Timeouts},
        roots::Roots,
    },
    wire::{Service, host::EMULATED, secret::Secret},
};

/// The error for a chart where a saved plan is wanted. `command` is what takes charts instead.
pub(super) fn chart_for_plan(path: &Path, command: &str) -> Option<UsageError> {
    let is_chart = path
        .extension()
        .is_some_and(|end| end == "yaml" || end == "yml");
    let path = path.display();
    let message =
        || format!("{path} is a chart, not a saved plan: write `portolan {command} --file {path}`");
    is_chart.then(|| UsageError(message()))
}

/// A service in a region.
type Place = (Service, String);

/// What a region is read from and written to.
pub(super) struct Door {
    pub(super) client: Arc<Client>,
    /// As a plan names them.
    pub(super) endpoints: BTreeMap<Place, String>,
    pub(super) deadline: Deadline,
}

/// A chart without errors, and what it takes to say more about it.
pub(super) struct Loaded {
    pub(super) chart: Arc<Chart>,
    pub(super) views: Vec<View>,
    rules: Vec<PlacedRule>,
    waivers: Waivers,
    sources: SourceMap,
}

/// Why a command could not begin, already told on stderr, in the form of the JSON document.
#[derive(Debug)]
pub(super) struct Unready(pub(super) Vec<View>);

impl Unready {
    /// Tells of an error and keeps it for the document.
    pub(super) fn because(error: &anyhow::Error) -> Unready {
        output::tell(&format!("error: {error:#}"));
        Unready(vec![View::error("not-ready", format!("{error:#}"), None)])
    }
}

/// Reads and decodes the chart; tells what is wrong with it.
pub(super) fn load_chart(global: &Global) -> Result<Loaded, Unready> {
    let load::Loaded {
        mut sources,
        problems,
    } = load::load(&global.file).map_err(|error| Unready::because(&error.into()))?;
    let mut unready: Vec<View> = problems
        .into_iter()
        .flat_map(|error| Unready::because(&error.into()).0)
        .collect();
    if sources.files().next().is_none() {
        return Err(Unready(unready));
    }
    let environment = |name: &str| std::env::var(name).ok();
    let context = Context {
        sources: &sources,
        environment: &environment,
        region: global.region.as_deref(),
    };
    let Decoded {
        mut chart,
        mut found,
        rules,
        waivers,
        foreign,
    } = config::decode(context);
    if !unready.is_empty() {
        // What the missing files hold is not known.
        found.retain(|diagnostic| !matches!(diagnostic.code, "unknown-target" | "unused-waiver"));
    }
    found.extend(
        chart
            .endpoints
            .iter()
            .filter_map(|(place, endpoint)| bad_endpoint(place, endpoint)),
    );
    found.sort();
    config::hide_secrets(&found, &foreign, &mut sources);
    if chart.name.is_none() {
        chart
            .stamp
            .name
            .clone_from(&load::first(&global.file).unwrap_or_default());
    }
    let mask = mask(logins_of(&chart));
    sources.cover_lines(|line| mask.hides(line));
    chart.hide(&mask);
    found.hide(&mask);
    let found = found.abridged();
    output::diagnostics(global, &found, &sources);
    let views = views(&found, &sources);
    if found.has_errors() || !unready.is_empty() {
        unready.extend(views);
        return Err(Unready(unready));
    }
    Ok(Loaded {
        chart: Arc::new(chart),
        views,
        rules,
        waivers,
        sources,
    })
}

fn logins_of(chart: &Chart) -> impl Iterator<Item = &LoginSource> {
    chart
        .terms
        .values()
        .filter_map(|terms| terms.credentials.as_ref())
}

/// An endpoint that could not be used wherever portolan runs; which hosts may be named depends on
/// who runs it.
fn bad_endpoint(
    (service, region): &(Service, Arc<str>),
    endpoint: &ChartEndpoint,
) -> Option<Diagnostic> {
    let wanted = Wanted {
        service: *service,
        region,
        chart: Some(&endpoint.url),
    };
    match Endpoints::resolve(&[wanted], &Overrides::default()) {
        // A wrong region is told where it stands.
        Ok(_) | Err(EndpointError::Foreign { .. } | EndpointError::Region(_)) => None,
        Err(error) => Some(Diagnostic::error("bad-endpoint", error.to_string()).at(endpoint.span)),
    }
}

impl Loaded {
    /// Adds what can only be said with the live state of a part of the chart, or, without one,
    /// which waivers nothing uses. A selection that covers nothing ends the command: its plan would
    /// be an empty one.
    pub(super) fn conclude(
        &mut self,
        global: &Global,
        read: Option<(&Live, &Chart)>,
        asked: &Asked,
    ) -> Result<(), Unready> {
        let mut found = Diagnostics::new();
        let mut not_looked_for = &lint::OF_A_PLAN[..];
        if let Some((live, part)) = read.filter(|(live, _)| live.failures.is_empty()) {
            found.extend(lint::targets(&self.chart, live, &self.rules));
            found.extend(lint::failing(&self.chart, live));
            let has_patterns = !(self.chart.protect.is_empty() && self.chart.accept.is_empty());
            if has_patterns || asked.selection.is_partial() || !asked.ignores.is_empty() {
                found.extend(
                    Seen::new(&self.chart, part, live).judge(&asked.selection, &asked.ignores),
                );
            }
            self.waivers.apply(&mut found);
            not_looked_for = if asked.selection.is_partial() {
                &lint::OF_A_WHOLE_PLAN
            } else {
                &[]
            };
        }
        found.extend(self.waivers.unused(not_looked_for));
        let has_errors = found.has_errors();
        self.tell(global, found);
        if has_errors {
            Err(Unready(std::mem::take(&mut self.views)))
        } else {
            Ok(())
        }
    }

    /// Tells of more findings, and keeps them for the document.
    pub(super) fn tell(&mut self, global: &Global, mut found: Diagnostics) {
        found.sort();
        found.dedup();
        let found = found.abridged();
        output::diagnostics(global, &found, &self.sources);
        self.views.extend(views(&found, &self.sources));
    }
}

fn views(found: &Diagnostics, sources: &SourceMap) -> Vec<View> {
    found
        .iter()
        .map(|diagnostic| diagnostic.view(sources))
        .collect()
}

/// Opens the door to the regions of a chart.
pub(super) fn open(global: &Global, chart: &Chart) -> anyhow::Result<Door> {
    let mut places: BTreeSet<(Service, Arc<str>)> = chart
        .resources
        .keys()
        .map(|address| (address.kind().service, address.region().clone()))
        .collect();
    if chart.account.is_some() {
        places.extend(
            chart
                .resources
                .keys()
                .map(|address| (Service::Iam, address.region().clone())),
        );
    }
    let wanted: Vec<Wanted<'_>> = places
        .iter()
        .map(|place| {
            let chart = chart.endpoints.get(place).map(|endpoint| &*endpoint.url);
            Wanted {
                service: place.0,
                region: &place.1,
                chart,
            }
        })
        .collect();
    if global.emulator.is_none() {
        let over = EndpointVariables::read();
        let overrides = over.overrides(global);
        for (place, one) in places.iter().zip(&wanted) {
            let stands = || {
                chart
                    .endpoints
                    .get(place)
                    .map_or_else(String::new, |endpoint| endpoint.source.to_string())
            };
            let judged = Endpoints::resolve(std::slice::from_ref(one), &overrides);
            if one.chart.is_some() && over.of(one.service).is_none() {
                judged.with_context(stands)?;
            }
        }
    }
    open_regions(
        global,
        &wanted,
        mask(logins_of(chart)),
        chart.account.as_deref(),
    )
}

/// The endpoints that the environment names for every region.
struct EndpointVariables(BTreeMap<Service, String>);

impl EndpointVariables {
    fn read() -> EndpointVariables {
        let read = |service| {
            std::env::var(variable(service))
                .ok()
                .filter(|value| !value.is_empty())
        };
        EndpointVariables(
            Service::ALL
                .into_iter()
                .filter_map(|service| Some((service, read(service)?)))
                .collect(),
        )
    }

    fn of(&self, service: Service) -> Option<&str> {
        self.0.get(&service).map(String::as_str)
    }

    fn overrides<'a>(&'a self, global: &'a Global) -> Overrides<'a> {
        let [swr, codearts, iam] = Service::ALL.map(|service| self.of(service));
        Overrides {
            swr,
            codearts,
            iam,
            allowed_hosts: &global.allow_endpoint,
        }
    }
}

/// Opens the door again that a saved plan was made through; refuses another one.
pub(super) fn open_for_plan(global: &Global, plan: &Plan) -> anyhow::Result<Door> {
    let planned = &plan.scope.endpoints;
    let mut wanted: Vec<Wanted<'_>> = planned
        .iter()
        .map(|((service, region), url)| Wanted {
            service: *service,
            region,
            chart: Some(url.as_str()),
        })
        .collect();
    let account = plan.chart.account.as_deref();
    if account.is_some() {
        // Which source tells may be another one than when it was planned.
        let is_planned = |region: &String| planned.contains_key(&(Service::Iam, region.clone()));
        let others = plan
            .scope
            .regions
            .iter()
            .filter(|region| !is_planned(region));
        wanted.extend(others.map(|region| Wanted {
            service: Service::Iam,
            region,
            chart: None,
        }));
    }
    if global.emulator.is_none()
        && planned
            .values()
            .any(|endpoint| endpoint.starts_with(EMULATED))
    {
        anyhow::bail!(
            "the plan was made against the emulator; apply it with `--emulator`, or plan again"
        );
    }
    let logins = plan
        .changes
        .iter()
        .filter_map(|change| change.action.run()?.credentials.as_ref());
    let door = open_regions(global, &wanted, mask(logins), account)?;
    for (place, planned) in planned {
        let now = door.endpoints.get(place).map_or("", String::as_str);
        if now != planned {
            anyhow::bail!(
                "the plan was made for {planned}, and {} is {now} now; plan again",
                place.1
            );
        }
    }
    Ok(door)
}

/// In the emulator, the account is the chart's unless the state names one.
fn open_regions(
    global: &Global,
    wanted: &[Wanted<'_>],
    mask: Arc<Mask>,
    account: Option<&str>,
) -> anyhow::Result<Door> {
    let deadline = Deadline::of(global);
    let over = EndpointVariables::read();
    let (transport, endpoints): (Arc<dyn Transport>, _) = match &global.emulator {
        Some(_) if !over.0.is_empty() => {
            let name = over
                .0
                .keys()
                .next()
                .map_or("", |service| variable(*service));
            return Err(UsageError(format!(
                "`--emulator` and `{name}` name two doors; give one"
            ))
            .into());
        }
        Some(path) => {
            let mut settings = emulator::Settings::default();
            if let Some(account) = account {
                account.clone_into(&mut settings.account);
            }
            let emulator = Emulator::open(path, settings)?;
            // Nobody can ask for it.
            emulator.keep_no_journal();
            let place = |wanted: &Wanted<'_>| (wanted.service, wanted.region.to_owned());
            let name =
                |wanted: &Wanted<'_>| (place(wanted), format!("{EMULATED}{}", path.display()));
            (
                Arc::new(Emulated::new(emulator)),
                wanted.iter().map(name).collect(),
            )
        }
        None => {
            let endpoints = Endpoints::resolve(wanted, &over.overrides(global))?;
            let name = |(service, region, base): (Service, &str, &Base)| {
                ((service, region.to_owned()), base.to_string())
            };
            let names = endpoints.iter().map(name).collect();
            let found = credentials::find(&|name| std::env::var(name).ok())?;
            tracing::info!("credentials from {}", found.source);
            let regions: BTreeSet<&str> = wanted.iter().map(|wanted| wanted.region).collect();
            let scoped = found.credentials.for_regions(regions.len())?;
            if scoped.dropped_project_id && !global.quiet {
                output::tell(
                    "warning: the chart has several regions, so the project id is not sent",
                );
            }
            let roots = global
                .ca_file
                .as_deref()
                .map(Roots::read)
                .transpose()?
                .unwrap_or_default();
            let door = HttpTransport::new(endpoints, scoped.credentials, Timeouts::default());
            (Arc::new(door.trusting(roots)), names)
        }
    };
    let within_budget: Arc<dyn Transport> = Arc::new(Budget::new(transport));
    let client = match global.parallelism {
        Parallelism::Auto => Client::adaptive(within_budget),
        Parallelism::Fixed(number) => Client::new(within_budget, number),
    };
    Ok(Door {
        client: Arc::new(client.masking(mask)),
        endpoints,
        deadline,
    })
}

/// The secrets that this run may sign with. Nobody else may get them.
pub(super) fn own_secrets(global: &Global) -> Mask {
    match global.emulator {
        Some(_) => Mask::default(),
        None => Mask::new(cloud_secrets()),
    }
}

fn cloud_secrets() -> impl Iterator<Item = Secret> {
    credentials::secrets(&|name| std::env::var(name).ok())
        .into_iter()
        .map(Secret::from)
}

/// Everything secret that this run knows.
fn mask<'s>(logins: impl Iterator<Item = &'s LoginSource>) -> Arc<Mask> {
    Arc::new(Mask::new(cloud_secrets().chain(logins::known(logins))))
}

/// What a plan speaks of, but for the account.
pub(super) fn scope(chart: &Chart, door: &Door, selection: &Selection) -> Scope {
    let regions: BTreeSet<String> = chart
        .resources
        .keys()
        .map(|address| address.region().to_string())
        .collect();
    let is_of_account = |service: Service| service == Service::Iam;
    let endpoints = door
        .endpoints
        .iter()
        .filter(|((service, _), _)| !is_of_account(*service));
    Scope {
        regions: regions.into_iter().collect(),
        endpoints: endpoints
            .map(|(place, url)| (place.clone(), url.clone()))
            .collect(),
        account: BTreeMap::new(),
        selection: selection.clone(),
    }
}

/// What the clock of this machine says.
pub(super) fn now() -> Moment {
    Moment(jiff::Timestamp::now().as_second())
}

/// A runtime for the commands that talk to somebody.
pub(super) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Does work in a runtime of its own, and leaves behind what the work left: the lookup of a name
/// cannot be broken off, and may take long.
pub(super) fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = runtime()?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}

pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

/// Refuses to write over what the same run reads.
pub(super) fn is_no_input(global: &Global, path: &Path) -> anyhow::Result<()> {
    let beside = |state: &PathBuf| {
        [".lock", ".changes"].map(|end| format!("{}{end}", state.display()).into())
    };
    let beside: Vec<PathBuf> = global.emulator.iter().flat_map(beside).collect();
    let others = [&global.emulator, &global.ca_file]
        .into_iter()
        .flatten()
        .cloned()
        .chain(beside);
    let inputs = load::inputs(&global.file).into_iter().chain(others);
    let target = target_of(path);
    for input in inputs {
        // Whatever is called so in a directory of charts is a chart at the latest in the next run.
        let is_chart_in = |path: &Path| load::is_chart(path) && is_same(&input, directory_of(path));
        let in_directory = input.is_dir() && (is_chart_in(path) || is_chart_in(&target));
        if is_same(&input, path) || in_directory {
            let problem = format!(
                "{} is read by this run, and cannot be written too",
                path.display()
            );
            return Err(UsageError(problem).into());
        }
    }
    Ok(())
}

/// Whether two paths lead to one file, which need not be there yet.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    one == other || target_of(one) == target_of(other) || is_one_file(one, other)
}

/// Where a path leads: links are followed, also to what is not there.
fn target_of(path: &Path) -> PathBuf {
    let path =
        fs::read_link(path).map_or_else(|_| path.to_owned(), |link| directory_of(path).join(link));
    if let Ok(target) = path.canonicalize() {
        return target;
    }
    match (directory_of(&path).canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path,
    }
}

/// Whether two names are of one file, as hard links are.
#[cfg(unix)]
fn is_one_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let found = |path: &Path| {
        fs::metadata(path)
            .ok()
            .map(|found| (found.dev(), found.ino()))
    };
    found(one).is_some_and(|found_one| found(other) == Some(found_one))
}

#[cfg(not(unix))]
fn is_one_file(_one: &Path, _other: &Path) -> bool {
    false
}
