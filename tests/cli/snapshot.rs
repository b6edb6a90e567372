//! `snapshot`, and plans from it: without network and keys, and only of what it holds.

use std::fs;

use portolan::emulator::{Effect, ErrorBody, Fault, Settings, SyncRule};
use serde_json::{Value, json};

use crate::{
    drift::unreadable,
    mirrors,
    support::{AK, NORTH, Output, SK, World},
};

const CHART: &str = "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: { is_public: true, sync: [ { target_region: cn-east-3, target_organization: dr } ] }
      api: { category: linux }
      new: {}
";

/// `web` and `api` exist with other values, and a repository that no file lists.
fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        state.ensure_organization("cn-east-3", "dr");
        for name in ["web", "api", "more"] {
            state.ensure_repository(NORTH, "team-a", name).num_images = 2;
        }
        let rules = &mut state.ensure_repository(NORTH, "team-a", "web").sync_rules;
        rules.push(SyncRule::to("cn-east-3", "other"));
    });
    world
}

/// Takes a snapshot into `live.json`.
fn take(world: &World, arguments: &[&str]) -> Output {
    world.run(&[&["snapshot", "--out", "live.json"], arguments].concat())
}

/// The same world for somebody who has neither keys nor network.
fn without_keys(world: World) -> World {
    let names = [
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "PORTOLAN_ENDPOINT_SWR",
        "PORTOLAN_ENDPOINT_CODEARTS",
    ];
    names
        .into_iter()
        .fold(world, |world, name| world.variable(name, ""))
}

fn from_it(world: &World, arguments: &[&str]) -> Output {
    world.run(&[&["plan", "--live", "live.json"], arguments].concat())
}

#[test]
fn a_plan_from_a_snapshot_is_the_same_and_needs_nothing() {
    let world = world();
    let formats = ["text", "json", "markdown", "diff"];
    let live = formats.map(|format| world.plan(&["--format", format]).exits(0).stdout);
    let _ = take(&world, &[]).exits(0).says("Wrote live.json");
    world.clear_journal();
    let world = without_keys(world);
    for (format, live) in formats.into_iter().zip(live) {
        let output = from_it(&world, &["--format", format, "--detailed-exitcode"]).exits(2);
        assert_eq!(output.stdout, live, "{output}");
        assert_eq!(output.stderr, "");
    }
    assert_eq!(world.journal().len(), 0, "nothing is sent");
    // A part of the chart.
    let part = from_it(&world, &["--target", "team-a/api"]).exits(0);
    assert!(part.stdout.contains("1 to change"), "{part}");
}

#[test]
fn its_document_is_published_and_has_no_secret() {
    let world = mirrors::world(mirrors::settings(), mirrors::FRESH);
    mirrors::edit_mirror(&world, |mirror| {
        mirror.url = "https://bob:t0ken-of-bob@git.example.com/app.git".to_owned();
    });
    let output = world.run(&["snapshot"]).exits(0);
    for secret in ["t0ken-of-bob", SK, AK] {
        assert!(!output.to_string().contains(secret), "{output}");
    }
    let document = output.json();
    assert_eq!(
        document["resources"][0]["attributes"]["url"],
        json!({ "masked": "https://***@git.example.com/app.git" })
    );
    assert_eq!(
        (&document["taken_at"], &document["clock"]),
        (&json!(mirrors::START), &json!("service"))
    );
    assert_eq!(document["ids"][0]["id"], 123);
    let _ = take(&world, &[]).exits(0);
    let live = world.plan(&["--format", "json"]).json();
    // The service's clock stands still.
    let plan = from_it(&world, &["--format", "json"]).json();
    assert_eq!(plan["changes"], live["changes"]);
    assert_ne!(plan["changes"], json!([]));
}

#[test]
fn what_it_does_not_hold_is_named_and_the_rest_is_planned() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    world.chart(
        "\
version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web: { is_public: true }
      api: { category: linux, sync: [ { target_region: cn-east-3, target_organization: dr } ] }
---
version: 1
region: cn-east-3
organizations: { dr: { repositories: { web: } } }
",
    );
    let output = from_it(&world, &[]).exits(1);
    insta::assert_snapshot!(output.stdout, @r#"
      ~ repository cn-north-4/team-a/api  portolan.yaml:7
          category     "other" -> "linux"
      ~ repository cn-north-4/team-a/web  portolan.yaml:6
          is_public    false -> true
          withheld: exposes, anyone can pull 2 tags; --allow exposes=1 would let it go

    Unlisted: add each to the chart, or set `unlisted: delete` or `ignore`.
      ? repository cn-north-4/team-a/more  (2 tags)

    Not in the snapshot: nothing is planned for these.
      ? organization cn-east-3/dr: not in the snapshot, which has nothing of cn-east-3
          take it with a chart of this region
      ? repository cn-north-4/team-a/api: its rules: not in the snapshot
          take it with `--include rules`

    Unknown: 2 things that the chart needs are not in the snapshot. What it holds:
    Plan: 0 to add, 1 to change, 0 to destroy.
    1 unchanged, 1 withheld, 1 unlisted.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    "#);
    let document = from_it(&world, &["--format", "json"]).exits(1).json();
    assert_eq!(document["outcome"], "unknown");
    assert_eq!(document["summary"]["change"], 1);
    let named = document["not_in_snapshot"].as_array().unwrap();
    assert_eq!(named[0]["code"], "not-in-snapshot");
    assert_eq!(named[1]["hint"], "take it with `--include rules`");
    let codes = document["diagnostics"].as_array().unwrap();
    assert_eq!(codes[0]["code"], "not-in-snapshot");
    let markdown = from_it(&world, &["--format", "markdown"]).exits(1).stdout;
    assert!(markdown.contains("not in the snapshot"), "{markdown}");
    for format in ["sarif", "gitlab"] {
        let report = from_it(&world, &["--format", format]).exits(1).stdout;
        assert!(report.contains("not-in-snapshot"), "{report}");
    }
}

#[test]
fn more_can_be_included() {
    let world = world();
    let _ = take(
        &world,
        &["--include", "rules,retention,access,share,tags,copies,jobs"],
    )
    .exits(0);
    let document = world.json("live.json");
    assert_eq!(document["not_read"], json!([]));
    world.chart(&CHART.replace(
        "api: { category: linux }",
        "api: { sync: [], retention: { keep_tags: 1 }, share: [], access: [] }\n      more: {}",
    ));
    let live = world.plan(&["--format", "json"]).exits(0).stdout;
    let world = without_keys(world);
    let output = from_it(&world, &["--format", "json"]).exits(0);
    assert_eq!(output.stdout, live);
    let _ = take(&world, &["--include", "everything"])
        .exits(64)
        .warns("expected one of rules, retention, access, share, tags, copies, jobs");
}

#[test]
fn a_backfill_needs_the_tags_of_both_ends() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    let text = CHART.replace(
        "organization: dr }",
        "organization: dr, backfill: missing }",
    );
    world.chart(&text);
    let output = from_it(&world, &[]).exits(1);
    let output = output.says("what it has to copy: not in the snapshot");
    assert!(
        output.stdout.contains("is_public    false -> true"),
        "{output}"
    );
    let _ = take(&world, &["--include", "copies"]).exits(0);
    let live = world.plan(&[]).exits(0).stdout;
    let _ = from_it(&world, &[]).exits(0).says(&live);
}

#[test]
fn jobs_are_a_remark() {
    let world = world();
    world.edit(|state| {
        let rules = &mut state.ensure_repository(NORTH, "team-a", "web").sync_rules;
        rules.push(SyncRule::to("cn-east-3", "dr"));
    });
    let _ = take(&world, &[]).exits(0);
    let output = from_it(&world, &["--jobs"]).exits(0);
    let _ = output.warns("not in the snapshot");
    let _ = take(&world, &["--include", "jobs"]).exits(0);
    let output = from_it(&world, &["--jobs"]).exits(0);
    assert!(!output.stderr.contains("not in the snapshot"), "{output}");
}

#[test]
fn a_changed_file_is_no_snapshot() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    let text = fs::read_to_string(world.path("live.json")).unwrap();
    let newer = text.replace("\"format_version\": \"1.1\"", "\"format_version\": \"2.0\"");
    let plan = world.plan(&["--out", "plan.json"]).exits(0);
    let plan_file = fs::read_to_string(world.path("plan.json")).unwrap();
    for (text, says) in [
        (
            text.replace("\"num_images\": 2", "\"num_images\": 3"),
            "its digest does not match",
        ),
        (
            text[..text.len() / 2].to_owned(),
            "it is not a snapshot: EOF",
        ),
        (newer, "its format version is 2.0"),
        (plan_file, "a document of the name `plan`"),
        (String::new(), "it is not a snapshot"),
        (CHART.to_owned(), "it is not a snapshot"),
    ] {
        world.file("live.json", &text);
        let output = from_it(&world, &["--format", "json"]).exits(1).warns(says);
        assert_eq!(output.json()["outcome"], "unknown");
    }
    let _ = (
        plan,
        world.run(&["plan", "--live", "nowhere.json"]).exits(1),
    );
}

#[test]
fn a_snapshot_of_another_account_stops_the_plan() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    world.chart(&format!("account: acme\n{CHART}"));
    let output = from_it(&world, &[]).exits(1);
    let _ = output.says(
        "Stopped: the chart is for account acme, but in cn-north-4 the snapshot is of emulator",
    );
    let document = from_it(&world, &["--format", "json"]).exits(1).json();
    assert_eq!(document["stopped"][0]["code"], "other-account");
    assert_eq!(document["changes"], json!([]));
    // It is not even taken.
    let iam = world.endpoint();
    let world = world.variable("PORTOLAN_ENDPOINT_IAM", &iam);
    fs::remove_file(world.path("live.json")).unwrap();
    let _ = take(&world, &[])
        .exits(1)
        .warns("the chart is for account acme");
    assert!(!world.path("live.json").exists());
}

#[test]
fn an_old_snapshot_is_unknown_and_says_its_age() {
    let settings = Settings {
        clock: || "2026-01-01T00:00:00Z".parse().unwrap(),
        ..Settings::default()
    };
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.chart(CHART);
    let _ = take(&world, &[]).exits(0);
    let output = from_it(&world, &[]).exits(1);
    let output = output.warns("old (taken at 2026-01-01T00:00:00Z), and may be at most 1d old");
    let output = output.says("Unknown: the snapshot is ");
    assert!(output.stdout.contains("Plan: 5 to add") && !output.stdout.contains("No changes"));
    let document = from_it(&world, &["--format", "json"]).exits(1).json();
    let codes = document["diagnostics"].as_array().unwrap();
    assert!(
        codes.iter().any(|it| it["code"] == "old-snapshot"),
        "{codes:?}"
    );
}

#[test]
fn such_a_plan_cannot_be_saved() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    let _ = from_it(&world, &["--out", "plan.json"]).exits(64);
    assert!(!world.path("plan.json").exists());
    let _ = from_it(&world, &["--emulator"]).exits(64).warns("`--live`");
    let _ = world.run(&["plan", "--max-age", "2h"]).exits(64);
    let _ = from_it(&world, &["--max-age", "soon"]).exits(64);
    // A variable for every command is no contradiction.
    let world = world.variable("PORTOLAN_EMULATOR", "state.json");
    let world = without_keys(world);
    let _ = from_it(&world, &[]).exits(0);
}

#[test]
fn what_could_not_be_read_is_in_it() {
    let world = world();
    let body = ErrorBody::Other {
        status: 403,
        content_type: "text/plain".to_owned(),
        text: "no".to_owned(),
    };
    let effect = Effect::Status {
        body,
        retry_after: None,
        committed: false,
    };
    world.inject(Fault::new(effect).path("/sync_repo").forever());
    let output = take(&world, &[]).exits(1);
    let _ = output.warns("cannot read the sync_rules of repository cn-north-4/team-a/web");
    let document = world.json("live.json");
    let failed = document["not_read"].as_array().unwrap().iter();
    let failed: Vec<&Value> = failed.filter(|it| it["failed"] == true).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["address"]["repository"], "web");
    let output = from_it(&world, &[]).exits(1);
    let output = output.says("its rules: not in the snapshot: it could not be read: ");
    assert!(
        output
            .stdout
            .contains("category     \"other\" -> \"linux\""),
        "{output}"
    );
}

#[test]
fn nothing_is_written_if_nothing_was_read() {
    let world = world();
    world.inject(Fault::new(Effect::CutBefore).path("/namespaces").forever());
    unreadable(&world);
    let output = take(&world, &[]).exits(1);
    assert_eq!(output.stdout, "");
    assert!(!world.path("live.json").exists());
}

#[test]
fn show_prints_it() {
    let world = world();
    let _ = take(&world, &[]).exits(0);
    world.clear_journal();
    let output = world.run(&["show", "live.json"]).exits(0);
    let output = output
        .says("cn-north-4/team-a")
        .says("by the service's clock");
    let _ = output.says("1 organization, 3 repositories, 6 images.");
    let json = world
        .run(&["show", "live.json", "--format", "json"])
        .exits(0);
    let digest = |document: &Value| document["digest"].clone();
    assert_eq!(digest(&json.json()), digest(&world.json("live.json")));
    let _ = world
        .run(&["show", "live.json", "--format", "markdown"])
        .exits(64);
    let _ = world
        .run(&["apply", "live.json"])
        .exits(1)
        .warns("a snapshot");
    assert_eq!(world.journal().len(), 0);
}
