//! Exit code, JSON document and text agree for every outcome and every format.

use portolan::emulator::{Effect, Fault};
use serde_json::Value;

use crate::support::{NORTH, World};

/// The outcome of a command: its exit code, the JSON outcome, and words of the text.
type Expected = (i32, &'static str, &'static str);

struct Case {
    name: &'static str,
    chart: &'static str,
    prepare: fn(&World),
    plan: Expected,
    /// Of a fresh plan and, but for its words, of a saved one.
    apply: Expected,
    drift: Expected,
}

const ONE: &str =
    "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: {}, b: {} } } }\n";
const CHANGED: &str = "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { \
    category: arm }, b: {} } } }\n";
const EXPOSED: &str = "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { \
    is_public: true }, b: {} } } }\n";
const EMPTIED: &str = "version: 1\nregion: cn-north-4\n\
    organizations: { o: { repositories: { a: { state: absent }, b: { state: absent } } } }\n";
/// [`CHANGED`], and the difference is agreed on.
const ACCEPTED: &str = "version: 1\nregion: cn-north-4\n\
    organizations: { o: { repositories: { a: { category: arm }, b: {} } } }\n\
    accept: [ { address: o/a, until: 9999-12-31, reason: a trial } ]\n";
const EXPIRED: &str = "version: 1\nregion: cn-north-4\n\
    organizations: { o: { repositories: { a: { category: arm }, b: {} } } }\n\
    accept: [ { address: o/a, until: 2020-01-31, reason: a trial } ]\n";
const BAD: &str = "version: 1\nregion: cn-north-4\norganisations: {}\n";

fn nothing(_: &World) {}

fn deaf(world: &World) {
    world.inject(
        Fault::new(Effect::forbidden())
            .path("/v2/manage/repos")
            .method("GET")
            .forever(),
    );
}

/// `apply` cannot write to the service, and `plan` not to its file.
fn locked(world: &World) {
    world.inject(Fault::new(Effect::forbidden()).method("PATCH").forever());
    std::fs::create_dir(world.path("plan.json")).unwrap();
}

const CASES: [Case; 9] = [
    Case {
        name: "no changes",
        chart: ONE,
        prepare: nothing,
        plan: (0, "no_changes", "No changes."),
        apply: (
            0,
            "complete",
            "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.",
        ),
        drift: (0, "no_changes", "No changes."),
    },
    Case {
        name: "changes",
        chart: CHANGED,
        prepare: nothing,
        plan: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (
            0,
            "complete",
            "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.",
        ),
        drift: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
    },
    Case {
        name: "withheld only",
        chart: EXPOSED,
        prepare: nothing,
        plan: (2, "changes", "1 withheld"),
        apply: (
            1,
            "incomplete",
            "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed.",
        ),
        drift: (2, "changes", "1 withheld"),
    },
    Case {
        name: "stopped",
        chart: EMPTIED,
        prepare: nothing,
        plan: (1, "changes", "Stopped:"),
        apply: (1, "refused", "Nothing was changed: the plan is stopped"),
        drift: (2, "changes", "Stopped:"),
    },
    Case {
        name: "unknown",
        chart: ONE,
        prepare: deaf,
        plan: (1, "unknown", "Unknown: "),
        apply: (
            1,
            "refused",
            "Nothing was changed: part of the live state could not be read",
        ),
        drift: (1, "unknown", "Unknown: "),
    },
    Case {
        name: "bad chart",
        chart: BAD,
        prepare: nothing,
        plan: (1, "unknown", ""),
        apply: (1, "refused", "Nothing was changed: there is no plan"),
        drift: (1, "unknown", ""),
    },
    Case {
        name: "failed write",
        chart: CHANGED,
        prepare: locked,
        plan: (1, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (
            1,
            "incomplete",
            "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed.",
        ),
        drift: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
    },
    Case {
        name: "accepted",
        chart: ACCEPTED,
        prepare: nothing,
        plan: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (
            0,
            "complete",
            "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.",
        ),
        drift: (0, "no_changes", "1 accepted"),
    },
    Case {
        name: "expired acceptance",
        chart: EXPIRED,
        prepare: nothing,
        plan: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (
            0,
            "complete",
            "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.",
        ),
        drift: (1, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
    },
];

fn world(case: &Case) -> World {
    let world = World::of(case.chart);
    world.edit(|state| {
        for name in ["a", "b"] {
            state.ensure_repository(NORTH, "o", name);
        }
    });
    (case.prepare)(&world);
    world
}

#[test]
fn plan_in_every_format() {
    for case in &CASES {
        let world = world(case);
        let (code, outcome, words) = case.plan;
        for format in ["text", "json", "markdown", "diff", "sarif", "gitlab"] {
            let arguments = [
                "plan",
                "--detailed-exitcode",
                "--format",
                format,
                "--out",
                "plan.json",
            ];
            let output = world.run(&arguments);
            let at = format!("{} as {format}: {output}", case.name);
            assert_eq!(output.code, Some(code), "{at}");
            match format {
                "text" => assert!(output.stdout.contains(words), "{at}"),
                "json" => assert_eq!(output.json()["outcome"], Value::from(outcome), "{at}"),
                "markdown" => {
                    let unknown = output.stdout.contains("**Unknown: ");
                    assert_eq!(unknown, outcome == "unknown", "{at}");
                    assert!(unknown || output.stdout.contains(words), "{at}");
                    assert_eq!(
                        output.stdout.contains("**No changes."),
                        outcome == "no_changes",
                        "{at}"
                    );
                }
                "diff" => assert_eq!(output.stdout.contains("+++ "), outcome == "changes", "{at}"),
                _ => {
                    let document = output.json();
                    let (results, severity, worst) = match format {
                        "sarif" => (&document["runs"][0]["results"], "level", "error"),
                        _ => (&document, "severity", "major"),
                    };
                    let results = results.as_array().unwrap();
                    assert_eq!(results.is_empty(), outcome == "no_changes", "{at}");
                    let failed = results.iter().any(|result| result[severity] == worst);
                    assert_eq!(
                        failed,
                        ["withheld only", "stopped", "unknown", "bad chart"].contains(&case.name),
                        "{at}"
                    );
                }
            }
        }
    }
}

#[test]
fn apply_in_every_format() {
    for case in &CASES {
        let (code, outcome, words) = case.apply;
        let output = world(case).try_apply(&[]);
        assert_eq!(output.code, Some(code), "{}: {output}", case.name);
        assert!(output.stdout.contains(words), "{}: {output}", case.name);
        let output = world(case).try_apply(&["--format", "json"]);
        assert_eq!(output.code, Some(code), "{}: {output}", case.name);
        let report = output.json();
        assert_eq!(
            report["outcome"],
            Value::from(outcome),
            "{}: {output}",
            case.name
        );
        assert_eq!(
            report["plan"]["outcome"],
            Value::from(case.plan.1),
            "{}: {output}",
            case.name
        );
        assert_eq!(
            report["failed"].as_array().unwrap().is_empty(),
            case.name != "failed write",
            "{output}"
        );
        assert_eq!(
            report.get("refused").is_some(),
            outcome == "refused",
            "{output}"
        );
    }
}

#[test]
fn drift_in_every_format() {
    for case in &CASES {
        let world = world(case);
        let (code, outcome, words) = case.drift;
        let counts = outcome == "changes";
        let run_drift = |format: &str| {
            let output = world.run(&["drift", "--format", format]);
            assert_eq!(world.writes(), [""; 0]);
            let at = format!("{} as {format}: {output}", case.name);
            assert_eq!(output.code, Some(code), "{at}");
            (output, at)
        };
        let (text, at) = run_drift("text");
        assert!(text.stdout.contains(words), "{at}");
        assert_eq!(
            text.stdout.contains("No changes."),
            case.name == "no changes",
            "{at}"
        );
        assert_eq!(text.stderr.contains("error"), code == 1, "{at}");

        let (json, at) = run_drift("json");
        let document = json.json();
        assert_eq!(document["outcome"], Value::from(outcome), "{at}");
        assert_eq!(
            document["changes"].as_array().unwrap().is_empty(),
            !counts,
            "{at}"
        );
        assert_eq!(
            document["accepted"].as_array().unwrap().is_empty(),
            case.name != "accepted",
            "{at}"
        );
        let expired = document["diagnostics"]
            .to_string()
            .contains("expired-acceptance");
        assert_eq!(expired, case.name == "expired acceptance", "{at}");

        let (markdown, at) = run_drift("markdown");
        let unknown = markdown.stdout.contains("**Unknown: ");
        assert_eq!(unknown, outcome == "unknown", "{at}");
        assert!(unknown || markdown.stdout.contains(words), "{at}");
        assert_eq!(
            markdown.stdout.contains("**No changes."),
            case.name == "no changes",
            "{at}"
        );
        assert_eq!(
            markdown.stdout.contains("accepted until"),
            case.name == "expired acceptance",
            "{at}"
        );

        let (diff, at) = run_drift("diff");
        assert_eq!(diff.stdout.contains("+++ "), counts, "{at}");

        let (sarif, at) = run_drift("sarif");
        let document = sarif.json();
        let results = document["runs"][0]["results"].as_array().unwrap();
        let failed = results.iter().any(|result| result["level"] == "error");
        assert!(code != 1 || failed, "a failure is an error: {at}");
        assert!(code != 0 || !failed, "what is well is none: {at}");
        assert_eq!(results.is_empty(), case.name == "no changes", "{at}");
    }
}

#[test]
fn a_saved_plan_has_the_result_of_a_fresh_one() {
    for case in &CASES {
        for format in ["text", "json"] {
            let world = world(case);
            let _ = world.run(&["plan", "--out", "saved.json"]);
            let planned = world.path("saved.json").exists();
            assert_eq!(planned, case.plan.1 != "unknown", "{}", case.name);
            let output = world.run(&["apply", "saved.json", "--format", format]);
            let (code, outcome, words) = case.apply;
            // A missing plan is refused, for any reason that it is missing.
            let words = if planned {
                words
            } else {
                "Nothing was changed: there is no plan"
            };
            assert_eq!(output.code, Some(code), "{}: {output}", case.name);
            match format {
                "text" => assert!(output.stdout.contains(words), "{}: {output}", case.name),
                _ => assert_eq!(
                    output.json()["outcome"],
                    Value::from(outcome),
                    "{}: {output}",
                    case.name
                ),
            }
        }
    }
}

/// Failures that only a saved plan can have.
#[test]
fn a_saved_plan_that_no_longer_fits_in_every_format() {
    type Meanwhile = fn(&World);
    let cases: [(&str, Meanwhile, &str, &str); 3] = [
        (
            "moved",
            |world| {
                world.edit(|state| {
                    state.ensure_repository(NORTH, "o", "a").description = "new".to_owned();
                });
            },
            "incomplete",
            "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed.",
        ),
        (
            "another account",
            |world| world.edit(|state| state.account = "other".to_owned()),
            "refused",
            "Nothing was changed: there is no plan",
        ),
        (
            "damaged",
            |world| world.file("plan.json", "{}"),
            "refused",
            "Nothing was changed: there is no plan",
        ),
    ];
    for (name, meanwhile, outcome, words) in cases {
        for format in ["text", "json"] {
            let world = world(&CASES[1]);
            let _ = world.plan(&["--out", "plan.json"]).exits(0);
            meanwhile(&world);
            let output = world
                .run(&["apply", "plan.json", "--format", format])
                .exits(1);
            match format {
                "text" => assert!(output.stdout.contains(words), "{name}: {output}"),
                _ => assert_eq!(
                    output.json()["outcome"],
                    Value::from(outcome),
                    "{name}: {output}"
                ),
            }
            assert_eq!(world.writes(), [""; 0], "{name}");
        }
    }
}
