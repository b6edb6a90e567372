//! `drift` on a schedule: exit codes, formats, ignored and accepted differences, metrics.

use insta::assert_snapshot;
use portolan::emulator::{Effect, ErrorBody, Fault};
use serde_json::{Value, json};

use crate::support::{NORTH, Output, World};

const HEAD: &str = "version: 1\nregion: cn-north-4\norganizations:\n  team-a:\n    repositories:\n";
const FORMATS: [&str; 6] = ["text", "json", "markdown", "diff", "sarif", "gitlab"];

/// Dates that no test run will be on the other side of.
const FUTURE: &str = "9999-12-31";
const PAST: &str = "2020-01-31";

/// Three repositories.
const ENTRIES: &str =
    "      a: { category: other }\n      b: { category: other }\n      c: { is_public: false }\n";

fn settled() -> World {
    let world = World::of(&format!("{HEAD}{ENTRIES}"));
    let _ = world.apply(&[]);
    world.clear_journal();
    world
}

fn drifted() -> World {
    let world = settled();
    world.edit(|state| {
        state.ensure_repository(NORTH, "team-a", "a").category = "linux".to_owned();
        state.ensure_repository(NORTH, "team-a", "b").category = "arm".to_owned();
    });
    world
}

fn accept(world: &World, pattern: &str, until: &str) {
    let line =
        format!("accept: [ {{ address: '{pattern}', until: {until}, reason: they *test* it }} ]\n");
    world.chart(&format!("{HEAD}{ENTRIES}{line}"));
}

/// Runs `drift`, which sends only reads.
fn drift(world: &World, arguments: &[&str]) -> Output {
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

fn unreadable(world: &World) {
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

fn metrics(world: &World) -> String {
    std::fs::read_to_string(world.path("portolan.prom")).unwrap()
}

/// The samples, without the time.
fn samples(world: &World) -> Vec<String> {
    metrics(world)
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("timestamp"))
        .map(str::to_owned)
        .collect()
}

fn timestamp(world: &World) -> Option<i64> {
    let text = metrics(world);
    let line = text
        .lines()
        .find(|line| line.starts_with("portolan_last_complete_read_timestamp_seconds{"))?;
    line.rsplit(' ').next()?.parse().ok()
}

const METRICS: [&str; 2] = ["--metrics", "portolan.prom"];

#[test]
fn metrics_hold_the_counts() {
    let world = drifted();
    accept(&world, "team-a/b", FUTURE);
    world.edit(|state| drop(state.ensure_repository(NORTH, "team-a", "other").clone()));
    let _ = drift(&world, &METRICS).exits(2);
    assert_snapshot!(samples(&world).join("\n"), @r#"
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="organization",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="update"} 1
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="repository",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="sync_rule",action="run"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="retention",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="access",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="replace"} 0
    portolan_changes{chart="portolan",account="emulator",kind="share",action="delete"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="create"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="update"} 0
    portolan_changes{chart="portolan",account="emulator",kind="mirror",action="run"} 0
    portolan_risks{chart="portolan",account="emulator",class="deletes"} 0
    portolan_risks{chart="portolan",account="emulator",class="destroys-data"} 0
    portolan_risks{chart="portolan",account="emulator",class="exposes"} 0
    portolan_risks{chart="portolan",account="emulator",class="shares"} 0
    portolan_risks{chart="portolan",account="emulator",class="overwrites"} 0
    portolan_risks{chart="portolan",account="emulator",class="gap"} 0
    portolan_risks{chart="portolan",account="emulator",class="one-way"} 0
    portolan_risks{chart="portolan",account="emulator",class="admits"} 0
    portolan_risks{chart="portolan",account="emulator",class="grants"} 0
    portolan_risks{chart="portolan",account="emulator",class="collects"} 0
    portolan_unchanged{chart="portolan",account="emulator"} 2
    portolan_unlisted{chart="portolan",account="emulator"} 1
    portolan_findings{chart="portolan",account="emulator",code="copies-missing"} 0
    portolan_findings{chart="portolan",account="emulator",code="copies-removed"} 0
    portolan_findings{chart="portolan",account="emulator",code="copies-under-way"} 0
    portolan_findings{chart="portolan",account="emulator",code="expired-share"} 0
    portolan_findings{chart="portolan",account="emulator",code="failing-mirror"} 0
    portolan_findings{chart="portolan",account="emulator",code="maybe-renamed"} 0
    portolan_findings{chart="portolan",account="emulator",code="target-organization-missing"} 0
    portolan_findings{chart="portolan",account="emulator",code="undeclared-share"} 0
    portolan_findings{chart="portolan",account="emulator",code="unlisted"} 1
    portolan_findings{chart="portolan",account="emulator",code="unlisted-organization"} 0
    portolan_counted_findings{chart="portolan",account="emulator"} 0
    portolan_withheld{chart="portolan",account="emulator"} 0
    portolan_accepted{chart="portolan",account="emulator"} 1
    portolan_ignored{chart="portolan",account="emulator"} 0
    portolan_expired_acceptances{chart="portolan",account="emulator"} 0
    portolan_outcome{chart="portolan",account="emulator",outcome="no_changes"} 0
    portolan_outcome{chart="portolan",account="emulator",outcome="changes"} 1
    portolan_outcome{chart="portolan",account="emulator",outcome="unknown"} 0
    portolan_partial{chart="portolan",account="emulator"} 0
    portolan_requests{chart="portolan",account="emulator"} 3
    "#);
    assert!(timestamp(&world).unwrap() > 1_700_000_000);
    let text = metrics(&world);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        for mark in ["HELP", "TYPE"] {
            assert_eq!(
                text.matches(&format!("# {mark} {name} ")).count(),
                1,
                "{mark} {name}"
            );
        }
    }
}

#[test]
fn metrics_are_replaced_and_keep_the_last_complete_read() {
    let world = drifted();
    // As it was written before series had labels.
    let stamp = "portolan_last_complete_read_timestamp_seconds 1700000000\n";
    world.file("portolan.prom", format!("{stamp}left 1\n"));
    unreadable(&world);
    let _ = drift(&world, &METRICS).exits(1);
    assert!(!metrics(&world).contains("left"));
    assert_eq!(timestamp(&world), Some(1_700_000_000));
    let says = |line: &str| {
        assert!(
            samples(&world).iter().any(|sample| sample == line),
            "{line}: {:?}",
            samples(&world)
        );
    };
    says("portolan_outcome{chart=\"portolan\",outcome=\"unknown\"} 1");
    assert!(
        !samples(&world)
            .iter()
            .any(|sample| sample.starts_with("portolan_changes"))
    );
    // An invalid chart does not change it either.
    world.chart("version: 7\n");
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!(timestamp(&world), Some(1_700_000_000));
    // And a read that is complete does.
    let world = settled();
    world.file("portolan.prom", stamp);
    let _ = drift(&world, &METRICS).exits(0);
    assert!(timestamp(&world).unwrap() > 1_700_000_000);
    let labels = "chart=\"portolan\",account=\"emulator\"";
    assert!(samples(&world).contains(&format!(
        "portolan_outcome{{{labels},outcome=\"no_changes\"}} 1"
    )));
    // The result is reported all the same.
    let _ = world
        .run(&["drift", "--metrics", "no/such/folder"])
        .exits(1)
        .says("No changes.")
        .warns("no/such/folder");
}

#[test]
fn a_run_that_cannot_read_keeps_the_labels_that_it_did_not_learn() {
    let labels = |world: &World| {
        let text = metrics(world);
        let line = text
            .lines()
            .find(|line| line.starts_with("portolan_requests{"))
            .unwrap();
        line.split(['{', '}']).nth(1).unwrap().to_owned()
    };
    let world = settled();
    let _ = drift(&world, &METRICS).exits(0);
    let (complete, read) = (labels(&world), timestamp(&world));
    assert_eq!(complete, "chart=\"portolan\",account=\"emulator\"");
    unreadable(&world);
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!(
        (labels(&world), timestamp(&world)),
        (complete.clone(), read)
    );
    world.chart("version: 7\n");
    let _ = drift(&world, &METRICS).exits(1);
    assert_eq!((labels(&world), timestamp(&world)), (complete, read));
    // The file of another chart has no data of this one.
    world.file(
        "other.yaml",
        format!("version: 1\nregion: {NORTH}\norganizations: {{ team-a: {{}} }}\n"),
    );
    let _ = drift(&world, &[&METRICS[..], &["-f", "other.yaml"]].concat()).exits(1);
    assert_eq!(
        (labels(&world), timestamp(&world)),
        ("chart=\"other\"".to_owned(), None)
    );
}

#[test]
fn metrics_call_a_chart_by_its_first_file() {
    let world = settled();
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    for name in ["a.b.yaml", "charts.d/x.yaml", "second.yaml"] {
        world.file(name, &text);
    }
    world.file("empty.yaml", format!("version: 1\nregion: {NORTH}\n"));
    for (files, chart) in [
        (&["a.b.yaml"][..], "a.b"),
        (&["charts.d"], "charts.d"),
        (&["charts.d/x.yaml"], "x"),
        (&["empty.yaml", "second.yaml"], "empty"),
    ] {
        let named: Vec<&str> = files.iter().flat_map(|file| ["-f", file]).collect();
        let _ = drift(&world, &[&METRICS[..], &named].concat()).exits(0);
        assert!(
            metrics(&world).contains(&format!("portolan_requests{{chart=\"{chart}\"")),
            "{}",
            metrics(&world)
        );
    }
}

#[test]
fn metrics_call_a_chart_by_its_name() {
    let world = settled();
    let text = std::fs::read_to_string(world.path("portolan.yaml")).unwrap();
    world.chart(&text.replacen("version: 1", "version: 1\nname: acme-registry", 1));
    let _ = drift(&world, &METRICS).exits(0);
    assert!(
        metrics(&world).contains("portolan_requests{chart=\"acme-registry\""),
        "{}",
        metrics(&world)
    );
}

#[test]
fn metrics_have_the_mode_of_a_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = settled();
    world.file("ordinary", "");
    let _ = drift(&world, &["--metrics", "new.prom"]).exits(0);
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let mode = |name: &str| {
        std::fs::metadata(world.path(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!([mode("new.prom"), mode("plan.json")], [mode("ordinary"); 2]);
}
