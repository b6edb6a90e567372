//! Output streams: documents go to stdout, everything else to stderr, and colour is used only on
//! request or on a terminal.

use std::process::Stdio;

use crate::support::{QUICKSTART, World};

#[test]
fn a_plan_writes_nothing_to_stderr() {
    let output = World::of(QUICKSTART).plan(&[]).exits(0);
    assert_eq!(output.stderr, "");
}

#[test]
fn stdout_contains_only_the_document() {
    let world = World::of(QUICKSTART);
    let plan = world.plan(&["--format", "json", "-vv"]).exits(0);
    assert!(plan.stderr.contains("GET"), "{plan}");
    assert_eq!(plan.json()["outcome"], "changes");
    assert!(plan.stdout.ends_with("}\n"), "{plan}");
    assert_eq!(
        world.try_apply(&["--format", "json"]).exits(0).json()["outcome"],
        "complete"
    );
}

#[test]
fn quiet_leaves_the_document() {
    let output = World::of(QUICKSTART).apply(&["--quiet"]);
    assert_eq!(output.stderr, "");
    let _ = output.says("Apply complete!");
    assert_eq!(World::of(QUICKSTART).apply(&["--no-progress"]).stderr, "");
}

fn is_coloured(world: &World, arguments: &[&str]) -> bool {
    world.plan(arguments).exits(0).stdout.contains('\u{1b}')
}

#[test]
fn colour_is_for_terminals() {
    assert!(!is_coloured(&World::of(QUICKSTART), &[]));
    assert!(!is_coloured(&World::of(QUICKSTART), &["--color", "auto"]));
}

#[test]
fn colour_can_be_enabled_and_disabled() {
    assert!(is_coloured(&World::of(QUICKSTART), &["--color", "always"]));
    assert!(is_coloured(
        &World::of(QUICKSTART).variable("PORTOLAN_COLOR", "always"),
        &[]
    ));
    assert!(!is_coloured(
        &World::of(QUICKSTART),
        &["--color", "always", "--no-color"]
    ));
    assert!(!is_coloured(
        &World::of(QUICKSTART).variable("PORTOLAN_COLOR", "always"),
        &["--color", "never"]
    ));
}

#[test]
fn an_option_beats_no_color_and_no_color_beats_nothing_else() {
    let world = World::of(QUICKSTART).variable("NO_COLOR", "1");
    assert!(!is_coloured(&world, &[]));
    assert!(is_coloured(&world, &["--color", "always"]));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let world = World::of(QUICKSTART);
    let mut plain = String::new();
    let coloured = world.plan(&["--color", "always"]).stdout;
    let mut rest = coloured.as_str();
    while let Some((text, tail)) = rest.split_once("\u{1b}[") {
        plain.push_str(text);
        rest = tail.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, world.plan(&[]).stdout);
}

#[test]
fn json_is_never_coloured() {
    assert!(!is_coloured(
        &World::of(QUICKSTART),
        &["--color", "always", "--format", "json"]
    ));
}

#[test]
fn a_closed_stdout_is_not_a_failure() {
    let world = World::of(QUICKSTART);
    for arguments in [
        &["plan"][..],
        &["plan", "--format", "json"],
        &["schema"],
        &["version"],
    ] {
        let mut command = world.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
}

#[test]
fn a_closed_stdout_does_not_hide_changes() {
    let world = World::of(QUICKSTART);
    let mut child = world
        .command(&["plan", "--detailed-exitcode"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn an_apply_with_a_closed_stdout_reports_its_failure() {
    let world = World::of(QUICKSTART);
    let mut child = world
        .command(&["apply"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn an_apply_with_a_closed_stdout_makes_its_changes() {
    let world = World::of(QUICKSTART);
    let mut child = world
        .command(&["apply", "--yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.is_settled();
}
