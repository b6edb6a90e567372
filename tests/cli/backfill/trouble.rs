//! Answers that are lost, refused or missing while a rule runs.

use std::time::Duration;

use super::{at_source, fault, names, sent, world};
use crate::support::NORTH;

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
