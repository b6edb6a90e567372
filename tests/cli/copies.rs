//! Targets of rules: whether they exist, and which tags they lack. Each finding with its formats,
//! its exit code, how it is waived, and what it costs.

use std::time::Duration;

use portolan::emulator::{
    Assumptions, Effect, Fault, JobEnding, ListedTags, Settings, SyncRule, Tag,
};
use serde_json::Value;

use crate::support::{AK, NORTH, SK, World};

const EAST: &str = "cn-east-3";
const FORMATS: [&str; 6] = ["text", "json", "markdown", "diff", "sarif", "gitlab"];
const LATER: Duration = Duration::from_secs(3600);

const CHART: &str = "version: 1
region: cn-north-4
organizations:
  team-a:
    repositories:
      web:
        sync:
          - { target_region: cn-east-3, target_organization: dr }
";

/// The chart is applied, and its target exists.
fn world() -> World {
    applied(World::of(CHART))
}

fn applied(world: World) -> World {
    world.edit(|state| {
        state.ensure_organization(EAST, "dr");
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.sync_rules.push(SyncRule::to(EAST, "dr"));
    });
    world
}

fn push(world: &World, names: &[&str]) {
    let tags = names.iter().map(|name| Tag::named(name));
    assert!(world.emulator.push_tags(NORTH, "team-a", "web", tags));
}

/// Pushes without a rule: nothing is copied.
fn push_uncopied(world: &World, names: &[&str]) {
    let rules = |world: &World, new: Vec<SyncRule>| {
        world.edit(|state| {
            let web = state.ensure_repository(NORTH, "team-a", "web");
            std::mem::replace(&mut web.sync_rules, new)
        })
    };
    let kept = rules(world, Vec::new());
    push(world, names);
    drop(rules(world, kept));
}

/// `code!: message` of each finding; `!` marks those that count.
fn found(document: &Value) -> Vec<String> {
    let line = |finding: &Value| {
        let counts = if finding["counts"] == Value::Bool(true) {
            "!"
        } else {
            ""
        };
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        assert_eq!(finding["address"]["kind"], "sync_rule");
        format!("{}{counts}: {}", text("code"), text("message"))
    };
    let findings = document["findings"].as_array().unwrap();
    findings.iter().map(line).collect()
}

fn drift(world: &World, arguments: &[&str]) -> Vec<String> {
    let all = [&["drift", "--format", "json"], arguments].concat();
    found(&world.run(&all).json())
}

/// The paths of the requests to a region since the last call, without queries.
fn asked(world: &World, region: &str) -> Vec<String> {
    let journal = world.journal();
    world.clear_journal();
    let here = journal.into_iter().filter(|entry| entry.region == region);
    let short = |path: String| path.replace("/v2/manage/", "");
    let mut paths: Vec<String> = here.map(|entry| short(entry.path)).collect();
    paths.sort();
    paths
}

#[test]
fn a_rule_into_nothing_is_a_finding_of_every_command() {
    let world = world();
    world.edit(|state| drop(state.regions.remove(EAST)));
    let missing = [
        "target-organization-missing!: organization cn-east-3/dr does not exist: the \
        service accepts such a rule, and copies nothing; create it",
    ];
    let _ = world.plan(&["--detailed-exitcode"]).exits(0);
    assert_eq!(found(&world.plan_json(&[])), missing);
    for format in FORMATS {
        let output = world.run(&["drift", "--format", format]).exits(2);
        let says = output.stdout.contains("cn-east-3/dr does not exist");
        assert!(says || format == "diff", "{output}");
    }
    let none = &["--fail-on", "none"][..];
    for quiet in [
        none,
        &["--ignore", "target-organization-missing"],
        &["--ignore", "team-a/web"],
    ] {
        let _ = world.run(&[&["drift"], quiet].concat()).exits(0);
    }
    let _ = world.run(&["drift", "--metrics", "m.prom"]).exits(2);
    let metrics = std::fs::read_to_string(world.path("m.prom")).unwrap();
    assert!(metrics.contains("target-organization-missing"), "{metrics}");
    // An apply with nothing to do says so too.
    let _ = world.try_apply(&[]).exits(0).says("does not exist");
}

#[test]
fn waivers_of_the_old_name_silence_the_finding() {
    for (code, silences) in [
        ("target-organization-missing", true),
        ("unknown-target-organization", true),
        ("copies-missing", false),
    ] {
        let line = "target_organization: dr }";
        let waived = CHART.replace(line, &format!("{line} # portolan: allow {code}"));
        let world = world();
        world.edit(|state| drop(state.regions.remove(EAST)));
        world.chart(&waived);
        let document = world.plan_json(&[]);
        assert_eq!(found(&document).is_empty(), silences, "{code}");
        assert_eq!(document["diagnostics"], serde_json::json!([]), "{code}");
        let _ = world.run(&["drift"]).exits(if silences { 0 } else { 2 });
        let there = world;
        there.edit(|state| drop(state.ensure_organization(EAST, "dr").clone()));
        // `plan` does not compare, so only there the waiver of copies is not unused.
        let unused = |command| there.run(&[command]).stderr.contains("unused-waiver");
        assert_eq!(
            (unused("plan"), unused("drift")),
            (silences, true),
            "{code}"
        );
    }
}

#[test]
fn what_the_chart_declares_is_not_missing() {
    let world = world();
    world.edit(|state| drop(state.regions.remove(EAST)));
    let declared = format!("{CHART}---\nversion: 1\nregion: {EAST}\norganizations: {{ dr: }}\n");
    world.chart(&declared);
    let document = world.plan_json(&[]);
    assert_eq!(found(&document), [""; 0]);
    assert_eq!(document["summary"]["add"], 1);
    // Others in a region of the chart are asked for one by one.
    world.chart(&declared.replace("{ dr: }", "{ us: }"));
    world.clear_journal();
    assert_eq!(found(&world.plan_json(&[])).len(), 1);
    let asked = asked(&world, EAST);
    let own: Vec<&String> = asked
        .iter()
        .filter(|path| path.contains("namespaces"))
        .collect();
    assert_eq!(own, ["namespaces", "namespaces/dr"]);
}

#[test]
fn a_plan_asks_one_question_of_a_target_region() {
    let world = world();
    world.clear_journal();
    assert_eq!(found(&world.plan_json(&[])), [""; 0]);
    assert_eq!(asked(&world, EAST), ["namespaces"]);
    world.edit(|state| drop(state.regions.remove(EAST)));
    let _ = world.plan(&[]);
    assert_eq!(asked(&world, EAST), ["namespaces", "namespaces/dr"]);
}

#[test]
fn a_target_that_cannot_be_asked_is_not_looked_at() {
    let note = |world: &World, reason: &str| {
        let output = world.run(&["drift"]).exits(0);
        let output = output.warns("warning[target-not-looked-at]").warns(reason);
        assert!(output.stdout.starts_with("No changes."), "{output}");
        // Of the chart itself, everything was read.
        assert_eq!(found(&world.plan_json(&[])), [""; 0]);
        world.is_settled();
    };
    let refusing = world();
    refusing.inject(Fault::new(Effect::forbidden()).region(EAST).forever());
    note(&refusing, "403");
    let unauthorized = world();
    unauthorized.inject(Fault::new(Effect::unauthorized()).region(EAST).forever());
    note(&unauthorized, "401");
    let world = world();
    let url = world.endpoint().replace("{region}", NORTH);
    note(
        &world.variable("PORTOLAN_ENDPOINT_SWR", &url),
        "`PORTOLAN_ENDPOINT_SWR` has no `{region}`",
    );
}

#[test]
fn missing_tags_are_counted_and_named() {
    let world = world();
    push_uncopied(&world, &["v1", "v2", "v3", "v4", "v5", "v6"]);
    push(&world, &["v7"]);
    assert_eq!(
        drift(&world, &[]),
        ["copies-under-way: 7 of 7 tags are under way: v1, v2, v3, v4, v5 and 2 more"]
    );
    let _ = world.run(&["drift"]).exits(0).says("1 finding");
    world.emulator.advance(LATER);
    let missing = "copies-missing!: 6 of 7 tags are not there: v1, v2, v3, v4, v5 and 1 more; \
        `apply --backfill 'cn-north-4/team-a/web'` copies them";
    assert_eq!(drift(&world, &[]), [missing]);
    for format in FORMATS {
        let output = world.run(&["drift", "--format", format]).exits(2);
        let says = output.stdout.contains("6 of 7 tags are not there: v1");
        assert!(says || format == "diff", "{output}");
    }
    let text = world.run(&["drift"]).exits(2);
    assert!(
        text.stdout
            .starts_with("No changes, but 1 finding counts.\n"),
        "{text}"
    );
    let accepted =
        format!("{CHART}accept: [ {{ address: team-a/web, until: 2999-12-31, reason: new }} ]\n");
    world.chart(&accepted);
    let _ = world.run(&["drift"]).exits(0).says("1 accepted finding");
    // A plan does not compare.
    assert_eq!(found(&world.plan_json(&[])), [""; 0]);
}

#[test]
fn tags_that_are_gone_again_are_told_apart() {
    let world = world();
    push(&world, &["v1", "v2", "v3"]);
    world.emulator.advance(LATER);
    assert_eq!(drift(&world, &[]), [""; 0]);
    assert_eq!(world.emulator.delete_tags(EAST, "dr", "web", &["v2"]), 1);
    let removed = "copies-removed: 1 of 3 tags was copied and is gone again: v2; \
        `apply --backfill 'cn-north-4/team-a/web'` copies them again";
    assert_eq!(drift(&world, &[]), [removed]);
    let _ = world.run(&["drift"]).exits(0);
    let _ = world
        .run(&["drift", "--fail-on", "copies-removed"])
        .exits(2);
    // After thirty days nobody knows.
    world.emulator.advance(LATER * 24 * 31);
    let lines = drift(&world, &[]);
    assert!(lines[0].starts_with("copies-missing!: 1 of 3 tags is not there: v2;"));
}

#[test]
fn a_copy_that_fails_is_missing() {
    let world = world();
    world.inject(Fault::new(Effect::Job(JobEnding::Failed)));
    push(&world, &["v1"]);
    world.emulator.advance(LATER);
    push(&world, &["v2"]);
    world.emulator.advance(LATER);
    let lines = drift(&world, &[]);
    assert!(lines[0].starts_with("copies-missing!: 1 of 2 tags is not there: v1;"));
}

#[test]
fn what_is_read_depends_on_what_differs() {
    let world = world();
    push(&world, &["v1", "v2"]);
    world.emulator.advance(LATER);
    world.clear_journal();
    assert_eq!(drift(&world, &[]), [""; 0]);
    // The names of tags are in the lists.
    let journal = world.journal();
    assert!(!journal.iter().any(|entry| entry.path.ends_with("/tags")));
    assert_eq!(asked(&world, EAST), ["namespaces", "repos"]);
    world.emulator.delete_tags(EAST, "dr", "web", &["v2"]);
    world.clear_journal();
    let _ = drift(&world, &[]);
    let journal = world.journal();
    let at_home = |end: &str| {
        let here = journal.iter().filter(|entry| entry.region == NORTH);
        here.filter(|entry| entry.path.ends_with(end)).count()
    };
    assert_eq!((at_home("/tags"), at_home("/sync_job")), (1, 1));
    assert_eq!(asked(&world, EAST), ["namespaces", "repos"]);
}

#[test]
fn more_tags_than_a_list_names_are_read_from_their_own_list() {
    let assumptions = Assumptions {
        listed_tags: ListedTags::Hundred,
        ..Assumptions::default()
    };
    let settings = Settings {
        assumptions,
        ..Settings::default()
    };
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.chart(CHART);
    let world = applied(world);
    let names: Vec<String> = (1..=150).map(|number| format!("v{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    push(&world, &names);
    world.emulator.advance(LATER);
    assert_eq!(drift(&world, &[]), [""; 0]);
    world
        .emulator
        .delete_tags(EAST, "dr", "web", &["v1", "v150"]);
    world.clear_journal();
    let lines = drift(&world, &[]);
    // As many jobs are read as tell what was removed.
    let removed = "copies-removed: 2 of 150 tags were copied and then deleted there: v1, v150;";
    assert!(lines[0].starts_with(removed), "{lines:?}");
    let mut asked = asked(&world, EAST);
    asked.sort();
    assert_eq!(
        asked,
        ["namespaces", "namespaces/dr/repos/web/tags", "repos"]
    );
}

#[test]
fn targets_that_cannot_be_read_are_not_compared() {
    let world = world();
    push_uncopied(&world, &["v1"]);
    world.emulator.advance(LATER);
    let fault = Fault::new(Effect::forbidden()).path("/repos").region(EAST);
    world.inject(fault.forever());
    let output = world.run(&["drift"]).exits(0);
    let _ = output
        .warns("warning[copies-not-compared]")
        .warns("organization cn-east-3/dr")
        .warns("403");
}

#[test]
fn a_target_that_does_not_answer_is_not_waited_for_long() {
    let world = world();
    push_uncopied(&world, &["v1"]);
    world.emulator.advance(LATER);
    let slow = "delay=60s,route=list-repositories,region=cn-east-3,times=all";
    world.inject(slow.parse().unwrap());
    let began = std::time::Instant::now();
    let _ = world
        .run(&["drift"])
        .exits(0)
        .warns("warning[copies-not-compared]")
        .warns("no answer within 5 seconds");
    assert!(began.elapsed() < Duration::from_secs(40));
}

#[test]
fn tags_that_a_retention_at_the_target_collects_are_left_out() {
    let world = world();
    let east = "---\nversion: 1\nregion: cn-east-3\norganizations:\n  dr:\n    repositories:\n      \
        web: { retention: { keep_tags: 2 } }\n";
    world.chart(&format!("{CHART}{east}"));
    push(&world, &["v1", "v2", "v3", "v4"]);
    world.emulator.advance(LATER);
    let _ = world.try_apply(&["--allow", "collects"]).exits(0);
    assert_eq!(drift(&world, &[]), [""; 0]);
    world.emulator.delete_tags(EAST, "dr", "web", &["v4"]);
    let lines = drift(&world, &[]);
    let one = "copies-removed: 1 of 4 tags was copied and is gone again: v4;";
    assert!(lines[0].starts_with(one), "{lines:?}");
}
