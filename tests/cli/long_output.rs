//! Long plans and reports: what a person must see is not lost among what is alike.

use crate::support::{NORTH, World};

/// A chart with one organization for each pair of a name and the entries of its repositories.
fn chart(organizations: &[(&str, String)]) -> String {
    let organizations = organizations.iter().map(|(name, entries)| format!("  {name}:\n    repositories:\n{entries}"));
    format!("version: 1\nregion: cn-north-4\norganizations:\n{}", organizations.collect::<String>())
}

fn repositories(number: usize, terms: impl Fn(usize) -> String) -> String {
    (0..number).map(|at| format!("      r{at:03}: {{ {} }}\n", terms(at))).collect()
}

#[test]
fn hundreds_of_additions_are_few_lines_under_headings() {
    let names = ["team-a", "team-b", "team-c", "team-d", "team-e"];
    let terms = |at: usize| format!("category: linux, description: the image {at}");
    let world = World::of(&chart(&names.map(|name| (name, repositories(160, terms)))));
    let output = world.plan(&[]).exits(0).says("Plan: 805 to add, 0 to change, 0 to destroy.");
    assert!(output.stdout.lines().count() < 100, "{output}");
    for name in names {
        let heading = format!("Organization cn-north-4/{name}: 161 to add.\n");
        assert!(output.stdout.contains(&heading), "{output}");
    }
    let _ = output.says("\n  + 157 more like repository cn-north-4/team-a/r000, each with its own description\n");
    let all = world.plan(&["--details"]).exits(0);
    assert_eq!(all.stdout.matches("  + repository").count(), 800);
}

#[test]
fn what_nobody_listed_stands_right_above_the_summary() {
    let world = World::of(&chart(&[("team-a", repositories(60, |_| String::new()))]));
    world.edit(|state| state.ensure_repository(NORTH, "team-a", "forgotten").num_images = 7);
    let unlisted = "\nUnlisted, so to be decided: list each in a file, or say `unlisted: delete` or `ignore`.\n  \
                    ? repository cn-north-4/team-a/forgotten  (7 tags)\n\nPlan: 60 to add";
    let _ = world.plan(&[]).exits(0).says(unlisted);
    let _ = world.run(&["drift"]).exits(2).says(unlisted);
}
