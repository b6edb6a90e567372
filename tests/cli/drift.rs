//! `drift` on a schedule: exit codes, formats, ignored and accepted differences.

use insta::assert_snapshot;
use portolan::emulator::{Effect, ErrorBody, Fault};
use serde_json::{Value, json};

use crate::support::{NORTH, Output, World};

const HEAD: &str = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n";
const FORMATS: [&str; 6] = ["text", "json", "markdown", "diff", "sarif", "gitlab"];

/// Dates that no test run will be on the other side of.
pub(super) const FUTURE: &str = "9999-12-31";
const PAST: &str = "2020-01-31";

/// Three repositories.
const ENTRIES: &str =
    "      a: { category: other }\n      b: { category: other }\n      c: { is_public: false }\n";

pub(super) fn settled() -> World {
    let world = World::of(&format!("{HEAD}{ENTRIES}"));
    let _ = world.apply(&[]);
    world.clear_journal();
    world
}

pub(super) fn drifted() -> World {
    let world = settled();
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "a").category = "linux".to_owned();
        state.ensure_repository(NORTH, "team-a", "b").category = "arm".to_owned();
    });
    world
}

pub(super) fn accept(world: &World, pattern: &str, until: &str) {
    let line =
        format!("accept: [ {{ address: '{pattern}', until: {until}, reason: they *test* it }} ]\n");
    world.chart(&format!("{HEAD}{ENTRIES}{line}"));
}

/// Runs `drift`, which sends only reads.
pub(super) fn drift(world: &World, arguments: &[&str]) -> Output {
    let output = world.run(&[&["drift"], arguments].concat());
    assert_eq!(world.writes(), [""; 0]);
    output
}

fn json(world: &World, arguments: &[&str]) -> Value {
    drift(world, &[&["--format", "json"], arguments].concat()).json()
}

/// Every format ends with this code.
#[track_caller]
fn all_formats_exit(world: &World, arguments: &[&str], code: i32) {
    for format in FORMATS {
        let output = drift(world, &[&["--format", format], arguments].concat()).exits(code);
        // The rules of SARIF quote words that an unknown result never contains.
        assert!(
            code == 0 || format == "sarif" || !output.stdout.contains("No changes"),
            "{output}"
        );
    }
}

pub(super) fn unreadable(world: &World) {
    let body = ErrorBody::Other {
        status: 403,
        content_type: "text/plain".to_owned(),
        text: "no".to_owned(),
    };
    world.inject(
        Fault::new(Effect::Status {
            body,
            retry_after: None,
            committed: false,
        })
        .path("/repos")
        .forever(),
    );
}

#[test]
fn nothing_differs() {
    let world = settled();
    all_formats_exit(&world, &[], 0);
    let _ = drift(&world, &[]).exits(0).says("No changes.");
    assert_eq!(drift(&world, &["--format", "diff"]).stdout, "");
}

#[test]
fn a_difference_exits_with_2() {
    let world = drifted();
    all_formats_exit(&world, &[], 2);
    assert_snapshot!(drift(&world, &[]), @r#"
    exit: 2
    -- stdout
      ~ repository cn-north-4/team-a/a  portolan.yaml:6
          category     "linux" -> "other"
      ~ repository cn-north-4/team-a/b  portolan.yaml:7
          category     "arm" -> "other"

    Plan: 0 to add, 2 to change, 0 to destroy.
    2 unchanged.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let document = json(&world, &[]);
    assert_eq!(
        (&document["outcome"], &document["summary"]["change"]),
        (&json!("changes"), &json!(2))
    );
    assert_eq!(
        (&document["accepted"], &document["ignored"]),
        (&json!([]), &json!(0))
    );
    let _ = drift(&world, &["--target", "cn-north-4/team-a/c"])
        .exits(0)
        .says("Only a part of the chart was compared");
    let _ = drift(&world, &["--exclude", "*/*/a"])
        .exits(2)
        .says("1 to change");
}

#[test]
fn stopped_and_withheld_changes_are_drift() {
    let world = settled();
    world.chart(&format!(
        "{HEAD}      a: {{ state: absent }}\n      b: {{ state: absent }}\n      c: {{ state: \
        absent }}\n"
    ));
    let _ = drift(&world, &[]).exits(2).says("Stopped: ");
    world.chart(&format!(
        "{HEAD}      a: {{ is_public: true }}\n      b:\n      c:\n"
    ));
    let _ = drift(&world, &[]).exits(2).says("1 withheld");
    all_formats_exit(&world, &[], 2);
}

#[test]
fn unlisted_resources_are_not_drift() {
    let world = settled();
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "other").clone()));
    let _ = drift(&world, &[]).exits(0).says("1 unlisted");
}

#[test]
fn a_failed_read_is_unknown() {
    let world = drifted();
    unreadable(&world);
    all_formats_exit(&world, &[], 1);
    assert_eq!(
        json(&world, &["--ignore", "**"])["outcome"],
        json!("unknown")
    );
}

#[test]
fn drift_of_an_invalid_chart_is_unknown() {
    let world = drifted();
    world.chart("version: 7\n");
    all_formats_exit(&world, &[], 1);
    let document = json(&world, &[]);
    assert_eq!(
        (
            &document["outcome"],
            &document["accepted"],
            &document["ignored"]
        ),
        (&json!("unknown"), &json!([]), &json!(0))
    );
    let _ = drift(&world, &["--format", "markdown"])
        .exits(1)
        .says("### portolan drift")
        .says("`unknown-version`");
}

#[test]
fn ignored_differences_are_only_counted() {
    let world = drifted();
    let document = json(&world, &["--ignore", "cn-north-4/team-a/a"]);
    assert_eq!(
        (&document["summary"]["change"], &document["ignored"]),
        (&json!(1), &json!(1))
    );
    let output = drift(&world, &["--ignore", "*/*/a"])
        .exits(2)
        .says("Not counted: 1 ignored.");
    assert!(!output.stdout.contains("team-a/a"), "{output}");
    let ignores = ["--ignore", "*/*/a", "--ignore", "*/*/b"];
    all_formats_exit(&world, &ignores, 0);
    assert_snapshot!(drift(&world, &ignores), @r"
    exit: 0
    -- stdout
    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged.
    Not counted: 2 ignored.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    ");
    let _ = drift(&world, &["--ignore", "a//b"]).exits(64);
}

#[test]
fn accepted_differences_are_shown_and_do_not_count() {
    let world = drifted();
    accept(&world, "team-a/*", FUTURE);
    all_formats_exit(&world, &[], 0);
    assert_snapshot!(drift(&world, &[]), @r#"
    exit: 0
    -- stdout
      ~ repository cn-north-4/team-a/a  portolan.yaml:6
          category     "linux" -> "other"
          (`team-a/*` accepted until 9999-12-31: they *test* it; portolan.yaml:9)
      ~ repository cn-north-4/team-a/b  portolan.yaml:7
          category     "arm" -> "other"
          (`team-a/*` accepted until 9999-12-31: they *test* it; portolan.yaml:9)

    Plan: 0 to add, 0 to change, 0 to destroy.
    2 unchanged.
    Not counted: 2 accepted.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    "#);
    let document = json(&world, &[]);
    assert_eq!(
        (&document["outcome"], &document["changes"]),
        (&json!("no_changes"), &json!([]))
    );
    assert_eq!(document["summary"]["change"], json!(0));
    let accepted = &document["accepted"][0];
    assert_eq!(accepted["change"]["address"]["repository"], json!("a"));
    assert_eq!(accepted["acceptance"]["until"], json!(FUTURE));
    assert_eq!(accepted["acceptance"]["address"], json!("team-a/*"));
    assert_eq!(accepted["acceptance"]["reason"], json!("they *test* it"));
    assert_eq!(accepted["acceptance"]["source"]["line"], json!(9));
    let sarif = drift(&world, &["--format", "sarif"]).json();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        result["suppressions"][0]["justification"],
        json!("they *test* it")
    );
    let _ = drift(&world, &["--format", "markdown"])
        .says(r"| until 9999-12-31: they \*test\* it | `portolan.yaml:9` |");
    // One of the two.
    accept(&world, "team-a/a", FUTURE);
    all_formats_exit(&world, &[], 2);
    let _ = drift(&world, &[]).says("Not counted: 1 accepted.");
    // A plan ignores it.
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(2)
        .says("2 to change");
}

#[test]
fn accepted_differences_fold_as_in_a_plan() {
    let rule = |target: &str| {
        format!("{{ sync: [ {{ target_region: cn-east-3, target_organization: {target} }} ] }}")
    };
    let row = |number: u32| {
        format!(
            "      r{number:02}: {}\n",
            rule(if number == 13 { "attacker" } else { "dr" })
        )
    };
    let rows: String = (0..14).map(row).collect();
    let other = format!("  team-b:\n    repositories:\n      web: {}\n", rule("dr"));
    let accept = |pattern: &str| {
        format!("  - {{ address: '{pattern}', until: {FUTURE}, reason: they test it }}\n")
    };
    let accepted = format!("accept:\n{}{}", accept("team-a/**"), accept("team-b/**"));
    let world = World::of(&format!("{HEAD}{rows}{other}{accepted}"));
    world.edit(|state| {
        for number in 0..14 {
            state.ensure_repository(NORTH, "team-a", &format!("r{number:02}"));
        }
        state.ensure_repository(NORTH, "team-b", "web");
        for target in ["dr", "attacker"] {
            state.ensure_repository("cn-east-3", target, "x");
        }
    });
    let output = drift(&world, &[])
        .exits(0)
        .says("Not counted: 15 accepted.");
    for last in [
        "team-a/r13 -> cn-east-3/attacker",
        "team-b/web -> cn-east-3/dr",
    ] {
        assert!(
            output
                .stdout
                .contains(&format!("  + sync_rule cn-north-4/{last}")),
            "{output}"
        );
    }
    let rest = "  + 3 more like sync_rule cn-north-4/team-a/r00 -> cn-east-3/dr  (also accepted;";
    assert!(
        output.stdout.contains(rest) && output.stdout.matches(" more ").count() == 1,
        "{output}"
    );
}

#[test]
fn an_acceptance_expires_on_the_next_day() {
    let world = drifted();
    accept(&world, "team-a/*", PAST);
    all_formats_exit(&world, &[], 1);
    assert_snapshot!(drift(&world, &[]), @r#"
    exit: 1
    -- stdout
      ~ repository cn-north-4/team-a/a  portolan.yaml:6
          category     "linux" -> "other"
      ~ repository cn-north-4/team-a/b  portolan.yaml:7
          category     "arm" -> "other"

    Expired: `team-a/*` accepted until 2020-01-31: they *test* it; portolan.yaml:9
    Plan: 0 to add, 2 to change, 0 to destroy.
    2 unchanged.
    Chart `portolan.yaml`, account `emulator`, @HOST@ (not Huawei Cloud).
    -- stderr
    error[expired-acceptance]: `team-a/*` was accepted until 2020-01-31
     --> portolan.yaml:9:41
      |
    9 | accept: [ { address: 'team-a/*', until: 2020-01-31, reason: they *test* it } ]
      |                                         ^^^^^^^^^^
      |
      = help: resolve the difference and remove the acceptance, or set a later day

    1 error
    "#);
    let document = json(&world, &[]);
    assert_eq!(
        (&document["outcome"], &document["accepted"]),
        (&json!("changes"), &json!([]))
    );
    assert_eq!(
        document["diagnostics"][0]["code"],
        json!("expired-acceptance")
    );
    let _ = drift(&world, &["--format", "markdown"])
        .exits(1)
        .says("> **Expired:** `team-a/*` was accepted until 2020-01-31");
    let _ = drift(&world, &["--format", "sarif"])
        .exits(1)
        .says("expired-acceptance");
    let _ = drift(&world, &["-q", "--format", "diff"])
        .exits(1)
        .warns("expired-acceptance");
    // Even with no difference, and with one elsewhere.
    let world = settled();
    accept(&world, "team-b", PAST);
    all_formats_exit(&world, &[], 1);
    let _ = drift(&world, &[])
        .says("Expired: ")
        .warns("expired-acceptance");
    assert_eq!(json(&world, &[])["outcome"], json!("no_changes"));
    // Only `drift` compares the day.
    let _ = world
        .plan(&["--detailed-exitcode"])
        .exits(0)
        .says("No changes.");
    let _ = world.run(&["validate"]).exits(0);
}
