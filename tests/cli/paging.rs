//! Lists of several pages, with deletions and creations by other clients between two pages.

use std::ops::Range;

use crate::support::{NORTH, World};

/// More than a page. The service gives them in the order of their names.
const REPOSITORIES: Range<usize> = 0..1200;

/// The last items of the first page, and the first ones of the second.
const AROUND_THE_END: [usize; 5] = [989, 990, 999, 1000, 1001];

fn name(number: usize) -> String {
    format!("r{number:04}")
}

/// A world of an organization with 1,200 repositories, and a chart with these lines about it.
fn world(lines: &str) -> World {
    let world = World::of(&format!(
        "version: 1\nregion: {NORTH}\norganizations:\n  team-a:\n{lines}"
    ));
    world.edit(|state| {
        for number in REPOSITORIES {
            state.ensure_repository(NORTH, "team-a", &name(number));
        }
    });
    world
}

/// Lines that name some repositories and leave the rest alone.
fn naming(entries: impl Iterator<Item = (usize, &'static str)>) -> String {
    let entries = entries.map(|(number, entry)| format!("      {}: {entry}\n", name(number)));
    format!(
        "    unlisted: ignore\n    repositories:\n{}",
        entries.collect::<String>()
    )
}

/// The edits of other clients before the second page is read: an item that was read is deleted, and
/// another is created or not, before or after what was read.
fn between_two_pages(world: &World, variant: usize) {
    let after_the_first_page = |edit: &str| {
        let edit = format!("stranger={edit},route=list-repositories,skip=1");
        world.inject(edit.parse().unwrap());
    };
    after_the_first_page(&format!("delete-repository {NORTH}/team-a/r0005"));
    match variant {
        0 => {}
        1 => after_the_first_page(&format!("create-repository {NORTH}/team-a/zzz")),
        _ => after_the_first_page(&format!("create-repository {NORTH}/team-a/aaa")),
    }
}

/// A repository that is to be deleted exists. If it were skipped, it would seem deleted.
#[test]
fn a_deletion_between_two_pages_hides_no_drift() {
    for hidden in AROUND_THE_END {
        for variant in 0..3 {
            let world = world(&naming([(hidden, "{ state: absent }")].into_iter()));
            between_two_pages(&world, variant);
            let output = world.run(&["drift"]).exits(2).says(&format!(
                "  - repository cn-north-4/team-a/{}",
                name(hidden)
            ));
            assert!(
                !output.stdout.contains("No changes"),
                "{hidden}, {variant}: {output}"
            );
        }
    }
}

/// The same for an unlisted repository: only the list can show it.
#[test]
fn a_deletion_between_two_pages_hides_nothing_unlisted() {
    for hidden in [990, 1000] {
        for variant in 0..3 {
            let known = REPOSITORIES
                .filter(|number| ![hidden, 5].contains(number))
                .map(|number| (number, "{}"));
            let world = world(&naming(known).replace("ignore", "delete"));
            between_two_pages(&world, variant);
            let _ = world.run(&["drift"]).exits(2).says(&format!(
                "  - repository cn-north-4/team-a/{}",
                name(hidden)
            ));
        }
    }
}

/// A declared repository exists, and would seem to be missing.
#[test]
fn a_deletion_between_two_pages_makes_nothing_missing() {
    for variant in 0..3 {
        let world = world(&naming(
            AROUND_THE_END.into_iter().map(|number| (number, "{}")),
        ));
        between_two_pages(&world, variant);
        let _ = world.run(&["drift"]).exits(0).says("No changes.");
    }
}

/// An item of the first page is deleted before the second page is read.
#[test]
fn a_repository_deleted_between_two_pages_is_missing() {
    for variant in 0..2 {
        let world = world(&naming([(5, "{}")].into_iter()));
        between_two_pages(&world, variant);
        let _ = world
            .run(&["drift"])
            .exits(2)
            .says("  + repository cn-north-4/team-a/r0005");
    }
}

/// With a deletion in every read, no attempt is consistent, and the plan is unknown.
#[test]
fn a_list_that_always_changes_is_unknown() {
    let world = world(&naming([(1000, "{ state: absent }")].into_iter()));
    for (number, skip) in [(1, 1), (2, 3), (3, 5)] {
        let edit = format!(
            "stranger=delete-repository {NORTH}/team-a/{},route=list-repositories,skip={skip}",
            name(number)
        );
        world.inject(edit.parse().unwrap());
    }
    let output = world
        .run(&["drift"])
        .exits(1)
        .warns("error: cannot read the repository list of cn-north-4");
    assert!(!output.stdout.contains("No changes"), "{output}");
}

fn requests_to(world: &World, part: &str) -> usize {
    world
        .journal()
        .iter()
        .filter(|entry| entry.method == "GET" && entry.path.contains(part))
        .count()
}

/// A declared resource that the list lacks is read by itself, or in a second list where that is
/// cheaper.
#[test]
fn a_resource_that_several_pages_lack_is_read_by_itself() {
    for (lacking, lists, single) in [(0, 2, 0), (1, 2, 1), (100, 2, 100), (101, 4, 0)] {
        // Besides them, one that exists, and one in an organization that does not.
        let entries = (2000..2000 + lacking)
            .chain([7])
            .map(|number| (number, "{}"));
        let elsewhere = "  other: { repositories: { a: {} } }\n";
        let world = world(&format!("{}{elsewhere}", naming(entries)));
        let document = world.plan_json(&[]);
        assert_eq!(document["summary"]["add"], lacking + 2, "{lacking}");
        assert_eq!(requests_to(&world, "/v2/manage/repos"), lists, "{lacking}");
        assert_eq!(
            requests_to(&world, "/namespaces/team-a/repos/"),
            single,
            "{lacking}"
        );
        assert_eq!(world.journal().len(), 2 + lists + single, "{lacking}");
    }
}

/// A list may be older than the answer for a single repository.
#[test]
fn a_resource_that_only_the_list_lacks_is_not_missing() {
    let world = world(&naming([(2000, "{}"), (2001, "{}")].into_iter()));
    world.inject(
        "stale-writes=2,times=all,route=list-repositories"
            .parse()
            .unwrap(),
    );
    let _ = world.try_apply(&[]).exits(0);
    world.clear_journal();
    let _ = world.run(&["drift"]).exits(0).says("No changes.");
    assert!(
        world.journal().iter().any(|entry| entry.fault),
        "the list was not stale"
    );
    // Unless the answer for it fails.
    world.inject(
        format!("status=403,path=/repos/{},times=all", name(2001))
            .parse()
            .unwrap(),
    );
    let _ = world
        .run(&["drift"])
        .exits(1)
        .warns("cannot read the repository cn-north-4/team-a/r2001: 403");
}

/// A list of several pages that lacks a deleted resource does not prove that it is deleted.
#[test]
fn a_deleted_resource_is_read_by_itself_after_an_apply() {
    let gone = [3, 4].map(|number| (number, "{ state: absent }"));
    let world = world(&naming(gone.into_iter()));
    let _ = world
        .try_apply(&["--allow", "deletes"])
        .exits(0)
        .says("2 destroyed");
    let journal = world.journal();
    let last = journal
        .iter()
        .rposition(|entry| entry.method == "DELETE")
        .unwrap();
    let mut after: Vec<&str> = journal[last + 1..]
        .iter()
        .map(|entry| entry.path.as_str())
        .collect();
    after.sort_unstable();
    let single = |number| format!("/v2/manage/namespaces/team-a/repos/{}", name(number));
    assert_eq!(
        after,
        [
            &*single(3),
            &single(4),
            "/v2/manage/repos",
            "/v2/manage/repos"
        ]
    );
}
