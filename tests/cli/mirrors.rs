//! Mirrors of git repositories: found, created, changed, and due for a run. The clock of these
//! worlds is stopped and moved by the tests, and a run ends at once.

use std::time::Duration;

use portolan::emulator::{Access, Effect, Fault, GitRepository, Mirror, Settings};
use serde_json::{Value, json};

use crate::support::{AK, NORTH, SK, World};

/// The time of the stopped clock.
pub(crate) const START: &str = "2026-11-20T23:10:00Z";

/// The paths of `platform/app`, which is a mirror, and of `platform/plain`, which is not.
const APP: &str = "/v4/repositories/123/remote-mirror";
const PLAIN: &str = "/v4/repositories/124/remote-mirror";

pub(crate) const URL: &str = "https://git.example.com/app.git";

/// A chart of one mirror that is to be fresh.
pub(crate) const FRESH: &str =
    "platform/app: { url: 'https://git.example.com/app.git', max_age: 6h }";

pub(crate) fn settings() -> Settings {
    let (run_delay, run_duration) = (Duration::ZERO, Duration::ZERO);
    Settings {
        clock: || START.parse().unwrap(),
        run_delay,
        run_duration,
        ..Settings::default()
    }
}

/// A world with the two repositories, and a chart with these mirrors.
pub(crate) fn world(settings: Settings, mirrors: &str) -> World {
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.edit(|state| {
        state.ensure_mirror(NORTH, "platform", "app", URL);
        state.ensure_git_repository(NORTH, "platform", "plain");
        state
            .git_repository_mut(NORTH, "platform", "app")
            .unwrap()
            .id = 123;
        state
            .git_repository_mut(NORTH, "platform", "plain")
            .unwrap()
            .id = 124;
    });
    write(&world, mirrors);
    world
}

pub(crate) fn write(world: &World, mirrors: &str) {
    let lines: String = mirrors.lines().map(|line| format!("  {line}\n")).collect();
    world.chart(&format!("version: 1\nregion: {NORTH}\nmirrors:\n{lines}"));
}

pub(crate) fn edit_mirror(world: &World, change: impl FnOnce(&mut Mirror)) {
    world.edit(|state| change(state.mirror_mut(NORTH, "platform", "app").unwrap()));
}

fn edit_repository(world: &World, path: &str, change: impl FnOnce(&mut GitRepository)) {
    world.edit(|state| change(state.git_repository_mut(NORTH, "platform", path).unwrap()));
}

/// Method, path and body of the writes so far.
pub(crate) fn writes(world: &World) -> Vec<(String, String, Value)> {
    let writes = world
        .journal()
        .into_iter()
        .filter(|entry| entry.method != "GET");
    writes
        .map(|entry| (entry.method, entry.path, entry.body.unwrap_or_default()))
        .collect()
}

fn wrote(method: &str, path: &str, body: Value) -> (String, String, Value) {
    (method.to_owned(), path.to_owned(), body)
}

/// A start without credentials.
fn start(force: bool) -> Value {
    json!({ "username": "", "password": "", "endpoint_uuid": "", "force_fetch": force })
}

#[test]
fn a_mirror_is_run_when_it_is_due_and_not_before() {
    let world = world(settings(), FRESH);
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("  > mirror cn-north-4/platform/app")
        .says("never succeeded");
    let _ = world
        .apply(&[])
        .says("Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n1 run.");
    assert_eq!(writes(&world), [wrote("POST", APP, start(false))]);
    // While the clock is stopped nothing is due, and neither exactly at the end of the age.
    world.is_settled();
    world.emulator.advance(Duration::from_secs(6 * 3600));
    world.is_settled();
    world.emulator.advance(Duration::from_secs(1));
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("last success 2026-11-21T07:10:00.000+08:00, older than 6h")
        .says("1 to run.");
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(writes(&world), [wrote("POST", APP, start(false))]);
}

#[test]
fn a_success_in_the_future_does_not_make_a_mirror_fresh() {
    let world = world(settings(), FRESH);
    let succeeded = |time: &str| {
        edit_mirror(&world, |mirror| {
            mirror.last_successful_update_at = time.parse().ok();
        });
    };
    // Clocks differ a little.
    succeeded("2026-11-20T23:20:00Z");
    world.is_settled();
    succeeded("2030-01-01T00:00:00Z");
    let message =
        "last success 2030-01-01T08:00:00.000+08:00 is in the future, so it does not count";
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says(message)
        .says("1 to run.");
    let _ = world.run(&["drift"]).exits(2).says(message);
    assert_eq!(
        world.plan_json(&[])["changes"][0]["run"]["because"],
        message
    );
}

#[test]
fn a_mirror_without_an_age_is_never_run() {
    let world = world(settings(), "platform/app: { branches: all }");
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes. The live state matches the chart, as far as it can be compared.")
        .says("Cannot be compared: branches of mirror cn-north-4/platform/app.");
    let document = world.plan_json(&[]);
    let address =
        json!({ "kind": "mirror", "region": NORTH, "project": "platform", "repository": "app" });
    assert_eq!(
        document["uncompared"],
        json!([{ "address": address, "attributes": ["branches"] }])
    );
    assert_eq!(document["outcome"], "no_changes");
}

#[test]
fn an_ordinary_repository_is_tied_changed_and_run() {
    let chart = "platform/plain:
  url: https://git.example.com/plain.git
  branches: default
  scheduled: true
  endpoint: b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11
  max_age: 1d
  force: true";
    let world = world(settings(), chart);
    let document = world.plan_json(&[]);
    assert_eq!(document["changes"][0]["actions"], json!(["create", "run"]));
    assert_eq!(document["changes"][0]["risks"], json!(["overwrites"]));
    let _ = world
        .apply(&[])
        .says("Resources: 1 added, 0 changed, 0 destroyed.\n1 run.");
    let (url, endpoint) = (
        "https://git.example.com/plain.git",
        "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11",
    );
    let all = json!({ "url": url, "sync_branch_type": "default", "mirroring_enabled": true,
        "endpoint_uuid": endpoint });
    let run =
        json!({ "username": "", "password": "", "endpoint_uuid": endpoint, "force_fetch": true });
    let expected = [
        wrote("POST", &format!("{PLAIN}/associate"), json!({ "url": url })),
        wrote("PUT", PLAIN, all),
        wrote("POST", PLAIN, run),
    ];
    assert_eq!(writes(&world), expected);
}

#[test]
fn a_change_sends_every_field_and_is_followed_by_a_run() {
    let world = world(settings(), FRESH);
    let _ = world.apply(&[]);
    edit_mirror(&world, |mirror| mirror.endpoint_uuid = "kept".to_owned());
    world.clear_journal();
    world.emulator.advance(Duration::from_secs(60));
    write(
        &world,
        "platform/app: { url: 'https://git.example.com/new.git', branches: all, max_age: 6h }",
    );
    let document = world.plan_json(&[]);
    let change = &document["changes"][0];
    assert_eq!(
        (&change["actions"], &change["reason"]),
        (&json!(["update", "run"]), &json!("differs"))
    );
    assert_eq!(change["run"]["because"], "its configuration changes");
    assert_eq!(document["summary"]["run"], 1);
    let _ = world
        .apply(&[])
        .says("Resources: 0 added, 1 changed, 0 destroyed.\n1 run.");
    let url = "https://git.example.com/new.git";
    let all = json!({ "url": url, "sync_branch_type": "all", "mirroring_enabled": false,
        "endpoint_uuid": "kept" });
    let run =
        json!({ "username": "", "password": "", "endpoint_uuid": "kept", "force_fetch": false });
    assert_eq!(
        writes(&world),
        [wrote("PUT", APP, all), wrote("POST", APP, run)]
    );
}

#[test]
fn a_schedule_is_switched_off_only_with_consent() {
    let world = world(settings(), "platform/app: { scheduled: false }");
    edit_mirror(&world, |mirror| mirror.scheduled = true);
    let _ = world
        .plan(&[])
        .exits(0)
        .says("withheld: one-way")
        .says("--allow one-way=1 would let it go");
    let _ = world.try_apply(&[]).exits(1);
    assert_eq!(writes(&world), []);
    let _ = world.apply_allowing("one-way=1");
    assert_eq!(writes(&world).len(), 1);
    // Enabling the schedule is not a risk.
    write(&world, "platform/app: { scheduled: true }");
    let _ = world.apply(&[]);
}

#[test]
fn a_repository_is_found_by_its_exact_name_on_any_page() {
    let chart = "platform/group/app: { max_age: 1d }\nplatform/last: { url: \
        'https://git.example.com/l.git' }\n\
                 other/app: { repository_id: 123, max_age: 1d }";
    let world = world(settings(), chart);
    world.edit(|state| {
        for number in 0..250 {
            state.ensure_git_repository(NORTH, "filler", &format!("app-{number}"));
        }
        state.ensure_mirror(NORTH, "platform", "group/app", URL);
        state.ensure_git_repository(NORTH, "platform", "last");
    });
    let numbers = world.plan_json(&[]);
    let number = |at: usize| {
        numbers["changes"][at]["precondition"]["repository_id"]
            .as_u64()
            .unwrap()
    };
    let id = |path| {
        u64::from(
            world
                .emulator
                .read(|state| state.git_repository(NORTH, "platform", path).unwrap().id),
        )
    };
    assert_eq!(
        [number(0), number(1), number(2)],
        [123, id("group/app"), id("last")]
    );
    let pages = world
        .journal()
        .into_iter()
        .filter(|entry| entry.path == "/v4/user/repositories");
    let offsets: Vec<String> = pages.map(|entry| entry.query).collect();
    // Each page begins with the last one of the page before.
    let page = |limit: usize, offset: usize| {
        format!("limit={limit}&offset={offset}&order_by=created_at&sort=asc")
    };
    assert_eq!(offsets, [page(100, 0), page(99, 99), page(98, 196)]);
    let _ = world.apply(&[]);
}

#[test]
fn a_known_id_saves_the_list() {
    let world = world(settings(), "platform/app: { repository_id: 123 }");
    let _ = world.plan(&[]).exits(0);
    let asked: Vec<String> = world
        .journal()
        .into_iter()
        .map(|entry| entry.path)
        .collect();
    assert_eq!(asked, [APP]);
    // One that is not a mirror yet, and one that does not exist.
    write(
        &world,
        "platform/plain: { repository_id: 124, url: 'https://git.example.com/plain.git' }",
    );
    let _ = world.apply(&[]);
    write(
        &world,
        "platform/plain: { repository_id: 999, url: 'https://git.example.com/plain.git' }",
    );
    let _ = world
        .plan(&[])
        .exits(1)
        .says("there is no git repository of this name, and portolan cannot create one");
}

#[test]
fn a_missing_repository_is_reported() {
    let world = world(
        settings(),
        &format!("{FRESH}\nplatform/missing: {{ url: 'https://git.example.com/m.git' }}"),
    );
    let out = ["--out", "plan.json"];
    let output = world.plan(&out).exits(1);
    assert!(!output.stdout.contains("No changes"), "{output}");
    let _ = output
        .says("Stopped: mirror cn-north-4/platform/missing")
        .says("--exclude 'mirror cn-north-4/platform/missing'");
    let _ = world.try_apply(&[]).exits(1).says("Nothing was changed");
    let _ = world.run(&["drift"]).exits(2);
    assert_eq!(writes(&world), []);
    write(&world, "platform/missing: {}");
    let output = world.plan(&[]).exits(1);
    assert!(!output.stdout.contains("No changes"), "{output}");
    let _ = world.run(&["drift"]).exits(2);
    write(&world, &format!("{FRESH}\nplatform/missing: {{}}"));
    let _ = world
        .try_apply(&["--exclude", "cn-north-4/platform/missing"])
        .exits(0);
}

#[test]
fn two_mirrors_with_one_id_are_unknown() {
    let world = world(
        settings(),
        "platform/app: {}\nelsewhere/app: { repository_id: 123 }",
    );
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("123 is also the id of mirror cn-north-4/elsewhere/app");
}

#[test]
fn patterns_cover_mirrors() {
    let world = world(
        settings(),
        &format!("{FRESH}\nplatform/plain: {{ url: 'https://git.example.com/p.git' }}"),
    );
    let chosen = |option: &str, pattern: &str| {
        let document = world.plan_json(&[option, pattern]);
        let names = document["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["address"]["repository"].clone());
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(chosen("--target", "cn-north-4/platform/app"), ["app"]);
    assert_eq!(chosen("--exclude", "cn-north-4/*/app"), ["plain"]);
    assert_eq!(chosen("--target", "*/platform/**"), ["app", "plain"]);
    // A project is not a resource, and matches nothing.
    let output = world.plan(&["--target", "cn-north-4/platform"]).exits(1);
    let _ = output
        .warns("`--target 'cn-north-4/platform'` covers nothing")
        .warns("`cn-north-4/platform/**`");
    let accept = "accept: [ { address: platform/*, until: 2999-01-01, reason: being moved } ]\n";
    let chart = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    world.chart(&(chart + accept));
    let _ = world.run(&["drift"]).exits(0).says("2 accepted");
}

#[test]
fn images_and_mirrors_are_in_one_chart() {
    let world = world(settings(), FRESH);
    let chart = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    world.chart(&format!(
        "{chart}organizations: {{ team-a: {{ repositories: {{ web: {{}} }} }} }}\n"
    ));
    let _ = world
        .apply(&[])
        .says("Resources: 2 added, 0 changed, 0 destroyed.\n1 run.");
    // A chart without images does not ask for any.
    world.chart(&chart);
    world.clear_journal();
    let _ = world.plan(&[]);
    assert!(
        world
            .journal()
            .iter()
            .all(|entry| entry.path.starts_with("/v4/")),
        "{:?}",
        world.journal()
    );
}

#[test]
fn a_mirror_that_changed_since_the_plan_is_refused() {
    let world = world(
        settings(),
        "platform/app: { url: 'https://git.example.com/new.git' }",
    );
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    edit_mirror(&world, |mirror| {
        mirror.url = "https://git.example.com/other.git".to_owned();
    });
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(1)
        .says("not sent, because it changed since the plan was made: url was");
    assert_eq!(writes(&world), []);
}

#[test]
fn the_answers_of_the_api_page_are_reported() {
    // 403: the role in the repository may read, and no more.
    let world = world(settings(), FRESH);
    edit_repository(&world, "app", |repository| repository.access = Access::Read);
    let message = "failed: not run: 403 CH.004403: Insufficient permissions. \
        Apply for the required permission and try again.";
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says(message)
        .says("hint: the caller's role in the repository lacks the permission");
    // 404: it was deleted between the check and the start.
    edit_repository(&world, "app", |repository| repository.access = Access::Set);
    let gone = r#"{"error_code":"CH.004404","error_msg":"Repository Not Found"}"#;
    world.inject(Fault::new(refusal(404, gone)).method("POST"));
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("failed: not run: 404 CH.004404: Repository Not Found");
    // 401: sent once, and never again with the same credentials.
    let expired =
        r#"{"error_code":"DEV.00000003","error_msg":"Authentication information expired."}"#;
    world.inject(Fault::new(refusal(401, expired)).times(9));
    world.clear_journal();
    let _ = world
        .plan(&[])
        .exits(1)
        .warns("401 DEV.00000003: Authentication information expired.");
    assert_eq!(world.journal().len(), 1);
}

fn refusal(status: u16, text: &str) -> Effect {
    let body = portolan::emulator::ErrorBody::Other {
        status,
        content_type: "application/json".to_owned(),
        text: text.to_owned(),
    };
    Effect::Status {
        body,
        retry_after: None,
        committed: false,
    }
}

/// Every answer that the documents leave open, other than the first of its kind, by a chart that
/// ties, changes and runs.
#[test]
fn mirrors_work_under_every_assumption_about_the_service() {
    for switch in [
        "update-status=oracle",
        "update-status=numbers",
        "git-times=rfc3339-utc",
        "git-times=plain-beijing",
        "git-times=plain-utc",
        "repeat-start=same-jid",
        "repeat-start=concurrent",
        "repeat-start=queue",
        "repeat-start=409",
        "not-a-mirror=200-nulls",
        "not-a-mirror=400",
        "mirroring-enabled=true-is-off",
        "schedule-switch=off-is-final",
        "put-omitted=reset",
        "start-without-body=400",
        "last-update-at=start",
        "last-update-at=record",
        "number-of-failures=total",
        "last-error=kept",
        "associate-without-url=400",
        "empty-field=text",
        "name-with-namespace=spaced",
        "repository-path=full",
    ] {
        let mut settings = settings();
        settings
            .assumptions
            .set(switch)
            .unwrap_or_else(|error| panic!("{switch}: {error}"));
        let chart = "platform/app: { url: 'https://git.example.com/new.git', scheduled: true, \
            max_age: 6h }
platform/plain: { url: 'https://git.example.com/plain.git', scheduled: true, branches: default, \
max_age: 6h }";
        let world = world(settings, chart);
        edit_mirror(&world, |mirror| {
            mirror.failures = 3;
            mirror.last_error = Some("no route to host".to_owned());
        });
        let _ = world.apply(&[]);
        world.emulator.advance(Duration::from_secs(5 * 3600));
        world.is_settled();
        assert_eq!(writes(&world).len(), 5, "{switch}: {:#?}", writes(&world));
    }
}
