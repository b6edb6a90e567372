//! `portolan doctor`: checks what surrounds a chart. Sends only reads, each of them once.

mod open;

use std::{collections::BTreeMap, sync::Arc};

use tokio::{task::JoinSet, time::timeout};

use self::open::Opened;
use super::{UsageError, door::Place, output, runtime, session};
use crate::{
    cli::{DoctorArgs, Format, Global},
    config::load,
    diagnostics::View,
    doctor::{
        self,
        seen::{ChartSeen, Endpoint, Problem, Reached, Region, Seen, Why},
    },
    exit::Exit,
    refresh::checkup::{self, Checkup, PATIENCE, Wanted},
    render::{self, style::Depth},
    state::Chart,
    transport::watch::Echo,
    wire::{
        Method, Request, Service,
        host::{EndpointKind, host},
    },
};

pub(super) fn run(global: &Global, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let (chart, chart_seen, views) = chart(global);
    let mut seen = runtime::block_on(look(global, &chart))??;
    seen.chart = chart_seen;
    let report = doctor::examine(&chart, &seen);
    match args.format {
        Format::Json => output::document(&render::doctor::json(&report, &views))?,
        Format::Text => {
            let look = output::stdout_look(global, Depth::Folded);
            output::paged(global, &render::doctor::text(&report, look))?;
        }
    }
    Ok(if report.has_failed() {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// The chart, if there is a valid one, and its findings.
fn chart(global: &Global) -> (Arc<Chart>, ChartSeen, Vec<View>) {
    if global.file.is_empty() && load::here().is_empty() {
        return (Arc::default(), ChartSeen::None, Vec::new());
    }
    match session::load_chart(global) {
        Ok(loaded) => {
            let seen = ChartSeen::Read {
                files: loaded.chart.stamp.name.clone(),
                resources: loaded.chart.resources.len(),
            };
            (loaded.chart, seen, loaded.views)
        }
        Err(session::Unready(views)) => (Arc::default(), ChartSeen::Broken, views),
    }
}

async fn look(global: &Global, chart: &Arc<Chart>) -> anyhow::Result<Seen> {
    let opened = match open::open(global, chart).await {
        Ok(opened) => opened,
        Err(error) if error.is::<UsageError>() => return Err(error),
        Err(error) => {
            return Ok(Seen {
                settings: vec![stopped(&error)],
                ..Seen::default()
            });
        }
    };
    let mut seen = Seen {
        credentials: opened.credentials.clone(),
        settings: opened.settings.clone(),
        proxy: open::proxy(),
        ignored: open::ignored(global),
        ..Seen::default()
    };
    let looking = async {
        let regions = opened.regions();
        let mut found = checkup::check(&opened.client, chart, regions, &opened.abroad).await;
        let silent = knock(&opened, &found).await;
        found.silent.extend(silent);
        found
    };
    match opened.deadline.within(looking).await {
        Ok(found) => take(&mut seen, &opened, found),
        Err(broken_off) => seen.settings.push(stopped(&broken_off.into())),
    }
    Ok(seen)
}

/// Why nothing more was looked at.
fn stopped(error: &anyhow::Error) -> Problem {
    Problem {
        why: Why::Other,
        message: format!("{error:#}"),
        hint: None,
    }
}

/// Asks the endpoints that no request has shown to answer, without credentials. Returns those that
/// do not.
async fn knock(opened: &Opened, found: &Checkup) -> BTreeMap<Place, Problem> {
    let mut silent = BTreeMap::new();
    let Some(http) = &opened.http else {
        return silent;
    };
    let heard = opened.watch.heard();
    let mut knocks = JoinSet::new();
    for ((service, region), url) in &opened.endpoints {
        let place = (*service, region.clone());
        if url.is_err() || heard.contains_key(&place) || found.silent.contains_key(&place) {
            continue;
        }
        let (http, watch) = (http.clone(), opened.watch.clone());
        let request = Request::new(*service, region, Method::Get, "/".to_owned());
        knocks.spawn(async move {
            let knock = timeout(PATIENCE, http.knock(&request));
            let answer = async {
                let late = || crate::transport::NoAnswer {
                    message: format!("no answer within {} seconds", PATIENCE.as_secs()),
                    never_sent: false,
                };
                knock.await.unwrap_or_else(|_| Err(late()))
            };
            (place, watch.hear(&request, answer).await)
        });
    }
    for (place, answer) in knocks.join_all().await {
        if let Err(no_answer) = answer {
            let problem = Problem {
                why: Why::NoAnswer,
                message: no_answer.message,
                hint: Some("check the endpoint, the network and the proxy settings".to_owned()),
            };
            silent.insert(place, problem);
        }
    }
    silent
}

/// Adds what was found, and which endpoints answered.
fn take(seen: &mut Seen, opened: &Opened, found: Checkup) {
    seen.regions = found.regions;
    seen.targets = found.targets;
    let heard = opened.watch.heard();
    let mut silent = found.silent;
    for ((service, region), url) in &opened.endpoints {
        let place = (*service, region.clone());
        let endpoint = match url {
            Ok(url) => endpoint(url, heard.get(&place), silent.remove(&place)),
            Err(reason) => Endpoint {
                kind: EndpointKind::Other,
                host: None,
                reached: Reached::Nowhere(reason.clone()),
                ahead: None,
            },
        };
        let of_region: &mut Region = seen.regions.entry(region.clone()).or_default();
        of_region.endpoints.insert(*service, endpoint);
    }
}

fn endpoint(url: &str, echo: Option<&Echo>, problem: Option<Problem>) -> Endpoint {
    let reached = match (echo, problem) {
        (Some(echo), _) => Reached::Answered(echo.status),
        (None, Some(problem)) => Reached::No(problem),
        // Only the emulator in this process is not knocked at.
        (None, None) => Reached::Answered(200),
    };
    Endpoint {
        kind: EndpointKind::of(url),
        host: host(url).map(str::to_owned),
        reached,
        ahead: echo.and_then(|echo| echo.ahead),
    }
}

/// What each service has in a region: its URL, or why it has none.
type Endpoints = BTreeMap<Place, Result<String, String>>;

impl Opened {
    /// What is looked at in each region.
    fn regions(&self) -> Vec<Wanted> {
        let mut regions = BTreeMap::<Arc<str>, Vec<Service>>::new();
        for ((service, region), _) in self.endpoints.iter().filter(|(_, url)| url.is_ok()) {
            regions.entry(region.clone()).or_default().push(*service);
        }
        let wanted = |(name, services)| Wanted {
            name,
            services,
            project: self.project.clone(),
        };
        regions.into_iter().map(wanted).collect()
    }
}
