//! Base URLs: made from a template, and compared as servers.

use std::{fmt, net::IpAddr};

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::{EndpointError, Origin, PLACEHOLDER};

/// A base URL, split into the parts that sending and signing need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The beginning of each URL, such as `https://host` or `http://127.0.0.1:8080`.
    pub origin: String,
    /// The value of the `Host` header, with a port only if it is not the scheme's default.
    pub authority: String,
    /// Always with a port, for messages.
    pub host_port: String,
    /// The path before that of each request, without a slash at the end; usually empty.
    pub prefix: String,
    pub loopback: bool,
    pub secure: bool,
}

/// The identity of a server, independent of the spelling of its URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Server<'a> {
    host: String,
    port: &'a str,
    path: Vec<u8>,
}

impl Base {
    /// The server of this URL. `Url` has changed the host to lower case and added the port; the
    /// names of an address, a dot after a name and escapes in a path are handled here. The scheme
    /// is not compared: two schemes cannot share a port.
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

/// One name for each host. All names of this machine count as one, because a server may listen on
/// all of its addresses.
fn canonical(host: &str) -> String {
    let host = host.trim_end_matches('.');
    let is_local = |address: &IpAddr| address.is_loopback() || address.is_unspecified();
    // `::ffff:127.0.0.1` is 127.0.0.1 as well.
    match address_of(host).map(|address| address.to_canonical()) {
        Some(address) if is_local(&address) => "localhost".to_owned(),
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
        url: printable(template),
        problem: problem.to_owned(),
    };
    // `Url` corrects these silently, which would hide a typing error.
    if text
        .chars()
        .any(|character| character.is_whitespace() || character.is_control() || character == '\\')
    {
        return Err(refuse(
            "it holds a blank, a control character or a backslash",
        ));
    }
    // After the replacement: any other brace is a misspelt placeholder.
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
            url: printable(template),
        });
    }
    // `port` is absent for the scheme's default, as in the `Host` that reqwest sends and that the
    // signature covers.
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
    // A URL has an IPv6 address in brackets.
    host.trim_start_matches('[')
        .trim_end_matches(']')
        .parse()
        .ok()
}

/// A template as messages may show it: without what may be a secret.
fn printable(template: &str) -> String {
    // An invalid URL cannot be split, so all text before an `@` can be a login.
    if template.contains('@') {
        return "not shown, it may hold a password".to_owned();
    }
    // A query can contain a token.
    let end = template.find(['?', '#']).unwrap_or(template.len());
    crate::text::escaped(&template[..end])
}
