//! Opens the services as far as that is possible. What other commands stop at, such as missing
//! credentials, is a finding here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::time::timeout;

use super::Endpoints;
use crate::{
    cli::Global,
    commands::{
        UsageError,
        deadline::Deadline,
        door::{self, Place},
        secrets,
    },
    doctor::seen::{Credentials, Problem, Why},
    emulator::{self, Emulator},
    mask::Mask,
    state::Chart,
    transport::{
        Transport,
        budget::Budget,
        client::Client,
        connection::{Connections, Timeouts},
        credentials::{self, Found, Keys, Source},
        emulated::Emulated,
        endpoint::{self, Overrides},
        http::HttpTransport,
        roots::Roots,
        wallet::Wallet,
        watch::Watch,
    },
    wire::{Service, host::EMULATED},
};

/// How long a connection and an answer may take.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(4),
    answer: Duration::from_secs(8),
};

/// How long it may take to obtain keys.
const PATIENCE: Duration = Duration::from_secs(15);

/// Variables that name a proxy for requests with TLS.
const PROXIES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// With it Terraform assumes an agency.
const OTHERS_AGENCY: &str = "HW_ASSUME_ROLE_AGENCY_NAME";

/// What a checkup goes through.
pub(super) struct Opened {
    pub(super) client: Arc<Client>,
    pub(super) watch: Arc<Watch>,
    /// None for the emulator in this process.
    pub(super) http: Option<Arc<HttpTransport>>,
    pub(super) endpoints: Endpoints,
    pub(super) abroad: BTreeMap<Arc<str>, Result<(), String>>,
    pub(super) credentials: Credentials,
    pub(super) settings: Vec<Problem>,
    /// The id of the project, if the credentials have one and there is one region.
    pub(super) project: Option<String>,
    pub(super) deadline: Deadline,
}

/// The variable that names a proxy.
pub(super) fn proxy() -> Option<&'static str> {
    PROXIES.into_iter().find(|name| is_set(name))
}

/// Terraform's variable of an agency, where no agency is named for this program.
pub(super) fn ignored(global: &Global) -> Option<&'static str> {
    let is_told = global.emulator.is_some() || is_set("PORTOLAN_ASSUME_AGENCY");
    (!is_told && is_set(OTHERS_AGENCY)).then_some(OTHERS_AGENCY)
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// What is asked: the chart's services, or those of the command line's region; and IAM, which tells
/// the project.
fn places(global: &Global, chart: &Chart) -> BTreeSet<Place> {
    let mut places = chart.places();
    if places.is_empty() {
        let named = global.region.iter().map(|name| Arc::from(name.as_str()));
        let regions = chart.regions.iter().cloned().chain(named);
        places.extend(regions.map(|region| (Service::Swr, region)));
    }
    let regions: BTreeSet<_> = places.iter().map(|(_, region)| region.clone()).collect();
    places.extend(regions.into_iter().map(|region| (Service::Iam, region)));
    places
}

pub(super) async fn open(global: &Global, chart: &Chart) -> anyhow::Result<Opened> {
    let deadline = Deadline::of(global);
    let overrides = Overrides::read(&|name| std::env::var(name).ok(), &global.allow_endpoint);
    let places = places(global, chart);
    let mask = secrets::mask_of(chart);
    let targets = door::targets(chart);
    let mut opened = match (&global.emulator, overrides.any_variable()) {
        (Some(_), Some(variable)) => {
            let problem =
                format!("`--emulator` and `{variable}` exclude each other; set one of them");
            return Err(UsageError(problem).into());
        }
        (Some(state), None) => {
            let mut settings = emulator::Settings::default();
            if let Some(account) = &chart.account {
                settings.account = account.to_string();
            }
            let emulator = Emulator::open(state, settings)?;
            emulator.discard_journal();
            let url = format!("{EMULATED}{}", state.display());
            let watch = Arc::new(Watch::new(Arc::new(Emulated::new(emulator))));
            let others = door::abroad(chart, &targets, &places);
            Opened {
                client: client(&watch, mask),
                watch,
                http: None,
                endpoints: places
                    .iter()
                    .map(|place| (place.clone(), Ok(url.clone())))
                    .collect(),
                abroad: others
                    .iter()
                    .map(|it| (it.place.region().into(), Ok(())))
                    .collect(),
                credentials: Credentials::NotNeeded,
                settings: Vec::new(),
                project: None,
                deadline,
            }
        }
        (None, _) => {
            let others = door::abroad(chart, &targets, &places);
            let cloud = Cloud {
                global,
                chart,
                places: &places,
                others,
                overrides: &overrides,
                mask,
            };
            deadline.within(cloud.open(deadline)).await??
        }
    };
    // The chart itself asks there.
    let known = targets.keys().filter(|place| places.contains(place));
    opened
        .abroad
        .extend(known.map(|(_, region)| (region.clone(), Ok(()))));
    Ok(opened)
}

fn client(watch: &Arc<Watch>, mask: Arc<Mask>) -> Arc<Client> {
    let within_budget: Arc<dyn Transport> = Arc::new(Budget::new(watch.clone()));
    Arc::new(Client::adaptive(within_budget).masking(mask))
}

/// What the doors of a real service depend on.
struct Cloud<'c> {
    global: &'c Global,
    chart: &'c Chart,
    places: &'c BTreeSet<Place>,
    others: Vec<door::Abroad<'c>>,
    overrides: &'c Overrides<'c>,
    mask: Arc<Mask>,
}

impl Cloud<'_> {
    async fn open(self, deadline: Deadline) -> anyhow::Result<Opened> {
        let mut settings = Vec::new();
        let found = match door::found(self.global) {
            Err(error) if error.is::<UsageError>() => return Err(error),
            found => found.map_err(|error| format!("{error:#}")),
        };
        let (mut resolved, endpoints) = self.resolve(found.as_ref().ok());
        let roots = self.global.ca_file.as_deref().map(Roots::read);
        let roots = roots.transpose().unwrap_or_else(|error| {
            settings.push(Problem {
                why: Why::Other,
                message: format!("{:#}", anyhow::Error::from(error)),
                hint: Some("without it only the system's authorities are trusted".to_owned()),
            });
            None
        });
        let is_token = found.as_ref().is_ok_and(|found| {
            matches!(
                &found.source,
                Source::Fixed(credentials::Credentials::Token(_))
            )
        });
        let abroad = self.others.iter().map(|it| {
            let added = match is_token {
                true => Err("a token is valid in one region".to_owned()),
                false => resolved.add_abroad(&it.place, &it.sources, self.overrides),
            };
            (Arc::from(it.place.region()), added)
        });
        let abroad: BTreeMap<Arc<str>, Result<(), String>> = abroad.collect();
        let connections = Arc::new(Connections::new(
            TIMEOUTS,
            roots.unwrap_or_default(),
            resolved.have_local_tls(),
        ));
        let project = found.as_ref().ok().and_then(|found| self.project(found));
        let (credentials, wallet) = self.credentials(found, &resolved, &connections).await;
        let transport = HttpTransport::with(resolved, wallet, connections)
            .without_project(abroad.keys().cloned().collect());
        let http = Arc::new(transport);
        let watch = Arc::new(Watch::new(http.clone()));
        Ok(Opened {
            client: client(&watch, self.mask.clone()),
            watch,
            http: Some(http),
            endpoints,
            abroad,
            credentials,
            settings,
            project,
            deadline,
        })
    }

    fn regions(&self) -> BTreeSet<&str> {
        self.places.iter().map(|(_, region)| &**region).collect()
    }

    /// The endpoints, one after the other: one that cannot be used does not hide the others.
    fn resolve(&self, found: Option<&Found>) -> (endpoint::Endpoints, Endpoints) {
        let mut places = self.places.clone();
        let first = self.places.first().map(|(_, region)| region.clone());
        let issuers = found.map(Found::issuers).unwrap_or_default();
        if let Some(first) = first {
            places.extend(issuers.into_iter().map(|service| (service, first.clone())));
        }
        let mut wanted = Vec::new();
        let mut all = Endpoints::new();
        for (service, region) in &places {
            wanted.push(door::in_chart(self.chart, *service, region));
            if let Err(error) = endpoint::Endpoints::resolve(&wanted, self.overrides) {
                wanted.pop();
                all.insert((*service, region.clone()), Err(error.to_string()));
            }
        }
        let resolved = endpoint::Endpoints::resolve(&wanted, self.overrides).unwrap_or_default();
        let good = resolved.iter();
        all.extend(good.map(|(service, region, endpoint)| {
            ((service, Arc::from(region)), Ok(endpoint.to_string()))
        }));
        (resolved, all)
    }

    /// The project of the credentials, if it is that of the only region.
    fn project(&self, found: &Found) -> Option<String> {
        let Source::Fixed(credentials) = &found.source else {
            return None;
        };
        let scoped = credentials.clone().for_regions(self.regions().len()).ok()?;
        let (credentials::Credentials::Keys(Keys { project_id, .. })
        | credentials::Credentials::Token(credentials::Token { project_id, .. })) =
            scoped.credentials;
        project_id.filter(|_| found.agency.is_none())
    }

    /// The credentials for requests, and what to say about them.
    async fn credentials(
        &self,
        found: Result<Found, String>,
        resolved: &endpoint::Endpoints,
        connections: &Arc<Connections>,
    ) -> (Credentials, Wallet) {
        let unusable = |reason: String| {
            let wallet = Wallet::without(&reason);
            (Credentials::Unusable(reason), wallet)
        };
        let found = match found {
            Ok(found) => found,
            Err(reason) => return unusable(reason),
        };
        let described = Described::of(&found);
        let regions = self.regions();
        let mask = self.mask.clone();
        let wallet = door::wallet(self.global, found, &regions, resolved, connections, mask);
        let wallet = match wallet {
            Ok(wallet) => wallet,
            Err(error) => return unusable(format!("{error:#}")),
        };
        // Without a region there is no service that would hand out keys.
        if regions.is_empty() {
            return (described.lasting(None), wallet);
        }
        match timeout(PATIENCE, wallet.current()).await {
            Ok(Ok(_)) => {
                let left = wallet.left().map(|left| left.as_secs());
                (described.lasting(left), wallet)
            }
            Ok(Err(no_answer)) => unusable(no_answer.message),
            Err(_) => unusable(format!(
                "no keys from {} within {} seconds",
                described.origin,
                PATIENCE.as_secs()
            )),
        }
    }
}

/// What to say about credentials, without their values.
struct Described {
    origin: String,
    kind: &'static str,
    is_renewed: bool,
    ends: bool,
}

impl Described {
    fn of(found: &Found) -> Described {
        use credentials::Credentials as Fixed;
        let (kind, is_renewed, ends) = match &found.source {
            _ if found.agency.is_some() => ("keys of an agency", true, true),
            Source::Fixed(Fixed::Keys(keys)) if keys.security_token.is_some() => {
                ("temporary keys", false, true)
            }
            Source::Fixed(Fixed::Keys(_)) => ("access keys", false, false),
            Source::Fixed(Fixed::Token(_)) => ("an IAM token", false, true),
            Source::Oidc(_) => ("keys for an id token", true, true),
            Source::Metadata => ("keys of this machine", true, true),
        };
        Described {
            origin: found.origin.clone(),
            kind,
            is_renewed,
            ends,
        }
    }

    fn lasting(self, left: Option<u64>) -> Credentials {
        Credentials::Found {
            what: format!("{} from {}", self.kind, self.origin),
            left,
            is_renewed: self.is_renewed,
            ends: self.ends,
        }
    }
}
