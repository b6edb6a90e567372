//! Plans in every format, compared byte by byte.
//!
//! `GOLDENS` lists which formats of which scenarios are kept in `tests/plans`, and what they show.
//! `UPDATE_GOLDEN=1 cargo test --test lib plans::` rewrites them: read the difference as a reviewer
//! of a pull request would.

mod budget;
mod copies;
mod scenarios;
mod short;

use std::{collections::BTreeSet, env, fs, path::Path};

use portolan::{
    plan::{
        Plan,
        document::{PlanDocument, pretty},
    },
    render::{
        checkout::Checkout,
        gitlab, markdown,
        plan::{text, views},
        sarif,
        style::{Depth, Look},
        yaml_diff,
    },
};
use serde_json::Value;

/// The maximum size of a comment on a pull request.
const BUDGET: usize = 65_000;

/// The maximum number of lines of a golden: nobody reviews longer ones.
const LONGEST: usize = 130;

/// An ending of goldens and what prints them.
type Format = (&'static str, fn(&Plan) -> String);

const FORMATS: [Format; 8] = [
    ("txt", |plan| text(plan, Look::plain(Depth::Folded))),
    ("details.txt", |plan| text(plan, Look::plain(Depth::Full))),
    ("md", |plan| markdown::markdown(plan, BUDGET)),
    ("tables.md", |plan| {
        short::tables(&markdown::markdown(plan, BUDGET))
    }),
    ("json", |plan| short::json(&json(plan))),
    ("diff", yaml_diff::diff),
    ("sarif", |plan| short::json(&sarif(plan))),
    ("gitlab.json", |plan| short::json(&gitlab(plan))),
];

/// Each scenario with its kept formats: two scenarios in all formats, and the others where they
/// alone show something. Markdown holds the whole text as well.
const GOLDENS: [(&str, &str); 26] = [
    // No changes.
    ("001-nothing", "md"),
    // Each action, in each format.
    (
        "002-each-action",
        "txt details.txt md json diff sarif gitlab.json",
    ),
    // Each class of risk, in each format: allowed, withheld and in need of no consent.
    (
        "003-each-risk",
        "txt details.txt md json diff sarif gitlab.json",
    ),
    // Only withheld changes.
    ("004-withheld", "md"),
    // A pattern protects an unlisted repository: `withheld` has another shape.
    ("005-protected", "txt json"),
    // Two stops.
    ("006-over-the-limit", "txt"),
    // A selection, with a pattern that means something in Markdown.
    ("007-partial", "md"),
    // A failed read: the list of failures, and diagnostics in JSON.
    ("008-unknown", "md json"),
    // Rows fold, and one thousand stay within the budget of a comment.
    ("009-a-thousand-equal", "txt"),
    // Regions of one chart.
    ("010-multi-region", "txt"),
    // Texts that would break out: each format has escapes of its own.
    ("011-hostile-texts", "txt md json diff sarif gitlab.json"),
    // Runs and ids of mirrors, and failed reads.
    ("012-mirrors", "txt json"),
    // A class that only mirrors have, with consent to fewer changes than there are.
    ("013-one-way", "txt"),
    // Where a git login comes from.
    ("014-logins", "md"),
    // Rows that fold and rows that do not, in text and in tables.
    ("015-almost-equal", "txt tables.md"),
    // Commands to the runner of a CI job, and invisible characters.
    ("016-commands", "details.txt json diff sarif"),
    // Each action and risk of sharing, and its findings.
    ("019-sharing", "txt md json diff"),
    // Each action of a retention, with our own count of the tags, allowed and withheld.
    ("020-retention", "txt md json diff"),
    ("021-retention-withheld", "txt sarif gitlab.json"),
    // Sharing without consent; one that has ended is in force again.
    ("022-sharing-withheld", "txt sarif gitlab.json"),
    // The deletion of what may have another name now.
    ("023-renamed", "txt json"),
    // Each action and risk of permissions, allowed and withheld.
    ("030-access", "txt details.txt md json diff"),
    ("031-access-withheld", "txt sarif gitlab.json"),
    // What is wrong with a user of a list.
    ("032-access-stopped", "txt md json"),
    // Each run of a rule, and what it leaves.
    ("040-backfill", "txt details.txt md json diff sarif"),
    // Copies that failed, hang and were cancelled.
    ("045-sync-jobs", "txt md json sarif gitlab.json"),
];

/// The texts that every format shows of a scenario, and the formats that do not.
const SHOWN: [(&str, &str, &str); 15] = [
    ("003-each-risk", "143 tags", "diff"),
    ("003-each-risk", "anyone can pull", "diff"),
    ("004-withheld", "--allow destroys-data=1", ""),
    ("004-withheld", "--allow exposes=1", ""),
    ("005-protected", "protect", ""),
    ("006-over-the-limit", "11 resources", ""),
    ("006-over-the-limit", "of its 12 repositories", ""),
    // Text prints failures to stderr.
    (
        "008-unknown",
        "repository list of r-1",
        "txt details.txt diff",
    ),
    ("013-one-way", "one-way", ""),
    ("040-backfill", "3 of 4 tags missing", ""),
    ("019-sharing", "can pull 40 tags until 2027-12-31", "diff"),
    ("014-logins", "GIT_TOKEN", ""),
    ("045-sync-jobs", "apply --backfill", ""),
    // The table escapes the slash.
    ("014-logins", "run/a", "tables.md"),
    ("014-logins", "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11", ""),
];

fn json(plan: &Plan) -> String {
    pretty(&PlanDocument::new(plan, Vec::new()))
}

fn checkout() -> Checkout {
    Checkout {
        root: "/".into(),
        directory: "/".into(),
        chart: "chart.yaml".to_owned(),
    }
}

fn sarif(plan: &Plan) -> String {
    sarif::sarif(&views(plan).collect::<Vec<_>>(), &[], &checkout())
}

fn gitlab(plan: &Plan) -> String {
    gitlab::gitlab(&views(plan).collect::<Vec<_>>(), &checkout())
}

fn plan(name: &str) -> Plan {
    let mut scenarios = scenarios::all().into_iter();
    let found = scenarios.find(|scenario| scenario.name == name);
    found.unwrap_or_else(|| panic!("no scenario {name}")).plan
}

/// The JSON document of a scenario.
pub(crate) fn document(name: &str) -> String {
    json(&plan(name))
}

#[test]
fn every_format_of_every_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    let mut wanted = BTreeSet::new();
    let scenarios = scenarios::all();
    assert!(
        scenarios
            .iter()
            .map(|scenario| scenario.name)
            .eq(GOLDENS.map(|(name, _)| name))
    );
    for (scenario, (_, endings)) in scenarios.iter().zip(GOLDENS) {
        for ending in endings.split(' ') {
            let (_, print) = FORMATS.iter().find(|(known, _)| *known == ending).unwrap();
            let (name, printed) = (format!("{}.{ending}", scenario.name), print(&scenario.plan));
            if update {
                fs::write(folder.join(&name), &printed).unwrap();
            }
            let golden = fs::read_to_string(folder.join(&name))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(printed == golden, "{name} is now:\n{printed}");
            let lines = golden.lines().count();
            assert!(lines <= LONGEST, "{name} has {lines} lines");
            wanted.insert(name);
        }
    }
    let left_over: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !wanted.contains(name))
        .collect();
    assert!(left_over.is_empty(), "nothing prints {left_over:?}");
}

#[test]
fn every_format_shows_the_important_facts() {
    for (name, words, but) in SHOWN {
        let plan = plan(name);
        for (ending, print) in FORMATS {
            let printed = print(&plan);
            let is_shown = !but.split(' ').any(|without| without == ending);
            assert_eq!(
                printed.contains(words),
                is_shown,
                "{name}.{ending}: {words}\n{printed}"
            );
        }
    }
}

#[test]
fn every_change_is_in_every_format_that_does_not_fold() {
    let formats: [Format; 3] = [
        ("details.txt", FORMATS[1].1),
        ("sarif", sarif),
        ("gitlab", gitlab),
    ];
    for scenario in scenarios::all() {
        for (ending, print) in formats {
            let printed = print(&scenario.plan);
            for change in &scenario.plan.changes {
                let address = change.address.to_string();
                let name = scenario.name;
                assert!(
                    printed.contains(&address),
                    "{address} is not in {name}.{ending}"
                );
            }
        }
    }
}

#[test]
fn no_format_holds_a_command_to_a_runner() {
    for scenario in scenarios::all() {
        for (ending, print) in FORMATS {
            let printed = print(&scenario.plan);
            let obeyed = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
            let found = printed.lines().find(obeyed);
            assert_eq!(found, None, "{}.{ending}", scenario.name);
        }
    }
}

#[test]
fn a_plan_without_changes_is_an_empty_document() {
    let plan = plan("001-nothing");
    assert_eq!(yaml_diff::diff(&plan), "");
    assert_eq!(gitlab(&plan), "[]\n");
    let document: Value = serde_json::from_str(&json(&plan)).unwrap();
    assert_eq!(document["outcome"], "no_changes");
    for list in ["changes", "stopped", "unlisted", "diagnostics"] {
        assert_eq!(document[list], Value::Array(Vec::new()), "{list}");
    }
    let document: Value = serde_json::from_str(&sarif(&plan)).unwrap();
    assert_eq!(document["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn a_partial_plan_is_marked_in_every_format() {
    let plan = plan("007-partial");
    for (ending, print) in FORMATS {
        let printed = print(&plan);
        let words = if ending == "json" {
            "\"partial\": true"
        } else {
            "part of the chart"
        };
        assert!(printed.contains(words), "{ending}:\n{printed}");
    }
}

#[test]
fn a_thousand_equal_changes_are_all_there() {
    let plan = plan("009-a-thousand-equal");
    assert_eq!(plan.changes.len(), 1000);
    let length = |value: &Value| value.as_array().unwrap().len();
    let document: Value = serde_json::from_str(&json(&plan)).unwrap();
    assert_eq!(length(&document["changes"]), 1000);
    let document: Value = serde_json::from_str(&sarif(&plan)).unwrap();
    let reported = 1000 + plan.findings.len();
    assert_eq!(length(&document["runs"][0]["results"]), reported);
    assert_eq!(
        length(&serde_json::from_str(&gitlab(&plan)).unwrap()),
        reported
    );
    let diff = yaml_diff::diff(&plan);
    assert_eq!(diff.matches("\n+++ chart: ").count(), 1000);
    let details = text(&plan, Look::plain(Depth::Full));
    assert_eq!(details.matches("\n  + repository").count() + 1, 1000);
    // The table folds; the text below it is cut where the budget ends.
    let page = markdown::markdown(&plan, BUDGET);
    assert!(page.contains("and 999 more repositories"), "{page}");
    assert!(page.len() <= BUDGET, "{}", page.len());
}
