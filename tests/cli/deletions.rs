//! Deletions: `state: absent`, and the limits on deletions in one apply.

use portolan::emulator::SyncRule;
use serde_json::{Value, json};

use crate::support::{NORTH, World};

const HEAD: &str = "version: 1\nregion: cn-north-4\n";

/// An organization `team-a` with these repositories, empty, in the service.
fn with_repositories(chart: &str, names: &[String]) -> World {
    let world = World::of(chart);
    world.edit(|state| {
        for name in names {
            state.ensure_repository(NORTH, "team-a", name);
        }
    });
    world
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("r{number:02}")).collect()
}

/// All repositories are listed; the first `gone` of them are `state: absent`.
fn absent(gone: usize, all: usize) -> String {
    let mut text = format!("{HEAD}organizations:\n  team-a:\n    repositories:\n");
    for (position, name) in numbered(all).iter().enumerate() {
        text.push_str(&format!(
            "      {name}: {}\n",
            if position < gone {
                "{ state: absent }"
            } else {
                "{}"
            }
        ));
    }
    text
}

fn going(gone: usize, all: usize) -> World {
    with_repositories(&absent(gone, all), &numbered(all))
}

#[track_caller]
fn passes(world: &World) {
    let _ = world.plan(&[]).exits(0);
    let _ = world.apply(&[]);
}

#[track_caller]
fn is_stopped(world: &World, code: &str, lift: &Value) {
    let document = world.plan(&["--format", "json"]).exits(1).json();
    assert_eq!(
        (
            &document["stopped"][0]["code"],
            &document["stopped"][0]["lift"]
        ),
        (&json!(code), lift)
    );
    let _ = world.plan(&[]).exits(1).says("Stopped: ");
    let _ = world
        .try_apply(&[])
        .exits(1)
        .says("Nothing was changed: the plan is stopped");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_absent_repository_is_deleted() {
    let world = going(1, 2);
    let _ = world
        .plan(&[])
        .exits(0)
        .says("  - repository cn-north-4/team-a/r00");
    passes(&world);
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/team-a/repos/r00"]
    );
}

#[test]
fn a_resource_that_is_absent_already_is_not_a_change() {
    let world = World::of(&format!(
        "{HEAD}organizations: {{ team-a: {{ state: absent }} }}\n"
    ));
    world.is_settled();
}

#[test]
fn an_absent_organization_is_deleted_after_its_repositories() {
    let chart = format!(
        "{HEAD}organizations:\n  team-a: {{ state: absent, repositories: {{ r00: {{ \
        state: absent }}, r01: {{ state: absent }} }} }}\n"
    );
    let world = with_repositories(&chart, &numbered(2));
    let _ = world.try_apply(&["--allow", "deletes=3"]).exits(0);
    world.is_settled();
    let writes = world.writes();
    assert_eq!(writes.len(), 3);
    assert_eq!(writes[2], "DELETE cn-north-4 /namespaces/team-a");
}

#[test]
fn an_organization_with_unnamed_repositories_is_not_deleted() {
    let world = with_repositories(
        &format!("{HEAD}organizations: {{ team-a: {{ state: absent }} }}\n"),
        &numbered(1),
    );
    is_stopped(
        &world,
        "organization-not-empty",
        &json!("list the repository there with `state: absent`"),
    );
    let _ = world.try_apply(&["--allow", "deletes"]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn ten_deletes_pass_and_eleven_do_not() {
    passes(&going(10, 100));
    is_stopped(
        &going(11, 100),
        "too-many-deletes",
        &json!("--allow deletes=11"),
    );
}

#[test]
fn the_limit_can_be_set() {
    let world = going(3, 100);
    let with_limit = |limit: &str| format!("{}limits: {{ deletes: {limit} }}\n", absent(3, 100));
    world.chart(&with_limit("2"));
    is_stopped(&world, "too-many-deletes", &json!("--allow deletes=3"));
    world.chart(&with_limit("3"));
    passes(&world);
}

#[test]
fn three_of_ten_pass_and_four_do_not() {
    passes(&going(3, 10));
    is_stopped(
        &going(4, 10),
        "too-large-a-share",
        &json!("--allow deletes=4"),
    );
}

#[test]
fn small_organizations_have_no_percentage() {
    passes(&going(8, 9));
}

#[test]
fn an_organization_is_not_emptied() {
    is_stopped(
        &going(1, 1),
        "organization-emptied",
        &json!("--allow deletes=1"),
    );
    is_stopped(
        &going(2, 2),
        "organization-emptied",
        &json!("--allow deletes=2"),
    );
}

#[test]
fn consent_to_a_count_of_deletes_lifts_all_limits() {
    let world = going(12, 12);
    let _ = world.try_apply(&["--allow", "deletes=11"]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
    let _ = world.plan(&["--allow", "deletes=12"]).exits(0);
    let _ = world.apply_allowing("deletes=12");
    assert_eq!(world.writes().len(), 12);
}

#[test]
fn the_chart_can_consent() {
    let world = going(12, 12);
    world.chart(&format!(
        "{}limits: {{ allow: [ deletes=12 ] }}\n",
        absent(12, 12)
    ));
    passes(&world);
}

#[test]
fn rules_count_as_deletes() {
    let chart =
        format!("{HEAD}organizations:\n  team-a:\n    repositories:\n      web: {{ sync: [] }}\n");
    let world = with_repositories(&chart, &["web".to_owned()]);
    world.edit(|state| {
        let rules = (0..11)
            .map(|number| portolan::emulator::SyncRule::to("cn-east-3", &format!("dr{number}")));
        state
            .ensure_repository(NORTH, "team-a", "web")
            .sync_rules
            .extend(rules);
    });
    is_stopped(&world, "too-many-deletes", &json!("--allow deletes=11"));
}

/// `gone` with the repositories `x` and `y`, all of them absent; `y` has a rule to `cn-east-3/dr`.
fn gone() -> World {
    let repositories = "repositories: { x: { state: absent }, y: { state: absent } }";
    let world = World::of(&format!(
        "{HEAD}organizations:\n  gone: {{ state: absent, {repositories} }}\n  kept:\n"
    ));
    world.edit(|state| {
        state.ensure_organization(NORTH, "kept");
        state.ensure_repository(NORTH, "gone", "x");
        let rule = SyncRule::to("cn-east-3", "dr");
        state
            .ensure_repository(NORTH, "gone", "y")
            .sync_rules
            .push(rule);
    });
    world
}

const CONSENT: [&str; 2] = ["--allow", "deletes"];

#[test]
fn an_excluded_repository_protects_its_organization() {
    let warning = "organization cn-north-4/gone is not deleted: it contains repository \
        cn-north-4/gone/x, which is excluded";
    for selection in [
        &["--exclude", "cn-north-4/gone/x"][..],
        &["--exclude", "*/*/x"],
        &["--target", "cn-north-4/gone", "--exclude", "**/x"],
    ] {
        let world = gone();
        let document = world.plan_json(&[&CONSENT, selection].concat());
        assert_eq!(
            (
                &document["summary"]["destroy"],
                &document["changes"].as_array().unwrap().len()
            ),
            (&json!(1), &1)
        );
        assert_eq!(document["diagnostics"][0]["code"], "kept-by-exclude");
        let output = world
            .try_apply(&[&CONSENT, selection].concat())
            .exits(0)
            .warns(warning);
        assert!(!output.stdout.contains("moved"), "{output}");
        assert_eq!(
            world.writes(),
            ["DELETE cn-north-4 /namespaces/gone/repos/y"]
        );
        // Without the option, everything is deleted.
        let _ = world.apply(&CONSENT).says("2 destroyed");
    }
    // An excluded resource that does not exist protects no parent.
    let world = gone();
    world.edit(|state| {
        let region = state.regions.get_mut(NORTH).unwrap();
        region
            .organizations
            .get_mut("gone")
            .unwrap()
            .repositories
            .remove("x");
    });
    let _ = world
        .try_apply(&[&CONSENT[..], &["--exclude", "*/*/x"]].concat())
        .exits(0)
        .says("2 destroyed");
}

#[test]
fn an_unlisted_excluded_repository_protects_its_organization() {
    let world = gone();
    world.edit(|state| {
        state.ensure_repository(NORTH, "gone", "z");
    });
    let _ = world
        .plan(&CONSENT)
        .exits(1)
        .says("contains repository cn-north-4/gone/z, which the chart does not list");
    // A selection without the organization itself is not stopped.
    for selection in [
        ["--exclude", "*/*/z"],
        ["--exclude", "*/*/x"],
        ["--target", "*/gone/*"],
    ] {
        let output = world.plan(&[&CONSENT[..], &selection].concat()).exits(0);
        assert!(
            !output.stdout.contains("organization cn-north-4/gone"),
            "{output}"
        );
    }
    let _ = world
        .try_apply(&[&CONSENT[..], &["--exclude", "*/*/z"]].concat())
        .exits(0)
        .says("2 destroyed");
}

#[test]
fn an_excluded_rule_protects_its_repository() {
    let world = gone();
    let exclude = ["--exclude", "cn-north-4/gone/y/cn-east-3/dr"];
    let _ = world
        .try_apply(&[&CONSENT[..], &exclude].concat())
        .exits(0)
        .warns(
            "repository cn-north-4/gone/y is not deleted: it contains sync_rule \
            cn-north-4/gone/y -> cn-east-3/dr, which is excluded",
        )
        .warns("organization cn-north-4/gone is not deleted: it contains");
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/gone/repos/x"]
    );
    let other = ["--exclude", "cn-north-4/gone/y/*/other"];
    let _ = world
        .try_apply(&[&CONSENT[..], &other].concat())
        .exits(0)
        .says("2 destroyed");
}

#[test]
fn a_protected_rule_protects_its_repository_and_its_organization() {
    let gone = |protect: &str| {
        let world = gone();
        let chart = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
        world.chart(&format!("{chart}protect: [ '{protect}' ]\n"));
        world
    };
    for protect in ["gone/y/cn-east-3/dr", "*/*/*/dr", "**/cn-east-3/*"] {
        let world = gone(protect);
        let output = world
            .try_apply(&CONSENT)
            .exits(1)
            .says(&format!("withheld: protected by `{protect}`"));
        let _ = output.says("2 withheld");
        assert_eq!(
            world.writes(),
            ["DELETE cn-north-4 /namespaces/gone/repos/x"]
        );
    }
    // A missing resource protects no parent, and rules are read only where they could matter.
    for (protect, reads) in [
        ("gone/y/cn-east-3/other", 1),
        ("kept/**", 0),
        ("gone/y/cn-east-3", 0),
        ("**/z", 2),
    ] {
        let world = gone(protect);
        let _ = world.plan(&CONSENT).exits(0).says("3 to destroy");
        let rules = world
            .journal()
            .iter()
            .filter(|entry| entry.path.ends_with("/sync_repo"))
            .count();
        assert_eq!(rules, reads, "{protect}");
        let _ = world.apply(&CONSENT).says("3 destroyed");
    }
}

#[test]
fn a_protected_rule_protects_an_unlisted_repository() {
    let chart = |protect: &str| {
        format!(
            "{HEAD}organizations: {{ team-a: {{ unlisted: delete, repositories: {{ r00: }} }} \
            }}\nprotect: [ {protect} ]\n"
        )
    };
    let world = with_repositories(&chart("team-a/r01/cn-east-3/dr"), &numbered(3));
    world.edit(|state| {
        state
            .ensure_repository(NORTH, "team-a", "r01")
            .sync_rules
            .push(SyncRule::to("cn-east-3", "dr"));
    });
    let _ = world.try_apply(&CONSENT).exits(1).says("1 withheld");
    assert_eq!(
        world.writes(),
        ["DELETE cn-north-4 /namespaces/team-a/repos/r02"]
    );
    world.chart(&chart(""));
    let _ = world.apply(&CONSENT).says("1 destroyed");
}
