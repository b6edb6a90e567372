//! Runs that succeed, fail, hang and are started by other clients, with a clock that the test
//! controls.

use portolan::emulator::{Answer, Effect, Emulator, Fault, Request, RunOutcome, Settings, State};
use serde_json::{Value, json};

use super::support::{MIRROR, REGION, Site, URL, settings};

/// The fields by which a client follows a run.
fn state(mirror: &Value) -> [Value; 4] {
    [
        "update_status",
        "last_successful_update_at",
        "number_of_failures",
        "last_error",
    ]
    .map(|field| mirror[field].clone())
}

fn states<const N: usize>(values: [Value; N]) -> [Value; N] {
    values
}

const ENDED: &str = "2026-11-21T07:10:05.000+08:00";

#[tokio::test]
async fn nothing_changes_while_the_clock_is_stopped() {
    let site = Site::new().await;
    site.run().await;
    for _ in 0..3 {
        assert_eq!(
            state(&site.mirror().await),
            states([json!("scheduled"), Value::Null, json!(0), Value::Null])
        );
    }
    site.advance(1);
    assert_eq!(site.mirror().await["update_status"], "started");
    site.advance(3);
    assert_eq!(site.mirror().await["update_status"], "started");
    site.advance(1);
    assert_eq!(
        state(&site.mirror().await),
        states([json!("finished"), json!(ENDED), json!(0), Value::Null])
    );
    site.advance(1_000_000);
    assert_eq!(site.mirror().await["last_successful_update_at"], ENDED);
}

#[tokio::test]
async fn a_run_fails_with_the_text_that_was_given() {
    let site = Site::new().await;
    site.edit_mirror(|mirror| mirror.outcome = RunOutcome::Fail("connection timed out".to_owned()));
    for failures in 1..=2 {
        site.run().await;
        site.advance(5);
        let expected = [
            json!("failed"),
            Value::Null,
            json!(failures),
            json!("connection timed out"),
        ];
        assert_eq!(state(&site.mirror().await), states(expected));
    }
}

#[tokio::test]
async fn a_run_hangs_for_ever() {
    let site = Site::new().await;
    site.edit_mirror(|mirror| mirror.next_outcomes = vec![RunOutcome::Hang]);
    site.run().await;
    site.advance(365 * 24 * 3600);
    assert_eq!(
        state(&site.mirror().await),
        states([json!("started"), Value::Null, json!(0), Value::Null])
    );
}

#[tokio::test]
async fn a_mirror_may_be_slow() {
    let site = Site::new().await;
    site.edit_mirror(|mirror| mirror.run_seconds = Some(3600));
    site.run().await;
    site.advance(3600);
    assert_eq!(site.mirror().await["update_status"], "started");
    site.advance(1);
    assert_eq!(site.mirror().await["update_status"], "finished");
}

#[tokio::test]
async fn another_client_runs_it() {
    let site = Site::new().await;
    assert!(site.emulator.start_run(REGION, "platform", "app").is_some());
    assert_eq!(site.emulator.start_run(REGION, "platform", "plain"), None);
    assert_eq!(site.mirror().await["update_status"], "scheduled");
    site.advance(5);
    assert_eq!(site.mirror().await["last_successful_update_at"], ENDED);
    assert!(
        site.emulator
            .journal()
            .iter()
            .all(|entry| entry.method == "GET")
    );
}

#[tokio::test]
async fn credentials_are_wanted_by_some_sources() {
    for (body, status) in [
        (json!({}), "failed"),
        (
            json!({ "username": "", "password": "", "endpoint_uuid": "" }),
            "failed",
        ),
        (json!({ "username": "dXNlcg==", "password": "" }), "failed"),
        (
            json!({ "username": "dXNlcg==", "password": "cGFzcw==" }),
            "finished",
        ),
        (json!({ "endpoint_uuid": "e-1" }), "finished"),
    ] {
        let site = Site::new().await;
        site.edit_mirror(|mirror| mirror.source.needs_credentials = true);
        assert_eq!(site.call("POST", MIRROR, body.clone()).await.status, 200);
        site.advance(5);
        assert_eq!(site.mirror().await["update_status"], status, "{body}");
    }
}

#[tokio::test]
async fn a_schedule_begins_when_it_is_switched_on() {
    const DAY: u64 = 24 * 3600;
    let site = Site::new().await;
    let switch = async |enabled: bool| {
        assert_eq!(
            site.call("PUT", MIRROR, json!({ "mirroring_enabled": enabled }))
                .await
                .status,
            200
        );
    };
    switch(true).await;
    site.advance(DAY);
    assert_eq!(site.mirror().await["update_status"], "scheduled");
    site.advance(5);
    let first = site.mirror().await["last_successful_update_at"].clone();
    assert_eq!(first, "2026-11-22T07:10:05.000+08:00");
    switch(false).await;
    site.advance(2 * DAY);
    assert_eq!(site.mirror().await["last_successful_update_at"], first);
    switch(true).await;
    site.advance(DAY - 1);
    assert_eq!(site.mirror().await["update_status"], "finished");
    site.advance(1);
    assert_eq!(site.mirror().await["update_status"], "scheduled");
}

#[tokio::test]
async fn a_final_status_stays() {
    let site = Site::assuming("schedule-switch=off-is-final").await;
    for (enabled, status) in [
        (false, 200),
        (true, 200),
        (true, 200),
        (false, 200),
        (false, 200),
        (true, 400),
    ] {
        let answer = site
            .call("PUT", MIRROR, json!({ "mirroring_enabled": enabled }))
            .await;
        assert_eq!(answer.status, status);
    }
    assert_eq!(site.mirror().await["mirroring_enabled"], false);
}

#[tokio::test]
async fn a_lost_answer_does_not_stop_the_run() {
    for (effect, status) in [
        (Effect::html_502().after_commit(), "finished"),
        (Effect::html_502(), "none"),
    ] {
        let site = Site::new().await;
        site.emulator
            .inject(Fault::new(effect).method("POST").path("remote-mirror"));
        assert_eq!(site.run().await.status, 502);
        site.advance(5);
        assert_eq!(site.mirror().await["update_status"], status);
    }
}

#[tokio::test]
async fn a_run_that_was_due_before_an_edit_ignores_it() {
    let site = Site::new().await;
    site.run().await;
    site.advance(5);
    site.edit_mirror(|mirror| {
        assert!(mirror.runs.is_empty(), "the run has ended");
        mirror.outcome = RunOutcome::Hang;
    });
    assert_eq!(site.mirror().await["update_status"], "finished");
}

#[tokio::test]
async fn a_restart_in_the_middle_of_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let settings = Settings {
        account: "acme".to_owned(),
        ..settings()
    };
    let emulator = Emulator::open(&path, settings.clone()).unwrap();
    emulator.edit(|state| state.ensure_mirror(REGION, "platform", "app", URL));
    emulator.advance(std::time::Duration::from_secs(3600));
    emulator.start_run(REGION, "platform", "app").unwrap();
    let before = emulator.now();
    drop(emulator);

    let emulator = Emulator::open(&path, settings).unwrap();
    assert_eq!(emulator.now(), before);
    emulator.advance(std::time::Duration::from_secs(5));
    let ended = emulator.read(|state| {
        state
            .mirror(REGION, "platform", "app")
            .unwrap()
            .last_successful_update_at
    });
    assert_eq!(ended, Some("2026-11-21T00:10:05Z".parse().unwrap()));
}

#[tokio::test]
async fn the_state_file_sets_the_time_of_the_schedule() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let emulator = Emulator::open(&path, settings()).unwrap();
    let id = emulator.edit(|state| state.ensure_mirror(REGION, "platform", "app", URL));
    let request = Request {
        region: REGION.to_owned(),
        method: "PUT".to_owned(),
        path: format!("/v4/repositories/{id}/remote-mirror"),
        body: br#"{"mirroring_enabled":true}"#.to_vec(),
        ..Request::default()
    };
    assert!(matches!(emulator.answer(request).await,
            Answer::Complete(response) if response.status == 200));
    let state: State = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let next = state
        .mirror(REGION, "platform", "app")
        .unwrap()
        .next_scheduled_at;
    assert_eq!(next, Some("2026-11-21T23:10:00Z".parse().unwrap()));
}

#[tokio::test]
async fn the_clock_is_common_to_all_services() {
    let site = Site::new().await;
    site.advance(3600);
    assert_eq!(site.emulator.now(), "2026-11-21T00:10:00Z".parse().unwrap());
    let organization = json!({ "namespace": "team-a" });
    assert_eq!(
        site.call("POST", "/v2/manage/namespaces", organization)
            .await
            .status,
        201
    );
    let repository = json!({ "repository": "web", "is_public": false });
    assert_eq!(
        site.call("POST", "/v2/manage/namespaces/team-a/repos", repository)
            .await
            .status,
        201
    );
    let shown = site
        .get("/v2/manage/namespaces/team-a/repos/web")
        .await
        .body;
    assert_eq!(shown["created"], "2026-11-21T00:10:00Z");
    assert_eq!(site.get(MIRROR).await.date, "Sat, 21 Nov 2026 00:10:00 GMT");
    site.emulator.advance(std::time::Duration::MAX);
    site.run().await;
    assert_eq!(site.get(MIRROR).await.status, 200);
}
