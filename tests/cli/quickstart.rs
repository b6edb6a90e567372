//! The first steps: plan, apply, plan again, change a line.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{NORTH, QUICKSTART, World};

/// The chart, in an account that has the target of its rule.
fn world() -> World {
    let world = World::of(QUICKSTART);
    world.edit(|state| drop(state.ensure_organization("cn-north-208", "sdsad").clone()));
    world
}

#[test]
fn the_first_plan_shows_every_creation() {
    assert_snapshot!(world().plan(&[]), @r#"
    exit: 0
    -- stdout
      + organization cn-north-4/group                             portolan.yaml:5
      + repository cn-north-4/group/busybox                       portolan.yaml:7
          is_public    true
          category     "linux"
          description  "this is a busybox repository"
      + sync_rule cn-north-4/group/busybox -> cn-north-208/sdsad  portolan.yaml:11
          override     true
          ! overwrites: tags that exist in the target are overwritten

    Plan: 3 to add, 0 to change, 0 to destroy.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
}

#[test]
fn apply_prints_the_plan_what_it_does_and_the_result() {
    assert_snapshot!(world().apply(&[]), @r#"
    exit: 0
    -- stdout
      + organization cn-north-4/group                             portolan.yaml:5
      + repository cn-north-4/group/busybox                       portolan.yaml:7
          is_public    true
          category     "linux"
          description  "this is a busybox repository"
      + sync_rule cn-north-4/group/busybox -> cn-north-208/sdsad  portolan.yaml:11
          override     true
          ! overwrites: tags that exist in the target are overwritten

    Plan: 3 to add, 0 to change, 0 to destroy.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).

    Apply complete! Resources: 3 added, 0 changed, 0 destroyed.
    -- stderr
      + organization cn-north-4/group: applied
      + repository cn-north-4/group/busybox: applied
      + sync_rule cn-north-4/group/busybox -> cn-north-208/sdsad: applied
    "#);
}

#[test]
fn apply_sends_the_requests_of_the_api_documents() {
    let world = world();
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        [
            "POST cn-north-4 /namespaces",
            "POST cn-north-4 /namespaces/group/repos",
            "POST cn-north-4 /namespaces/group/repos/busybox/sync_repo",
        ]
    );
    assert_eq!(
        world.bodies(),
        [
            json!({ "namespace": "group" }),
            json!({
                "repository": "busybox",
                "is_public": true,
                "category": "linux",
                "description": "this is a busybox repository",
            }),
            json!({
                "remoteRegionId": "cn-north-208",
                "remoteNamespace": "sdsad",
                "syncAuto": true,
                "override": true,
            }),
        ]
    );
}

#[test]
fn a_second_apply_sends_nothing() {
    let world = world();
    let _ = world.apply(&[]);
    world.clear_journal();
    let _ = world.apply(&[]).says("No changes.");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_changed_field_is_the_whole_plan() {
    let world = world();
    let _ = world.apply(&[]);
    world.chart(&QUICKSTART.replace("category: linux", "category: other"));
    assert_snapshot!(world.plan(&["--detailed-exitcode"]), @r#"
    exit: 2
    -- stdout
      ~ repository cn-north-4/group/busybox  portolan.yaml:7
          category     "linux" -> "other"

    Plan: 0 to add, 1 to change, 0 to destroy.
    2 unchanged.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
}

#[test]
fn a_changed_field_is_one_patch_with_the_other_live_values() {
    let world = world();
    let _ = world.apply(&[]);
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "group", "busybox")
            .description = "by hand".to_owned();
    });
    let chart = QUICKSTART.replace("category: linux", "category: arm");
    world.chart(&chart.replace("        description: this is a busybox repository\n", ""));
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/group/repos/busybox"]
    );
    assert_eq!(
        world.bodies(),
        [json!({ "is_public": true, "category": "arm", "description": "by hand" })]
    );
    assert!(
        world
            .state()
            .contains(&"cn-north-4/group/busybox true arm \"by hand\" 0".to_owned())
    );
}

#[test]
fn a_flipped_override_is_a_replacement() {
    let world = world();
    let _ = world.apply(&[]);
    world.chart(&QUICKSTART.replace("override: true", "override: false"));
    assert_snapshot!(world.plan(&[]), @r"
    exit: 0
    -- stdout
    -/+ sync_rule cn-north-4/group/busybox -> cn-north-208/sdsad  portolan.yaml:11
          override     true -> false         (cannot be changed in place)
          ! gap: what is pushed in between is not copied

    Plan: 1 to add, 0 to change, 1 to destroy.
    2 unchanged.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    ");
}

#[test]
fn a_replacement_is_one_delete_and_one_post() {
    let world = world();
    let _ = world.apply(&[]);
    world.chart(&QUICKSTART.replace("override: true", "override: false"));
    world.clear_journal();
    let _ = world.apply(&[]);
    let rules = "cn-north-4 /namespaces/group/repos/busybox/sync_repo";
    assert_eq!(
        world.writes(),
        [format!("DELETE {rules}"), format!("POST {rules}")]
    );
    let target = json!({ "remoteRegionId": "cn-north-208", "remoteNamespace": "sdsad" });
    let rule = json!({
        "remoteRegionId": "cn-north-208", "remoteNamespace": "sdsad", "syncAuto": true,
        "override": false,
    });
    assert_eq!(world.bodies(), [target, rule]);
}
