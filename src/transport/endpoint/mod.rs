//! Which URL serves a service in a region, and whether credentials may go there.
//!
//! Pure: overrides are passed in, no name is resolved and nothing is reached. The region table only
//! serves hints: partner clouds have regions that are not in it.

mod regions;

use std::{collections::BTreeMap, fmt, net::IpAddr, sync::Arc};

use percent_encoding::percent_decode_str;
use reqwest::Url;

pub use self::regions::is_region_id;
use crate::wire::{
    Service,
    host::{EndpointKind, is_huawei},
};

/// The variables that override where the services are.
pub const SWR_VARIABLE: &str = "PORTOLAN_ENDPOINT_SWR";
pub const CODEARTS_VARIABLE: &str = "PORTOLAN_ENDPOINT_CODEARTS";
pub const IAM_VARIABLE: &str = "PORTOLAN_ENDPOINT_IAM";
const PLACEHOLDER: &str = "{region}";

/// The variable that overrides where a service is.
pub fn variable(service: Service) -> &'static str {
    match service {
        Service::Swr => SWR_VARIABLE,
        Service::CodeArts => CODEARTS_VARIABLE,
        Service::Iam => IAM_VARIABLE,
    }
}

/// One service in one region that a chart names, with the template that its document gives.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub service: Service,
    pub region: &'a str,
    /// The key of `endpoints` that the service is called by.
    pub chart: Option<&'a str>,
}

/// What the person who runs portolan says about endpoints.
#[derive(Debug, Clone, Copy, Default)]
pub struct Overrides<'a> {
    /// The value of `PORTOLAN_ENDPOINT_SWR`; an empty one counts as unset.
    pub swr: Option<&'a str>,
    /// The value of `PORTOLAN_ENDPOINT_CODEARTS`, likewise.
    pub codearts: Option<&'a str>,
    /// The value of `PORTOLAN_ENDPOINT_IAM`, likewise.
    pub iam: Option<&'a str>,
    /// `--allow-endpoint`: hosts outside Huawei's domains that a chart may name. They may hold
    /// `{region}` too.
    pub allowed_hosts: &'a [String],
}

impl Overrides<'_> {
    fn of(&self, service: Service) -> Option<&str> {
        match service {
            Service::Swr => self.swr,
            Service::CodeArts => self.codearts,
            Service::Iam => self.iam,
        }
    }
}

/// Where a template came from, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Environment(Service),
    Chart(Service),
    Region(Service),
}

impl Origin {
    fn variable(self) -> &'static str {
        match self {
            Origin::Environment(service) | Origin::Chart(service) | Origin::Region(service) => {
                variable(service)
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Environment(service) => write!(f, "`{}`", variable(*service)),
            Origin::Chart(service) => write!(f, "`endpoints.{}`", service.name()),
            Origin::Region(_) => f.write_str("the region's endpoint"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error(
        "`{0}` is no region id: expected lower-case letters, digits and `-`, such as `cn-north-4`"
    )]
    Region(String),
    #[error(
        "{origin} ({url}) is no usable URL: {problem}; expected such as \
        `https://swr-api.{{region}}.example.com`"
    )]
    Url {
        origin: Origin,
        url: String,
        problem: String,
    },
    #[error(
        "{origin} ({url}) would send credentials in the clear: use https; plain http is for \
        loopback only"
    )]
    PlainHttp { origin: Origin, url: String },
    #[error(
        "{origin} would send credentials to `{host}`, outside Huawei Cloud's domains: if that is \
        meant, allow it with \
         `--allow-endpoint {host}` or set `{}`", .origin.variable()
    )]
    Foreign { origin: Origin, host: String },
    #[error(
        "the regions {first} and {second} have the same endpoint {url}{}: put `{{region}}` into \
        it, or use one region",
        .spelling.as_ref().map(|other| format!(", which is also written \
            {other}")).unwrap_or_default()
    )]
    Shared {
        first: String,
        second: String,
        url: String,
        /// The other way that it is written, if there are two.
        spelling: Option<String>,
    },
    #[error(
        "where CodeArts Repo is in {0} is not known: say it in `endpoints.codearts`, or set \
        `{CODEARTS_VARIABLE}`"
    )]
    Nowhere(String),
    #[error(
        "the region {region} has two endpoints, {first} and {second}: give the same one in every \
        document"
    )]
    Conflict {
        region: String,
        first: String,
        second: String,
    },
}

/// One base URL, taken apart as far as sending and signing need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// `https://host`, `http://127.0.0.1:8080`: what URLs begin with.
    pub origin: String,
    /// What the `Host` header says: the port only if it is not the scheme's own.
    pub authority: String,
    /// Always with a port, for messages.
    pub host_port: String,
    /// Path in front of every request's, without a slash at the end; mostly empty.
    pub prefix: String,
    pub loopback: bool,
    pub secure: bool,
}

/// What one server is known by, however its URL is written.
#[derive(Debug, PartialEq, Eq)]
struct Server<'a> {
    host: String,
    port: &'a str,
    path: Vec<u8>,
}

impl Base {
    /// `Url` has brought the host into lower case and added the port. That one address has several
    /// names, that a name may end in a dot, and that a path may be escaped, it leaves alone. Two
    /// schemes cannot share a port.
    fn server(&self) -> Server<'_> {
        let (host, port) = self
            .host_port
            .rsplit_once(':')
            .unwrap_or((&self.host_port, ""));
        let segments = self.prefix.split('/').filter(|segment| !segment.is_empty());
        let path = segments
            .flat_map(|segment| [b'/'].into_iter().chain(percent_decode_str(segment)))
            .collect();
        Server {
            host: canonical(host),
            port,
            path,
        }
    }
}

/// One name for each host: a server on all of this machine's addresses answers to all of its names.
fn canonical(host: &str) -> String {
    let host = host.trim_end_matches('.');
    let is_here = |address: &IpAddr| address.is_loopback() || address.is_unspecified();
    match address_of(host).map(|address| address.to_canonical()) {
        Some(address) if is_here(&address) => "localhost".to_owned(),
        Some(address) => address.to_string(),
        None => host.to_owned(),
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.prefix)
    }
}

/// The endpoints of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    bases: BTreeMap<(Service, Arc<str>), Base>,
}

impl Endpoints {
    /// Finds the endpoint of each region: the override, else the chart's, else the region's own.
    ///
    /// A chart's endpoint that the override outranks is never used, so it is not judged either.
    ///
    /// IAM comes last in `wanted`. Where another service of the region is not Huawei Cloud's, the
    /// region's own IAM knows nothing of the account and gets no request: then it has an endpoint
    /// only if somebody gives one.
    pub fn resolve(
        wanted: &[Wanted<'_>],
        overrides: &Overrides<'_>,
    ) -> Result<Self, EndpointError> {
        let mut endpoints = Endpoints::default();
        for one in wanted {
            let is_given = [overrides.of(one.service), one.chart]
                .into_iter()
                .flatten()
                .any(|given| !given.is_empty());
            if one.service == Service::Iam && !is_given && endpoints.leaves_huawei(one.region) {
                continue;
            }
            let base = resolve_one(one, overrides)?;
            endpoints.insert(one.service, one.region, base)?;
        }
        Ok(endpoints)
    }

    fn leaves_huawei(&self, region: &str) -> bool {
        let mut here = self.iter().filter(|(_, known, _)| *known == region);
        here.any(|(_, _, base)| EndpointKind::of(&base.to_string()) != EndpointKind::HuaweiCloud)
    }

    pub fn base(&self, service: Service, region: &str) -> Option<&Base> {
        self.bases.get(&(service, Arc::from(region)))
    }

    /// In order of service and region.
    pub fn iter(&self) -> impl Iterator<Item = (Service, &str, &Base)> {
        self.bases
            .iter()
            .map(|((service, region), base)| (*service, &**region, base))
    }

    /// Two regions behind one URL would be read as copies of each other. An account has one IAM for
    /// all regions.
    fn insert(&mut self, service: Service, region: &str, base: Base) -> Result<(), EndpointError> {
        let server = base.server();
        let is_copy = |other: Service, elsewhere: &str, known: &Base| {
            service != Service::Iam
                && other == service
                && elsewhere != region
                && known.server() == server
        };
        let copy = self
            .iter()
            .find(|(other, elsewhere, known)| is_copy(*other, elsewhere, known));
        if let Some((_, first, known)) = copy {
            let (first, second, url) = (first.to_owned(), region.to_owned(), base.to_string());
            let spelling = Some(known.to_string()).filter(|other| *other != url);
            return Err(EndpointError::Shared {
                first,
                second,
                url,
                spelling,
            });
        }
        let second = base.to_string();
        match self.bases.insert((service, Arc::from(region)), base) {
            Some(before) if before.to_string() != second => Err(EndpointError::Conflict {
                region: region.to_owned(),
                first: before.to_string(),
                second,
            }),
            _ => Ok(()),
        }
    }
}

fn resolve_one(wanted: &Wanted<'_>, overrides: &Overrides<'_>) -> Result<Base, EndpointError> {
    let Wanted {
        service, region, ..
    } = *wanted;
    if !is_region_id(region) {
        return Err(EndpointError::Region(region.to_owned()));
    }
    let template = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    if let Some(template) = template(overrides.of(service)) {
        return parse(&template, region, Origin::Environment(service));
    }
    let Some(template) = template(wanted.chart) else {
        let template = default_template(service, region)
            .ok_or_else(|| EndpointError::Nowhere(region.to_owned()))?;
        return parse(template, region, Origin::Region(service));
    };
    let base = parse(&template, region, Origin::Chart(service))?;
    match foreign_host(&base, region, overrides) {
        Some(host) => Err(EndpointError::Foreign {
            origin: Origin::Chart(service),
            host,
        }),
        None => Ok(base),
    }
}

fn default_template(service: Service, region: &str) -> Option<&'static str> {
    Some(match (service, region) {
        // The only region of the table that lives under another domain.
        (Service::Swr, "eu-west-101") => "https://swr-api.{region}.myhuaweicloud.eu",
        (Service::Swr, _) => "https://swr-api.{region}.myhuaweicloud.com",
        (Service::CodeArts, "eu-west-101") => "https://codeartsrepo-ext.{region}.myhuaweicloud.eu",
        (Service::CodeArts, region) => return regions::codearts(region),
        (Service::Iam, region) if region.starts_with("eu-west-1") => {
            "https://iam.{region}.myhuaweicloud.eu"
        }
        (Service::Iam, _) => "https://iam.{region}.myhuaweicloud.com",
    })
}

fn foreign_host(base: &Base, region: &str, overrides: &Overrides<'_>) -> Option<String> {
    let host = host_of(base);
    let ours = is_huawei(&host);
    let allowed = |given: &String| {
        given
            .replace(PLACEHOLDER, region)
            .eq_ignore_ascii_case(&host)
    };
    (!ours && !base.loopback && !overrides.allowed_hosts.iter().any(allowed)).then_some(host)
}

fn host_of(base: &Base) -> String {
    base.host_port
        .rsplit_once(':')
        .map_or_else(|| base.host_port.clone(), |(host, _)| host.to_owned())
}

fn parse(template: &str, region: &str, origin: Origin) -> Result<Base, EndpointError> {
    let text = template.replace(PLACEHOLDER, region);
    let refuse = |problem: &str| EndpointError::Url {
        origin,
        url: shown(template),
        problem: problem.to_owned(),
    };
    // `Url` mends what follows silently, and so would hide what was typed.
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control() || character == '\\')
    {
        return Err(refuse(
            "it holds a blank, a control character or a backslash",
        ));
    }
    if text.contains(['{', '}']) {
        return Err(refuse("the only placeholder is `{region}`"));
    }
    let url = Url::parse(&text).map_err(|error| refuse(&error.to_string()))?;
    let Some(host) = url
        .host_str()
        .filter(|_| matches!(url.scheme(), "http" | "https"))
    else {
        return Err(refuse("it begins with neither https:// nor http://"));
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("it holds a query or a fragment"));
    }
    let loopback = is_loopback(host);
    let secure = url.scheme() == "https";
    if !secure && !loopback {
        return Err(EndpointError::PlainHttp {
            origin,
            url: shown(template),
        });
    }
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Ok(Base {
        origin: format!("{}://{authority}", url.scheme()),
        host_port: format!("{host}:{}", url.port_or_known_default().unwrap_or_default()),
        authority,
        prefix: url.path().trim_end_matches('/').to_owned(),
        loopback,
        secure,
    })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || address_of(host).is_some_and(|address| address.is_loopback())
}

fn address_of(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// A template for messages, without what may be a secret.
fn shown(template: &str) -> String {
    if template.contains('@') {
        return "not shown, it may hold a password".to_owned();
    }
    let end = template.find(['?', '#']).unwrap_or(template.len());
    crate::text::escaped(&template[..end])
}

#[cfg(test)]
mod tests;
