//! Requests and responses of mirrors, compared with the examples of the API's documents.

use super::*;
use crate::{mask::Mask, wire::secret::Secret};

fn read(body: Value) -> Result<Option<LiveResource>, Undecodable> {
    let response = Response {
        body: body.to_string().into_bytes(),
        ..Response::default()
    };
    MIRROR.wire.decode_read(&address("r", "p", "a"), &response)
}

#[test]
fn requests_refer_to_the_repository_by_its_id() {
    let address = address("r", "p", "a/b");
    let subject = Subject {
        address: &address,
        id: RemoteId::try_from(2_147_483_647).ok(),
    };
    let after = Attributes::from([
        ("url", json!("https://x/a.git")),
        ("branches", json!("default")),
        ("scheduled", json!(true)),
        ("endpoint", json!("")),
        ("force", json!(true)),
    ]);
    assert_eq!(
        MIRROR.wire.read(subject).to_string(),
        "GET r /v4/repositories/2147483647/remote-mirror"
    );
    let associate = MIRROR.wire.create(subject, &after);
    assert_eq!(
        associate.to_string(),
        "POST r /v4/repositories/2147483647/remote-mirror/associate"
    );
    assert_eq!(
        associate.body_text().unwrap(),
        r#"{"url":"https://x/a.git"}"#
    );
    let change = MIRROR.wire.update(subject, &after).unwrap();
    assert_eq!(
        change.to_string(),
        "PUT r /v4/repositories/2147483647/remote-mirror"
    );
    let body = r#"{"url":"https://x/a.git","sync_branch_type":"default","mirroring_enabled":true,"endpoint_uuid":""}"#;
    assert_eq!(change.body_text().unwrap(), body);
}

#[test]
fn the_start_of_a_run_has_the_documented_body() {
    let address = address("r", "p", "a");
    let subject = Subject {
        address: &address,
        id: RemoteId::try_from(1).ok(),
    };
    let plain = start(subject, false, "", None).body_text().unwrap();
    assert_eq!(
        plain,
        r#"{"username":"","password":"","endpoint_uuid":"","force_fetch":false}"#
    );
    let secret = |text: &str| Secret::new(text.to_owned());
    let login = Login {
        username: secret("me"),
        password: secret("p4ss"),
    };
    let body = start(subject, true, "uuid", Some(&login))
        .body_text()
        .unwrap();
    assert_eq!(
        body,
        r#"{"username":"bWU=","password":"cDRzcw==","endpoint_uuid":"","force_fetch":true}"#
    );
    let stored = start(subject, false, "uuid", None).body_text().unwrap();
    assert_eq!(
        stored,
        r#"{"username":"","password":"","endpoint_uuid":"uuid","force_fetch":false}"#
    );
}

#[test]
fn empty_fields_mean_no_mirror_or_no_time() {
    for body in [
        json!({}),
        json!({ "url": null, "id": 0 }),
        json!({ "url": "", "mirroring_enabled": false }),
    ] {
        assert_eq!(read(body), Ok(None));
    }
    let live = read(
        json!({ "url": "u", "mirroring_enabled": false, "last_successful_update_at": "", "extra": 1 }),
    );
    let live = live.unwrap().unwrap();
    let expected = [
        ("url", json!("u")),
        ("scheduled", json!(false)),
        ("endpoint", json!("")),
    ];
    assert_eq!(live.attributes, Attributes::from(expected));
    assert_eq!(live.runs, Some(Box::default()));
    for (id, expected) in [(json!(7), Some(7)), (json!(0), None), (json!(null), None)] {
        assert_eq!(
            read(json!({ "url": "u", "repository_id": id }))
                .unwrap()
                .unwrap()
                .id,
            expected
        );
    }
    let error =
        read(json!({ "url": "u", "last_successful_update_at": "a while ago" })).unwrap_err();
    assert!(error.to_string().contains("a while ago"), "{error}");
}

#[test]
fn the_name_of_a_repository_in_a_group_is_its_path() {
    let body = json!([
        { "id": 1, "name": "app", "http_url_to_repo": "https://x.example/plat/app.git", "project_name": "platform" },
        { "id": 2, "name": "app", "http_url_to_repo": "https://x.example/plat/a/b/app.git",
          "project_name": "platform", "project_is_delete": "false" },
        { "id": 3, "name": "app", "project_name": "platform", "project_is_delete": "true" },
        { "id": 4, "name": "app" },
    ]);
    let response = Response {
        body: body.to_string().into_bytes(),
        ..Response::default()
    };
    let keys: Vec<String> = decode_list(&response)
        .unwrap()
        .items
        .iter()
        .map(|one| one.key.join("/"))
        .collect();
    assert_eq!(keys, ["platform/app", "platform/a/b/app", "", "/app"]);
    for id in ["0", "-1", "2147483648", "\"1\""] {
        let body = format!(r#"[{{ "id": {id}, "name": "app" }}]"#).into_bytes();
        assert!(
            decode_list(&Response {
                body,
                ..Response::default()
            })
            .is_err(),
            "{id}"
        );
    }
}

#[test]
fn only_known_statuses_mean_a_run_in_progress() {
    for (status, expected) in [
        ("started", true),
        ("Scheduled", true),
        ("finished", false),
        ("3", false),
    ] {
        let state = RunState {
            status: Some(Foreign::new(&Mask::default(), status, 100)),
            ..RunState::default()
        };
        assert_eq!(is_in_flight(&state), expected, "{status}");
    }
}

#[test]
fn a_job_id_is_shown_on_one_line() {
    let job = |body: &str| {
        super::job(&Response {
            body: body.into(),
            ..Response::default()
        })
    };
    assert_eq!(
        job(r#"{"jid":"09a56216-cb37"}"#).as_deref(),
        Some("09a56216-cb37")
    );
    assert_eq!(job(r#"{"jid":"a\nb"}"#).as_deref(), Some("a\\nb"));
    assert_eq!(
        (
            job("{}"),
            job("[]"),
            job(r#"{"jid":7}"#),
            job(r#"{"jid":""}"#)
        ),
        (None, None, None, None)
    );
    let long = job(&format!(r#"{{"jid":"{}"}}"#, "x".repeat(999))).unwrap();
    assert_eq!(long.chars().count(), LONGEST_JOB + 1);
}
