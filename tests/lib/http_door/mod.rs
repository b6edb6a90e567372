//! The HTTP client against a raw socket: what it sends, and what it accepts as a response.

mod no_answer;
mod proxy;
mod socket;

use std::{net::SocketAddr, time::Duration};

use portolan::{
    transport::{
        NoAnswer, Transport,
        credentials::{Credentials, Keys, Token},
        endpoint::{Endpoints, Overrides, Wanted},
        http::{HttpTransport, Timeouts},
        sign::{ToSign, sign},
    },
    wire::{Method, Request, Response, Service},
};
use serde_json::json;

use socket::serve;

pub(crate) const REGION: &str = "cn-north-4";

pub(crate) fn keys() -> Keys {
    Keys {
        ak: "FAKEAK00000000000001".to_owned(),
        sk: "fake-secret-key".into(),
        security_token: Some("fake-security-token".into()),
        project_id: Some("fa4e".to_owned()),
    }
}

pub(crate) fn door(address: SocketAddr, credentials: Credentials) -> HttpTransport {
    let template = format!("http://{address}/at/{{region}}/");
    let overrides = Overrides::read(&|_| Some(template.clone()), &[]);
    let endpoints = Endpoints::resolve(&[Wanted::new(Service::Swr, REGION)], &overrides)
        .expect("loopback is allowed");
    let timeouts = Timeouts {
        connect: Duration::from_secs(5),
        answer: Duration::from_secs(5),
    };
    HttpTransport::new(endpoints, credentials, timeouts)
}

pub(crate) fn get(path: &str) -> Request {
    Request::new(Service::Swr, &REGION.into(), Method::Get, path.to_owned())
}

pub(crate) async fn call(address: SocketAddr, request: &Request) -> Result<Response, NoAnswer> {
    door(address, Credentials::Keys(keys())).send(request).await
}

pub(crate) async fn answered(answer: &str) -> Result<Response, NoAnswer> {
    let (address, _arrived) = serve(answer);
    call(address, &get("/v2/x")).await
}

#[tokio::test]
async fn the_sent_request_is_the_signed_one() {
    let (address, arrived) = serve("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    let request = Request {
        method: Method::Post,
        query: vec![
            ("offset", "0".to_owned()),
            ("filter", "a::b|c' d".to_owned()),
        ],
        body: Some(json!({ "repository": "web/frontend", "description": "caf\u{e9}" })),
        ..get("/v2/repos/a$b%24c")
    };
    call(address, &request).await.unwrap();
    let arrived = arrived.recv().unwrap();
    let path = "/at/cn-north-4/v2/repos/a$b%24c";
    let query = "filter=a%3A%3Ab%7Cc%27%20d&offset=0";
    assert_eq!(arrived.line, format!("POST {path}?{query} HTTP/1.1"));
    assert_eq!(
        arrived.body,
        r#"{"repository":"web/frontend","description":"café"}"#.as_bytes()
    );
    assert_eq!(arrived.header("host"), Some(&*address.to_string()));
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    assert_eq!(arrived.header("accept"), Some("application/json"));
    assert_eq!(arrived.header("accept-encoding"), Some("gzip"));
    assert_eq!(
        arrived.header("user-agent"),
        Some(concat!("portolan/", env!("CARGO_PKG_VERSION")))
    );

    let names = ["content-type", "host", "x-project-id", "x-security-token"];
    let headers = names.map(|name| (name, arrived.header(name).unwrap()));
    let again = ToSign {
        method: "POST",
        path,
        query: &[("filter", "a::b|c' d"), ("offset", "0")],
        headers: &headers,
        body: &arrived.body,
        date: arrived.header("x-sdk-date").unwrap(),
    };
    assert_eq!(
        arrived.header("authorization"),
        Some(&*sign(&again, &keys()).authorization)
    );
}

#[tokio::test]
async fn a_token_takes_the_place_of_a_signature() {
    let (address, arrived) = serve("HTTP/1.1 204 No Content\r\n\r\n");
    let token = Credentials::Token(Token {
        token: "fake-token".into(),
        project_id: None,
    });
    assert_eq!(
        door(address, token)
            .send(&get("/v2/x"))
            .await
            .unwrap()
            .status,
        204
    );
    let arrived = arrived.recv().unwrap();
    assert_eq!(arrived.header("x-auth-token"), Some("fake-token"));
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    assert_eq!(arrived.header("authorization"), None);
    assert_eq!(arrived.header("x-sdk-date"), None);
}

#[tokio::test]
async fn every_status_is_an_answer() {
    let answer = "HTTP/1.1 429 Slow\r\nX-Request-Id: 9f3c\r\nRetry-After: 7\r\nContent-Range: \
        0-2/2\r\n\
                  Date: Fri, 20 Nov 2026 23:10:00 GMT\r\nContent-Length: 4\r\n\r\nslow";
    let expected = Response {
        status: 429,
        request_id: Some("9f3c".to_owned()),
        retry_after: Some(Duration::from_secs(7)),
        content_range: Some("0-2/2".to_owned()),
        location: None,
        date: Some("Fri, 20 Nov 2026 23:10:00 GMT".to_owned()),
        body: b"slow".to_vec(),
        ..Response::default()
    };
    assert_eq!(answered(answer).await, Ok(expected));
    let past = "HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: \
        0\r\n\r\n";
    assert_eq!(
        answered(past).await.unwrap().retry_after,
        Some(Duration::ZERO)
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, followed) = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let answer =
        format!("HTTP/1.1 302 Found\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n");
    let found = answered(&answer).await.unwrap();
    assert_eq!(
        (found.status, found.location),
        (302, Some(format!("http://{elsewhere}/")))
    );
    assert!(followed.try_recv().is_err());
}

#[tokio::test]
async fn a_compressed_body_is_unpacked() {
    let packed: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x8b\xae\x56\xca\x4b\xcc\x4d\x55\
        \xb2\x52\x4a\x54\xaa\x8d\x05\x00\xab\x4d\xc5\x68\x0e\x00\x00\x00";
    let whole = gzipped(packed).await.unwrap();
    assert_eq!(whole.body, br#"[{"name":"a"}]"#);
    assert!(gzipped(&packed[..packed.len() - 9]).await.is_err());
}

async fn gzipped(body: &[u8]) -> Result<Response, NoAnswer> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {length}\r\n\r\n");
    let (address, _arrived) = serve([head.as_bytes(), body].concat());
    call(address, &get("/v2/x")).await
}
