//! Copies between regions, as an HTTP client sees them: pushes and the clock through the control
//! endpoint, faults of jobs, and a state file that keeps all of it.

use std::time::Duration;

use portolan::emulator::{Emulator, JobStatus, Settings, SyncRule, Tag};
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Site, read};

const REPOSITORY: &str = "/cn-north-4/v2/manage/namespaces/team-a/repos/web$front";
const COPY: &str = "/cn-east-3/v2/manage/namespaces/dr/repos/web$front";

/// A controlled emulator with a rule from `team-a/web/front` to `dr` in cn-east-3.
async fn site() -> Site {
    let site = Site::controlled().await;
    site.emulator.edit(|state| {
        state.ensure_organization("cn-east-3", "dr");
        let web = state.ensure_repository("cn-north-4", "team-a", "web/front");
        web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
    });
    site
}

async fn control(site: &Site, method: Method, path: &str, body: Value) -> (u16, Value) {
    let path = format!("/_emulator/{path}");
    read(site.send(method, &path, Some(body)).await.unwrap()).await
}

async fn push(site: &Site, tags: Value) {
    let body = json!({ "region": "cn-north-4", "organization": "team-a",
        "repository": "web/front", "tags": tags });
    let (status, answer) = control(site, Method::POST, "tags", body).await;
    assert_eq!(status, 204, "{answer}");
}

async fn wait(site: &Site, seconds: u64) {
    let body = json!({ "advance_seconds": seconds });
    assert_eq!(control(site, Method::POST, "clock", body).await.0, 200);
}

/// Tags and statuses of the jobs, the newest first.
async fn jobs(site: &Site) -> Vec<String> {
    let filter = "sync_job?filter=limit::100%7Coffset::0%7Corder::desc";
    let (status, list) = site.get(&format!("{REPOSITORY}/{filter}")).await;
    assert_eq!(status, 200, "{list}");
    let text = |job: &Value, name: &str| job[name].as_str().unwrap().to_owned();
    let jobs = list.as_array().unwrap().iter();
    jobs.map(|job| format!("{} {}", text(job, "tag"), text(job, "status")))
        .collect()
}

/// The names and digests of the copies.
async fn copies(site: &Site) -> Vec<(String, String)> {
    let (_, list) = site.get(&format!("{COPY}/tags?limit=1000&offset=0")).await;
    let tags = list.as_array().cloned().unwrap_or_default();
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap().to_owned();
    tags.iter()
        .map(|tag| (text(tag, "Tag"), text(tag, "digest")))
        .collect()
}

#[tokio::test]
async fn what_is_pushed_to_one_region_arrives_in_the_other() {
    let site = site().await;
    push(
        &site,
        json!(["v1", { "name": "v2", "digest": "sha256:2", "size": 7 }]),
    )
    .await;
    assert_eq!(jobs(&site).await, ["v2 waiting", "v1 waiting"]);
    assert_eq!(site.get(COPY).await.0, 404);
    wait(&site, 3600).await;
    assert_eq!(jobs(&site).await, ["v2 success", "v1 success"]);
    let copied = copies(&site).await;
    assert_eq!(copied[1], ("v2".to_owned(), "sha256:2".to_owned()));
    assert_eq!(copied.len(), 2);
    // The names of tags are in the list of repositories, and not in a single one.
    let (_, list) = site.get("/cn-east-3/v2/manage/repos?namespace=dr").await;
    assert_eq!(
        (&list[0]["tags"], &list[0]["num_images"], &list[0]["size"]),
        (&json!(["v1", "v2"]), &json!(2), &json!(7))
    );
    let (_, shown) = site.get(COPY).await;
    assert_eq!(
        (shown.get("tags"), &shown["is_public"]),
        (None, &json!(false))
    );
}

#[tokio::test]
async fn tags_are_deleted_and_copied_again_by_hand() {
    let site = site().await;
    push(&site, json!(["v1", "v2"])).await;
    wait(&site, 5).await;
    let target = json!({ "region": "cn-east-3", "organization": "dr", "repository": "web/front",
        "tags": ["v1", "none"] });
    let deleted = control(&site, Method::DELETE, "tags", target).await;
    assert_eq!(deleted, (200, json!({ "deleted": 1 })));
    assert_eq!(copies(&site).await.len(), 1);
    let body = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
        "imageTag": ["v1", "v2", "none"] });
    let path = format!("{REPOSITORY}/sync_images");
    let response = site.send(Method::POST, &path, Some(body)).await.unwrap();
    assert_eq!(read(response).await, (200, json!([])));
    wait(&site, 5).await;
    assert_eq!(
        jobs(&site).await,
        ["v2 existed", "v1 success", "v2 success", "v1 success"]
    );
    assert_eq!(copies(&site).await.len(), 2);
}

/// With jobs of no time: the next answer shows the copy, without another client or a moved clock.
#[tokio::test]
async fn a_manual_copy_of_no_time_is_there_at_the_next_answer() {
    let settings = Settings {
        job_delay: Duration::ZERO,
        job_duration: Duration::ZERO,
        ..Settings::default()
    };
    let site = Site::start(settings, None).await;
    site.emulator.edit(|state| {
        state.ensure_organization("cn-east-3", "dr");
        state
            .ensure_repository("cn-north-4", "team-a", "web/front")
            .num_images = 2;
    });
    let body = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
        "imageTag": ["v1", "v2"] });
    let path = format!("{REPOSITORY}/sync_images");
    let response = site.send(Method::POST, &path, Some(body)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(site.get(COPY).await.1["num_images"], json!(2));
    assert_eq!(jobs(&site).await, ["v2 success", "v1 success"]);
}

#[tokio::test]
async fn the_clock_is_read_and_moved() {
    let site = site().await;
    let before = site.emulator.now();
    wait(&site, 86_400).await;
    let (status, shown) = site.get("/_emulator/clock").await;
    let now: jiff::Timestamp = shown["now"].as_str().unwrap().parse().unwrap();
    assert_eq!(status, 200);
    assert!(now.duration_since(before).as_hours() >= 24);
    for body in [json!({}), json!({ "advance_seconds": -1 }), json!("x")] {
        let (status, answer) = control(&site, Method::POST, "clock", body).await;
        assert_eq!(status, 400);
        assert!(answer["error"].as_str().unwrap().contains("expected"));
    }
}

#[tokio::test]
async fn a_push_that_would_do_nothing_is_refused() {
    let site = site().await;
    let whole = json!({ "region": "cn-north-4", "organization": "team-a",
        "repository": "web/front", "tags": ["v1"] });
    for (field, value, words) in [
        (
            "repository",
            json!("none"),
            "there is no repository team-a/none in cn-north-4",
        ),
        (
            "region",
            json!("mars-1"),
            "there is no repository team-a/web/front in mars-1",
        ),
        ("tags", json!([""]), "a tag has no name"),
        ("tags", json!([{ "size": 1 }]), "a tag has no name"),
        ("tags", json!("v1"), "expected {"),
        ("tag", json!("v1"), "expected {"),
    ] {
        let mut body = whole.clone();
        body[field] = value;
        for method in [Method::POST, Method::DELETE] {
            let (status, answer) = control(&site, method, "tags", body.clone()).await;
            assert_eq!(status, 400);
            let error = answer["error"].as_str().unwrap();
            assert!(error.starts_with(words), "{error}");
        }
    }
    assert!(jobs(&site).await.is_empty());
}

#[tokio::test]
async fn a_fault_ends_jobs_without_a_copy() {
    let site = site().await;
    site.fault("job=failed,skip=1");
    site.fault("job=timeout,path=/repos/other/");
    site.fault("job=timeout,region=cn-east-3");
    site.fault("job=timeout,route=copy-tags");
    site.fault("job=hang,every=2,times=1");
    site.fault("job=cancel,times=0");
    push(&site, json!(["a", "b", "c", "d", "e"])).await;
    // No request is struck by them.
    assert_eq!(site.get(REPOSITORY).await.0, 200);
    wait(&site, 3600).await;
    assert_eq!(
        jobs(&site).await,
        [
            "e success",
            "d running",
            "c success",
            "b failed",
            "a timeout"
        ]
    );
    assert_eq!(copies(&site).await.len(), 2);
    let struck: Vec<usize> = site.emulator.faults().iter().map(|(_, n)| *n).collect();
    assert_eq!(struck, [1, 0, 0, 1, 1, 0]);
}

#[tokio::test]
async fn jobs_fail_with_a_probability() {
    let failed = |seed: u64| async move {
        let site = site().await;
        site.fault(&format!("job=failed,probability=0.5,seed={seed}"));
        let tags: Vec<String> = (0..40).map(|number| format!("t{number}")).collect();
        push(&site, json!(tags)).await;
        wait(&site, 3600).await;
        let jobs = jobs(&site).await;
        assert_eq!(jobs.len(), 40);
        jobs.into_iter()
            .filter(|job| job.ends_with("failed"))
            .collect::<Vec<_>>()
    };
    let one = failed(7).await;
    assert!((10..30).contains(&one.len()), "{one:?}");
    assert_eq!(failed(7).await, one);
    assert_ne!(failed(8).await, one);
}

#[tokio::test]
async fn new_jobs_can_be_missing_for_one_read() {
    for fault in [
        "drop-first=1,route=list-jobs",
        "stale-reads=1,route=list-jobs",
    ] {
        let site = site().await;
        push(&site, json!(["v1"])).await;
        wait(&site, 5).await;
        site.fault(fault);
        let body = json!({ "remoteRegionId": "cn-east-3", "remoteNamespace": "dr",
            "imageTag": ["v1"] });
        let path = format!("{REPOSITORY}/sync_images");
        site.send(Method::POST, &path, Some(body)).await.unwrap();
        assert_eq!(jobs(&site).await, ["v1 success"], "{fault}");
        assert_eq!(jobs(&site).await, ["v1 waiting", "v1 success"], "{fault}");
    }
}

#[tokio::test]
async fn a_read_can_lag_behind_a_copy() {
    let site = site().await;
    push(&site, json!(["v1"])).await;
    site.fault("stale-reads=1,region=cn-east-3,path=/tags");
    wait(&site, 5).await;
    assert_eq!(copies(&site).await, []);
    assert_eq!(copies(&site).await.len(), 1);
}

#[tokio::test]
async fn a_stranger_pushes_and_deletes_tags() {
    let site = site().await;
    push(&site, json!(["v1"])).await;
    wait(&site, 5).await;
    site.fault("stranger=push-tag cn-north-4/team-a/web/front:v2@sha256:2,route=list-jobs");
    assert_eq!(jobs(&site).await, ["v2 waiting", "v1 success"]);
    site.fault("stranger=delete-tag cn-east-3/dr/web/front:v1,path=/tags");
    assert_eq!(copies(&site).await, []);
    site.fault("stranger=push-image cn-north-4/team-a/web/front,route=list-jobs");
    assert_eq!(
        jobs(&site).await,
        ["v3 waiting", "v2 waiting", "v1 success"]
    );
    wait(&site, 5).await;
    let names: Vec<String> = copies(&site).await.into_iter().map(|tag| tag.0).collect();
    assert_eq!(names, ["v2", "v3"]);
}

/// Jobs are written down, and so is when they end: a restart loses and repeats nothing.
#[tokio::test]
async fn a_state_file_keeps_jobs_and_copies() {
    for size in [0, 100_000] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let open = || {
            Emulator::open(
                &path,
                Settings {
                    clock: || "2026-01-02T03:04:05Z".parse().unwrap(),
                    ..Settings::default()
                },
            )
            .unwrap()
        };
        let tags = |emulator: &Emulator| {
            emulator.read(|state| {
                let copy = state.repository("cn-east-3", "dr", "web");
                let tags = copy.map(|copy| copy.tags.clone()).unwrap_or_default();
                let web = state.repository("cn-north-4", "team-a", "web").unwrap();
                let jobs: Vec<_> = web.jobs.iter().map(|job| job.status).collect();
                (
                    tags.iter().map(|tag| tag.name.clone()).collect::<Vec<_>>(),
                    jobs,
                )
            })
        };
        let emulator = open();
        emulator.edit(|state| {
            state.ensure_organization("cn-east-3", "dr");
            let web = state.ensure_repository("cn-north-4", "team-a", "web");
            web.description = "x".repeat(size);
            web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
        });
        let push = |emulator: &Emulator, name| {
            emulator.push_tags("cn-north-4", "team-a", "web", [Tag::named(name)])
        };
        assert!(push(&emulator, "v1"));
        drop(emulator);

        let emulator = open();
        assert_eq!(tags(&emulator), (vec![], vec![JobStatus::Waiting]));
        emulator.advance(Duration::from_secs(5));
        assert!(push(&emulator, "v2"));
        let expected = (
            vec!["v1".to_owned()],
            vec![JobStatus::Success, JobStatus::Waiting],
        );
        assert_eq!(tags(&emulator), expected);
        let state = emulator.read(Clone::clone);
        drop(emulator);

        let emulator = open();
        assert_eq!(emulator.read(Clone::clone), state);
        emulator.advance(Duration::from_secs(5));
        assert_eq!(tags(&emulator).1, [JobStatus::Success; 2]);
    }
}
