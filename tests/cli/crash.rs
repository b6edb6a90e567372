//! Apply is killed at every write and run again: no write is repeated, and the final state is that
//! of an undisturbed apply.

use std::collections::BTreeSet;

use portolan::emulator::{Effect, Fault, SyncRule};

use crate::support::{NORTH, World, wait_until};

/// Creates, updates, replaces and deletes, in two regions.
const CHART: &str = "\
version: 1
region: cn-north-4
targets:
  dr: { region: cn-east-3, organization: team-dr }
organizations:
  team-a:
    repositories:
      web/front: { sync: [ { target: dr } ] }
      api: { category: lang, sync: [ { target: dr, override: true } ] }
      old: { state: absent }
      plain: { sync: [] }
  team-b:
    repositories:
      new: { sync: [ { target: dr } ] }
  team-c: { state: absent, repositories: { gone: { state: absent } } }
---
version: 1
region: cn-east-3
organizations:
  team-dr: { repositories: { new: { description: the copy } } }
";

/// Consent to everything that the chart deletes.
const APPLY: [&str; 4] = ["apply", "--yes", "--allow", "deletes=4"];

fn world() -> World {
    let world = World::of(CHART);
    world.edit(|state| {
        for name in ["api", "old", "plain"] {
            state
                .ensure_repository(NORTH, "team-a", name)
                .sync_rules
                .push(SyncRule::to("cn-east-3", "team-dr"));
        }
        state.ensure_repository(NORTH, "team-c", "gone");
    });
    world
}

/// Method and object of each write, with the bodies of rules, since rules share a path.
fn done(world: &World) -> Vec<String> {
    let writes = world
        .journal()
        .into_iter()
        .filter(|entry| entry.method != "GET");
    // The request of a killed program may or may not have been carried out; the fault decides.
    let effective = writes.filter(|entry| entry.status.is_none_or(|status| status < 300));
    effective
        .map(|entry| {
            format!(
                "{} {} {} {}",
                entry.method,
                entry.region,
                entry.path,
                entry.body.unwrap_or_default()
            )
        })
        .collect()
}

/// The final state and the writes of an undisturbed apply.
fn undisturbed() -> (Vec<String>, Vec<String>) {
    let world = world();
    let _ = world.run(&APPLY).exits(0);
    world.is_settled();
    (world.state(), done(&world))
}

fn writes(world: &World) -> usize {
    world
        .journal()
        .iter()
        .filter(|entry| entry.method != "GET")
        .count()
}

fn write_fault(effect: &Effect, method: &str, skip: usize) -> Fault {
    Fault::new(effect.clone()).method(method).skip(skip)
}

/// Kills a run that waits for the answer to one write, and lets another one finish the job.
fn killed_at(effect: &Effect, method: &str, number: usize) -> World {
    let world = world();
    world.inject(write_fault(effect, method, number));
    let running = world.spawn(&APPLY);
    let struck = |world: &World| world.journal().iter().any(|entry| entry.fault);
    wait_until("a write hangs", || struck(&world));
    running.kill();
    // All other requests in flight are answered by now, or were never received.
    let mut seen = 0;
    wait_until("nothing arrives any more", || {
        std::mem::replace(&mut seen, writes(&world)) == writes(&world)
    });
    let _ = world.run(&APPLY).exits(0);
    world.is_settled();
    world
}

/// Every write of an undisturbed apply happens, none twice, and no others.
#[track_caller]
fn is_complete(world: &World, effect: &Effect, expected: &(Vec<String>, Vec<String>), what: &str) {
    assert_eq!(world.state(), expected.0, "{what}");
    let mut done = done(world);
    if matches!(effect, Effect::HangBefore) {
        // The write that hung had no effect: its second sending is the first that counts.
        let hung = world
            .journal()
            .into_iter()
            .find(|entry| entry.fault)
            .unwrap();
        let hung = format!(
            "{} {} {} {}",
            hung.method,
            hung.region,
            hung.path,
            hung.body.unwrap_or_default()
        );
        let position = done.iter().position(|write| *write == hung).unwrap();
        done.remove(position);
    }
    let unique: BTreeSet<&String> = done.iter().collect();
    assert_eq!(
        unique.len(),
        done.len(),
        "{what}: something was done twice: {done:#?}"
    );
    assert_eq!(unique, expected.1.iter().collect(), "{what}");
}

fn killed_everywhere(effect: &Effect) {
    let expected = undisturbed();
    for method in ["POST", "PATCH", "DELETE"] {
        let number = expected
            .1
            .iter()
            .filter(|write| write.starts_with(method))
            .count();
        assert!(number > 0, "the chart has no {method}");
        for write in 0..number {
            let world = killed_at(effect, method, write);
            is_complete(
                &world,
                effect,
                &expected,
                &format!("{effect:?} at {method} {write}"),
            );
        }
    }
}

#[test]
fn killed_after_a_write_was_done() {
    killed_everywhere(&Effect::HangAfter);
}

#[test]
fn killed_before_a_write_was_done() {
    killed_everywhere(&Effect::HangBefore);
}

#[test]
fn killed_while_reading_nothing_has_happened() {
    let world = world();
    world.inject(
        Fault::new(Effect::HangAfter)
            .method("GET")
            .path("sync_repo"),
    );
    let running = world.spawn(&APPLY);
    wait_until("a read hangs", || {
        world.journal().iter().any(|entry| entry.fault)
    });
    running.kill();
    assert_eq!(world.writes(), [""; 0]);
    let _ = world.run(&APPLY).exits(0);
    world.is_settled();
}
