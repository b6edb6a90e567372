//! `doctor`: what it says about each part of the surroundings of a chart, in how few requests.

mod text;

use portolan::emulator::{Agency, Effect, Fault, Grant, Route, Settings, Share, State};
use serde_json::{Value, json};

use crate::{
    credentials::{REQUEST_TOKEN, in_a_job, with_urns, without_keys},
    relay::Relay,
    support::{AK, NORTH, Output, SK, World},
};

/// Something of each kind, in two regions, and a target in a third.
const CHART: &str = "\
version: 1
account: acme
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-a-dr }
organizations:
  team-a:
    access: [ { user: ci-bot, level: write } ]
    repositories:
      web:
        sync: [ { target: dr } ]
        retention: { keep_tags: 30 }
        share: [ { account: partner-co, until: forever } ]
        access: [ { user: ci-bot, level: read } ]
mirrors:
  platform/app: { url: https://git.example.com/app.git }
---
version: 1
region: cn-south-1
organizations: { team-s: {} }
";

/// A service in which everything is as that chart wants it.
fn world() -> World {
    with_settings(Settings {
        verify: Some(format!("{AK}:{SK}").parse().unwrap()),
        quota: Some(5),
        ..Settings::default()
    })
}

fn with_settings(settings: Settings) -> World {
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.chart(CHART);
    world.edit(fill);
    let iam = world.endpoint();
    world.variable("PORTOLAN_ENDPOINT_IAM", &iam)
}

fn fill(state: &mut State) {
    "acme".clone_into(&mut state.account);
    let grant = |auth| Grant {
        user: "ci-bot".to_owned(),
        auth,
    };
    state.ensure_organization("cn-east-3", "team-a-dr");
    state.ensure_organization("cn-south-1", "team-s");
    let web = state.ensure_repository(NORTH, "team-a", "web");
    web.access = vec![grant(1)];
    web.shares = vec![Share::with("partner-co")];
    state.organization_mut(NORTH, "team-a").unwrap().access = vec![grant(3)];
    state.ensure_mirror(NORTH, "platform", "app", "https://git.example.com/app.git");
}

fn refuse(world: &World, route: &str, effect: Effect) {
    let route = Route::named(route).unwrap();
    world.inject(Fault::new(effect).route(route).forever());
}

/// The checks of a document that are not fine: the check, its subject, its status, its message.
fn trouble(document: &Value) -> Vec<String> {
    let checks = document["checks"].as_array().unwrap().iter();
    let bad = checks.filter(|check| check["status"] != "ok" && check["check"] != "write");
    bad.map(|check| {
        let text = |key: &str| check[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {}: {}",
            text("region"),
            text("status"),
            text("check"),
            text("subject"),
            text("message")
        )
    })
    .collect()
}

/// The text without the ids of requests, which are in no order.
fn shown(output: &Output) -> String {
    let mut parts = output.stdout.split("request id emulator-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        format!("{text}request id @ID@{rest}")
    })
}

fn json_of(world: &World) -> Value {
    world.run(&["doctor", "--format", "json"]).json()
}

#[test]
fn the_number_of_requests_does_not_grow_with_the_chart() {
    let world = world();
    let _ = world.run(&["doctor"]).exits(0);
    let few = world.journal().len();
    world.clear_journal();
    let more: String = (0..200).map(|number| format!("      web-{number}: {{ sync: [ {{ target: dr }} ], retention: {{ keep_tags: 3 }} }}\n")).collect();
    world.chart(&CHART.replace("      web:\n", &format!("{more}      web:\n")));
    let _ = world.run(&["doctor"]).exits(0);
    assert_eq!(world.journal().len(), few);
}

#[test]
fn a_target_that_does_not_exist_is_a_failure() {
    let world = world();
    world.edit(|state| drop(state.regions.remove("cn-east-3")));
    assert_eq!(
        trouble(&world.run(&["doctor", "--format", "json"]).exits(1).json()),
        [
            "- failure target organization cn-east-3/team-a-dr: does not exist, so nothing is copied \
            there"
        ]
    );
    // One in a region of the chart, which its list lacks.
    world.chart(&CHART.replace("cn-east-3", "cn-south-1"));
    assert_eq!(
        trouble(&json_of(&world)),
        [
            "- failure target organization cn-south-1/team-a-dr: does not exist, so nothing is copied \
            there"
        ]
    );
    // What the chart creates is not missing.
    world.chart(
        &CHART
            .replace("cn-east-3", "cn-south-1")
            .replace("team-s: {}", "team-s: {}, team-a-dr: {}"),
    );
    assert_eq!(
        trouble(&json_of(&world)),
        ["cn-south-1 note own-level team-a-dr: not in the list, so `apply` would create it"]
    );
}

#[test]
fn an_endpoint_that_never_answers_is_given_up() {
    let world = world();
    world.inject(Fault::new(Effect::HangBefore).path("/overview").forever());
    let began = std::time::Instant::now();
    let document = json_of(&world);
    assert!(began.elapsed().as_secs() < 30);
    let found = trouble(&document);
    assert!(
        found.contains(&"cn-north-4 failure endpoint swr: no answer within 5 seconds".to_owned()),
        "{found:#?}"
    );
}

#[test]
fn an_unknown_authority_and_a_proxy_are_told() {
    let world = world();
    let (relay, authority) = Relay::with_tls(&world);
    world.file("ca.pem", authority);
    let world = world.variable("PORTOLAN_ENDPOINT_SWR", &relay.endpoint);
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("invalid peer certificate: UnknownIssuer")
        .says("name it with `--ca-file`");
    let _ = world.run(&["doctor", "--ca-file", "ca.pem"]).exits(0);
    let _ = world
        .run(&["doctor", "--ca-file", "missing.pem"])
        .exits(1)
        .says("FAIL  settings");
    let world = world
        .variable("PORTOLAN_ENDPOINT_SWR", "https://swr.invalid/{region}")
        .variable("HTTPS_PROXY", "http://127.0.0.1:9");
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("`HTTPS_PROXY` names a proxy");
}

#[test]
fn accounts_quotas_and_gates_are_compared_with_the_chart() {
    let world = world();
    world.edit(|state| {
        "globex".clone_into(&mut state.account);
        state.regions.get_mut(NORTH).unwrap().image_sync_off = true;
    });
    assert_eq!(
        trouble(&json_of(&world))[..2],
        [
            "cn-north-4 failure account -: globex, but the chart is for acme",
            "cn-north-4 failure image-sync -: not enabled (`enable_image_sync`), and the chart has \
             sync_rules"
        ]
    );
    let settings = Settings {
        quota: Some(2),
        ..Settings::default()
    };
    let world = with_settings(settings);
    world.chart(&CHART.replace("team-s: {}", "team-s: {}, one: {}, two: {}"));
    let found = trouble(&json_of(&world));
    assert_eq!(
        found[0],
        "cn-south-1 failure quota organizations: 1 of 2 used; the chart creates 2"
    );
    world.chart(&CHART.replace("team-s: {}", "team-s: {}, one: {}"));
    assert_eq!(json_of(&world)["outcome"], "ok");
}

#[test]
fn what_iam_does_not_tell_is_a_note() {
    let world = world();
    refuse(&world, "list-projects", Effect::forbidden());
    let document = world.run(&["doctor", "--format", "json"]).exits(0).json();
    let found = trouble(&document);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found[0].starts_with("cn-north-4 note project -: 403"),
        "{found:?}"
    );

    let world = world.variable("PORTOLAN_ENDPOINT_IAM", "");
    let document = world.run(&["doctor", "--format", "json"]).exits(0).json();
    assert_eq!(
        trouble(&document)[0],
        "cn-north-4 note project -: not known: there is no endpoint of IAM; \
         `PORTOLAN_ENDPOINT_IAM` names one"
    );
}

#[test]
fn the_callers_own_level_is_shown_for_each_organization() {
    let world = world();
    let set = |auth: u8| {
        world.edit(|state| state.organization_mut("cn-south-1", "team-s").unwrap().auth = auth);
        trouble(&world.run(&["doctor", "--format", "json"]).exits(0).json())
    };
    assert_eq!(set(7), [""; 0]);
    assert_eq!(
        set(3),
        [
            "cn-south-1 warning own-level team-s: write: `apply` may not delete, share, or give \
            permissions"
        ]
    );
    assert_eq!(
        set(1),
        [
            "cn-south-1 warning own-level team-s: read: enough for `plan` and `drift`; `apply` may \
            change nothing"
        ]
    );
}

#[test]
fn mirrors_must_exist() {
    let world = world();
    world.chart(&CHART.replace(
        "mirrors:\n",
        "mirrors:\n  platform/gone: { url: 'https://git.example.com/x.git' }\n  \
         platform/plain: { url: 'https://git.example.com/y.git' }\n",
    ));
    world.edit(|state| {
        state.ensure_git_repository(NORTH, "platform", "plain");
    });
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("platform/app: readable")
        .says("platform/plain: its repository is readable, and mirrors nothing yet")
        .says("FAIL  mirror       platform/gone: there is no git repository of this name");
}

#[test]
fn credentials_that_cannot_be_used_say_so() {
    let world = world().variable("HW_ACCESS_KEY", "OTHERKEY000000000001");
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("FAIL  credentials  `HW_ACCESS_KEY` is set, but `HW_SECRET_KEY` is not");
    let world = world.variable("HW_SECRET_KEY", "other-secret-0001");
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("`HUAWEICLOUD_SDK_AK` and `HW_ACCESS_KEY` are both set, with different keys");
    let world = world
        .variable("HW_ACCESS_KEY", "")
        .variable("HW_SECRET_KEY", "")
        .variable("HUAWEICLOUD_SDK_AK", "")
        .variable("HUAWEICLOUD_SDK_SK", "");
    let home = world.path("home").display().to_string();
    world.file(
        "home/.hcloud/config.json",
        r#"{"authEncrypt": "true", "current": "default", "profiles": [{"name": "default",
            "mode": "AKSK", "accessKeyId": "x", "secretAccessKey": "y"}]}"#,
    );
    let world = world.variable("HOME", &home);
    let _ = world.run(&["doctor"]).exits(1).says("are encrypted");
    let world = world.variable("HW_AUTH_TOKEN", "a-token-of-one-region");
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("`HW_AUTH_TOKEN` is valid in one region, but the chart has 2");
}

#[test]
fn keys_that_end_are_told_with_their_end() {
    let world = in_a_job(with_urns(without_keys()));
    let output = world
        .run(&["doctor"])
        .exits(0)
        .says("keys for an id token from OIDC with");
    let output = output.says("(valid for 1h, then renewed)");
    assert!(!output.stdout.contains(REQUEST_TOKEN), "{output}");
    world.edit(|state| state.identity.job = None);
    let _ = world.run(&["doctor"]).exits(1).says("cannot be obtained");
    let world = world.variable("HUAWEICLOUD_OIDC_ID_TOKEN", EXPIRED);
    let _ = world
        .run(&["doctor"])
        .exits(1)
        .says("`HUAWEICLOUD_OIDC_ID_TOKEN` has expired");

    let world = self::world().variable("HW_ASSUME_ROLE_AGENCY_NAME", "portolan");
    let _ = world.run(&["doctor"]).exits(0).says(
        "warn  credentials  `HW_ASSUME_ROLE_AGENCY_NAME` is set, and only Terraform reads it",
    );
    let world = world.variable("PORTOLAN_ASSUME_AGENCY", "acme/portolan");
    let trust = |accounts: &[&str]| {
        let accounts = accounts.iter().map(|name| (*name).to_owned());
        let agency = Agency {
            accounts: accounts.collect(),
            ..Agency::default()
        };
        world.edit(|state| {
            state
                .identity
                .agencies
                .insert("portolan".to_owned(), agency);
        });
    };
    trust(&["acme"]);
    let _ = world
        .run(&["doctor"])
        .exits(0)
        .says("keys of an agency from");
    trust(&[]);
    let _ = world.run(&["doctor"]).exits(1).says("IAM answered 403");
}

/// `{"alg":"none"}.{"exp":1000000000}.x`
const EXPIRED: &str = "eyJhbGciOiJub25lIn0.eyJleHAiOjEwMDAwMDAwMDB9.eA";

#[test]
fn the_emulator_in_the_process_needs_nothing() {
    let world = World::of(CHART)
        .variable("PORTOLAN_ENDPOINT_SWR", "")
        .variable("PORTOLAN_ENDPOINT_CODEARTS", "");
    let output = world.run(&["doctor", "--emulator=state.json"]).exits(1);
    let output = output
        .says("the emulator needs none")
        .says("the emulator in this process");
    assert!(!world.path("state.json").exists(), "{output}");
}

#[test]
fn a_timeout_is_a_failure_of_its_own() {
    let world = world();
    world.inject(Fault::new(Effect::HangBefore).path("/overview").forever());
    let output = world.run(&["doctor", "--timeout", "1s", "--format", "json"]);
    let found = trouble(&output.exits(1).json());
    assert_eq!(found, ["- failure settings -: the timeout of 1s is over"]);
}

#[test]
fn a_region_that_nobody_knows_is_a_warning() {
    let world = world();
    world.chart(&CHART.replace("cn-east-3", "cn-est-3"));
    let found = trouble(&json_of(&world));
    assert!(
        found
            .iter()
            .any(|line| line.contains("warning region-name")),
        "{found:#?}"
    );
}

#[test]
fn texts_of_the_service_are_masked_and_escaped() {
    let world = world();
    let hostile = format!("::error::\u{1b}[31m ##[x] https://u:pass@h/ {SK}");
    // A name is not masked, as in every other output.
    world.edit(|state| state.account = hostile.replace(SK, "").replace("u:pass@", ""));
    refuse(&world, "list-rules", Effect::service(4_030_170, &hostile));
    for format in ["text", "json"] {
        let output: Output = world.run(&["doctor", "--format", format]).exits(1);
        for bad in ["\u{1b}", "##[", "u:pass", SK] {
            assert!(!output.stdout.contains(bad), "{bad:?} in {output}");
        }
        let is_obeyed = |line: &str| line.trim_start().starts_with("::");
        assert!(!output.stdout.lines().any(is_obeyed), "{output}");
    }
}

#[test]
fn the_document_holds_every_check() {
    let world = world();
    let document = world.run(&["doctor", "--format", "json"]).exits(0).json();
    assert_eq!(document["account"], "acme");
    assert_eq!(
        document["summary"],
        json!({ "ok": 31, "note": 1, "warning": 0, "failure": 0 })
    );
    assert_eq!(
        document["checks"][0],
        json!({
            "region": null, "check": "chart", "subject": null, "status": "ok",
            "message": "portolan.yaml: 9 resources in 2 regions", "hint": null,
        })
    );
}
