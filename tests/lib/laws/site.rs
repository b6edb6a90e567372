//! A chart and an emulator in this process: plan and apply as the commands do, without files and
//! sockets.

use std::{fmt, sync::Arc, time::Duration};

use portolan::{
    apply::{self, Options, Shutdown},
    config::{self, context::Context},
    copies::Wanted,
    diagnostics::SourceMap,
    emulator::{
        Assumptions, DeleteOrganizationWithRepositories, DeleteRepositoryWithImages, Emulator,
        Entry, HiddenRules, Settings, State,
    },
    export::{self, Exported},
    plan::{Outcome, Plan, Scope, build::build},
    progress::{Listener, Silent},
    refresh::{RefreshOptions, Understood, everything, read_for_snapshot, refresh_with},
    report::Fate,
    state::Chart,
    transport::{Exchange, Transport, client::Client, emulated::Emulated},
    wire::{Method, Request, Response},
};
use tokio::sync::Notify;

use super::{chart, grants, mirrors};

/// One random case, printed with everything that a person needs to reproduce it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) chart: chart::Chart,
    pub(crate) live: State,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let live = serde_json::to_string_pretty(&self.live.regions).unwrap();
        write!(
            f,
            "the chart\n\n{}\nand the live state\n\n{live}\n",
            self.chart.yaml()
        )
    }
}

/// How the emulator deletes objects that are not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// Deletes repositories with images, and refuses an organization with repositories.
    Images,
    /// Refuses to delete either.
    Nothing,
    /// Deletes everything with its content: each delete is dangerous.
    Everything,
}

type Disguise = dyn Fn(Emulated) -> Arc<dyn Transport>;

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    runtime: tokio::runtime::Runtime,
    disguise: Box<Disguise>,
    /// How many requests may be in flight.
    parallelism: usize,
}

impl Site {
    pub(crate) fn new(live: &State, deletion: Deletion) -> Site {
        let mut assumptions = Assumptions {
            hidden_rules: HiddenRules::Show,
            ..Assumptions::default()
        };
        if deletion != Deletion::Nothing {
            assumptions.delete_repository_with_images = DeleteRepositoryWithImages::Cascade;
        }
        if deletion == Deletion::Everything {
            assumptions.delete_organization_with_repositories =
                DeleteOrganizationWithRepositories::Cascade;
        }
        // With a latency, requests overlap; on a paused clock it costs nothing.
        let emulator = Emulator::new(Settings {
            latency: Duration::from_millis(1),
            assumptions,
            clock: || mirrors::NOW.parse().unwrap(),
            run_delay: Duration::ZERO,
            run_duration: Duration::ZERO,
            calls_per_minute: None,
            ..Settings::default()
        });
        emulator.edit(|state| state.clone_from(live));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        Site {
            emulator,
            runtime,
            disguise: Box::new(|door| Arc::new(door)),
            parallelism: 4,
        }
    }

    /// Puts a transport in front of the emulator.
    pub(crate) fn behind(
        self,
        disguise: impl Fn(Emulated) -> Arc<dyn Transport> + 'static,
    ) -> Site {
        Site {
            disguise: Box::new(disguise),
            ..self
        }
    }

    /// With at most this many requests in flight.
    pub(crate) fn of_parallelism(self, parallelism: usize) -> Site {
        Site {
            parallelism,
            ..self
        }
    }

    /// As a process that just started.
    fn client(&self) -> Arc<Client> {
        Arc::new(Client::new(
            (self.disguise)(Emulated::new(self.emulator.clone())),
            self.parallelism,
        ))
    }

    pub(crate) fn state(&self) -> State {
        self.emulator.read(State::clone)
    }

    pub(crate) fn plan(&self, yaml: &str) -> Plan {
        self.plan_part(yaml, &Scope::default())
    }

    /// A plan with the scope of these patterns.
    pub(crate) fn plan_part(&self, yaml: &str, scope: &Scope) -> Plan {
        self.runtime.block_on(self.planned(yaml, scope))
    }

    /// Everything that is live, with these optional parts, as a chart.
    pub(crate) fn export(&self, regions: &[&str], include: &[&str]) -> Exported {
        let ask = everything::Ask {
            regions: regions.iter().map(ToString::to_string).collect(),
            all: true,
            attached: true,
            ..everything::Ask::default()
        };
        let kinds = export::kinds_with(include);
        let client = self.client();
        let read = self
            .runtime
            .block_on(everything::read(&client, &ask, &kinds, &Silent));
        assert_eq!(read.live.failures, []);
        export::chart(&read.live, &kinds, &read.unread, &read.malformed)
    }

    /// A plan that compares the targets of all rules with their sources. The regions abroad are
    /// those in which the chart declares nothing.
    pub(crate) fn plan_comparing(&self, yaml: &str, abroad: &[&str]) -> Plan {
        let abroad = abroad.iter().map(|region| ((*region).into(), Ok(())));
        let options = RefreshOptions {
            copies: Wanted::All,
            abroad: Some(abroad.collect()),
            ..RefreshOptions::default()
        };
        let scope = Scope::default();
        self.runtime
            .block_on(self.planned_with(yaml, &scope, &options))
    }

    /// The chart of a text, and what is live for it.
    pub(crate) fn read(&self, yaml: &str) -> (portolan::state::Chart, portolan::state::Live) {
        let mut sources = SourceMap::default();
        sources.add("chart.yaml", yaml);
        let chart = config::decode(Context {
            sources: &sources,
            environment: &|_| None,
            region: None,
        })
        .chart;
        let options = RefreshOptions::default();
        let client = self.client();
        let reading = refresh_with(&client, &chart, &options, &Silent);
        let live = self.runtime.block_on(reading);
        (chart, live)
    }

    async fn planned(&self, yaml: &str, scope: &Scope) -> Plan {
        self.planned_with(yaml, scope, &RefreshOptions::default())
            .await
    }

    async fn planned_with(&self, yaml: &str, scope: &Scope, options: &RefreshOptions) -> Plan {
        let chart = decoded(yaml);
        let live = refresh_with(
            &self.client(),
            &scope.selection.narrow(&chart),
            options,
            &Silent,
        )
        .await;
        let account = live
            .accounts
            .iter()
            .map(|(region, account)| (region.to_string(), account.clone()))
            .collect();
        let regions: Vec<String> = live.accounts.keys().map(ToString::to_string).collect();
        build(
            &chart,
            &live,
            &[],
            Scope {
                regions,
                account,
                ..scope.clone()
            },
            live.clock.unwrap_or_default(),
        )
    }

    /// A plan with everything that these options ask for.
    pub(crate) fn plan_with(&self, yaml: &str, options: &RefreshOptions) -> Plan {
        let scope = Scope::default();
        self.runtime
            .block_on(self.planned_with(yaml, &scope, options))
    }

    /// What is read for a snapshot, with the number of requests.
    pub(crate) fn read_whole(&self, chart: &Chart, options: &RefreshOptions) -> Understood {
        let client = self.client();
        let reading = read_for_snapshot(&client, chart, options, &Silent);
        self.runtime.block_on(reading)
    }

    pub(crate) fn apply(&self, plan: &Plan) -> Vec<Fate> {
        self.runtime.block_on(self.applied(plan))
    }

    async fn applied(&self, plan: &Plan) -> Vec<Fate> {
        let listener: Arc<dyn Listener> = Arc::new(Silent);
        let records = apply::run(
            &self.client(),
            plan,
            Options::default(),
            &Shutdown::default(),
            &listener,
        )
        .await;
        records.into_iter().map(|record| record.fate).collect()
    }

    /// Plans and applies as one process, until it ends or is killed; whether everything was done.
    pub(crate) fn run_until(&self, killed: &Notify, yaml: &str) -> bool {
        let run = async {
            let plan = self.planned(yaml, &Scope::default()).await;
            plan.outcome() != Outcome::Unknown
                && self.applied(&plan).await.iter().all(Fate::is_done)
        };
        self.runtime.block_on(async {
            tokio::select! {
                ended = run => ended,
                () = killed.notified() => false,
            }
        })
    }

    /// The writes since the last call.
    pub(crate) fn writes(&self) -> Vec<Entry> {
        let journal = self.emulator.journal();
        self.emulator.clear_journal();
        journal
            .into_iter()
            .filter(|entry| entry.method != "GET")
            .collect()
    }
}

/// The chart of a text without errors.
pub(crate) fn decoded(yaml: &str) -> Chart {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", yaml);
    let decoded = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    assert!(
        !decoded.found.has_errors(),
        "the chart has errors: {:#?}\n{yaml}",
        decoded.found
    );
    decoded.chart
}

/// The subject of a write, from its request: region, organization, repository, target; for a
/// retention policy its kind in place of the target, for a permission its kind and the user.
pub(crate) fn subject(write: &Entry) -> Vec<String> {
    if let Some(mirror) = mirrors::subject(write) {
        return mirror;
    }
    let body = |name: &str| {
        write
            .body
            .as_ref()
            .and_then(|body| body[name].as_str().map(str::to_owned))
    };
    let segments: Vec<&str> = write
        .path
        .trim_start_matches("/v2/manage/namespaces")
        .split('/')
        .skip(1)
        .collect();
    let mut parts = vec![Some(write.region.clone())];
    match segments[..] {
        [] => parts.push(body("namespace")),
        [organization] => parts.push(Some(organization.to_owned())),
        [organization, "access"] => {
            parts.extend([Some(organization.to_owned()), Some("access".to_owned())]);
            parts.push(write.body.as_ref().and_then(grants::user_in));
        }
        [organization, "repos"] => {
            parts.extend([Some(organization.to_owned()), body("repository")]);
        }
        [organization, "repos", name, ref rest @ ..] => {
            parts.extend([Some(organization.to_owned()), Some(name.replace('$', "/"))]);
            if rest == ["sync_repo"] {
                parts.extend([body("remoteRegionId"), body("remoteNamespace")]);
            }
            if rest == ["access"] {
                parts.push(Some("access".to_owned()));
                parts.push(write.body.as_ref().and_then(grants::user_in));
            }
            if rest.first() == Some(&"retentions") {
                parts.push(Some("retention".to_owned()));
            }
        }
        [
            organization,
            "repositories",
            name,
            "access-domains",
            ref rest @ ..,
        ] => {
            parts.extend([Some(organization.to_owned()), Some(name.replace('$', "/"))]);
            let account = rest.first().map(|account| (*account).to_owned());
            parts.push(account.or_else(|| body("access_domain")));
        }
        _ => panic!("an unknown path: {write:?}"),
    }
    parts
        .into_iter()
        .map(|part| part.unwrap_or_else(|| panic!("no subject: {write:?}")))
        .collect()
}

/// Answers lists in no particular order.
pub(crate) struct Disordered(pub(crate) Emulated);

impl Transport for Disordered {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let response = self.0.send(request).await?;
            let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&response.body) else {
                return Ok(response);
            };
            let list = if body.is_array() {
                body.as_array_mut()
            } else if body.get("others_auths").is_some() {
                body["others_auths"].as_array_mut()
            } else {
                body["namespaces"].as_array_mut()
            };
            let Some(list) = list else {
                return Ok(response);
            };
            fastrand::shuffle(list);
            Ok(Response {
                body: body.to_string().into_bytes(),
                ..response
            })
        })
    }
}

/// Another client that makes each change right before portolan does.
pub(crate) struct Forestalled(pub(crate) Emulated);

impl Transport for Forestalled {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            if request.method != Method::Get {
                self.0.send(request).await?;
            }
            self.0.send(request).await
        })
    }
}
