//! Writes without an answer: a write that was carried out is not repeated, and one that was not is.

use portolan::emulator::{Effect, Entry, Fault, SyncRule};
use serde_json::json;

use crate::support::{NORTH, QUICKSTART, World};

/// One kind of write: a world in which it is the only thing to do.
struct Case {
    method: &'static str,
    path: &'static str,
    world: fn() -> World,
}

const CASES: [Case; 6] = [
    Case {
        method: "POST",
        path: "/namespaces",
        world: || World::of(ORGANIZATION),
    },
    Case {
        method: "POST",
        path: "/repos",
        world: || with(QUICKSTART, std::collections::BTreeMap::clear),
    },
    Case {
        method: "PATCH",
        path: "/busybox",
        world: || with(&QUICKSTART.replace("linux", "arm"), |_| {}),
    },
    Case {
        method: "POST",
        path: "/sync_repo",
        world: || {
            with(QUICKSTART, |all| {
                all.get_mut("busybox").unwrap().sync_rules.clear();
            })
        },
    },
    Case {
        method: "DELETE",
        path: "/sync_repo",
        world: || with(&without_rules(), |_| {}),
    },
    Case {
        method: "DELETE",
        path: "/old",
        world: || with(&format!("{QUICKSTART}\n{OLD}"), |_| {}),
    },
];

const ORGANIZATION: &str = "version: 1\nregion: cn-north-4\norganizations: { group: {} }\n";
const OLD: &str = "      old: { state: absent }\n";

type Repositories = std::collections::BTreeMap<String, portolan::emulator::Repository>;

fn without_rules() -> String {
    let end = QUICKSTART.find("        sync:").unwrap();
    format!("{}        sync: []\n", &QUICKSTART[..end])
}

/// The quickstart as it is after an apply, and a repository `old`, but for a change.
fn with(chart: &str, change: impl FnOnce(&mut Repositories)) -> World {
    let world = World::of(chart);
    world.edit(|state| {
        let busybox = state.ensure_repository(NORTH, "group", "busybox");
        busybox.is_public = true;
        busybox.category = "linux".to_owned();
        busybox.description = "this is a busybox repository".to_owned();
        busybox.sync_rules.push(SyncRule {
            overrides: true,
            ..SyncRule::to("cn-north-208", "sdsad")
        });
        state.ensure_repository(NORTH, "group", "old");
        change(&mut state.organization_mut(NORTH, "group").unwrap().repositories);
    });
    world
}

/// The final state and the writes of an undisturbed apply.
fn clean(case: &Case) -> (Vec<String>, Vec<String>) {
    let world = (case.world)();
    let _ = world.apply(&[]);
    (world.state(), world.writes())
}

fn fault(case: &Case, effect: Effect) -> Fault {
    Fault::new(effect).method(case.method).path(case.path)
}

fn effects_after() -> [Effect; 4] {
    [
        Effect::CutAfter,
        Effect::Truncate(1),
        Effect::html_502().after_commit(),
        Effect::internal().after_commit(),
    ]
}

#[test]
fn a_write_whose_answer_is_lost_is_not_repeated() {
    for case in &CASES {
        let (state, writes) = clean(case);
        for effect in effects_after() {
            let world = (case.world)();
            world.inject(fault(case, effect.clone()));
            let _ = world.apply(&[]);
            let what = format!("{} {} {effect:?}", case.method, case.path);
            assert_eq!(world.writes(), writes, "{what}");
            assert_eq!(world.state(), state, "{what}");
        }
    }
}

#[test]
fn a_write_that_did_not_arrive_is_repeated() {
    for case in &CASES {
        let (state, writes) = clean(case);
        for effect in [Effect::CutBefore, Effect::html_502(), Effect::internal()] {
            let world = (case.world)();
            world.inject(fault(case, effect.clone()));
            let _ = world.apply(&[]);
            let what = format!("{} {} {effect:?}", case.method, case.path);
            assert_eq!(world.writes().len(), writes.len() + 1, "{what}");
            assert_eq!(world.state(), state, "{what}");
        }
    }
}

#[test]
fn a_throttled_write_is_retried_after_a_new_check() {
    for case in &CASES {
        let (state, writes) = clean(case);
        let world = (case.world)();
        world.inject(fault(case, Effect::throttled(Some(0))).times(3));
        let _ = world.apply(&[]);
        let what = format!("{} {}", case.method, case.path);
        assert_eq!(
            (world.writes().len(), world.state()),
            (writes.len() + 3, state),
            "{what}"
        );
        let journal = world.journal();
        let is_try = |entry: &Entry| entry.method == case.method && entry.path.contains(case.path);
        let tries: Vec<usize> = (0..journal.len())
            .filter(|at| is_try(&journal[*at]))
            .collect();
        for pair in tries.windows(2).take(3) {
            assert_eq!(journal[pair[1] - 1].method, "GET", "{what}: {journal:#?}");
        }
    }
}

#[test]
fn a_lost_write_whose_check_fails_has_an_unknown_outcome() {
    let world = World::of(ORGANIZATION);
    world.inject(Fault::new(Effect::CutAfter).method("POST"));
    world.inject(
        Fault::new(Effect::forbidden())
            .method("GET")
            .path("/namespaces/group")
            .skip(1)
            .forever(),
    );
    let report = world.try_apply(&["--format", "json"]).exits(1).json();
    assert!(
        report["failed"][0]["message"]
            .as_str()
            .unwrap()
            .contains("outcome is unknown"),
        "{report}"
    );
    assert_eq!(report["failed"][0]["restored"], json!(false));
    assert_eq!(world.writes().len(), 1);
}

#[test]
fn a_write_that_always_fails_is_given_up() {
    let world = World::of(ORGANIZATION);
    world.inject(Fault::new(Effect::internal()).method("POST").forever());
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("SVCSTG.SWR.5001101")
        .says("1 failed.");
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn each_half_of_a_replacement_may_lose_its_answer() {
    for (method, effect) in [
        ("DELETE", Effect::CutAfter),
        ("POST", Effect::CutAfter),
        ("DELETE", Effect::CutBefore),
    ] {
        let world = with(
            &QUICKSTART.replace("override: true", "override: false"),
            |_| {},
        );
        world.inject(Fault::new(effect.clone()).method(method).path("sync_repo"));
        let _ = world.apply(&[]);
        let repeated = usize::from(matches!(effect, Effect::CutBefore));
        assert_eq!(world.writes().len(), 2 + repeated, "{method} {effect:?}");
    }
}

#[test]
fn an_unknown_path_of_the_gateway_does_not_mean_absent() {
    let world = World::of(ORGANIZATION);
    world.inject(
        Fault::new(Effect::gateway_not_found())
            .method("GET")
            .path("/namespaces/group"),
    );
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("could not be checked: 404 APIGW.0101");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_unknown_path_of_the_gateway_does_not_mean_deleted() {
    let world = with(&format!("{QUICKSTART}\n{OLD}"), |_| {});
    world.inject(Fault::new(Effect::gateway_not_found()).method("DELETE"));
    let _ = world.try_apply(&[]).exits(1).says("failed: 404 APIGW.0101");
    assert!(world.state().iter().any(|line| line.contains("group/old")));
}

#[test]
fn a_missing_resource_counts_as_deleted() {
    for (path, chart) in [
        ("/old", format!("{QUICKSTART}\n{OLD}")),
        ("/sync_repo", without_rules()),
    ] {
        let world = with(&chart, |_| {});
        // The first request deletes it, and its answer is lost to a gateway that asks for a retry.
        // The check before the retry finds nothing left to do.
        world.inject(
            Fault::new(Effect::throttled(Some(0)).after_commit())
                .method("DELETE")
                .path(path),
        );
        let _ = world.apply(&[]);
        assert_eq!(world.writes().len(), 1, "{path}");
    }
}
