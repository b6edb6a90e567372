//! Exit code, JSON document and text say the same of every outcome, whatever the format.

use portolan::emulator::{Effect, Fault};
use serde_json::Value;

use crate::support::{NORTH, World};

/// What a run comes to: its exit code, the JSON outcome, and words of the text.
type Told = (i32, &'static str, &'static str);

struct Case {
    name: &'static str,
    chart: &'static str,
    prepare: fn(&World),
    plan: Told,
    apply: Told,
}

const ONE: &str = "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: {}, b: {} } } }\n";
const CHANGED: &str =
    "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { category: arm }, b: {} } } }\n";
const EXPOSED: &str =
    "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { is_public: true }, b: {} } } }\n";
const EMPTIED: &str = "version: 1\nregion: cn-north-4\norganizations: { o: { repositories: { a: { state: absent }, b: \
                       { state: absent } } } }\n";
const BAD: &str = "version: 1\nregion: cn-north-4\norganisations: {}\n";

fn nothing(_: &World) {}

fn deaf(world: &World) {
    world.inject(Fault::new(Effect::forbidden()).path("/v2/manage/repos").method("GET").forever());
}

/// `apply` cannot write to the service, and `plan` not to its file.
fn locked(world: &World) {
    world.inject(Fault::new(Effect::forbidden()).method("PATCH").forever());
    std::fs::create_dir(world.path("plan.json")).unwrap();
}

const CASES: [Case; 7] = [
    Case {
        name: "no changes",
        chart: ONE,
        prepare: nothing,
        plan: (0, "no_changes", "No changes."),
        apply: (0, "complete", "Apply complete! Resources: 0 added, 0 changed, 0 destroyed."),
    },
    Case {
        name: "changes",
        chart: CHANGED,
        prepare: nothing,
        plan: (2, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (0, "complete", "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."),
    },
    Case {
        name: "withheld only",
        chart: EXPOSED,
        prepare: nothing,
        plan: (2, "changes", "1 withheld"),
        apply: (1, "incomplete", "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed."),
    },
    Case {
        name: "stopped",
        chart: EMPTIED,
        prepare: nothing,
        plan: (1, "changes", "Stopped:"),
        apply: (1, "refused", "Nothing was changed: the plan is stopped"),
    },
    Case {
        name: "unknown",
        chart: ONE,
        prepare: deaf,
        plan: (1, "unknown", "Unknown: "),
        apply: (1, "refused", "Nothing was changed: not everything could be read"),
    },
    Case {
        name: "bad chart",
        chart: BAD,
        prepare: nothing,
        plan: (1, "unknown", ""),
        apply: (1, "refused", "Nothing was changed: what is to be done is not known"),
    },
    Case {
        name: "failed write",
        chart: CHANGED,
        prepare: locked,
        plan: (1, "changes", "Plan: 0 to add, 1 to change, 0 to destroy."),
        apply: (1, "incomplete", "Apply incomplete! Resources: 0 added, 0 changed, 0 destroyed."),
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
        for format in ["text", "json", "markdown", "diff", "sarif"] {
            let arguments = ["plan", "--detailed-exitcode", "--format", format, "--out", "plan.json"];
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
                    assert_eq!(output.stdout.contains("**No changes."), outcome == "no_changes", "{at}");
                }
                "diff" => assert_eq!(output.stdout.contains("+++ "), outcome == "changes", "{at}"),
                _ => {
                    let document = output.json();
                    let results = document["runs"][0]["results"].as_array().unwrap();
                    assert_eq!(results.is_empty(), outcome == "no_changes", "{at}");
                    let failed = results.iter().any(|result| result["level"] == "error");
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
        assert_eq!(report["outcome"], Value::from(outcome), "{}: {output}", case.name);
        assert_eq!(report["failed"].as_array().unwrap().is_empty(), case.name != "failed write", "{output}");
        assert_eq!(report.get("refused").is_some(), outcome == "refused", "{output}");
    }
}
