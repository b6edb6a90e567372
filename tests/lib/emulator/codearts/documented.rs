//! The exact documented answers, and the operations that the API does not have.

use portolan::emulator::Access;
use serde_json::{Value, json};

use super::support::{MIRROR, ORDINARY, REGION, Site, URL, answer, settings};

/// `POST /v4/repositories/123/remote-mirror` of the page.
fn example() -> Value {
    json!({ "username": "", "password": "", "endpoint_uuid": "" })
}

fn is_dashed_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12]
        && text
            .chars()
            .all(|digit| digit == '-' || digit.is_ascii_hexdigit())
}

#[tokio::test]
async fn the_example_request_starts_a_run() {
    let site = Site::new().await;
    let answer = site.call("POST", MIRROR, example()).await;
    assert_eq!(
        (answer.status, answer.assumptions.as_slice()),
        (200, &[] as &[String])
    );
    let fields: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["jid"]);
    assert!(
        is_dashed_uuid(answer.body["jid"].as_str().unwrap()),
        "{}",
        answer.text
    );
    site.advance(10);
    assert_eq!(site.mirror().await["update_status"], "finished");
    let journal = site.emulator.journal();
    assert_eq!(
        (journal[0].method.as_str(), journal[0].path.as_str()),
        ("POST", MIRROR)
    );
    assert_eq!(journal[0].body, Some(example()));
}

#[tokio::test]
async fn the_journal_keeps_no_credential() {
    let site = Site::new().await;
    // "canary-user" and "canary-password".
    let (user, password) = ("Y2FuYXJ5LXVzZXI=", "Y2FuYXJ5LXBhc3N3b3Jk");
    let body = json!({ "username": user, "password": password, "endpoint_uuid": "e-1",
        "force_fetch": false });
    assert_eq!(site.call("POST", MIRROR, body).await.status, 200);
    site.advance(10);
    let journal = format!("{:?}", site.emulator.journal());
    let state = serde_json::to_string(&site.read(Clone::clone)).unwrap();
    for secret in [user, password, "canary"] {
        assert!(
            !journal.contains(secret) && !state.contains(secret),
            "{secret}"
        );
    }
    let kept = site.emulator.journal()[0].body.clone().unwrap();
    let expected =
        r#"{"username":"...","password":"...","endpoint_uuid":"e-1","force_fetch":false}"#;
    assert_eq!(kept.to_string(), expected);
}

#[tokio::test]
async fn a_right_is_missing() {
    let site = Site::new().await;
    let access = |access| {
        site.emulator.edit(|state| {
            state
                .git_repository_mut(REGION, "platform", "app")
                .unwrap()
                .access = access;
        });
    };
    let requests = [
        ("POST", MIRROR.to_owned(), Access::Set),
        ("PUT", MIRROR.to_owned(), Access::Set),
        ("POST", format!("{MIRROR}/associate"), Access::Set),
        ("GET", MIRROR.to_owned(), Access::Read),
        ("GET", "/v4/repositories/123".to_owned(), Access::Read),
        (
            "GET",
            "/v4/repositories/123/repository/branches".to_owned(),
            Access::Read,
        ),
    ];
    for given in [Access::Read, Access::None] {
        access(given);
        let before = site.read(Clone::clone);
        for (method, path, needed) in &requests {
            let answer = site
                .call(method, path, (*method != "GET").then(example))
                .await;
            if given < *needed {
                assert_eq!(answer.status, 403, "{method} {path}");
                let expected = "{\"error_code\":\"CH.004403\",\
        \"error_msg\":\"Insufficient permissions. \
        Apply for the required permission and try again.\"}";
                assert_eq!(
                    (answer.text.as_str(), answer.assumptions.len()),
                    (expected, 0)
                );
            } else {
                assert_eq!(answer.status, 200, "{method} {path}");
            }
        }
        assert_eq!(site.read(Clone::clone), before);
    }
    assert_eq!(
        site.get("/v4/user/repositories")
            .await
            .body
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_repository_is_not_there() {
    let site = Site::new().await;
    for (method, path) in [
        ("POST", "/v4/repositories/999/remote-mirror"),
        ("PUT", "/v4/repositories/999/remote-mirror"),
        ("GET", "/v4/repositories/2147483647/remote-mirror"),
        ("POST", "/v4/repositories/999/remote-mirror/associate"),
        ("GET", "/v4/repositories/999"),
    ] {
        let answer = site
            .call(method, path, (method != "GET").then(example))
            .await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(
            answer.text,
            r#"{"error_code":"CH.004404","error_msg":"Repository Not Found"}"#
        );
        assert!(answer.assumptions.is_empty());
    }
}

#[tokio::test]
async fn operations_that_the_api_lacks_are_absent() {
    let site = Site::new().await;
    let jid = site.run().await.body["jid"].as_str().unwrap().to_owned();
    let before = site.read(Clone::clone);
    for (method, path) in [
        ("DELETE", MIRROR.to_owned()),
        ("PATCH", MIRROR.to_owned()),
        ("GET", format!("{MIRROR}/{jid}")),
        ("GET", format!("{MIRROR}/jobs/{jid}")),
        ("DELETE", format!("{MIRROR}/associate")),
        ("GET", "/v4/projects/0123/remote-mirrors".to_owned()),
        ("POST", "/v4/repositories".to_owned()),
        ("GET", format!("/v4/repositories/123/jobs/{jid}")),
    ] {
        let answer = site.call(method, &path, None).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "APIGW.0101"),
            "{method} {path}"
        );
        assert!(answer.body["request_id"].is_string());
    }
    let body = json!({ "interval": "1h", "cron": "* * * * *", "max_age": 3600, "scheduled": true });
    assert_eq!(site.call("PUT", MIRROR, body).await.status, 200);
    let mut after = site.read(Clone::clone);
    let mirror = after.mirror_mut(REGION, "platform", "app").unwrap();
    assert!(mirror.last_changed_at.take().is_some());
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_mirror_has_eleven_fields_and_no_branches() {
    let site = Site::new().await;
    let expected = json!({
        "id": 1,
        "repository_id": 123,
        "update_status": "none",
        "last_update_at": null,
        "url": URL,
        "last_successful_update_at": null,
        "number_of_failures": 0,
        "mirroring_enabled": false,
        "is_private": false,
        "endpoint_uuid": null,
        "last_error": null,
    });
    let mut shown = site.mirror().await;
    assert!(shown["id"].as_u64().unwrap() > 0);
    shown["id"] = json!(1);
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn an_update_returns_the_current_values() {
    let site = Site::new().await;
    let all = json!({
        "url": "http://git.example.com/other.git",
        "mirroring_enabled": true,
        "endpoint_uuid": "e-1",
        "sync_branch_type": "default",
    });
    let answer = site.call("PUT", MIRROR, all.clone()).await;
    assert_eq!((answer.status, &answer.body), (200, &all));
    let shown = site.mirror().await;
    for field in ["url", "mirroring_enabled", "endpoint_uuid"] {
        assert_eq!(shown[field], all[field], "{field}");
    }
    assert_eq!(shown.get("sync_branch_type"), None);
}

#[tokio::test]
async fn an_ordinary_repository_becomes_a_mirror() {
    let site = Site::new().await;
    let answer = site
        .call(
            "POST",
            &format!("{ORDINARY}/associate"),
            json!({ "url": URL }),
        )
        .await;
    assert_eq!(answer.status, 201);
    let shown = site.get(ORDINARY).await;
    assert_eq!((shown.status, &shown.body), (200, &answer.body));
    assert_eq!(
        (&shown.body["url"], &shown.body["update_status"]),
        (&json!(URL), &json!("none"))
    );
    assert!(shown.body["id"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn each_operation_has_a_rate_limit() {
    let mut settings = settings();
    settings.calls_per_minute = Some(3);
    let site = Site::with(settings).await;
    for _ in 0..3 {
        site.mirror().await;
    }
    let answer = site.get(MIRROR).await;
    assert_eq!((answer.status, answer.code()), (429, "APIGW.0308"));
    assert!(
        answer.body["error_msg"]
            .as_str()
            .unwrap()
            .ends_with("limit:3,time:1 minute"),
        "{}",
        answer.text
    );
    assert_eq!(site.run().await.status, 200);
    site.advance(59);
    assert_eq!(site.get(MIRROR).await.status, 429);
    site.advance(1);
    assert_eq!(site.get(MIRROR).await.status, 200);
}

#[tokio::test]
async fn the_rate_limit_is_six_hundred_by_default() {
    for (calls_per_minute, expected) in [(settings().calls_per_minute, 429), (None, 200)] {
        let site = Site::with(portolan::emulator::Settings {
            calls_per_minute,
            ..settings()
        })
        .await;
        for _ in 0..600 {
            assert_eq!(
                answer(site.send("GET", MIRROR, &[], String::new()).await)
                    .await
                    .status,
                200
            );
        }
        assert_eq!(site.get(MIRROR).await.status, expected);
    }
}
