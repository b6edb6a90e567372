//! What the chart does not mention keeps its value: attributes, rules, repositories.

use portolan::emulator::{Effect, Fault, SyncRule};
use serde_json::json;

use crate::support::{NORTH, World};

/// A chart with one repository `web` in `team-a`, whose entry is this.
fn web(entry: &str) -> String {
    format!(
        "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n      web: \
        {entry}\n"
    )
}

/// A world in which `web` exists, public, described, and with a rule.
fn with_web(entry: &str) -> World {
    let world = World::of(&web(entry));
    world.edit(|state| {
        let web = state.ensure_repository(NORTH, "team-a", "web");
        web.is_public = true;
        web.category = "linux".to_owned();
        web.description = "old".to_owned();
        web.sync_rules.push(SyncRule::to("cn-east-3", "dr"));
    });
    world
}

fn reads(world: &World, part: &str) -> usize {
    world
        .journal()
        .iter()
        .filter(|entry| entry.path.contains(part))
        .count()
}

#[test]
fn an_update_leaves_the_unmanaged_alone() {
    let world = with_web("{ description: new }");
    let _ = world.apply(&[]);
    assert_eq!(
        world.bodies(),
        [json!({ "is_public": true, "category": "linux", "description": "new" })]
    );
    assert!(
        world
            .state()
            .contains(&"cn-north-4/team-a/web true linux \"new\" 0".to_owned())
    );
}

#[test]
fn an_empty_entry_manages_nothing_of_what_exists() {
    with_web("").is_settled();
    with_web("{}").is_settled();
}

#[test]
fn defaults_are_managed() {
    let world = with_web("{}");
    world.chart(&format!(
        "{}defaults: {{ repository: {{ category: arm }} }}\n",
        web("{}")
    ));
    let _ = world.apply(&[]);
    assert_eq!(
        world.bodies(),
        [json!({ "is_public": true, "category": "arm", "description": "old" })]
    );
}

#[test]
fn defaults_of_the_chart_are_managed_in_every_document() {
    let world = with_web("{}");
    let chart_wide = "version: 1\nregion: cn-east-3\nchart_defaults: { repository: { category: \
        arm, description: all } }\n";
    world.file("chart/a.yaml", chart_wide);
    world.file(
        "chart/b.yaml",
        format!(
            "{}defaults: {{ repository: {{ description: own }} }}\n",
            web("{}")
        ),
    );
    let _ = world.apply(&["-f", "chart"]);
    assert_eq!(
        world.bodies(),
        [json!({ "is_public": true, "category": "arm", "description": "own" })]
    );
}

#[test]
fn a_key_for_anchors_is_not_managed() {
    let world = with_web("{}");
    world.chart(&format!(
        "x-web: &web {{ description: new }}\nx-list: [ *web, unused ]\n{}",
        web("*web")
    ));
    let _ = world.apply(&[]);
    assert_eq!(
        world.bodies(),
        [json!({ "is_public": true, "category": "linux", "description": "new" })]
    );
}

#[test]
fn null_stops_inherited_defaults() {
    let world = with_web("{}");
    let defaults = "defaults: { repository: { category: arm, sync: [] } }\n";
    world.chart(&format!(
        "{}{defaults}",
        web("{ category: null, sync: null }")
    ));
    world.is_settled();
    assert_eq!(reads(&world, "sync_repo"), 0);
}

#[test]
fn rules_without_a_list_are_not_read() {
    let world = with_web("{ category: linux }");
    world.is_settled();
    assert_eq!(reads(&world, "sync_repo"), 0);
}

#[test]
fn an_empty_list_deletes_all_rules() {
    let world = with_web("{ sync: [] }");
    let _ = world
        .plan(&[])
        .exits(0)
        .says("(not in the repository's `sync` list)")
        .says("portolan.yaml:6");
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/team-a/repos/web/sync_repo"]
    );
    assert_eq!(
        world.state(),
        [
            "cn-north-4/team-a",
            "cn-north-4/team-a/web true linux \"old\" 0"
        ]
    );
}

#[test]
fn a_list_deletes_the_rules_that_it_lacks() {
    let world = with_web("{ sync: [ { target_region: cn-south-1, target_organization: dr } ] }");
    let _ = world.apply(&[]);
    let rules = "cn-north-4 /namespaces/team-a/repos/web/sync_repo";
    let mut writes = world.writes();
    writes.sort();
    assert_eq!(writes, [format!("DELETE {rules}"), format!("POST {rules}")]);
    assert!(
        world
            .state()
            .contains(&"cn-north-4/team-a/web -> cn-south-1/dr true false".to_owned())
    );
}

#[test]
fn the_order_of_rules_makes_no_difference() {
    let rule = |region: &str| format!("{{ target_region: {region}, target_organization: dr }}");
    let (first, second) = (rule("cn-east-3"), rule("cn-south-1"));
    let world = with_web(&format!("{{ sync: [ {first}, {second} ] }}"));
    let _ = world.apply(&[]);
    world.chart(&web(&format!("{{ sync: [ {second}, {first} ] }}")));
    world.is_settled();
}

#[test]
fn a_name_with_slashes_is_one_repository() {
    let world = World::of(&web("{}").replace("web:", "web/front/end:"));
    let _ = world.apply(&[]);
    assert_eq!(world.bodies()[1]["repository"], json!("web/front/end"));
    world.chart(&web("{ category: lang }").replace("web:", "web/front/end:"));
    world.clear_journal();
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        ["PATCH cn-north-4 /namespaces/team-a/repos/web$front$end"]
    );
}

/// An organization with one listed repository and another that no file lists.
fn with_unlisted(policy: &str) -> World {
    let world = World::of(&web("{}").replace(
        "  team-a:\n",
        &format!("  team-a:\n    unlisted: {policy}\n"),
    ));
    world.edit(|state| {
        for name in ["web", "forgotten"] {
            state.ensure_repository(NORTH, "team-a", name);
        }
        state.ensure_repository(NORTH, "team-b", "elsewhere");
    });
    world
}

#[test]
fn unlisted_repositories_can_be_ignored() {
    let output = with_unlisted("ignore")
        .plan(&["--detailed-exitcode"])
        .exits(0);
    assert!(!output.stdout.contains("forgotten"), "{output}");
}

#[test]
fn unlisted_repositories_are_reported_and_are_not_changes() {
    let world = with_unlisted("report");
    let output = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.")
        .says("1 unlisted");
    assert!(
        output
            .stdout
            .contains("repository cn-north-4/team-a/forgotten"),
        "{output}"
    );
    assert!(!output.stdout.contains("elsewhere"), "{output}");
    let unlisted = &world.plan_json(&[])["unlisted"];
    assert_eq!(unlisted[0]["address"]["repository"], json!("forgotten"));
    assert_eq!(unlisted.as_array().unwrap().len(), 1);
}

#[test]
fn unlisted_repositories_are_deleted_with_unlisted_delete() {
    let world = with_unlisted("delete");
    let _ = world
        .plan(&[])
        .exits(0)
        .says("portolan.yaml:5")
        .says("`unlisted: delete`");
    let _ = world.apply(&[]);
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/team-a/repos/forgotten"]
    );
}

/// `team-a/web` in the north copies into `dr` in the east, which has `unlisted: delete`.
const COPIES: &str = "version: 1\nregion: cn-north-4\n\
    organizations:\n  team-a:\n    repositories:\n      web: { sync: [ { target_region: cn-east-3, \
    target_organization: dr } ] }\n---\nversion: 1\nregion: cn-east-3\n\
    organizations:\n  dr: { unlisted: delete }\n";

#[test]
fn an_expected_copy_is_neither_unlisted_nor_deleted() {
    let world = World::of(COPIES);
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "team-a", "web")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
        state.ensure_repository("cn-east-3", "dr", "web");
    });
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    world.chart(&COPIES.replace("unlisted: delete", "unlisted: report"));
    assert_eq!(world.plan_json(&[])["summary"]["unlisted"], json!(0));
}

/// The service would create the copy itself as soon as the rule exists, with its own attributes.
#[test]
fn a_rule_waits_for_its_declared_copy() {
    let copy = "{ repositories: { web: { description: the copy } } }";
    let world = World::of(&COPIES.replace("{ unlisted: delete }", copy));
    world.inject(
        Fault::new(Effect::forbidden())
            .method("POST")
            .path("/dr/repos"),
    );
    let output = world.try_apply(&[]).exits(1);
    let _ = output.says("-> cn-east-3/dr: skipped, because of repository cn-east-3/dr/web");
    assert!(
        world
            .writes()
            .iter()
            .all(|write| !write.ends_with("/sync_repo")),
        "{:?}",
        world.writes()
    );
    let _ = world.apply(&[]);
}
