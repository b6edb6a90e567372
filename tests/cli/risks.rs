//! Changes that need consent, and changes that are never made.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{NORTH, World};

const HEAD: &str = "version: 1\nregion: cn-north-4\n\
    organizations:\n  team-a:\n    repositories:\n      kept: {}\n";

/// Three repositories: `kept`, and `a` and `b` with 2 and 5 images; the chart adds these lines to
/// the entries.
fn world(entries: &str) -> World {
    let world = World::of(&format!("{HEAD}{entries}"));
    world.edit(|state| {
        for (name, images) in [("kept", 0), ("a", 2), ("b", 5)] {
            state.ensure_repository(NORTH, "team-a", name).num_images = images;
        }
    });
    world
}

const BOTH_GO: &str = "      a: { state: absent }\n      b: { state: absent }\n";
const BOTH_OPEN: &str = "      a: { is_public: true }\n      b: { is_public: true }\n";

#[test]
fn a_repository_with_images_is_not_deleted_without_consent() {
    assert_snapshot!(world(BOTH_GO).plan(&["--detailed-exitcode"]), @r"
    exit: 2
    -- stdout
      - repository cn-north-4/team-a/a  portolan.yaml:7
          withheld: destroys-data, 2 tags; --allow destroys-data=2 would let it go
      - repository cn-north-4/team-a/b  portolan.yaml:8
          withheld: destroys-data, 5 tags; --allow destroys-data=2 would let it go

    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged, 2 withheld.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    ");
}

#[test]
fn a_withheld_change_is_not_sent_and_makes_apply_fail() {
    let world = world(BOTH_GO);
    let output = world.try_apply(&[]).exits(1).says("2 withheld");
    assert!(!output.stdout.contains("Apply complete!"), "{output}");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn changes_that_are_not_withheld_are_applied() {
    let world = world(&format!("{BOTH_GO}      c: {{}}\n"));
    let _ = world.try_apply(&[]).exits(1).says("1 added");
    assert_eq!(world.writes(), ["POST cn-north-4 /namespaces/team-a/repos"]);
}

#[test]
fn consent_allows_the_deletion_of_data() {
    let world = world(BOTH_GO);
    let _ = world
        .plan(&["--allow", "destroys-data"])
        .exits(0)
        .says("2 to destroy");
    let settings = |state: &mut portolan::emulator::State| {
        // The emulator refuses to delete repositories with images, which another test covers.
        for name in ["a", "b"] {
            state.ensure_repository(NORTH, "team-a", name).num_images = 0;
        }
    };
    let _ = world
        .plan(&["--allow", "destroys-data", "--out", "plan.json"])
        .exits(0);
    world.edit(settings);
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("2 destroyed");
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn more_than_consented_to_are_all_withheld() {
    let world = world(BOTH_GO);
    let withheld =
        |allow: &str| world.plan_json(&["--allow", allow])["summary"]["withheld"].clone();
    assert_eq!(withheld("destroys-data=1"), json!(2));
    assert_eq!(withheld("destroys-data=2"), json!(0));
    assert_eq!(withheld("destroys-data=0"), json!(2));
    assert_eq!(withheld("exposes"), json!(2));
}

#[test]
fn a_private_repository_does_not_turn_public_without_consent() {
    assert_snapshot!(world(BOTH_OPEN).plan(&["--allow", "exposes=1"]), @r"
    exit: 0
    -- stdout
      ~ repository cn-north-4/team-a/a  portolan.yaml:7
          is_public    false -> true
          withheld: exposes, anyone can pull 2 tags; --allow exposes=2 would let it go
      ~ repository cn-north-4/team-a/b  portolan.yaml:8
          is_public    false -> true
          withheld: exposes, anyone can pull 5 tags; --allow exposes=2 would let it go

    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged, 2 withheld.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    ");
}

#[test]
fn consent_lets_a_repository_turn_public() {
    let world = world(BOTH_OPEN);
    let _ = world
        .apply_allowing("exposes=2")
        .says("! exposes (allowed): anyone can pull 2 tags");
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn the_chart_can_consent() {
    let world = world(BOTH_OPEN);
    world.chart(&format!(
        "{HEAD}{BOTH_OPEN}limits: {{ allow: [ exposes=2 ] }}\n"
    ));
    let _ = world.apply(&[]);
    assert_eq!(world.writes().len(), 2);
}

#[test]
fn a_new_public_repository_exposes_nothing() {
    let world = world("      new: { is_public: true }\n");
    let _ = world.apply(&[]);
}

#[test]
fn a_repository_that_turns_private_exposes_nothing() {
    let world = world("      a: { is_public: false }\n");
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "a").is_public = true);
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repos/a"]
    );
}

const RULE: &str = "      a: { sync: [ { target_region: cn-east-3, target_organization: dr, \
    override: true } ] }\n";

/// As [`world`], with a rule of `a` that the chart wants otherwise.
fn with_rule(entries: &str) -> World {
    let world = world(entries);
    world.edit(|state| {
        let rule = portolan::emulator::SyncRule::to("cn-east-3", "dr");
        state
            .ensure_repository(NORTH, "team-a", "a")
            .sync_rules
            .push(rule);
    });
    world
}

#[test]
fn a_protected_resource_is_not_deleted_with_any_consent() {
    let world = world(BOTH_GO);
    world.chart(&format!("{HEAD}{BOTH_GO}protect: [ team-a/a ]\n"));
    let output = world
        .plan(&["--allow", "destroys-data", "--allow", "deletes"])
        .exits(0);
    let output = output
        .says("withheld: protected by `team-a/a`")
        .says("1 to destroy");
    assert!(output.stdout.contains("1 withheld"), "{output}");
}

#[test]
fn a_protected_resource_is_not_replaced() {
    let world = with_rule(RULE);
    world.chart(&format!("{HEAD}{RULE}protect: [ team-a ]\n"));
    let _ = world
        .try_apply(&["--allow", "gap", "--allow", "overwrites"])
        .exits(1)
        .says("protected by `team-a`");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_protected_resource_can_be_updated() {
    let world = world("      a: { category: arm }\n");
    world.chart(&format!(
        "{HEAD}      a: {{ category: arm }}\nprotect: [ team-a/** ]\n"
    ));
    let _ = world.apply(&[]);
    assert_eq!(world.writes().len(), 1);
}

#[test]
fn an_organization_is_withheld_with_its_children() {
    let chart = "version: 1\nregion: cn-north-4\n\
        organizations:\n  team-a:\n    state: absent\n    repositories:\n      a: { \
        state: absent }\n      b: { state: absent }\n      kept: { state: absent }\n";
    let world = world("");
    world.chart(chart);
    let document = world.plan_json(&["--allow", "deletes"]);
    assert_eq!(
        (
            &document["summary"]["withheld"],
            &document["summary"]["destroy"]
        ),
        (&json!(3), &json!(1))
    );
}

#[test]
fn the_printed_option_can_be_used() {
    let entries =
        "      a: { is_public: true }\n      b: { state: absent }\nlimits: { deletes: 0 }\n";
    let world = world(entries);
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "b").num_images = 0);
    let output = world.plan(&[]).exits(1);
    let lifts = ["would let it go", "to continue"].map(|words| {
        let line = output
            .stdout
            .lines()
            .find(|line| line.contains(words))
            .unwrap_or_else(|| panic!("{output}"));
        let at = line.find("--allow ").unwrap();
        line[at..].split_whitespace().take(2).collect::<Vec<_>>()
    });
    assert_eq!(lifts, [["--allow", "exposes=1"], ["--allow", "deletes=1"]]);
    let _ = world
        .try_apply(&lifts[0])
        .exits(1)
        .says("the plan is stopped");
    assert_eq!(world.writes(), [""; 0]);
    let _ = world
        .try_apply(&lifts.concat())
        .exits(0)
        .says("0 added, 1 changed, 1 destroyed");
    world.is_settled();
}

#[test]
fn consent_to_no_deletion_stops_the_first_one() {
    let world = world("      b: { state: absent }\n");
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "b").num_images = 0);
    let output = world.plan(&["--allow", "deletes=0"]).exits(1);
    let _ = output
        .says("1 resource would be deleted, more than `deletes=0`; to continue: --allow deletes=1");
    let _ = world
        .try_apply(&["--allow", "deletes=0"])
        .exits(1)
        .says("the plan is stopped");
    assert_eq!(world.writes(), [""; 0]);
    // The same with a consent in the chart, which the command line's consent replaces.
    world.chart(&format!(
        "{HEAD}      b: {{ state: absent }}\nlimits: {{ allow: [ deletes=0 ] }}\n"
    ));
    let _ = world.try_apply(&[]).exits(1).says("more than `deletes=0`");
    let _ = world.apply_allowing("deletes=1").says("1 destroyed");
}

#[test]
fn a_run_can_take_back_what_the_chart_consents_to() {
    let world = world(BOTH_OPEN);
    world.chart(&format!(
        "{HEAD}{BOTH_OPEN}limits: {{ allow: [ exposes ] }}\n"
    ));
    let _ = world
        .try_apply(&["--allow", "exposes=0"])
        .exits(1)
        .says("2 withheld");
    assert_eq!(world.writes(), [""; 0]);
}
