//! Runs are followed: in batches, with or without waiting, to the end or to the limit.

use std::time::Duration;

use serde_json::json;

use super::{EAST, at_source, fault, many_at_source, names, sent, settings, world, world_with};
use crate::support::{NORTH, World};

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
fn a_long_run_says_from_time_to_time_how_far_it_is() {
    let world = world(true, ", backfill: missing");
    let _ = many_at_source(&world, 60);
    // A line needs ten seconds since the last one.
    world.inject(fault("delay=11s,route=list-jobs,skip=2"));
    let _ = world.apply(&[]).warns("copying: 50 of 60");
}
