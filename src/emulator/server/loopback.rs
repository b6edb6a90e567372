//! Whether a request comes from a program on this machine or from a web page in a browser on it.
//!
//! A web page can make the browser send requests to any local port. The browser adds the page's
//! `Origin` to each request that can change something. A page whose host name resolves to a
//! loopback address has the same origin as the port (DNS rebinding), but its name is in `Host`.

use std::net::IpAddr;

use axum::http::{HeaderMap, Uri, header};

/// Why a request from a page of another host is refused. Official clients send no `Origin`.
pub(in super::super) fn foreign_page(headers: &HeaderMap) -> Option<String> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    // Every value is checked: a header can be repeated.
    let foreign = origins.find(|origin| !origin.to_str().is_ok_and(is_origin))?;
    Some(refusal(
        "Origin",
        &String::from_utf8_lossy(foreign.as_bytes()),
    ))
}

/// Why a request is refused whose host is not a loopback name.
pub(in super::super) fn foreign_host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let hosts = headers.get_all(header::HOST).iter();
    // In `GET http://HOST/PATH` the host of the target overrides the header, so both are checked.
    let mut named = hosts
        .map(axum::http::HeaderValue::as_bytes)
        .chain(uri.authority().map(|host| host.as_str().as_bytes()));
    let Some(first) = named.next() else {
        return Some(
            "the request has no `Host`; expected a loopback name, such as 127.0.0.1".to_owned(),
        );
    };
    let is_foreign = |host: &&[u8]| !std::str::from_utf8(host).is_ok_and(is_host);
    let foreign = std::iter::once(first).chain(named).find(is_foreign)?;
    Some(refusal("Host", &String::from_utf8_lossy(foreign)))
}

fn refusal(header: &str, value: &str) -> String {
    format!(
        "`{header}: {value}` is refused; expected a loopback name: localhost, 127.0.0.1 or [::1]"
    )
}

/// `http://localhost:3000`. Pages without an origin send `null`, which is refused.
fn is_origin(origin: &str) -> bool {
    origin
        .split_once("://")
        .is_some_and(|(_, host)| is_host(host))
}

/// A loopback name, with or without a port.
fn is_host(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        return rest
            .split_once(']')
            .is_some_and(|(address, port)| is_address(address) && is_port(port));
    }
    let end = host.find(':').unwrap_or(host.len());
    let (name, port) = host.split_at(end);
    is_port(port) && (is_address(name) || is_localhost(name))
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

/// `localhost` and names below it always resolve to loopback (RFC 6761).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_accepted_with_and_without_a_port() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "localhost.:1",
            "a.localhost",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:7",
        ] {
            assert!(
                is_host(host) && is_origin(&format!("http://{host}")),
                "{host}"
            );
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.example.com",
            "notlocalhost",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[::1",
            "[::1]x",
            "localhost@example.com",
            "localhost:80@example.com",
            "localhost:x",
        ] {
            assert!(
                !is_host(host) && !is_origin(&format!("http://{host}")),
                "{host}"
            );
        }
        assert!(!is_origin("null") && !is_origin("localhost"));
    }
}
