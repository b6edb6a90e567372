//! Authentication: tokens of IAM, which expire in simulated time, and signatures, which do not.

use portolan::emulator::Settings;
use serde_json::{Value, json};

use super::support::{Answer, MIRROR, Site, answer, settings};

const SWR: &str = "/v2/manage/namespaces";

async fn verifying() -> Site {
    Site::with(Settings {
        verify: Some("access:canary".parse().unwrap()),
        ..settings()
    })
    .await
}

async fn log_in(site: &Site, password: &str) -> Answer {
    let user = json!({ "domain": { "name": "emulator" }, "name": "access", "password": password });
    let identity = json!({ "methods": ["password"], "password": { "user": user } });
    let body = json!({ "auth": { "identity": identity,
        "scope": { "project": { "name": "cn-north-4" } } } });
    site.call("POST", "/v3/auth/tokens?nocatalog=true", body)
        .await
}

async fn call(site: &Site, method: &str, path: &str, token: &str) -> Answer {
    answer(
        site.send(method, path, &[("X-Auth-Token", token)], String::new())
            .await,
    )
    .await
}

#[tokio::test]
async fn a_token_opens_all_services_until_it_expires() {
    let site = verifying().await;
    let given = log_in(&site, "canary").await;
    let token = given.token.unwrap();
    assert_eq!(
        (given.status, &given.body["token"]["expires_at"]),
        (201, &json!("2026-11-21T23:10:00.000000Z"))
    );
    for path in [
        MIRROR,
        SWR,
        "/v3/projects?name=cn-north-4",
        "/v3/auth/domains",
        "/v2/projects/repositories",
    ] {
        assert_eq!(call(&site, "GET", path, &token).await.status, 200, "{path}");
    }
    assert_eq!(call(&site, "POST", MIRROR, &token).await.status, 200);

    site.advance(24 * 3600);
    let expected =
        r#"{"error_code":"DEV.00000003","error_msg":"Authentication information expired."}"#;
    for method in ["GET", "POST", "PUT"] {
        let answer = call(&site, method, MIRROR, &token).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (401, expected),
            "{method}"
        );
    }
    let old = call(&site, "GET", "/v2/projects/repositories", &token).await;
    assert_eq!(
        (old.status, &old.body["error"]["code"]),
        (401, &json!("DEV.00000003"))
    );
    for path in [SWR, "/v3/projects"] {
        let answer = call(&site, "GET", path, &token).await;
        assert_eq!(
            (answer.status, answer.code()),
            (401, "APIGW.0301"),
            "{path}"
        );
    }
    assert_eq!(
        call(
            &site,
            "GET",
            MIRROR,
            &log_in(&site, "canary").await.token.unwrap()
        )
        .await
        .status,
        200
    );
}

#[tokio::test]
async fn without_a_valid_token_or_signature_nothing_is_done() {
    let site = verifying().await;
    let before = site.read(Clone::clone);
    let stranger = call(&site, "POST", MIRROR, "MII").await;
    assert_eq!((stranger.status, stranger.code()), (401, "DEV.00000003"));
    let unsigned = site.run().await;
    assert_eq!((unsigned.status, unsigned.code()), (401, "APIGW.0301"));
    let wrong = log_in(&site, "wrong").await;
    assert_eq!((wrong.status, wrong.token), (401, None));
    assert_eq!(site.read(Clone::clone), before);
    let journal = site.emulator.journal();
    let kept = journal.last().unwrap().body.as_ref().unwrap();
    assert_eq!(
        kept["auth"]["identity"]["password"]["user"]["password"],
        "..."
    );
    log_in(&site, "canary").await;
    assert!(!format!("{:?}", site.emulator.journal()).contains("canary"));
}

#[tokio::test]
async fn without_keys_nothing_is_verified() {
    let site = Site::new().await;
    assert_eq!(call(&site, "GET", MIRROR, "MII").await.status, 200);
    assert_eq!(log_in(&site, "any").await.status, 201);
    let projects = site.get("/v3/projects?name=cn-north-4").await.body;
    assert_eq!(projects["projects"].as_array().map(Vec::len), Some(1));
    assert_ne!(
        site.get("/v3/auth/domains").await.body["domains"][0]["id"],
        Value::Null
    );
}

/// Signed with `access:secret` at the time of the tests' clock, independently of this crate.
const SIGNATURE: &str = "227ee9e77bbb1fc68871b1250d422f76e2ccd77ad6fb9beaa9aa35e0becdee90";

#[tokio::test]
async fn the_age_of_a_signature_uses_the_real_clock() {
    let site = Site::with(Settings {
        verify: Some("access:secret".parse().unwrap()),
        ..settings()
    })
    .await;
    let authorization = format!(
        "SDK-HMAC-SHA256 Access=access, SignedHeaders=host;x-sdk-date, Signature={SIGNATURE}"
    );
    let headers = [
        ("Host", "emulator.test"),
        ("X-Sdk-Date", "20261120T231000Z"),
        ("Authorization", authorization.as_str()),
    ];
    for _ in 0..2 {
        assert_eq!(
            answer(site.send("GET", MIRROR, &headers, String::new()).await)
                .await
                .status,
            200
        );
        site.advance(3600);
    }
}
