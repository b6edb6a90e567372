//! Which URL serves a service in a region, and whether credentials may go there.
//!
//! Pure: overrides are passed in, no name is resolved and no connection is made. A region needs no
//! entry in any table: partner clouds have regions that no document names.

mod abroad;
mod base;
mod error;
mod origin;
mod regions;

use std::{collections::BTreeMap, fmt, sync::Arc};

pub use self::{
    base::Base,
    error::EndpointError,
    origin::{Origin, Overrides, Wanted, variable},
};
use self::{
    base::{host_of, parse},
    origin::Template,
};
use crate::{
    names::{self, Name},
    wire::{
        Service,
        host::{EndpointKind, is_huawei},
    },
};

const PLACEHOLDER: &str = "{region}";

/// The same on every machine of the cloud (auth: section 2.4).
const METADATA_HOST: &str = "169.254.169.254";

/// The endpoint of one service in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub base: Base,
    pub origin: Origin,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base.fmt(f)
    }
}

/// The endpoints of one command, resolved once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    endpoints: BTreeMap<(Service, Arc<str>), Endpoint>,
}

impl Endpoints {
    /// Finds the endpoint of each region: the variable, else the chart's, else the region's own.
    ///
    /// A chart's endpoint that a variable overrides is not used, so it is not checked either.
    ///
    /// IAM and STS come last in `wanted`. If another service of the region is outside Huawei Cloud,
    /// the region's own ones do not know the account and get no request. They then have an endpoint
    /// only if the chart or a variable names one.
    pub fn resolve(
        wanted: &[Wanted<'_>],
        overrides: &Overrides<'_>,
    ) -> Result<Self, EndpointError> {
        let mut endpoints = Endpoints::default();
        for one in wanted {
            // An endpoint that a person names is used wherever the other services are.
            let is_given = one.template.is_some() || overrides.template(one.service).is_some();
            // Not an error here: what needs them says so.
            if one.service.is_of_identity() && !is_given && endpoints.is_outside_huawei(one.region)
            {
                continue;
            }
            let endpoint = resolve_one(one, overrides)?;
            endpoints.insert(one.service, one.region, endpoint)?;
        }
        Ok(endpoints)
    }

    fn is_outside_huawei(&self, region: &str) -> bool {
        let mut of_region = self.iter().filter(|(_, known, _)| *known == region);
        of_region
            .any(|(_, _, known)| EndpointKind::of(&known.to_string()) != EndpointKind::HuaweiCloud)
    }

    pub fn base(&self, service: Service, region: &str) -> Option<&Base> {
        let endpoint = self.endpoints.get(&(service, Arc::from(region)))?;
        Some(&endpoint.base)
    }

    /// Whether any of them is on this machine and speaks TLS.
    pub(crate) fn have_local_tls(&self) -> bool {
        self.iter()
            .any(|(_, _, known)| known.base.loopback && known.base.secure)
    }

    /// In order of service and region.
    pub fn iter(&self) -> impl Iterator<Item = (Service, &str, &Endpoint)> {
        self.endpoints
            .iter()
            .map(|((service, region), endpoint)| (*service, &**region, endpoint))
    }

    /// Adds an endpoint. Two regions with one URL would be read as copies of each other; only IAM
    /// and STS may be the same for all regions.
    fn insert(
        &mut self,
        service: Service,
        region: &str,
        endpoint: Endpoint,
    ) -> Result<(), EndpointError> {
        let server = endpoint.base.server();
        let is_same_server = |other: Service, other_region: &str, known: &Base| {
            !service.is_of_identity()
                && other == service
                && other_region != region
                && known.server() == server
        };
        let same_server = self
            .iter()
            .find(|(other, other_region, known)| is_same_server(*other, other_region, &known.base));
        if let Some((_, first, known)) = same_server {
            let url = endpoint.to_string();
            let spelling = Some(known.to_string()).filter(|other| *other != url);
            return Err(EndpointError::Shared {
                first: first.to_owned(),
                second: region.to_owned(),
                url,
                spelling,
            });
        }
        let second = endpoint.to_string();
        match self
            .endpoints
            .insert((service, Arc::from(region)), endpoint)
        {
            // Documents of one chart can name different endpoints for a region.
            Some(before) if before.to_string() != second => Err(EndpointError::Conflict {
                region: region.to_owned(),
                first: before.to_string(),
                second,
            }),
            _ => Ok(()),
        }
    }
}

/// Where the keys of this machine come from: a fixed address, or the variable's, which may be on
/// this machine only, because what answers there gets trusted.
pub(crate) fn metadata(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Base, EndpointError> {
    let given = environment(origin::METADATA).filter(|value| !value.is_empty());
    let Some(url) = given else {
        return Ok(Base {
            origin: format!("http://{METADATA_HOST}"),
            authority: METADATA_HOST.to_owned(),
            host_port: format!("{METADATA_HOST}:80"),
            prefix: String::new(),
            loopback: false,
            secure: false,
        });
    };
    let base = parse(&url, "", &Origin::Metadata)?;
    match base.loopback {
        true => Ok(base),
        false => Err(EndpointError::NotLoopback),
    }
}

fn resolve_one(wanted: &Wanted<'_>, overrides: &Overrides<'_>) -> Result<Endpoint, EndpointError> {
    let (service, region) = (wanted.service, wanted.region);
    // The region becomes part of the URL: it must not add a host, a port or a path.
    if !names::is_valid(Name::Region, region) {
        return Err(EndpointError::Region(region.to_owned()));
    }
    let given = overrides.template(service).or(wanted.template.clone());
    let template = match given {
        Some(template) => template,
        None => Template {
            text: regions::template(service, region)
                .ok_or_else(|| EndpointError::UnknownCodeArtsHost(region.to_owned()))?,
            origin: Origin::Region(service),
        },
    };
    let endpoint = Endpoint {
        base: parse(template.text, region, &template.origin)?,
        origin: template.origin,
    };
    // After parsing: the host then has one spelling, and no login hides it.
    match foreign_host(&endpoint.base, region, overrides) {
        Some(host) if endpoint.origin.needs_permission() => Err(EndpointError::Foreign {
            origin: endpoint.origin,
            host,
        }),
        _ => Ok(endpoint),
    }
}

fn foreign_host(base: &Base, region: &str, overrides: &Overrides<'_>) -> Option<String> {
    let host = host_of(base);
    let allowed = |given: &String| {
        given
            .replace(PLACEHOLDER, region)
            .eq_ignore_ascii_case(&host)
    };
    let is_known = is_huawei(&host) || base.loopback || overrides.allowed_hosts.iter().any(allowed);
    (!is_known).then_some(host)
}

#[cfg(test)]
mod tests;
