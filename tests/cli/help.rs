//! `portolan help`: the commands in groups, in every way to ask for them.

use crate::support::World;

const GROUPS: [&str; 5] = ["Everyday:", "Look:", "Adopt:", "Set up:", "Emulator:"];

#[test]
fn every_help_shows_the_commands_in_groups() {
    let world = World::new();
    for arguments in [&["help"][..], &["-h"], &["--help"], &["--no-pager", "help"]] {
        let output = world.run(arguments).exits(0);
        assert_eq!(output.stderr, "", "{arguments:?}");
        assert!(!output.stdout.contains('\u{1b}'), "{output}");
        shows_groups(&output.stdout);
    }
    // Without a command it is an error, with the same list.
    let output = world.run(&[]).exits(64);
    assert_eq!(output.stdout, "");
    shows_groups(&output.stderr);
}

#[track_caller]
fn shows_groups(help: &str) {
    let places: Vec<_> = GROUPS
        .map(|group| help.find(&format!("\n{group}\n")))
        .into();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{help}"
    );
    let list = &help[places[0].unwrap()..];
    let (list, options) = list.split_once("\nGlobal options:\n").unwrap();
    for command in [
        "validate", "plan", "apply", "drift", "show", "explain", "init", "schema",
    ] {
        let lines = list
            .lines()
            .filter(|line| line.starts_with(&format!("  {command} ")));
        assert_eq!(lines.count(), 1, "{command}: {help}");
    }
    assert!(
        options.contains("--no-pager") && options.contains("-h, --help"),
        "{help}"
    );
    assert!(
        help.lines().all(|line| line.chars().count() <= 100),
        "{help}"
    );
}

#[test]
fn the_help_of_a_command_has_no_groups() {
    let output = World::new().run(&["help", "plan"]).exits(0);
    assert!(!output.stdout.contains("Everyday:"), "{output}");
    let _ = output.says("Usage: portolan plan");
}
