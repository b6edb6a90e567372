//! The emulator on a socket: HTTP requests in, answers out, and connections that faults break.
//!
//! It knows nothing about the services.

mod connection;
mod control;
mod loopback;

use std::{future, io};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tokio::net::TcpListener;

use super::{
    Emulator,
    message::{self, escape},
    state::regions,
};
use connection::{BreakableListener, Breaker};

/// Well above the body limit of the service (12 MB), so that the service refuses, not the server.
const READ_LIMIT: usize = 64 * 1024 * 1024;

/// Serves one region, or all regions with the region as the first path segment. A path without a
/// region belongs to [`Settings::region`](super::Settings). Runs until it is dropped.
pub async fn serve(
    emulator: Emulator,
    listener: TcpListener,
    region: Option<String>,
) -> io::Result<()> {
    run(
        Site {
            emulator,
            region,
            controlled: false,
        },
        listener,
    )
    .await
}

/// Like [`serve`], with the control endpoint. It has no authentication, so only loopback addresses
/// are allowed.
pub async fn serve_controlled(
    emulator: Emulator,
    listener: TcpListener,
    region: Option<String>,
) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        let message = "the control endpoint is served on loopback addresses only";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    run(
        Site {
            emulator,
            region,
            controlled: true,
        },
        listener,
    )
    .await
}

async fn run(site: Site, listener: TcpListener) -> io::Result<()> {
    let router = Router::new().fallback(handle).with_state(site);
    axum::serve(
        BreakableListener(listener),
        router.into_make_service_with_connect_info::<Breaker>(),
    )
    .await
}

#[derive(Clone)]
struct Site {
    emulator: Emulator,
    region: Option<String>,
    controlled: bool,
}

async fn handle(
    State(site): State<Site>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    request: Request,
) -> Response {
    let is_control = site.controlled && request.uri().path().starts_with(control::PREFIX);
    let foreign_host = || {
        is_control
            .then(|| loopback::foreign_host(request.uri(), request.headers()))
            .flatten()
    };
    // `Host` is checked for the control endpoint only: official clients send the service's name in
    // the cloud.
    if let Some(refusal) = loopback::foreign_page(request.headers()).or_else(foreign_host) {
        return send(control::refused(&refusal));
    }
    if is_control {
        // With a region, so that the path is not split.
        return match receive(request, Some(String::new()), "").await {
            Some(message::Request {
                method, path, body, ..
            }) => send(control::answer(&site.emulator, &method, &path, &body)),
            None => cut(&breaker),
        };
    }
    let Some(request) = receive(request, site.region, &site.emulator.settings.region).await else {
        // The client closed the connection, or the body is too large to be held.
        return cut(&breaker);
    };
    match site.emulator.answer(request).await {
        message::Answer::Complete(response) => send(response),
        message::Answer::Truncated(response, bytes) => {
            breaker.truncate(bytes);
            send(response)
        }
        // The connection stays open until the client closes it.
        message::Answer::Never => future::pending().await,
        message::Answer::Cut => cut(&breaker),
    }
}

fn cut(breaker: &Breaker) -> Response {
    breaker.cut();
    Response::default()
}

/// None if the request did not arrive completely. Without a `region` it is taken from the path,
/// else it is `default_region`.
async fn receive(
    request: Request,
    region: Option<String>,
    default_region: &str,
) -> Option<message::Request> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, READ_LIMIT).await.ok()?;
    let path = parts.uri.path();
    let (region, prefix, path) = match region {
        Some(region) => (region, "", path),
        None => split_region(path).unwrap_or_else(|| (default_region.to_owned(), "", path)),
    };
    Some(message::Request {
        region,
        method: parts.method.as_str().to_owned(),
        prefix: prefix.to_owned(),
        path: path.to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: headers(&parts.headers),
        body: body.into(),
    })
}

/// Splits `/cn-north-4/v2/manage` into the region, its prefix, and the path of the service. None
/// if the path does not begin with a region.
fn split_region(path: &str) -> Option<(String, &str, &str)> {
    let end = path
        .char_indices()
        .skip(1)
        .find(|(_, character)| *character == '/')
        .map_or(path.len(), |(at, _)| at);
    let (prefix, path) = path.split_at(end);
    let region = escape::decode_text(prefix.trim_start_matches('/'));
    regions::exists(&region).then_some((region, prefix, path))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
        .collect()
}

fn send(response: message::Response) -> Response {
    let builder = Response::builder().status(response.status);
    let builder = response
        .headers
        .iter()
        .fold(builder, |builder, (name, value)| {
            builder.header(name, value)
        });
    // Only a fault can contain a status or a header that HTTP does not allow.
    builder
        .body(Body::from(response.body))
        .unwrap_or_else(|error| {
            let mut response = Response::new(Body::from(error.to_string()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_is_the_region() {
        for (path, expected) in [
            (
                "/cn-north-4/v2/manage",
                Some(("cn-north-4", "/cn-north-4", "/v2/manage")),
            ),
            ("/cn-north-4", Some(("cn-north-4", "/cn-north-4", ""))),
            (
                "/cn%2Dnorth-4/v2",
                Some(("cn-north-4", "/cn%2Dnorth-4", "/v2")),
            ),
            ("/v2/manage", None),
            ("/mars-1/v2/manage", None),
            ("/", None),
            ("//v2", None),
        ] {
            let split = split_region(path);
            let split = split
                .as_ref()
                .map(|(region, prefix, rest)| (region.as_str(), *prefix, *rest));
            assert_eq!(split, expected, "{path}");
        }
    }
}
