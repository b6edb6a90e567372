//! What is copied: by policy, on demand, and from a saved plan.

use std::time::Duration;

use portolan::emulator::{SyncRule, Tag};
use serde_json::json;

use super::{EAST, OLD, add, arrived, at_source, fault, many_at_source, names, sent, world};
use crate::support::NORTH;

#[test]
fn a_new_rule_is_copied_for_first_and_created_then() {
    let world = world(false, ", backfill: on-create");
    at_source(&world, &["v1", "v2"]);
    add(
        &world,
        (NORTH, "team-a"),
        &["young"],
        &world.emulator.now().to_string(),
    );
    let _ = world
        .plan(&[])
        .exits(0)
        .says("+ sync_rule cn-north-4/team-a/web -> cn-east-3/dr")
        .says("> run: the rule is new, 3 of 3 tags missing: v1, v2, young");
    let report = world.apply(&["--format", "json"]).json();
    assert_eq!(names(&world), ["v1", "v2", "young"]);
    let writes = world.writes();
    assert_eq!(writes.len(), 2, "{writes:?}");
    assert!(
        writes[0].ends_with("sync_images") && writes[1].ends_with("sync_repo"),
        "{writes:?}"
    );
    let applied = &report["applied"][0];
    assert_eq!(applied["actions"], json!(["create", "run"]));
    assert_eq!(applied["tags"]["copied"], json!(["v1", "v2", "young"]));
    assert_eq!(applied["verified"], json!(true));
    assert_eq!(
        report["plan"]["changes"][0]["after"]["tags"],
        json!(["v1", "v2", "young"])
    );
    assert_eq!(report["outcome"], "complete");
}

#[test]
fn what_is_missing_is_copied_in_batches_and_nothing_is_overwritten() {
    let world = world(true, ", backfill: missing");
    let all = many_at_source(&world, 120);
    add(&world, (EAST, "dr"), &["v007"], OLD);
    let before = arrived(&world)["v007"].clone();
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("> sync_rule cn-north-4/team-a/web -> cn-east-3/dr")
        .says("119 of 120 tags missing: v000, ")
        .says("and 99 more");
    let _ = world.apply(&["--receipt", "receipt.json", "--events", "events.jsonl"]);
    assert_eq!(names(&world), all);
    assert_eq!(arrived(&world)["v007"], before);
    let sizes: Vec<usize> = sent(&world).iter().map(Vec::len).collect();
    assert_eq!(sizes, [50, 50, 19]);
    for body in world.bodies() {
        assert_eq!(body["override"], json!(false));
    }
    let receipt = world.json("receipt.json");
    assert_eq!(
        receipt["changes"][0]["tags"]["copied"]
            .as_array()
            .unwrap()
            .len(),
        119
    );
    assert_eq!(receipt["resources"]["run"], 1);
}

#[test]
fn the_command_line_copies_whatever_the_chart_says() {
    for policy in ["", ", backfill: never", ", backfill: on-create"] {
        let world = world(true, policy);
        at_source(&world, &["v1"]);
        world.is_settled();
        let _ = world
            .plan(&["--backfill", "team-a/web", "--detailed-exitcode"])
            .exits(2)
            .says("1 of 1 tag missing: v1");
        let _ = world.apply(&["--backfill", "cn-north-4/team-a"]);
        assert_eq!(names(&world), ["v1"], "{policy}");
        let _ = world
            .plan(&["--backfill", "team-a", "--detailed-exitcode"])
            .exits(0);
    }
}

#[test]
fn a_pattern_that_covers_no_rule_is_an_error() {
    let world = world(true, "");
    at_source(&world, &["v1"]);
    let _ = world
        .try_apply(&["--backfill", "team-b"])
        .exits(1)
        .warns("`--backfill 'team-b'` covers no rule of the chart");
    assert_eq!(world.writes(), [] as [&str; 0]);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let _ = world
        .run(&["apply", "plan.json", "--backfill", "team-a"])
        .exits(64);
}

#[test]
fn a_saved_plan_copies_exactly_its_tags() {
    let world = world(true, ", backfill: missing");
    at_source(&world, &["v1", "v2", "v3"]);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    // One arrives meanwhile, one is deleted, and one is new.
    add(&world, (EAST, "dr"), &["v1"], OLD);
    at_source(&world, &["v4"]);
    assert_eq!(
        world.emulator.delete_tags(NORTH, "team-a", "web", &["v2"]),
        1
    );
    let apply = || {
        let world = world.leaves_work("v4 was pushed after the plan was saved");
        world.run(&["apply", "plan.json"]).exits(0)
    };
    let _ = apply().says("1 tag gone at the source: v2");
    assert_eq!(sent(&world), [["v3"]]);
    assert_eq!(names(&world), ["v1", "v3"]);
    let _ = apply();
    assert_eq!(sent(&world).len(), 1, "it sent something again");
    let _ = world.apply(&[]);
}

#[test]
fn a_rule_that_is_replaced_is_copied_for() {
    let world = world(true, ", backfill: on-create");
    at_source(&world, &["v1"]);
    world.edit(|state| {
        let web = state.repository_mut(NORTH, "team-a", "web").unwrap();
        web.sync_rules[0].overrides = true;
    });
    let _ = world
        .plan(&[])
        .says("-/+ sync_rule")
        .says("the rule is replaced, 1 of 1 tag missing: v1");
    let _ = world.apply(&[]);
    assert_eq!(names(&world), ["v1"]);
}

#[test]
fn what_is_pushed_before_the_creation_is_sent_once_more() {
    let world = world(false, ", backfill: on-create");
    at_source(&world, &["v1"]);
    world.inject(fault(
        "stranger=push-tag cn-north-4/team-a/web:late,route=create-rule",
    ));
    let report = world.apply(&["--format", "json"]).json();
    assert_eq!(names(&world), ["late", "v1"]);
    assert_eq!(report["applied"][0]["tags"]["added"], json!(["late"]));
}

#[test]
fn a_copy_that_was_removed_is_left_alone_until_it_is_asked_for() {
    let world = world(true, ", backfill: missing");
    assert!(
        world
            .emulator
            .push_tags(NORTH, "team-a", "web", [Tag::named("v1")])
    );
    world.emulator.advance(Duration::from_secs(3600));
    world.is_settled();
    assert_eq!(world.emulator.delete_tags(EAST, "dr", "web", &["v1"]), 1);
    world.is_settled();
    let _ = world.apply(&["--backfill", "team-a/web"]);
    assert_eq!(names(&world), ["v1"]);
}

#[test]
fn a_young_tag_whose_job_failed_is_copied_on_demand() {
    let world = world(true, "");
    world.inject(fault("job=failed"));
    let tags = [Tag::named("v1"), Tag::named("v2")];
    assert!(world.emulator.push_tags(NORTH, "team-a", "web", tags));
    world.emulator.advance(Duration::from_secs(60));
    assert_eq!(names(&world), ["v2"]);
    let _ = world
        .plan(&["--backfill", "team-a/web"])
        .says("1 of 2 tags missing: v1");
    let _ = world.apply(&["--backfill", "team-a/web"]);
    assert_eq!(names(&world), ["v1", "v2"]);
}

#[test]
fn a_rule_that_somebody_else_made_is_not_counted_as_added() {
    let world = world(false, ", backfill: on-create");
    at_source(&world, &["v1"]);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    world.edit(|state| {
        let web = state.repository_mut(NORTH, "team-a", "web").unwrap();
        web.sync_rules.push(SyncRule::to(EAST, "dr"));
    });
    let _ = world
        .run(&["apply", "plan.json", "--receipt", "receipt.json"])
        .exits(0)
        .says("0 added");
    assert_eq!(world.writes().len(), 1);
    let counts = &world.json("receipt.json")["resources"];
    assert_eq!((&counts["added"], &counts["run"]), (&json!(0), &json!(1)));
}
