//! Which hosts are reached through the proxy that the environment names.

use std::{
    net::{SocketAddr, TcpListener},
    process::Command,
    time::Duration,
};

use portolan::{
    transport::{
        Transport,
        credentials::Credentials,
        endpoint::{Endpoints, Overrides, Wanted},
        http::{HttpTransport, Timeouts},
    },
    wire::Service,
};

use super::{REGION, get, keys, socket::serve};

/// Runs one test of this binary in a second process, since a process cannot change its variables
/// safely.
fn run_behind_proxy(test: &str, proxy: SocketAddr, no_proxy: &str) {
    let output = Command::new(std::env::current_exe().expect("a test has a path"))
        .args(["--exact", test, "--include-ignored"])
        .envs(
            ["http_proxy", "https_proxy", "all_proxy"]
                .map(|name| (name, format!("http://{proxy}"))),
        )
        .env_remove("no_proxy")
        .env("NO_PROXY", no_proxy)
        .output()
        .expect("a test can be run again");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("1 passed"),
        "{shown}"
    );
}

#[test]
fn no_proxy_is_used_for_loopback() {
    let dead = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    run_behind_proxy("http_door::every_status_is_an_answer", dead, "");
}

#[test]
fn a_proxy_is_used_for_other_hosts() {
    let (proxy, arrived) = serve("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    run_behind_proxy(
        "http_door::proxy::a_host_that_cannot_be_reached_has_been_sent_nothing",
        proxy,
        "elsewhere.invalid",
    );
    let arrived = arrived.recv().unwrap();
    assert_eq!(arrived.line, "CONNECT swr-api.invalid:443 HTTP/1.1");
    assert_eq!(arrived.header("authorization"), None);
}

#[test]
fn a_host_may_be_reached_without_the_proxy() {
    let (proxy, arrived) = serve("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    run_behind_proxy(
        "http_door::proxy::an_unused_address",
        proxy,
        "example.com, 192.0.2.0/24",
    );
    assert!(arrived.try_recv().is_err());
}

#[tokio::test]
#[ignore = "depends on the network; `a_host_may_be_reached_without_the_proxy` runs it"]
async fn an_unused_address() {
    let overrides = Overrides::read(&|_| Some("https://192.0.2.1".to_owned()), &[]);
    let endpoints = Endpoints::resolve(&[Wanted::new(Service::Swr, REGION)], &overrides).unwrap();
    let timeouts = Timeouts {
        connect: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let door = HttpTransport::new(endpoints, Credentials::Keys(keys()), timeouts);
    let error = door.send(&get("/v2/x")).await.unwrap_err();
    assert!(error.never_sent, "{error}");
}

#[tokio::test]
#[ignore = "asks the name service; `a_proxy_is_used_for_other_hosts` runs it"]
async fn a_host_that_cannot_be_reached_has_been_sent_nothing() {
    let overrides = Overrides::read(&|_| Some("https://swr-api.invalid".to_owned()), &[]);
    let endpoints = Endpoints::resolve(&[Wanted::new(Service::Swr, REGION)], &overrides).unwrap();
    let door = HttpTransport::new(endpoints, Credentials::Keys(keys()), Timeouts::default());
    let error = door.send(&get("/v2/x")).await.unwrap_err();
    assert!(error.never_sent);
    assert!(
        error
            .message
            .starts_with("no connection to swr-api.invalid:443: "),
        "{error}"
    );
}
