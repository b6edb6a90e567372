//! Each fault as a client sees it.

use std::sync::Arc;

use portolan::emulator::{Fault, Settings};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    ORGANIZATIONS, REPOS, RULES,
    support::{Site, read},
};

const REPOSITORY: &str = "/v2/manage/namespaces/team-a/repos/web$front";
const LIST: &str = "/v2/manage/repos?limit=2&offset=";

/// The status, the type and the body of the answer to a read that a fault strikes.
async fn struck(fault: &str) -> (u16, String, String) {
    let site = Site::region().await;
    site.fault(fault);
    let response = site.send(Method::GET, ORGANIZATIONS, None).await.unwrap();
    let content_type = response
        .headers()
        .get("content-type")
        .map(|value| value.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("x-request-id"), "{fault}");
    let text = response.text().await.unwrap();
    assert_eq!(site.get(ORGANIZATIONS).await.0, 200, "{fault} strikes once");
    (status, content_type.unwrap_or_default(), text)
}

/// The same for a body that is JSON.
async fn refused(fault: &str) -> (u16, Value) {
    let (status, content_type, text) = struck(fault).await;
    assert_eq!(content_type, "application/json", "{fault}");
    (status, serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn each_documented_body_is_sent() {
    let one = json!({ "errorCode": "SVCSTG.SWR.4031032", "errorMessage": "slow", "detail": "" });
    let fault = |body: &str| format!("status=403,code=4031032,message=slow,body={body}");
    assert_eq!(refused(&fault("service-a")).await, (403, json!([one])));
    assert_eq!(
        refused(&fault("service-b")).await,
        (403, json!({ "errors": [one] }))
    );
    for body in ["service", "service-c"] {
        let (status, answer) = refused(&fault(body)).await;
        assert_eq!(
            (status, &answer["errors"], &answer["error_msg"]),
            (403, &json!([one]), &json!("slow"))
        );
    }
    let (status, gateway) = refused("status=429").await;
    assert_eq!(
        (status, &gateway["error_code"]),
        (429, &json!("APIGW.0308"))
    );
    assert_eq!(gateway["request_id"], json!("emulator-00000001"));
    let v4 = json!({ "error_code": "CH.004404", "error_msg": "Repository Not Found" });
    assert_eq!(refused("status=404,body=codearts-v4").await, (404, v4));
    let v1 = json!({ "error": { "code": "CH.10000", "message": "busy" }, "status": "failed" });
    assert_eq!(
        refused("status=500,body=codearts-v1,code=CH.10000,message=busy").await,
        (500, v1)
    );
    assert_eq!(
        struck("status=503,body=empty").await,
        (503, String::new(), String::new())
    );
    let text = struck("status=503,body=text,message=no upstream").await;
    assert_eq!(
        text,
        (503, "text/plain".to_owned(), "no upstream".to_owned())
    );
    let (status, content_type, page) = struck("status=502").await;
    assert_eq!((status, content_type.as_str()), (502, "text/html"));
    assert!(page.contains("<title>502 Bad Gateway</title>"), "{page}");
}

#[tokio::test]
async fn an_expired_token_has_the_body_of_the_refusing_service() {
    for (fault, code) in [
        ("expired-token", "APIGW.0301"),
        ("expired-token=service", "SVCSTG.SWR.4010000"),
        ("expired-token=codearts-v4", "DEV.00000003"),
    ] {
        let (status, body) = refused(fault).await;
        assert_eq!(
            (status, &body["error_code"]),
            (401, &json!(code)),
            "{fault}"
        );
    }
    let (status, body) = refused("expired-token=codearts-v1").await;
    assert_eq!(
        (status, &body["error"]["code"]),
        (401, &json!("DEV.00000003"))
    );
}

#[tokio::test]
async fn an_error_can_come_before_or_after_the_write() {
    for (fault, done) in [
        ("status=502", false),
        ("status=502,committed", true),
        ("status=500,committed", true),
    ] {
        let site = Site::region().await;
        site.fault(fault);
        assert!(
            site.create_organization()
                .await
                .unwrap()
                .status()
                .is_server_error()
        );
        assert_eq!(site.has_organization(), done, "{fault}");
    }
}

#[tokio::test]
async fn retry_after_is_seconds_or_an_http_date() {
    let settings = || Settings {
        clock: || "2024-01-15T08:30:00Z".parse().unwrap(),
        ..Settings::default()
    };
    for (fault, expected) in [
        ("status=429,retry-after=7", "7"),
        (
            "status=503,retry-after-date=90",
            "Mon, 15 Jan 2024 08:31:30 GMT",
        ),
        (
            "status=503,retry-after-date=-90",
            "Mon, 15 Jan 2024 08:28:30 GMT",
        ),
    ] {
        let site = Site::start(settings(), Some("cn-north-4")).await;
        site.fault(fault);
        let response = site.send(Method::GET, ORGANIZATIONS, None).await.unwrap();
        assert_eq!(response.headers()["retry-after"], expected, "{fault}");
    }
}

#[tokio::test]
async fn a_delayed_answer_does_not_delay_the_write() {
    let site = Arc::new(Site::region().await);
    site.fault("delay=3600s,method=POST");
    let asking = site.clone();
    let request = tokio::spawn(async move { asking.create_organization().await });
    site.wait_for_requests(1).await;
    assert!(site.has_organization() && !request.is_finished());
    assert_eq!(site.emulator.journal()[0].status, Some(201));
    request.abort();
    site.fault("delay=1ms,method=POST");
    assert_eq!(site.create_organization().await.unwrap().status(), 409);
}

#[tokio::test]
async fn a_write_with_a_truncated_answer_is_carried_out() {
    let site = Site::region().await;
    site.fault("truncate=1,route=create-organization");
    let response = site.create_organization().await.unwrap();
    assert_eq!(response.status(), 201);
    response.bytes().await.unwrap_err();
    assert!(site.has_organization());
}

/// A site with the repositories `r0` to `r4`, beside `web/front`.
async fn with_pages() -> Site {
    let site = Site::region().await;
    site.emulator.edit(|state| {
        for number in 0..5 {
            state.ensure_repository("cn-north-4", "team-b", &format!("r{number}"));
        }
    });
    site
}

async fn page(site: &Site, offset: usize) -> (String, Vec<String>) {
    let response = site
        .send(Method::GET, &format!("{LIST}{offset}"), None)
        .await
        .unwrap();
    let range = response.headers()["content-range"]
        .to_str()
        .unwrap()
        .to_owned();
    let (_, body) = read(response).await;
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    (range, body.as_array().unwrap().iter().map(name).collect())
}

#[tokio::test]
async fn a_page_shrinks() {
    let site = with_pages().await;
    site.fault("drop-items=1,route=list-repositories,skip=1");
    assert_eq!(page(&site, 0).await.1.len(), 2);
    assert_eq!(
        page(&site, 2).await,
        ("2-2/6".to_owned(), vec!["r1".to_owned()])
    );
    assert_eq!(page(&site, 2).await.1, ["r1", "r2"]);
}

#[tokio::test]
async fn a_page_is_repeated() {
    let site = with_pages().await;
    site.fault("repeat-page,route=list-repositories,times=2");
    let first = page(&site, 0).await;
    assert_eq!(
        page(&site, 2).await,
        first,
        "a first page is no page to repeat, and is not counted"
    );
    assert_eq!(page(&site, 4).await.1, ["r1", "r2"]);
    assert_eq!(page(&site, 4).await.1, ["r3", "r4"]);
}

#[tokio::test]
async fn a_total_is_wrong() {
    let site = with_pages().await;
    site.fault("wrong-total=3");
    site.fault("wrong-total=-2");
    assert_eq!(page(&site, 0).await.0, "0-2/9");
    assert_eq!(page(&site, 0).await.0, "0-2/4");
    site.fault("wrong-total=1");
    assert_eq!(
        site.get("/v2/manage/repos").await.1[0]["total_range"],
        json!(7)
    );
}

async fn is_public(site: &Site) -> Value {
    site.get(REPOSITORY).await.1["is_public"].clone()
}

async fn publish(site: &Site, is_public: bool) {
    let body = json!({ "is_public": is_public, "category": "other", "description": "" });
    assert_eq!(
        site.send(Method::PATCH, REPOSITORY, Some(body))
            .await
            .unwrap()
            .status(),
        201
    );
}

#[tokio::test]
async fn a_read_does_not_see_the_last_writes() {
    let site = Site::region().await;
    site.fault("stale-writes=1,route=show-repository,times=2");
    assert_eq!(is_public(&site).await, json!(false));
    publish(&site, true).await;
    assert_eq!(is_public(&site).await, json!(false));
    assert_eq!(
        site.get("/v2/manage/repos").await.1[0]["is_public"],
        json!(true),
        "another route sees the present"
    );
    publish(&site, false).await;
    assert_eq!(is_public(&site).await, json!(true));
    assert_eq!(is_public(&site).await, json!(false), "spent");
}

#[tokio::test]
async fn a_write_becomes_visible_after_some_reads() {
    let site = Site::region().await;
    site.fault("stale-reads=2,times=all");
    publish(&site, true).await;
    assert_eq!(is_public(&site).await, json!(false));
    // A refused write is not a write.
    let refused = site
        .send(
            Method::DELETE,
            "/v2/manage/namespaces/team-a/repos/none",
            None,
        )
        .await
        .unwrap();
    assert_eq!(refused.status(), 404);
    assert_eq!(is_public(&site).await, json!(false));
    assert_eq!(is_public(&site).await, json!(true));
    let struck: Vec<bool> = site
        .emulator
        .journal()
        .iter()
        .map(|entry| entry.fault)
        .collect();
    assert_eq!(struck, [false, true, false, true, false]);
}

#[tokio::test]
async fn a_stranger_edits_right_before_the_kth_request() {
    let site = Site::region().await;
    site.fault("stranger=delete-repository cn-north-4/team-a/web/front,skip=1");
    site.fault("stranger=create-organization cn-north-4/team-b,method=POST");
    assert_eq!(site.get(REPOSITORY).await.0, 200);
    assert_eq!(site.get(REPOSITORY).await.0, 404);
    assert_eq!(site.create_organization().await.unwrap().status(), 409);
    let effects: Vec<_> = site
        .emulator
        .journal()
        .into_iter()
        .map(|entry| entry.effects)
        .collect();
    assert_eq!(effects, [vec![], vec!["stranger"], vec!["stranger"]]);
}

#[tokio::test]
async fn a_probability_selects_the_same_requests_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [3, 3, 4] {
        let site = Site::region().await;
        site.fault(&format!("status=503,probability=0.3,seed={seed}"));
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(site.get(ORGANIZATIONS).await.0);
        }
        assert!(
            statuses.contains(&503) && statuses.contains(&200),
            "{statuses:?}"
        );
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_route_a_region_and_a_pattern_choose_the_request() {
    let site = Site::start(Settings::default(), None).await;
    let rule = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr", "syncAuto": true });
    for (fault, region, method, path, body) in [
        (
            "status=503,route=create-rule",
            "cn-north-4",
            Method::POST,
            RULES,
            Some(rule),
        ),
        (
            "status=503,path=/namespaces/*/repos/web",
            "cn-north-4",
            Method::GET,
            REPOSITORY,
            None,
        ),
        (
            "status=503,region=cn-east-3",
            "cn-east-3",
            Method::GET,
            ORGANIZATIONS,
            None,
        ),
        (
            "status=503,method=post,path=/repos",
            "cn-north-4",
            Method::POST,
            REPOS,
            Some(json!({ "repository": "x", "is_public": true })),
        ),
    ] {
        site.fault(fault);
        assert_eq!(
            site.get(&format!("/cn-north-4{ORGANIZATIONS}")).await.0,
            200,
            "{fault}"
        );
        let response = site
            .send(method, &format!("/{region}{path}"), body)
            .await
            .unwrap();
        assert_eq!(response.status(), 503, "{fault}");
    }
}

#[tokio::test]
async fn each_nth_request_is_struck_until_the_count_is_reached() {
    let site = Site::region().await;
    site.emulator
        .inject("status=503,every=2,times=2".parse::<Fault>().unwrap());
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(site.get(ORGANIZATIONS).await.0);
    }
    assert_eq!(statuses, [200, 503, 200, 503, 200, 200, 200]);
}
