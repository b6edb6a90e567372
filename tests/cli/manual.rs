//! `portolan man`: the pages of the manual.

use std::{fs, process::Command};

use crate::{completion::program, support::World};

#[test]
fn the_main_page_goes_to_stdout() {
    let world = World::new().variable("PORTOLAN_FILE", "a-name-of-this-machine.yaml");
    let page = world.run(&["man"]).exits(0);
    assert_eq!(page.stderr, "");
    assert!(!page.stdout.contains("a-name-of-this-machine"), "{page}");
    for part in [
        ".TH portolan 1",
        ".SH SYNOPSIS",
        ".SH OPTIONS",
        ".SH SUBCOMMANDS",
        ".SH \"EXIT STATUS\"",
    ] {
        assert!(page.stdout.contains(part), "{part}: {page}");
    }
    assert_eq!(
        page.stdout,
        world.run(&["man"]).stdout,
        "it is the same each time"
    );
}

#[test]
fn each_command_gets_a_page() {
    let world = World::new();
    let said = world.run(&["man", "--out", "man/man1"]).exits(0);
    let mut pages: Vec<String> = fs::read_dir(world.path("man/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort_unstable();
    let help = world.run(&["help"]).stdout;
    let listed = help.lines().take_while(|line| *line != "Global options:");
    let mut expected: Vec<String> = listed
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|name| !name.is_empty() && *name != "help")
        .map(|name| format!("portolan-{name}.1"))
        .chain(["portolan.1".to_owned()])
        .collect();
    expected.sort_unstable();
    assert_eq!(pages, expected);
    let _ = said.says(&format!("Wrote {} pages to man/man1.", pages.len()));
    let plan = fs::read_to_string(world.path("man/man1/portolan-plan.1")).unwrap();
    assert!(
        plan.contains("\\-\\-target") && plan.contains("\\-\\-parallelism"),
        "{plan}"
    );
    // A second time the pages are replaced.
    let _ = world.run(&["man", "--out", "man/man1"]).exits(0);

    let Some(mandoc) = program("mandoc") else {
        return;
    };
    for page in &pages {
        let output = Command::new(&mandoc)
            .args(["-T", "lint", "-W", "warning"])
            .arg(world.path("man/man1").join(page))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        // A debug build has no date, and what follows takes its place. The others are spaces around
        // clap's lists.
        let known = [
            "cannot parse date",
            "missing date",
            "skipping paragraph macro",
        ];
        let flaws: Vec<&str> = said
            .lines()
            .filter(|line| !known.iter().any(|flaw| line.contains(flaw)))
            .collect();
        assert_eq!(flaws, [""; 0], "{page}");
    }
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let world = World::new();
    world.file("taken", "");
    let output = world.run(&["man", "--out", "taken"]).exits(1);
    let _ = output.warns("taken");
    let _ = world.run(&["man", "--out", ""]).exits(64);
}
