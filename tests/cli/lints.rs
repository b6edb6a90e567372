//! Lints are reported and can be waived; an unused waiver is reported too.

use serde_json::Value;

use crate::support::{NORTH, World};

/// A chart with one rule per line.
fn chart(head: &str, rules: &[&str]) -> String {
    let rules: String = rules
        .iter()
        .map(|rule| format!("          {rule}\n"))
        .collect();
    format!(
        "version: 1\nregion: cn-north-4\n\
        {head}organizations:\n  team-a:\n    repositories:\n      web:\n        sync:\n{rules}"
    )
}

/// The codes that `validate` finds.
fn codes(text: &str) -> Vec<String> {
    let world = World::of(text);
    let found: Value = world.run(&["validate", "--format", "json"]).json();
    let diagnostics = found["diagnostics"].as_array().unwrap();
    diagnostics
        .iter()
        .map(|found| found["code"].as_str().unwrap().to_owned())
        .collect()
}

const STRANGE: &str = "- { target_region: mars-1, target_organization: dr }";
const FINE: &str = "- { target_region: cn-east-3, target_organization: dr }";
const ITSELF: &str = "- { target_region: cn-north-4, target_organization: team-a }";

#[test]
fn each_lint_has_its_code() {
    assert_eq!(codes(&chart("", &[FINE])), [""; 0]);
    assert_eq!(codes(&chart("", &[STRANGE])), ["unknown-sync-region"]);
    assert_eq!(codes(&chart("", &[ITSELF])), ["self-copy"]);
    assert_eq!(
        codes(&chart("", &[FINE]).replace("web", "w--b")),
        ["double-hyphen"]
    );
    let other = "---\nversion: 1\nregion: cn-east-3\n\
        organizations:\n  dr:\n    repositories:\n      web:\n        sync: [ { \
        target_region: cn-north-4, target_organization: team-a } ]\n";
    assert_eq!(
        codes(&format!("{}{other}", chart("", &[FINE]))),
        ["copy-cycle"]
    );
    let overriding = FINE.replace(" }", ", override: true }");
    let second = "  team-b:\n    repositories:\n      web:\n        sync: [ { target_region: \
        cn-east-3, target_organization: dr } ]\n";
    assert_eq!(
        codes(&format!("{}{second}", chart("", &[&overriding]))),
        ["shared-override"]
    );
}

#[test]
fn a_waiver_is_on_its_line_above_it_or_in_the_document() {
    let behind = format!("{STRANGE}   # portolan: allow unknown-sync-region");
    assert_eq!(codes(&chart("", &[&behind])), [""; 0]);
    let above = [
        "# portolan: allow unknown-sync-region",
        "# it opens next month",
        STRANGE,
    ];
    assert_eq!(codes(&chart("", &above)), [""; 0]);
    assert_eq!(
        codes(&chart(
            "lints: { allow: [unknown-sync-region] }\n",
            &[STRANGE]
        )),
        [""; 0]
    );
}

#[test]
fn a_waiver_reaches_no_further() {
    let above = ["# portolan: allow unknown-sync-region", FINE, STRANGE];
    assert_eq!(
        codes(&chart("", &above)),
        ["unknown-sync-region", "unused-waiver"]
    );
    let second = chart("", &[STRANGE]).replace("team-a", "team-b");
    let chart = format!(
        "{}---\n{second}",
        chart("lints: { allow: [unknown-sync-region] }\n", &[STRANGE])
    );
    assert_eq!(codes(&chart), ["unknown-sync-region"]);
}

#[test]
fn text_that_resembles_a_waiver_is_not_one() {
    let text = chart("", &[STRANGE]).replace(
        "web:",
        "web:\n        description: 'x # portolan: allow unknown-sync-region'",
    );
    assert_eq!(codes(&text), ["unknown-sync-region"]);
}

#[test]
fn an_unused_or_unknown_waiver_is_reported() {
    assert_eq!(
        codes(&chart(
            "",
            &[&format!("{FINE} # portolan: allow self-copy")]
        )),
        ["unused-waiver"]
    );
    assert_eq!(
        codes(&chart("", &[&format!("{FINE} # portolan: allow selfcopy")])),
        ["unknown-lint"]
    );
    assert_eq!(
        codes(&chart(
            "",
            &[&format!("{FINE} # portolan: allow wrong-type")]
        )),
        ["unknown-lint"]
    );
}

#[test]
fn the_one_error_that_can_be_waived() {
    let rule = FINE.replace(" }", ", auto: false }");
    assert_eq!(codes(&chart("", &[&rule])), ["auto-false"]);
    let world = World::of(&chart(
        "",
        &[&format!("{rule} # portolan: allow auto-false")],
    ));
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "web").clone()));
    let _ = world.run(&["apply", "--yes"]);
    assert_eq!(
        world.bodies().last().unwrap()["syncAuto"],
        Value::Bool(false)
    );
}

#[test]
fn warnings_are_denied_only_when_asked() {
    let world = World::of(&chart("", &[STRANGE]));
    let _ = world
        .run(&["validate"])
        .exits(0)
        .warns("warning[unknown-sync-region]")
        .says("The chart is valid");
    let output = world
        .run(&["validate", "--deny", "warnings"])
        .exits(1)
        .warns("warnings are denied");
    assert_eq!(output.stdout, "");
}

#[test]
fn a_region_of_the_command_line_is_linted_too() {
    let world = World::of("version: 1\norganizations: { a: {} }\n");
    let _ = world
        .run(&["validate", "--region", "cn-noth-4"])
        .exits(0)
        .warns("did you mean `cn-north-4`?");
    let output = world.run(&["validate", "--region", "cn-north-4"]).exits(0);
    assert_eq!(output.stderr, "");
}
