//! One base URL: how a template becomes one, and when two of them are one server.

use std::{fmt, net::IpAddr};

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::{EndpointError, Origin, PLACEHOLDER};

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
pub(super) struct Server<'a> {
    host: String,
    port: &'a str,
    path: Vec<u8>,
}

impl Base {
    /// `Url` has brought the host into lower case and added the port. That one address has several
    /// names, that a name may end in a dot, and that a path may be escaped, it leaves alone. Two
    /// schemes cannot share a port.
    pub(super) fn server(&self) -> Server<'_> {
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

pub(super) fn host_of(base: &Base) -> String {
    base.host_port
        .rsplit_once(':')
        .map_or_else(|| base.host_port.clone(), |(host, _)| host.to_owned())
}

pub(super) fn parse(template: &str, region: &str, origin: &Origin) -> Result<Base, EndpointError> {
    let text = template.replace(PLACEHOLDER, region);
    let refuse = |problem: &str| EndpointError::Url {
        origin: origin.clone(),
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
            origin: origin.clone(),
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
