//! Responses about another object than the requested one are ignored: what they show, and what they
//! lack.

use portolan::emulator::{Effect, ErrorBody, Fault, SyncRule};
use serde_json::{Value, json};

use crate::{
    mirrors,
    support::{NORTH, World},
};

const RULES: &str = "/namespaces/team-a/repos/web/sync_repo";
const REPOSITORY: &str = "/namespaces/team-a/repos/web";

/// One repository with a rule; `entry` is its text in the chart.
fn world(entry: &str) -> World {
    let chart =
        format!("organizations: {{ team-a: {{ repositories: {{ kept: , web: {entry} }} }} }}");
    let world = World::of(&format!("version: 1\nregion: {NORTH}\n{chart}\n"));
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "kept");
        let mut rule = SyncRule::to("cn-east-3", "dr");
        rule.overrides = true;
        state
            .ensure_repository(NORTH, "team-a", "web")
            .sync_rules
            .push(rule);
    });
    world
}

/// From now on, every read of paths with this in them is answered so.
fn answers(world: &World, path: &str, body: &Value) {
    let body = ErrorBody::Other {
        status: 200,
        content_type: "application/json".to_owned(),
        text: body.to_string(),
    };
    let effect = Effect::Status {
        body,
        retry_after: None,
        committed: false,
    };
    world.inject(Fault::new(effect).method("GET").path(path).forever());
}

fn rule(namespace: &str, name: &str) -> Value {
    json!({ "namespace": namespace, "repoName": name, "remoteRegionId": "cn-east-3",
        "remoteNamespace": "dr",
        "syncAuto": true, "override": true })
}

#[track_caller]
fn is_unknown(world: &World, subject: &str) {
    for command in [
        &["plan", "--detailed-exitcode"][..],
        &["apply", "--yes"],
        &["drift"],
    ] {
        let output = world
            .run(command)
            .exits(1)
            .warns(&format!("cannot read the {subject}"));
        assert!(!output.stdout.contains("No changes"), "{output}");
    }
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_answer_with_rules_of_another_repository_is_ignored() {
    let as_live =
        "{ sync: [ { target_region: cn-east-3, target_organization: dr, override: true } ] }";
    for entry in [as_live, "{ sync: [] }"] {
        for strange in [rule("team-b", "web"), rule("team-a", "other")] {
            let world = world(entry);
            answers(&world, RULES, &json!([strange]));
            is_unknown(&world, "sync_rules of repository cn-north-4/team-a/web");
        }
    }
    let world = world(as_live);
    answers(&world, RULES, &json!([rule("team-a", "web")]));
    world.is_settled();
}

#[test]
fn an_answer_about_another_repository_is_ignored() {
    let other = |name: &str, namespace: &str| {
        json!({ "name": name, "namespace": namespace,
            "is_public": false, "num_images": 0 })
    };
    for (entry, allow) in [
        ("{ category: arm }", "deletes=0"),
        ("{ state: absent }", "deletes=1"),
    ] {
        for answer in [other("else", "team-a"), other("web", "team-b")] {
            let world = world(entry);
            answers(&world, REPOSITORY, &answer);
            let output = world.try_apply(&["--allow", allow]).exits(1);
            let _ = output.says("could not be checked: expected the repository that was asked for");
            assert_eq!(world.writes(), [""; 0], "{entry} {answer}");
        }
    }
}

/// Nothing reads a new repository of a new organization before it is written.
#[test]
fn a_result_that_cannot_be_read_is_explained_everywhere() {
    let reason = "expected a repository, found `\"nonsense\"` \
        (GET /v2/manage/namespaces/team-a/repos/web, request id ";
    let new = || {
        let chart = "organizations: { team-a: { repositories: { web: } } }";
        let world = World::of(&format!("version: 1\nregion: {NORTH}\n{chart}\n"));
        answers(&world, REPOSITORY, &json!("nonsense"));
        world
    };
    let _ = new().try_apply(&[]).exits(1).says(&format!(
        "repository cn-north-4/team-a/web: applied, but it could not be read back: {reason}"
    ));
    let world = new();
    let files = ["--receipt", "receipt.json", "--events", "events.jsonl"];
    let report = world
        .try_apply(&[&["--format", "json"], &files[..]].concat())
        .exits(1)
        .json();
    let events = std::fs::read_to_string(world.path("events.jsonl")).unwrap();
    let checked = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let checked = checked.filter(|line: &Value| line["event"] == "checked");
    let receipt = world.json("receipt.json");
    for said in checked.chain([report["applied"][1].clone(), receipt["changes"][1].clone()]) {
        let was_read = said["address"]["kind"] == "organization";
        let message = said["message"].as_str();
        assert_eq!(message.is_none(), was_read, "{said:#}");
        assert!(message.is_none_or(|it| it.starts_with(reason)), "{said:#}");
    }
    assert_eq!(report["applied"][1]["verified"], false);
}

#[test]
fn an_answer_about_another_mirror_is_ignored() {
    let world = mirrors::world(mirrors::settings(), mirrors::FRESH);
    let answer = json!({ "id": 1, "repository_id": 124, "url": mirrors::URL,
        "mirroring_enabled": true,
        "endpoint_uuid": "", "last_successful_update_at": mirrors::START });
    answers(&world, "/remote-mirror", &answer);
    is_unknown(&world, "mirror cn-north-4/platform/app");
}
