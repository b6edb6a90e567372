//! Jobs that were there before: what they say of tags that the target lacks.

use std::time::Duration;

use portolan::emulator::{Job, Settings, SyncRule, Tag};

use super::{EAST, at_source, fault, many_at_source, sent, settings, world, world_with};
use crate::support::NORTH;

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
