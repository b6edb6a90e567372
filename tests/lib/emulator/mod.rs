//! The emulator as an HTTP client sees it: routes, signatures, and broken answers.

mod codearts;
mod control;
mod copies;
mod faults;
mod pages;
mod support;

use std::{sync::Arc, time::Duration};

use portolan::emulator::{Effect, Fault, Settings};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use support::{Site, read};

pub(crate) const ORGANIZATIONS: &str = "/v2/manage/namespaces";
pub(crate) const REPOS: &str = "/v2/manage/namespaces/team-a/repos";
pub(crate) const RULES: &str = "/v2/manage/namespaces/team-a/repos/web$front/sync_repo";

#[tokio::test]
async fn pages_add_up_to_the_whole() {
    let site = Site::region().await;
    site.emulator.edit(|state| {
        for number in 0..250 {
            state.ensure_repository("cn-north-4", "team-b", &format!("r{number:03}"));
        }
    });
    let mut names = Vec::new();
    for offset in [0, 100, 200, 300] {
        let path = format!(
            "/v2/manage/repos?namespace=team-b&order_column=name&order_type=asc\
            &limit=100&offset={offset}"
        );
        let response = site.send(Method::GET, &path, None).await.unwrap();
        let range = response.headers()["content-range"]
            .to_str()
            .unwrap()
            .to_owned();
        let (_, page) = read(response).await;
        let page = page.as_array().unwrap().clone();
        assert_eq!(range, format!("{offset}-{}/250", page.len()));
        names.extend(
            page.iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
    }
    let expected: Vec<String> = (0..250).map(|number| format!("r{number:03}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_slash_travels_as_a_dollar() {
    let site = Site::region().await;
    let (status, shown) = site
        .get("/v2/manage/namespaces/team-a/repos/web$front")
        .await;
    assert_eq!((status, &shown["name"]), (200, &json!("web/front")));
    assert_eq!(
        site.get("/v2/manage/namespaces/team-a/repos/web%24front")
            .await
            .1,
        shown
    );
    for path in [
        "/v2/manage/namespaces/team-a/repos/web/front",
        "/v2/manage/namespaces/team-a/repos/web%2Ffront",
    ] {
        let (status, body) = site.get(path).await;
        assert_eq!(
            (status, &body["error_code"]),
            (404, &json!("APIGW.0101")),
            "{path}"
        );
    }
    let response = site.send(Method::HEAD, ORGANIZATIONS, None).await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn the_overview_counts_what_the_account_has_in_the_region() {
    let site = Site::region().await;
    site.emulator.edit(|state| {
        state.account = "acme".to_owned();
        let repository = state.ensure_repository("cn-north-4", "team-a", "web/front");
        (repository.num_images, repository.size) = (3, 500);
        state
            .ensure_repository("cn-north-4", "theirs", "web")
            .num_images = 7;
        state.ensure_organization("cn-north-4", "theirs").owner = Some("globex".to_owned());
        state.ensure_repository("cn-east-3", "team-b", "web");
    });
    let (status, body) = site.get("/v2/manage/overview").await;
    let id = body["domain_id"].as_str().unwrap().to_owned();
    let expected = json!({
        "domain_id": id, "domain_name": "acme", "namspace_num": 1, "repo_num": 1, "image_num": 3,
        "store_space": 500,
        "downflow_size": 0,
    });
    assert_eq!((status, &body, id.len()), (200, &expected, 32));
    let response = site
        .send(Method::POST, "/v2/manage/overview", None)
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn the_body_of_a_deletion_arrives() {
    let site = Site::region().await;
    let target =
        json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": true });
    let created = site
        .send(Method::POST, RULES, Some(target.clone()))
        .await
        .unwrap();
    assert!(created.headers().contains_key("x-request-id"));
    assert_eq!(
        (
            created.status().as_u16(),
            created.bytes().await.unwrap().len()
        ),
        (200, 0)
    );
    let gone = site
        .send(Method::DELETE, RULES, Some(target.clone()))
        .await
        .unwrap();
    assert_eq!(gone.status(), 200);
    let again = site
        .send(Method::DELETE, RULES, Some(target))
        .await
        .unwrap();
    assert_eq!(
        again.headers()["x-emulator-assumption"],
        "delete-missing-rule"
    );
    let (status, body) = read(again).await;
    assert_eq!(
        (status, &body["error_code"]),
        (400, &json!("SVCSTG.SWR.4001158"))
    );
}

#[tokio::test]
async fn one_port_serves_all_regions_by_prefix() {
    let site = Site::start(Settings::default(), None).await;
    let body = json!({ "namespace": "dr" });
    let created = site
        .send(Method::POST, "/cn-east-3/v2/manage/namespaces", Some(body))
        .await
        .unwrap();
    assert_eq!(created.status(), 201);
    assert_eq!(site.get("/cn-east-3/v2/manage/namespaces/dr").await.0, 200);
    assert_eq!(site.get("/cn-north-4/v2/manage/namespaces/dr").await.0, 404);
    for path in ["/mars-1/v2/manage/namespaces", "/cn-east-3", "/"] {
        let (status, body) = site.get(path).await;
        assert_eq!(
            (status, &body["error_code"]),
            (404, &json!("APIGW.0101")),
            "{path}"
        );
    }
    let regions: Vec<_> = site
        .emulator
        .journal()
        .into_iter()
        .map(|entry| (entry.region, entry.path))
        .collect();
    assert_eq!(
        regions[0],
        ("cn-east-3".to_owned(), "/v2/manage/namespaces".to_owned())
    );
}

#[tokio::test]
async fn a_path_without_a_region_belongs_to_the_region_of_the_settings() {
    for region in ["cn-north-4", "cn-east-3"] {
        let site = Site::start(
            Settings {
                region: region.to_owned(),
                ..Settings::default()
            },
            None,
        )
        .await;
        site.emulator.edit(|state| {
            state.ensure_organization(region, "here");
        });
        assert_eq!(site.get("/v2/manage/namespaces/here").await.0, 200);
        assert_eq!(
            site.get(&format!("/{region}/v2/manage/namespaces/here"))
                .await
                .0,
            200
        );
        assert_eq!(
            site.get("/cn-south-1/v2/manage/namespaces/here").await.0,
            404
        );
        let entry = site.emulator.journal()[0].clone();
        assert_eq!(
            (entry.region.as_str(), entry.path.as_str()),
            (region, "/v2/manage/namespaces/here")
        );
    }
}

#[tokio::test]
async fn a_cut_connection_is_not_a_response() {
    for (effect, committed) in [(Effect::CutBefore, false), (Effect::CutAfter, true)] {
        let site = Site::region().await;
        // A connection that has served before must break as well.
        assert_eq!(site.get(ORGANIZATIONS).await.0, 200);
        site.emulator.inject(Fault::new(effect));
        site.create_organization().await.unwrap_err();
        assert_eq!(site.has_organization(), committed);
        assert_eq!(site.emulator.journal().len(), 2);
        assert_eq!(site.get(ORGANIZATIONS).await.0, 200);
    }
}

#[tokio::test]
async fn a_truncated_body_cannot_be_read_to_its_end() {
    let site = Site::region().await;
    for bytes in [0, 1, 20] {
        site.emulator.inject(Fault::new(Effect::Truncate(bytes)));
        let mut response = site.send(Method::GET, ORGANIZATIONS, None).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut read = 0;
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => panic!("the body ended as if it were whole"),
                Err(error) => break error,
            }
        };
        assert_eq!(read, bytes, "{error}");
    }
    assert_eq!(site.get(ORGANIZATIONS).await.0, 200);
}

#[tokio::test]
async fn a_hanging_answer_never_arrives() {
    for (effect, committed) in [(Effect::HangBefore, false), (Effect::HangAfter, true)] {
        let site = Arc::new(Site::region().await);
        site.emulator.inject(Fault::new(effect));
        let asking = site.clone();
        let request = tokio::spawn(async move { asking.create_organization().await });
        site.wait_for_requests(1).await;
        assert!(!request.is_finished());
        request.abort();
        assert_eq!(site.has_organization(), committed);
    }
}

#[tokio::test]
async fn faults_look_like_gateways_and_proxies() {
    let site = Site::region().await;
    site.emulator.inject(Fault::new(Effect::throttled(Some(7))));
    let throttled = site.send(Method::GET, ORGANIZATIONS, None).await.unwrap();
    assert_eq!(
        (
            throttled.status().as_u16(),
            &throttled.headers()["retry-after"]
        ),
        (429, &"7".parse().unwrap())
    );
    site.emulator.inject(Fault::new(Effect::html_502()));
    let page = site.send(Method::GET, ORGANIZATIONS, None).await.unwrap();
    assert_eq!(
        (page.status().as_u16(), &page.headers()["content-type"]),
        (502, &"text/html".parse().unwrap())
    );
}

#[tokio::test]
async fn requests_are_answered_side_by_side() {
    // One after the other they would need two days.
    let latency = Duration::from_secs(3600);
    let settings = Settings {
        latency,
        ..Settings::default()
    };
    let site = Arc::new(Site::start(settings, Some("cn-north-4")).await);
    let mut requests = JoinSet::new();
    for number in 0..50 {
        let site = site.clone();
        let body = json!({ "repository": format!("r{number}"), "is_public": false });
        requests.spawn(async move { site.send(Method::POST, REPOS, Some(body)).await });
    }
    site.wait_for_requests(50).await;
    assert!(
        site.emulator
            .journal()
            .iter()
            .all(|entry| entry.status == Some(201))
    );
}

/// Signed with the key below for the time below, independently of this crate.
const PLAIN: &str = "42fdd38121716129c06672ad207bab96baeb61a39bd821e48727705d7ea1e2a0";
const PREFIXED: &str = "166c54b34f3c756fbaa3ff52f4e273561112517df5422fa4558ae068b13fedef";

#[tokio::test]
async fn signatures_are_verified_as_received() {
    for (region, path, signature, other) in [
        (
            Some("cn-north-4"),
            "/v2/manage/namespaces/team-a/repos/web$front",
            PLAIN,
            PREFIXED,
        ),
        (
            None,
            "/cn-north-4/v2/manage/namespaces/team-a/repos/web$front",
            PREFIXED,
            PLAIN,
        ),
        (
            None,
            "/v2/manage/namespaces/team-a/repos/web$front",
            PLAIN,
            PREFIXED,
        ),
    ] {
        let settings = Settings {
            verify: Some("access:secret".parse().unwrap()),
            clock: || "2024-01-15T08:31:00Z".parse().unwrap(),
            ..Settings::default()
        };
        let site = Site::start(settings, region).await;
        for (signature, expected) in [(signature, 200), (other, 401)] {
            let authorization = format!(
                "SDK-HMAC-SHA256 Access=access, SignedHeaders=host;x-sdk-date, \
                Signature={signature}"
            );
            let request = site.client.get(format!("{}{path}", site.base));
            let request = request
                .header("Host", "emulator.test")
                .header("X-Sdk-Date", "20240115T083000Z");
            let response = request
                .header("Authorization", authorization)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), expected, "{path}");
        }
        let (status, body) = site.get(path).await;
        assert_eq!((status, &body["error_code"]), (401, &json!("APIGW.0301")));
    }
}
