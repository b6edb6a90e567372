//! What shall not exist: `state: absent`, and how much may go in one apply.

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

/// All repositories are listed; the first so many shall go.
fn absent(gone: usize, all: usize) -> String {
    let mut text = format!("{HEAD}organizations:\n  team-a:\n    repositories:\n");
    for (position, name) in numbered(all).iter().enumerate() {
        text.push_str(&format!("      {name}: {}\n", if position < gone { "{ state: absent }" } else { "{}" }));
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
    assert_eq!((&document["stopped"][0]["code"], &document["stopped"][0]["lift"]), (&json!(code), lift));
    let _ = world.plan(&[]).exits(1).says("Stopped: ");
    let _ = world.try_apply(&[]).exits(1).says("Nothing was changed: the plan is stopped");
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn an_absent_repository_goes() {
    let world = going(1, 2);
    let _ = world.plan(&[]).exits(0).says("  - repository cn-north-4/team-a/r00");
    passes(&world);
    assert_eq!(world.writes(), ["DELETE cn-north-4 /namespaces/team-a/repos/r00"]);
}

#[test]
fn what_is_absent_already_is_no_change() {
    let world = World::of(&format!("{HEAD}organizations: {{ team-a: {{ state: absent }} }}\n"));
    world.is_settled();
}

#[test]
fn an_absent_organization_goes_after_its_repositories() {
    let chart = format!(
        "{HEAD}organizations:\n  team-a: {{ state: absent, repositories: {{ r00: {{ state: absent }}, r01: {{ state: \
         absent }} }} }}\n"
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
    let world = with_repositories(&format!("{HEAD}organizations: {{ team-a: {{ state: absent }} }}\n"), &numbered(1));
    is_stopped(&world, "organization-not-empty", &json!("list the repository there with `state: absent`"));
    let _ = world.try_apply(&["--allow", "deletes"]).exits(1);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn ten_deletes_pass_and_eleven_do_not() {
    passes(&going(10, 100));
    is_stopped(&going(11, 100), "too-many-deletes", &json!("--allow deletes=11"));
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
    is_stopped(&going(4, 10), "too-large-a-share", &json!("--allow deletes=4"));
}

#[test]
fn small_organizations_have_no_percentage() {
    passes(&going(8, 9));
}

#[test]
fn an_organization_is_not_emptied() {
    is_stopped(&going(1, 1), "organization-emptied", &json!("--allow deletes=1"));
    is_stopped(&going(2, 2), "organization-emptied", &json!("--allow deletes=2"));
}

#[test]
fn consent_to_so_many_deletes_lifts_all_limits() {
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
    world.chart(&format!("{}limits: {{ allow: [ deletes=12 ] }}\n", absent(12, 12)));
    passes(&world);
}

#[test]
fn rules_count_as_deletes() {
    let chart = format!("{HEAD}organizations:\n  team-a:\n    repositories:\n      web: {{ sync: [] }}\n");
    let world = with_repositories(&chart, &["web".to_owned()]);
    world.edit(|state| {
        let rules = (0..11).map(|number| portolan::emulator::SyncRule::to("cn-east-3", &format!("dr{number}")));
        state.ensure_repository(NORTH, "team-a", "web").sync_rules.extend(rules);
    });
    is_stopped(&world, "too-many-deletes", &json!("--allow deletes=11"));
}
