//! The control API: what a test in any language can do with it, and that it is off by default.

use portolan::emulator::{Emulator, Settings, serve_controlled};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    ORGANIZATIONS,
    support::{Site, read},
};

const ORGANIZATION: &str = "/cn-north-4/v2/manage/namespaces/team-a";

async fn call(site: &Site, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    read(
        site.send(method, &format!("/_emulator/{path}"), body)
            .await
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn faults_are_added_counted_and_removed() {
    let site = Site::controlled().await;
    let faults = json!([{ "status": 503, "route": "show-organization", "times": 2 },
        { "cut-after": true, "skip": 9 }]);
    assert_eq!(
        call(&site, Method::POST, "faults", Some(faults)).await.0,
        204
    );
    assert_eq!(site.get(ORGANIZATION).await.0, 503);
    let (_, faults) = call(&site, Method::GET, "faults", None).await;
    assert_eq!(
        (&faults[0]["route"], &faults[0]["struck"]),
        (&json!("show-organization"), &json!(1))
    );
    assert_eq!(
        (&faults[1]["cut-after"], &faults[1]["struck"]),
        (&json!("true"), &json!(0))
    );
    assert_eq!(call(&site, Method::DELETE, "faults", None).await.0, 204);
    assert_eq!(site.get(ORGANIZATION).await.0, 200);
    assert_eq!(
        call(&site, Method::GET, "faults", None).await,
        (200, json!([]))
    );
}

#[tokio::test]
async fn bad_faults_are_refused_as_a_whole() {
    let site = Site::controlled().await;
    let (status, body) = call(
        &site,
        Method::POST,
        "faults",
        Some(json!([{ "cut-after": true }, { "cut-aftr": true }])),
    )
    .await;
    assert_eq!(status, 400);
    assert!(
        body["error"]
            .as_str()
            .unwrap()
            .starts_with("fault 2: unknown effect `cut-aftr`"),
        "{body}"
    );
    assert_eq!(site.emulator.faults(), []);
}

#[tokio::test]
async fn the_journal_is_read_and_forgotten() {
    let site = Site::controlled().await;
    let body = json!({ "namespace": "team-b", "password": "hunter2" });
    site.send(Method::POST, "/cn-north-4/v2/manage/namespaces", Some(body))
        .await
        .unwrap();
    let text = site
        .send(Method::GET, "/_emulator/journal", None)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let entries: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        entries.len(),
        1,
        "asking for it is no request of the service's"
    );
    assert_eq!(
        entries[0]["body"],
        json!({ "namespace": "team-b", "password": "..." })
    );
    assert_eq!(
        (&entries[0]["region"], &entries[0]["status"]),
        (&json!("cn-north-4"), &json!(201))
    );
    assert_eq!(call(&site, Method::DELETE, "journal", None).await.0, 204);
    assert_eq!(site.emulator.journal(), []);
}

#[tokio::test]
async fn the_state_is_read_and_replaced() {
    let site = Site::controlled().await;
    let (status, before) = call(&site, Method::GET, "state", None).await;
    assert_eq!(status, 200);
    let team_a = &before["regions"]["cn-north-4"]["organizations"]["team-a"];
    assert_eq!(team_a["repositories"]["web/front"]["num_images"], json!(0));

    let other = json!({ "regions": { "cn-north-4": { "organizations": { "team-c": {} } } } });
    assert_eq!(call(&site, Method::PUT, "state", Some(other)).await.0, 204);
    assert_eq!(site.get(ORGANIZATION).await.0, 404);
    let (_, shown) = site.get("/cn-north-4/v2/manage/namespaces/team-c").await;
    assert!(shown["id"].as_u64().unwrap() > 0, "{shown}");
    assert_eq!(shown["creator_name"], before["account"]);

    assert_eq!(
        call(&site, Method::PUT, "state", Some(before.clone()))
            .await
            .0,
        204
    );
    assert_eq!(call(&site, Method::GET, "state", None).await, (200, before));
}

#[tokio::test]
async fn an_invalid_state_changes_nothing() {
    let site = Site::controlled().await;
    let before = site.emulator.read(Clone::clone);
    for (body, words) in [
        (
            json!({ "organisations": {} }),
            "the body is not a state: unknown field `organisations`",
        ),
        (
            json!({ "format_version": 2 }),
            "the state has format version 2; expected 1",
        ),
        (
            json!({ "regions": { "mars-1": {} } }),
            "the state has the unknown region `mars-1`; expected an id such as `cn-north-4`",
        ),
    ] {
        let (status, answer) = call(&site, Method::PUT, "state", Some(body)).await;
        assert_eq!(status, 400);
        assert!(
            answer["error"].as_str().unwrap().starts_with(words),
            "{answer}"
        );
    }
    assert_eq!(site.emulator.read(Clone::clone), before);
}

#[tokio::test]
async fn an_edit_of_the_control_api_takes_effect_at_once() {
    let site = Site::controlled().await;
    let edit = json!({ "edit": "delete-organization cn-north-4/team-a" });
    assert_eq!(
        call(&site, Method::POST, "stranger", Some(edit)).await.0,
        204
    );
    assert_eq!(site.get(ORGANIZATION).await.0, 404);
    for body in [json!({}), json!({ "edit": "burn" }), json!("x")] {
        let (status, answer) = call(&site, Method::POST, "stranger", Some(body)).await;
        assert_eq!(status, 400);
        assert!(
            answer["error"].as_str().unwrap().contains("expected"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn unknown_paths_list_the_known_ones() {
    let site = Site::controlled().await;
    for (method, path) in [
        (Method::GET, "x"),
        (Method::GET, "stranger"),
        (Method::POST, "state"),
    ] {
        let (status, body) = call(&site, method, path, None).await;
        assert_eq!(status, 404);
        assert!(
            body["error"]
                .as_str()
                .unwrap()
                .contains("PUT /_emulator/state"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn it_is_off_by_default() {
    for site in [
        Site::region().await,
        Site::start(Settings::default(), None).await,
    ] {
        for (method, path) in [
            (Method::GET, "state"),
            (Method::GET, "journal"),
            (Method::DELETE, "faults"),
        ] {
            let (status, body) = call(&site, method, path, None).await;
            assert_eq!(
                (status, &body["error_code"]),
                (404, &json!("APIGW.0101")),
                "{path}"
            );
        }
    }
    let site = Site::controlled().await;
    assert_eq!(
        site.get(&format!("/cn-north-4{ORGANIZATIONS}")).await.0,
        200
    );
}

#[tokio::test]
async fn it_is_served_on_loopback_only() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = serve_controlled(Emulator::new(Settings::default()), listener, None)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("loopback"), "{error}");
}

/// A request that a web page can cause a browser to send to a port of its own machine.
async fn foreign(site: &Site, headers: &[(&str, &str)]) -> (u16, Value) {
    let edit = json!({ "edit": "delete-organization cn-north-4/team-a" }).to_string();
    let mut request = site
        .client
        .post(format!("{}/_emulator/stranger", site.base))
        .body(edit);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_web_page_does_not_control_it() {
    let site = Site::controlled().await;
    for headers in [
        &[("Host", "evil.example")][..],
        &[("Host", "127.0.0.1.evil.example:8080")],
        &[("Host", "localhost.evil.example")],
        &[("Host", "10.0.0.1:8080")],
        &[("Host", "0.0.0.0")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://localhost.evil.example")],
        &[("Host", "localhost"), ("Origin", "https://evil.example")],
        &[
            ("Origin", "http://localhost"),
            ("Origin", "https://evil.example"),
        ],
    ] {
        let (status, body) = foreign(&site, headers).await;
        assert_eq!(status, 403, "{headers:?}");
        assert!(
            body["error"]
                .as_str()
                .unwrap()
                .contains("expected a loopback name"),
            "{headers:?}: {body}"
        );
        assert_eq!(site.get(ORGANIZATION).await.0, 200, "{headers:?}");
    }
    let state = site
        .client
        .get(format!("{}/_emulator/state", site.base))
        .header("Host", "evil.example");
    assert_eq!(state.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_target_with_another_host_is_refused() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let site = Site::controlled().await;
    for head in [
        "DELETE http://evil.example/_emulator/faults HTTP/1.1\r\nHost: localhost\r\n",
        "DELETE /_emulator/faults HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "DELETE /_emulator/faults HTTP/1.0\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(site.base.strip_prefix("http://").unwrap())
            .await
            .unwrap();
        stream
            .write_all(format!("{head}Connection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer
                .split(' ')
                .nth(1)
                .is_some_and(|status| status.starts_with("40")),
            "{head}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_local_program_controls_it_under_any_of_its_names() {
    for headers in [
        &[("Host", "localhost")][..],
        &[("Host", "LocalHost:8080")],
        &[("Host", "emulator.localhost:1")],
        &[("Host", "127.1.2.3")],
        &[("Host", "[::1]:8080")],
        &[("Origin", "http://localhost:3000")],
        &[("Origin", "http://[::1]")],
    ] {
        let site = Site::controlled().await;
        assert_eq!(foreign(&site, headers).await.0, 204, "{headers:?}");
        assert_eq!(site.get(ORGANIZATION).await.0, 404, "{headers:?}");
    }
}

/// Official clients send the name of the real service, and never an `Origin`.
#[tokio::test]
async fn the_service_answers_to_any_name_and_to_no_web_page() {
    for site in [Site::region().await, Site::controlled().await] {
        let create = |headers: &[(&'static str, &'static str)]| {
            let path = format!("{}/v2/manage/namespaces", site.base);
            let body = json!({ "namespace": "team-b" }).to_string();
            let request = site
                .client
                .post(path)
                .header("Content-Type", "text/plain")
                .body(body);
            headers
                .iter()
                .fold(request, |request, (name, value)| {
                    request.header(*name, *value)
                })
                .send()
        };
        let refused = create(&[("Origin", "https://evil.example")]).await.unwrap();
        assert_eq!(refused.status(), 403);
        assert!(!site.has_organization());
        assert_eq!(site.emulator.journal().len(), 0);
        let answered = create(&[("Host", "swr-api.cn-north-4.myhuaweicloud.com")])
            .await
            .unwrap();
        assert_ne!(answered.status(), 403);
        assert_eq!(site.emulator.journal().len(), 1);
    }
}
