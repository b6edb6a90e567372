//! The number of requests of a plan: for R repositories of the account and M repositories with
//! managed rules, `2 + (floor(R / 1000) + 1) + M` reads in each region, and no others. Pages
//! overlap by one item in a hundred, so that some counts below a multiple of 1000 need one page
//! more: from 1980 on, for example.

use std::collections::BTreeMap;

use crate::support::{NORTH, World};

const EAST: &str = "cn-east-3";

/// Repositories `r0000`, `r0001` ... of an organization, every third of which the chart does not
/// name.
fn fill(world: &World, region: &str, repositories: usize) {
    world.edit(|state| {
        for number in 0..repositories {
            let organization = if number % 3 == 0 {
                "strangers"
            } else {
                "team-a"
            };
            state.ensure_repository(region, organization, &format!("r{number:04}"));
        }
        state.ensure_organization(region, "team-a");
    });
}

/// A document whose repositories exist, `managed` of them with managed rules.
fn document(region: &str, repositories: usize, managed: usize) -> String {
    let mut text = format!(
        "---\nversion: 1\nregion: {region}\norganizations:\n  team-a:\n    repositories:\n"
    );
    let names: Vec<usize> = (0..repositories)
        .filter(|number| number % 3 != 0)
        .take(managed + 1)
        .collect();
    for (position, number) in names.iter().enumerate() {
        let entry = if position < managed {
            "{ sync: [] }"
        } else {
            "{}"
        };
        text.push_str(&format!("      r{number:04}: {entry}\n"));
    }
    if names.is_empty() {
        text.replace("    repositories:\n", "    repositories: {}\n")
    } else {
        text
    }
}

fn count(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for entry in world.journal() {
        *counts.entry(entry.region).or_default() += 1;
    }
    counts
}

fn expected(repositories: usize, managed: usize) -> usize {
    2 + (repositories / 1000 + 1) + managed
}

#[track_caller]
fn costs(repositories: usize, managed: usize) {
    let world = World::of(&document(NORTH, repositories, managed));
    fill(&world, NORTH, repositories);
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    let expected = BTreeMap::from([(NORTH.to_owned(), expected(repositories, managed))]);
    assert_eq!(
        count(&world),
        expected,
        "{repositories} repositories, {managed} managed"
    );
}

#[test]
fn an_empty_account() {
    costs(0, 0);
}

#[test]
fn one_repository() {
    let world = World::of(&document(NORTH, 2, 1));
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "r0001").clone()));
    let _ = world.plan(&[]).exits(0);
    assert_eq!(count(&world), BTreeMap::from([(NORTH.to_owned(), 4)]));
}

#[test]
fn just_less_than_a_page() {
    costs(999, 2);
}

#[test]
fn exactly_a_page_is_followed_by_another() {
    costs(1000, 5);
}

#[test]
fn just_more_than_a_page() {
    costs(1001, 0);
}

#[test]
fn several_pages_and_many_rules() {
    costs(2500, 60);
}

#[test]
fn each_region_has_its_own_costs() {
    let world = World::of(&format!(
        "{}{}",
        document(NORTH, 1001, 3),
        document(EAST, 10, 1)
    ));
    fill(&world, NORTH, 1001);
    fill(&world, EAST, 10);
    let _ = world.plan(&[]).exits(0).says("No changes.");
    let expected = BTreeMap::from([
        (NORTH.to_owned(), expected(1001, 3)),
        (EAST.to_owned(), expected(10, 1)),
    ]);
    assert_eq!(count(&world), expected);
}

#[test]
fn only_the_lists_the_rules_and_the_overview_are_read() {
    let world = World::of(
        "version: 1\nregion: cn-north-4\n\
        organizations:\n  team-a:\n    repositories:\n      kept: { sync: [] }\n      gone: { \
        state: absent }\n      new: { sync: [] }\n      left-alone: {}\n",
    );
    world.edit(|state| {
        for name in ["kept", "gone", "left-alone"] {
            state.ensure_repository(NORTH, "team-a", name);
        }
    });
    let _ = world.plan(&[]).exits(0);
    let mut asked: Vec<String> = world
        .journal()
        .into_iter()
        .map(|entry| format!("{}?{}", entry.path, entry.query))
        .collect();
    asked.sort();
    assert_eq!(
        asked,
        [
            "/v2/manage/namespaces/team-a/repos/kept/sync_repo?",
            "/v2/manage/namespaces?filter=mode%3A%3Avisible",
            "/v2/manage/overview?",
            "/v2/manage/repos?limit=1000&offset=0&order_column=name&order_type=asc",
        ]
    );
}
