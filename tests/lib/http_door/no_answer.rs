//! Requests without a response, and whether the service may have received them.

use std::{io::Write, net::TcpListener, thread, time::Duration};

use portolan::{
    transport::{
        Transport,
        credentials::Credentials,
        endpoint::{Endpoints, Overrides, Wanted},
        http::{HttpTransport, Timeouts},
    },
    wire::{Request, Service},
};

use super::{REGION, answered, call, get, keys, socket::serve};

#[tokio::test]
async fn a_truncated_body_is_not_a_response() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[{}\r\n",
    ] {
        let error = answered(cut).await.unwrap_err();
        assert!(!error.never_sent);
        assert!(
            error.message.starts_with("the answer from 127.0.0.1:"),
            "{error}"
        );
        assert!(error.message.contains("truncated"), "{error}");
    }
}

#[tokio::test]
async fn a_closed_connection_is_not_a_response() {
    for nothing in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let error = answered(nothing).await.unwrap_err();
        assert!(!error.never_sent);
        assert!(
            error.message.starts_with("no answer from 127.0.0.1:"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let length = (64 << 20) + 1;
    let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    answer.resize(answer.len() + length, b' ');
    let (address, _arrived) = serve(answer);
    let error = call(address, &get("/v2/x")).await.unwrap_err();
    assert!(
        error
            .message
            .ends_with("answered 200 with more than 64 MiB"),
        "{error}"
    );
    assert!(!error.never_sent);
}

#[tokio::test]
async fn an_answer_after_the_timeout_is_not_a_response() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let template = format!("http://{address}");
    let overrides = Overrides::read(&|_| Some(template.clone()), &[]);
    let endpoints = Endpoints::resolve(&[Wanted::new(Service::Swr, REGION)], &overrides).unwrap();
    let timeouts = Timeouts {
        answer: Duration::from_millis(50),
        ..Timeouts::default()
    };
    let door = HttpTransport::new(endpoints, Credentials::Keys(keys()), timeouts);
    let error = door.send(&get("/v2/x")).await.unwrap_err();
    assert_eq!(
        error.message,
        format!("no complete answer from {address} within 50ms")
    );
    assert!(!error.never_sent);
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = call(address, &get("/v2/x")).await.unwrap_err();
    assert!(error.never_sent);
    assert!(
        error
            .message
            .starts_with(&format!("no connection to {address}: tcp connect error: ")),
        "{error}"
    );
    for secret in ["fake-secret-key", "fake-security-token", "Signature"] {
        assert!(!error.message.contains(secret));
    }
}

#[tokio::test]
async fn tls_with_an_untrusted_server_has_sent_nothing() {
    let (address, _arrived) = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let plain = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(b"this is not TLS\r\n").ok();
        }
    });
    let (strange, known) = (format!("https://{plain}"), format!("http://{address}"));
    let wanted = [
        Wanted::new(Service::Swr, REGION).in_chart(&strange, None),
        Wanted::new(Service::Swr, "cn-east-3").in_chart(&known, None),
    ];
    let endpoints = Endpoints::resolve(&wanted, &Overrides::default()).unwrap();
    let door = HttpTransport::new(endpoints, Credentials::Keys(keys()), Timeouts::default());
    let error = door.send(&get("/v2/x")).await.unwrap_err();
    assert!(error.never_sent, "{error}");
    let plain = Request {
        region: "cn-east-3".into(),
        ..get("/v2/x")
    };
    assert_eq!(door.send(&plain).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_path_that_the_client_would_normalize_is_not_sent() {
    let (address, arrived) = serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    for path in [
        "/v2/../x",
        "/v2/./x",
        "/v2/%2E%2e",
        "/v2\\x",
        "/v2?x",
        "/a b",
    ] {
        let error = call(address, &get(path)).await.unwrap_err();
        assert!(error.never_sent);
        assert!(
            error.message.starts_with(&format!(
                "`GET cn-north-4 {path}` was not sent: its path contains"
            )),
            "{error}"
        );
    }
    let elsewhere = Request {
        region: "cn-east-3".into(),
        ..get("/v2/x")
    };
    let error = call(address, &elsewhere).await.unwrap_err();
    assert_eq!(
        error.message,
        "there is no endpoint for the region cn-east-3"
    );
    assert!(arrived.try_recv().is_err());
}
