//! Runs of rules: what existed before a rule is copied, by policy or on demand. The jobs of these
//! worlds end at once, unless a test stops the clock.

use std::{collections::BTreeMap, time::Duration};

use portolan::emulator::{Fault, Job, Settings, SyncRule, Tag};
use serde_json::{Value, json};

use crate::support::{AK, NORTH, SK, World};

const EAST: &str = "cn-east-3";
const OLD: &str = "2026-01-01T00:00:00Z";

fn settings() -> Settings {
    Settings {
        job_delay: Duration::ZERO,
        job_duration: Duration::ZERO,
        ..Settings::default()
    }
}

fn world_with(settings: Settings, rule: bool, backfill: &str) -> World {
    let world = World::with(settings)
        .variable("HUAWEICLOUD_SDK_AK", AK)
        .variable("HUAWEICLOUD_SDK_SK", SK);
    world.edit(|state| {
        state.ensure_organization(EAST, "dr");
        let web = state.ensure_repository(NORTH, "team-a", "web");
        if rule {
            web.sync_rules.push(SyncRule::to(EAST, "dr"));
        }
    });
    write(&world, backfill);
    world
}

/// The repository `team-a/web`, maybe with its rule, and a chart with that policy.
fn world(rule: bool, backfill: &str) -> World {
    world_with(settings(), rule, backfill)
}

fn write(world: &World, backfill: &str) {
    world.chart(&format!(
        "version: 1\nregion: {NORTH}\ntargets:\n  dr: {{ region: {EAST}, organization: dr }}\n\
        organizations:\n  team-a:\n    repositories:\n      web:\n        sync: [ {{ target: dr, \
        override: false{backfill} }} ]\n"
    ));
}

/// Adds tags without a push, so that no rule copies them.
fn add(world: &World, place: (&str, &str), names: &[&str], pushed: &str) {
    world.edit(|state| {
        let web = state.ensure_repository(place.0, place.1, "web");
        for name in names {
            web.tags.push(Tag {
                pushed: pushed.to_owned(),
                digest: format!("sha256:{:0>64}", place.1.len()),
                ..Tag::named(name)
            });
        }
        web.num_images = web.tags.len() as u64;
    });
}

fn at_source(world: &World, names: &[&str]) {
    add(world, (NORTH, "team-a"), names, OLD);
}

/// Adds that many old tags.
fn many_at_source(world: &World, number: usize) -> Vec<String> {
    let names: Vec<String> = (0..number).map(|number| format!("v{number:03}")).collect();
    at_source(world, &names.iter().map(String::as_str).collect::<Vec<_>>());
    names
}

/// Names and digests at the target.
fn arrived(world: &World) -> BTreeMap<String, String> {
    world.edit(|state| {
        let web = state.repository(EAST, "dr", "web");
        let tags = web.into_iter().flat_map(|web| &web.tags);
        tags.map(|tag| (tag.name.clone(), tag.digest.clone()))
            .collect()
    })
}

fn names(world: &World) -> Vec<String> {
    arrived(world).into_keys().collect()
}

/// The tags of each request to copy.
fn sent(world: &World) -> Vec<Vec<String>> {
    let copies = world.journal().into_iter();
    let copies = copies.filter(|entry| entry.path.ends_with("/sync_images"));
    let tags = |body: Option<Value>| serde_json::from_value(body.unwrap()["imageTag"].clone());
    copies.map(|entry| tags(entry.body).unwrap()).collect()
}

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

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
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("1 tag gone at the source: v2");
    assert_eq!(sent(&world), [["v3"]]);
    assert_eq!(names(&world), ["v1", "v3"]);
    // Once more: nothing is sent.
    let _ = world.run(&["apply", "plan.json"]).exits(0);
    assert_eq!(sent(&world).len(), 1);
    let _ = world.apply(&[]);
}

#[test]
fn jobs_that_fail_are_reported_with_their_status() {
    for (ending, word) in [
        ("failed", "failed"),
        ("timeout", "timeout"),
        ("cancel", "cancel"),
    ] {
        let world = world(true, ", backfill: missing");
        at_source(&world, &["v1", "v2"]);
        world.inject(fault(&format!("job={ending}")));
        let output = world.try_apply(&["--format", "json"]).exits(1).json();
        let failed = &output["failed"][0];
        let problem = format!("job {word}");
        assert_eq!(
            failed["tags"]["failed"],
            json!([{ "tag": "v1", "problem": problem }])
        );
        assert_eq!(failed["tags"]["copied"], json!(["v2"]));
        let message = failed["message"].as_str().unwrap();
        assert_eq!(
            message,
            format!("1 of 2 tags was not copied: {problem}: v1")
        );
        assert!(
            failed["hint"]
                .as_str()
                .unwrap()
                .contains("apply --backfill 'cn-north-4/team-a/web'")
        );
        let _ = world.apply(&[]);
        assert_eq!(names(&world), ["v1", "v2"]);
    }
}

#[test]
fn a_missing_organization_is_found_by_what_does_not_happen() {
    let world = world(true, ", backfill: missing");
    at_source(&world, &["v1"]);
    world.edit(|state| {
        let regions = state.regions.get_mut(EAST).unwrap();
        regions.organizations.remove("dr");
    });
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("1 of 1 tag was not copied: accepted, but no job started: v1")
        .says("organization cn-east-3/dr may be missing");
    world.edit(|state| {
        let _ = state.ensure_organization(EAST, "dr");
    });
    let _ = world.apply(&[]);
}

#[test]
fn a_job_that_never_ends_is_not_waited_for_longer_than_asked() {
    let world = world(true, ", backfill: missing");
    at_source(&world, &["v1"]);
    world.inject(fault("job=hang"));
    let output = world
        .try_apply(&["--wait", "1s", "--format", "json"])
        .exits(1)
        .json();
    let applied = &output["applied"][0];
    assert_eq!(
        (&applied["verified"], &applied["tags"]["in_progress"]),
        (&json!(false), &json!(["v1"]))
    );
    // It is followed, and not sent again.
    let _ = world.try_apply(&["--wait", "1s"]).exits(1);
    assert_eq!(sent(&world), [["v1"]]);
    // Until it is so old that it hangs.
    world.emulator.advance(Duration::from_secs(7 * 60 * 60));
    let _ = world.apply(&[]);
    assert_eq!(names(&world), ["v1"]);
}

#[test]
fn without_waiting_each_apply_starts_one_batch() {
    let world = world(false, ", backfill: on-create");
    let all = many_at_source(&world, 60);
    let report = world
        .try_apply(&["--no-wait", "--format", "json"])
        .exits(0)
        .json();
    assert_eq!(
        report["applied"][0]["tags"]["not_sent"]
            .as_array()
            .unwrap()
            .len(),
        10
    );
    let rules = |world: &World| {
        world.edit(|state| {
            state
                .repository(NORTH, "team-a", "web")
                .unwrap()
                .sync_rules
                .len()
        })
    };
    assert_eq!((rules(&world), sent(&world).len()), (0, 1));
    let _ = world.try_apply(&["--no-wait"]).exits(0);
    assert_eq!((rules(&world), sent(&world).len()), (1, 2));
    assert_eq!(names(&world), all);
    world.is_settled();
}

#[test]
fn a_lost_answer_is_decided_by_reading() {
    for (effect, requests) in [("cut-before", 2), ("cut-after", 1), ("status=502", 2)] {
        let world = world(true, ", backfill: missing");
        at_source(&world, &["v1", "v2"]);
        world.inject(fault(&format!("{effect},route=copy-tags")));
        let _ = world.apply(&[]);
        assert_eq!(sent(&world).len(), requests, "{effect}");
        let jobs = world.edit(|state| state.repository(NORTH, "team-a", "web").unwrap().jobs.len());
        assert_eq!(jobs, 2, "{effect}");
    }
}

#[test]
fn a_refusal_fails_and_says_why() {
    let world = world(true, ", backfill: missing");
    at_source(&world, &["v1"]);
    world.inject(fault("status=403,route=copy-tags,times=all"));
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("1 of 1 tag was not copied: 403");
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn a_service_that_wants_the_rule_first_gets_it_first() {
    let mut settings = settings();
    settings
        .assumptions
        .set("sync-images-rule=required")
        .unwrap();
    let world = world_with(settings, false, ", backfill: on-create");
    at_source(&world, &["v1", "v2"]);
    let _ = world.apply(&[]);
    assert_eq!(names(&world), ["v1", "v2"]);
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
fn a_creation_that_is_refused_leaves_the_copies() {
    let world = world(false, ", backfill: on-create");
    at_source(&world, &["v1"]);
    world.inject(fault("status=403,route=create-rule"));
    let _ = world.try_apply(&[]).exits(1).says("1 tag copied, but ");
    assert_eq!(names(&world), ["v1"]);
    // The rule is all that is left.
    let _ = world.plan(&[]).says("+ sync_rule").exits(0);
    let _ = world.apply(&[]);
    assert_eq!(sent(&world).len(), 1);
}

#[test]
fn an_unreadable_target_makes_the_outcome_unknown_where_it_is_needed() {
    for (policy, code) in [
        (", backfill: missing", 1),
        (", backfill: on-create", 0),
        ("", 0),
    ] {
        let world = world(true, policy);
        at_source(&world, &["v1"]);
        world.inject(fault("status=403,region=cn-east-3,times=all"));
        let output = world.plan(&["--format", "json"]).exits(code);
        assert_eq!(output.json()["outcome"] == "unknown", code == 1, "{policy}");
    }
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
fn an_interrupted_apply_is_finished_by_the_next() {
    let world = world(false, ", backfill: on-create");
    let all = many_at_source(&world, 60);
    world.inject(fault("delay=5s,route=list-jobs,skip=2"));
    let running = world.spawn(&["apply", "--yes"]);
    crate::support::wait_until("the first batch is sent", || world.writes().len() == 1);
    running.kill();
    assert_eq!(world.writes().len(), 1);
    let _ = world.apply(&[]);
    assert_eq!(names(&world), all);
    let mut sent = sent(&world).concat();
    sent.sort();
    assert_eq!(sent, all, "something was sent twice");
}

#[test]
fn what_is_being_copied_is_found_behind_a_hundred_newer_jobs() {
    let slow = Settings {
        job_duration: Duration::from_secs(3600),
        ..settings()
    };
    let world = world_with(slow, false, "");
    let _ = many_at_source(&world, 50);
    let mut rules = String::new();
    for organization in ["a", "b", "c"] {
        world.edit(|state| {
            state.ensure_organization(EAST, organization);
            let web = state.repository_mut(NORTH, "team-a", "web").unwrap();
            web.sync_rules.push(SyncRule::to(EAST, organization));
        });
        rules.push_str(&format!(
            "{{ target_region: {EAST}, target_organization: {organization}, override: false, \
            backfill: missing }}, "
        ));
    }
    world.chart(&format!(
        "version: 1\nregion: {NORTH}\norganizations:\n  team-a:\n    repositories:\n      web: {{ \
        sync: [ {rules} ] }}\n"
    ));
    for _ in 0..2 {
        let _ = world.try_apply(&["--no-wait"]).exits(0);
        assert_eq!(sent(&world).len(), 3);
    }
    let jobs = world.edit(|state| state.repository(NORTH, "team-a", "web").unwrap().jobs.len());
    assert_eq!(jobs, 150);
}

#[test]
fn a_removed_copy_is_remembered_behind_a_hundred_newer_jobs() {
    let world = world(true, ", backfill: missing");
    at_source(&world, &["v1"]);
    let now = world.emulator.now().to_string();
    world.edit(|state| {
        let web = state.repository_mut(NORTH, "team-a", "web").unwrap();
        let others = (0..150).map(|number| format!("other{number}"));
        let tags = std::iter::once("v1".to_owned()).chain(others);
        web.jobs = (1..)
            .zip(tags)
            .map(|(id, tag)| Job {
                id,
                created: now.clone(),
                updated: now.clone(),
                ..Job::to(&tag, EAST, "dr")
            })
            .collect();
    });
    world.is_settled();
    let removed = "1 of 1 tag was copied and is gone again: v1";
    let _ = world.run(&["drift"]).exits(0).says(removed);
    let _ = world.run(&["drift", "--jobs"]).exits(0).says(removed);
}

#[test]
fn unreadable_jobs_do_not_turn_what_was_removed_into_what_is_missing() {
    let removed = |policy: &str| {
        let world = world(true, policy);
        let tags = [Tag::named("v1")];
        assert!(world.emulator.push_tags(NORTH, "team-a", "web", tags));
        world.emulator.advance(Duration::from_secs(3600));
        assert_eq!(world.emulator.delete_tags(EAST, "dr", "web", &["v1"]), 1);
        world.inject(fault("status=403,route=list-jobs,times=all"));
        world
    };
    let warning = "warning[jobs-not-read]: the sync jobs of repository cn-north-4/team-a/web";
    let world = removed(", backfill: missing");
    let output = world.plan(&["--format", "json"]).exits(1);
    assert_eq!(output.json()["outcome"], "unknown");
    let _ = world.plan(&[]).exits(1).warns(warning);
    let _ = world.try_apply(&[]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
    // Who asks for all of it needs no jobs to plan.
    let _ = world
        .plan(&["--backfill", "team-a/web"])
        .exits(0)
        .says("1 of 1 tag missing: v1");
    // For findings alone it is a warning.
    let _ = removed("").run(&["drift"]).exits(2).warns(warning);
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
fn a_creation_whose_copies_are_open_says_how_to_go_on() {
    let world = world(false, ", backfill: on-create");
    at_source(&world, &["v1", "v2"]);
    world.inject(fault("job=hang"));
    let command = "`portolan apply --backfill 'cn-north-4/team-a/web'`";
    let _ = world
        .try_apply(&["--wait", "1s"])
        .exits(1)
        .says("run, outcome unknown: 1 of 2 tags not there yet: v1")
        .says("hint: the rule is there now")
        .says(&format!("To continue, run {command}."));
    // An apply alone has nothing to do.
    world.is_settled();
    world.emulator.advance(Duration::from_secs(7 * 60 * 60));
    let _ = world.apply(&["--backfill", "cn-north-4/team-a/web"]);
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

#[test]
fn a_long_run_says_from_time_to_time_how_far_it_is() {
    let world = world(true, ", backfill: missing");
    let _ = many_at_source(&world, 60);
    // A line needs ten seconds since the last one.
    world.inject(fault("delay=11s,route=list-jobs,skip=2"));
    let _ = world.apply(&[]).warns("copying: 50 of 60");
}
