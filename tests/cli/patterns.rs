//! Patterns that are invalid or match nothing: each is reported.

use portolan::emulator::{Effect, ErrorBody, Fault, SyncRule};
use serde_json::{Value, json};

use crate::support::{NORTH, Output, World};

/// An organization with one repository whose entry was removed, and a line after that.
fn chart(line: &str) -> String {
    format!(
        "version: 1\nregion: cn-north-4\n{line}\n\
        organizations:\n  pay:\n    unlisted: delete\n    repositories:\n      web: {{ \
        category: other }}\n      api: {{}}\n"
    )
}

/// The live state has the repository without an entry, and one that differs.
fn world(line: &str) -> World {
    let world = World::of(&chart(line));
    world.edit(|state| {
        for name in ["web", "api", "ledger"] {
            let _ = state.ensure_repository(NORTH, "pay", name);
        }
        state.ensure_repository(NORTH, "pay", "web").category = "arm".to_owned();
    });
    world
}

fn protect(pattern: &str) -> World {
    world(&format!("protect: [ \"{pattern}\" ]"))
}

fn accept(pattern: &str) -> World {
    world(&format!(
        "accept: [ {{ address: \"{pattern}\", until: 9999-12-31, reason: agreed }} ]"
    ))
}

/// The findings of one code in a document.
fn found<'d>(document: &'d Value, code: &str) -> Vec<&'d Value> {
    document["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["code"] == code)
        .collect()
}

const COVERING: [&str; 7] = [
    "pay/ledger",
    "cn-north-4/pay/ledger",
    "repository cn-north-4/pay/ledger",
    "organization cn-north-4/pay",
    "repository pay/l*",
    "cn-north-4",
    "**",
];

/// Each with the text of its error.
const WRONG: [(&str, &str); 11] = [
    ("pay/led-[gf]*", "no name can contain `[`"),
    (" pay/ledger", "did you mean `pay/ledger`?"),
    ("pay/ledger ", "did you mean `pay/ledger`?"),
    ("!pay/web", "no name can contain `!`"),
    ("pay/ledge?", "no name can contain `?`"),
    ("pay//ledger", "did you mean `pay/ledger`?"),
    ("/pay/ledger", "did you mean `pay/ledger`?"),
    (
        "repository pay/LEDGER",
        "did you mean `repository pay/ledger`?",
    ),
    ("repositry cn-north-4/pay/ledger", "no name can contain ` `"),
    ("cn-east-3/pay/ledger", "is in another region"),
    ("repository cn-east-3/pay/ledger", "is in another region"),
];

/// Each with the suggested pattern.
const IDLE: [(&str, &str); 6] = [
    (
        "pay/ledgre",
        "did you mean `repository cn-north-4/pay/ledger`?",
    ),
    ("PAY/LED*", "did you mean `cn-north-4/pay/led*`?"),
    ("*/pay/ledger", "did you mean `cn-north-4/pay/ledger`?"),
    (
        "cn-north-5/pay/ledger",
        "did you mean `repository cn-north-4/pay/ledger`?",
    ),
    (
        "organization cn-north-4/pay/ledger",
        "did you mean `repository cn-north-4/pay/ledger`?",
    ),
    ("elsewhere/**", "correct it, or remove it"),
];

#[test]
fn protect_accepts_every_form_of_a_pattern() {
    for pattern in COVERING {
        let world = protect(pattern);
        let output = world
            .try_apply(&[])
            .exits(1)
            .says(&format!("withheld: protected by `{pattern}`"));
        assert!(
            !output.stderr.contains("pattern-covers-nothing"),
            "{output}"
        );
        assert!(
            world
                .state()
                .iter()
                .any(|line| line.starts_with("cn-north-4/pay/ledger")),
            "{pattern}"
        );
        // A printed chart gives the same messages.
        world.chart(&world.run(&["validate", "--print"]).exits(0).stdout);
        let _ = world.plan(&[]).says("withheld: protected by");
    }
}

#[test]
fn a_pattern_that_could_match_nothing_is_an_error_at_its_place() {
    for (pattern, message) in WRONG {
        for (world, column) in [(protect(pattern), 12), (accept(pattern), 22)] {
            let output = world
                .try_apply(&[])
                .exits(1)
                .warns("error[bad-pattern]")
                .warns(message);
            assert!(
                output.stderr.contains(&format!("portolan.yaml:3:{column}")),
                "{output}"
            );
            assert_eq!(world.writes(), [""; 0], "{pattern}");
            let _ = world.run(&["validate"]).exits(1);
            let document = world.plan_json(&[]);
            assert_eq!(document["outcome"], json!("unknown"));
            assert_eq!(
                found(&document, "bad-pattern")[0]["line"],
                json!(3),
                "{document:#}"
            );
        }
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_reported_by_every_command_that_reads_live() {
    for (pattern, message) in IDLE {
        for (world, column) in [(protect(pattern), 12), (accept(pattern), 22)] {
            let place = format!("portolan.yaml:3:{column}");
            for command in [&["plan"][..], &["drift"], &["apply", "--yes"]] {
                let output = world.run(command);
                let _ = output
                    .warns("warning[pattern-covers-nothing]")
                    .warns(message)
                    .warns(&place);
            }
            let world = protect(pattern);
            for command in ["plan", "drift"] {
                let document = world.run(&[command, "--format", "json"]).json();
                let [warning] = found(&document, "pattern-covers-nothing")[..] else {
                    panic!("{document:#}")
                };
                assert_eq!(
                    (&warning["severity"], &warning["line"]),
                    (&json!("warning"), &json!(3))
                );
            }
            let applied = world
                .run(&["apply", "--yes", "--format", "json"])
                .exits(0)
                .json();
            assert_eq!(found(&applied, "pattern-covers-nothing").len(), 1);
            // This command does not read the live state.
            assert!(
                !world.run(&["validate"]).exits(0).stderr.contains("warning"),
                "{pattern}"
            );
        }
    }
}

#[test]
fn an_acceptance_may_use_the_printed_address() {
    for pattern in [
        "pay/web",
        "cn-north-4/pay/web",
        "repository cn-north-4/pay/web",
    ] {
        let output = accept(pattern).run(&["drift"]).says("1 accepted");
        assert!(!output.stderr.contains("warning"), "{output}");
    }
}

#[test]
fn a_region_that_is_also_an_organization_has_two_full_forms() {
    let text = "version: 1\nregion: cn-north-4\norganizations:\n  cn-north-4: { repositories: { \
        ledger: {} } }\n  ledger:\n";
    let world = World::of(&format!("{text}protect: [ cn-north-4/ledger ]\n"));
    let output = world
        .run(&["validate"])
        .exits(1)
        .warns("error[ambiguous-pattern]");
    let _ = output
        .warns("`repository cn-north-4/cn-north-4/ledger`")
        .warns("`organization cn-north-4/ledger`");
    for full in [
        "repository cn-north-4/cn-north-4/ledger",
        "organization cn-north-4/ledger",
    ] {
        let world = World::of(&format!("{text}protect: [ {full} ]\n"));
        assert!(
            !world.plan(&[]).exits(0).stderr.contains("warning"),
            "{full}"
        );
    }
}

#[test]
fn a_pattern_lint_can_be_waived() {
    let known = "# portolan: allow pattern-covers-nothing";
    let world = world(&format!("protect: [ pay/later-* ] {known}"));
    let silent = |output: Output| assert!(!output.stderr.contains("warning"), "{output}");
    silent(world.plan(&[]));
    silent(world.run(&["validate"]));
    // A partial plan does not check every pattern.
    silent(world.plan(&["--target", "pay/web"]));
    world.chart(&chart(&format!("protect: [ pay/ledger ] {known}")));
    let _ = world.plan(&[]).warns("warning[unused-waiver]");
    silent(world.plan(&["--target", "pay/web"]));
}

#[test]
fn patterns_for_unread_resources_are_not_reported() {
    let rules = "sync: [ { target_region: cn-east-3, target_organization: dr } ]";
    let world = World::of(&format!(
        "version: 1\nregion: cn-north-4\n\
        organizations: {{ pay: {{ repositories: {{ web: {{ {rules} }}, api: {{ {rules} }}, \
        left: }} }} }}\nprotect: [ pay/web -> cn-east-3/old, '**/old', pay/left/cn-east-3/old, \
        theirs/x ]\n---\nversion: 1\nregion: cn-east-3\nprotect: [ pay/web ]\n"
    ));
    let _ = world.apply(&[]);
    world.edit(|state| {
        for name in ["web", "left"] {
            state
                .ensure_repository(NORTH, "pay", name)
                .sync_rules
                .push(SyncRule::to("cn-east-3", "old"));
        }
        let _ = state.ensure_repository(NORTH, "theirs", "x");
    });
    let silent = |output: Output| assert!(!output.stderr.contains("warning"), "{output}");
    silent(world.plan(&[]).says("withheld: protected by"));
    silent(world.plan(&["--target", "pay/api"]));
    // A rule that no file names is found by its printed address.
    let rule = "sync_rule cn-north-4/pay/web -> cn-east-3/old";
    silent(
        world
            .plan(&["--target", rule])
            .exits(0)
            .says(&format!("- {rule}")),
    );
    silent(
        world
            .plan(&["--target", "pay/web", "--exclude", rule])
            .exits(0)
            .says("0 to destroy"),
    );
    // A pattern is not called unused if a list could not be read.
    let body = ErrorBody::Other {
        status: 403,
        content_type: "text/plain".into(),
        text: "no".into(),
    };
    let effect = Effect::Status {
        body,
        retry_after: None,
        committed: false,
    };
    world.inject(Fault::new(effect).path("/repos").forever());
    let output = world.plan(&["--target", "pay/nothing"]).exits(1);
    assert!(!output.stderr.contains("covers nothing"), "{output}");
}

/// Every command with a selection ends with this message, in both forms, and writes nothing.
#[track_caller]
fn all_refuse(world: &World, arguments: &[&str], message: &str) {
    for command in [
        &["plan", "--detailed-exitcode"][..],
        &["drift"],
        &["apply", "--yes"],
    ] {
        let typed = [command, arguments].concat();
        let output = world
            .run(&typed)
            .exits(1)
            .warns("error[selection-covers-nothing]")
            .warns(message);
        assert!(!output.stdout.contains("No changes"), "{output}");
        let document = world
            .run(&[&typed[..], &["--format", "json"]].concat())
            .exits(1)
            .json();
        let outcome = if command[0] == "apply" {
            &document["plan"]["outcome"]
        } else {
            &document["outcome"]
        };
        assert_eq!(outcome, &json!("unknown"), "{document:#}");
        let [error] = found(&document, "selection-covers-nothing")[..] else {
            panic!("{document:#}")
        };
        assert_eq!(error["severity"], json!("error"));
    }
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_target_that_covers_nothing_is_an_error() {
    let world = world("");
    all_refuse(
        &world,
        &["--target", "cn-north-4/pay/wbe"],
        "did you mean `repository cn-north-4/pay/web`?",
    );
    all_refuse(
        &world,
        &["--target", "wbe"],
        "a pattern begins with a region or an organization",
    );
    all_refuse(
        &world,
        &["--target", "pa*/web"],
        "did you mean `*/pa*/web`?",
    );
    all_refuse(
        &world,
        &["--target", "cn-east-3/pay"],
        "covers nothing, declared or live",
    );
    all_refuse(
        &world,
        &["--target", "pay/WEB"],
        "did you mean `*/pay/web`?",
    );
    // One of two is enough.
    all_refuse(
        &world,
        &["--target", "pay/web", "--target", "pay/wbe"],
        "`--target 'pay/wbe'`",
    );
    all_refuse(&world, &["--exclude", "pay/wbe"], "`--exclude 'pay/wbe'`");
    // No plan file is left that could be applied, and the metrics stay as they are.
    let _ = world.plan(&["--out", "plan.json"]).exits(0);
    let _ = world
        .plan(&["--out", "plan.json", "--target", "pay/wbe"])
        .exits(1);
    assert!(!world.path("plan.json").exists());
    let _ = world
        .run(&["drift", "--target", "pay/wbe", "--metrics", "portolan.prom"])
        .exits(1);
    let metrics = std::fs::read_to_string(world.path("portolan.prom")).unwrap();
    assert!(
        metrics.contains("portolan_outcome{chart=\"portolan\",outcome=\"unknown\"} 1"),
        "{metrics}"
    );
    let _ = world
        .try_apply(&["--target", "pay/wbe", "--receipt", "receipt.json"])
        .exits(1);
    assert_eq!(world.writes(), [""; 0]);
}

#[test]
fn a_pattern_for_a_future_resource_is_only_a_warning() {
    let world = world("");
    for arguments in [
        &["plan", "--exclude", "pay/tmp-*"][..],
        &["drift", "--exclude", "pay/tmp-*"],
    ] {
        let _ = world
            .run(arguments)
            .warns("warning[pattern-covers-nothing]: `--exclude 'pay/tmp-*'` covers nothing");
    }
    for pattern in ["pay/wbe", "pay/tmp-*", "cn-east-3/**"] {
        let output = world
            .run(&["drift", "--ignore", pattern, "--format", "json"])
            .exits(2);
        let document = output.json();
        let [warning] = found(&document, "pattern-covers-nothing")[..] else {
            panic!("{document:#}")
        };
        assert!(
            warning["message"]
                .as_str()
                .unwrap()
                .contains(&format!("--ignore '{pattern}'")),
            "{warning}"
        );
        let _ = output.warns("warning[pattern-covers-nothing]");
    }
    let _ = world
        .try_apply(&["--exclude", "pay/tmp-*"])
        .exits(0)
        .warns("pattern-covers-nothing");
}

#[test]
fn an_invalid_pattern_is_a_usage_error() {
    let world = world("");
    for pattern in [
        "",
        "pay//web",
        " pay/web",
        "!pay/web",
        "pay/w[ae]b",
        "pay/we?",
        "repository pay/WEB",
        "pay -> x",
    ] {
        for option in ["--target", "--exclude"] {
            for command in [&["plan"][..], &["drift"], &["apply", "--yes"]] {
                let _ = world
                    .run(&[command, &[option, pattern]].concat())
                    .exits(64)
                    .warns("is not a valid pattern");
            }
        }
        let _ = world
            .run(&["drift", "--ignore", pattern])
            .exits(64)
            .warns("is not a valid pattern");
    }
    assert!(
        world.journal().is_empty(),
        "nothing is read for a wrong command line"
    );
}

#[test]
fn the_first_segment_is_a_region_or_an_organization_of_every_region() {
    let world = World::new();
    let document = |region: &str| {
        format!(
            "version: 1\nregion: {region}\norganizations: {{ group: {{ repositories: {{ web: }} \
            }}, own: }}\n"
        )
    };
    world.chart(&format!(
        "{}---\n{}",
        document("cn-north-4"),
        document("cn-east-3")
    ));
    let chosen = |pattern: &str| -> Vec<String> {
        let plan = world.plan_json(&["--target", pattern]);
        let changes = plan["changes"].as_array().unwrap().iter();
        changes
            .map(|change| {
                ["region", "organization", "repository"]
                    .map(|part| change["address"][part].as_str().unwrap_or("-"))
                    .join("/")
            })
            .collect()
    };
    let patterns = [
        "cn-east-3/group/-",
        "cn-east-3/group/web",
        "cn-north-4/group/-",
        "cn-north-4/group/web",
    ];
    assert_eq!(chosen("*/group"), patterns);
    assert_eq!(chosen("group"), patterns);
    assert_eq!(chosen("group/web"), patterns);
    assert_eq!(chosen("repository group/web"), patterns);
    assert_eq!(chosen("cn-east-3/group"), patterns[..2]);
    assert_eq!(chosen("repository cn-east-3/group/web"), patterns[..2]);
    assert_eq!(chosen("organization cn-east-3/own"), ["cn-east-3/own/-"]);
    assert_eq!(chosen("cn-east-3").len(), 3);
    assert_eq!(chosen("cn-*/own"), ["cn-east-3/own/-", "cn-north-4/own/-"]);
    assert_eq!(chosen("**/web"), patterns);
}

#[test]
fn a_saved_partial_plan_names_its_selection() {
    let world = world("");
    let _ = world
        .plan(&["--target", "pay/web", "--out", "plan.json"])
        .exits(0)
        .says("--target 'pay/web'");
    assert_eq!(
        world.json("plan.json")["scope"]["targets"],
        json!(["*/pay/web"])
    );
    let _ = world
        .run(&["apply", "plan.json"])
        .exits(0)
        .says("--target '*/pay/web'")
        .says("1 changed");
}
