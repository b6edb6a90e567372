//! Plans in every format, to the letter.
//!
//! `NNN-name.*` are the goldens of the scenarios. `UPDATE_GOLDEN=1` rewrites them: read the
//! difference as a reviewer of a pull request would.

mod budget;
mod scenarios;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
};

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
use serde_json::{Value, json};

/// Of more changes, the first two and the last stand in the goldens of formats that do not fold.
const SHORT: usize = 20;

/// What a comment on a pull request may hold.
const BUDGET: usize = 65_000;

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

/// The text with a note in place of the middle of its pieces.
fn abridged(text: &str, begin: &str) -> String {
    let pieces: Vec<&str> = text.split(begin).collect();
    if pieces.len() <= SHORT {
        return text.to_owned();
    }
    let left_out = pieces.len() - 3;
    let note = format!("\n(the test leaves {left_out} pieces out)");
    format!(
        "{}{begin}{}{note}{begin}{}",
        pieces[0],
        pieces[1],
        pieces[pieces.len() - 1]
    )
}

/// The document with a note in place of the middle of a list.
fn abridged_list(document: &str, list: &str) -> String {
    let mut value: Value = serde_json::from_str(document).unwrap();
    let items = value
        .pointer_mut(list)
        .and_then(Value::as_array_mut)
        .unwrap();
    if items.len() <= SHORT {
        return document.to_owned();
    }
    let (last, left_out) = (items.pop().unwrap(), items.len() - 2);
    items.truncate(2);
    items.extend([
        json!(format!("(the test leaves {left_out} items out)")),
        last,
    ]);
    pretty(&value)
}

fn goldens() -> BTreeMap<String, String> {
    let mut goldens = BTreeMap::new();
    for scenario in scenarios::all() {
        let (name, plan) = (scenario.name, &scenario.plan);
        let mut add =
            |ending: &str, text: String| drop(goldens.insert(format!("{name}.{ending}"), text));
        add("txt", text(plan, Look::plain(Depth::Folded)));
        add("md", markdown::markdown(plan, BUDGET));
        add(
            "details.txt",
            abridged(&text(plan, Look::plain(Depth::Full)), "\n  + repository"),
        );
        add("json", abridged_list(&json(plan), "/changes"));
        add("diff", abridged(&yaml_diff::diff(plan), "\n--- "));
        add("sarif", abridged_list(&sarif(plan), "/runs/0/results"));
        add("gitlab.json", abridged_list(&gitlab(plan), ""));
    }
    goldens
}

#[test]
fn every_format_of_every_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let goldens = goldens();
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    for (name, text) in &goldens {
        if update {
            fs::write(folder.join(name), text).unwrap();
        }
        let golden =
            fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(*text == golden, "{name} is now:\n{text}");
    }
    let found: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".rs"))
        .collect();
    let left_over: Vec<&String> = found
        .iter()
        .filter(|name| !goldens.contains_key(*name))
        .collect();
    assert!(
        left_over.is_empty(),
        "goldens without a scenario: {left_over:?}"
    );
}

#[test]
fn a_thousand_equal_changes_are_all_in_the_formats_of_machines() {
    let scenarios = scenarios::all();
    let plan = &scenarios
        .iter()
        .find(|scenario| scenario.plan.changes.len() > SHORT)
        .unwrap()
        .plan;
    let length = |value: &Value| value.as_array().unwrap().len();
    let document: Value = serde_json::from_str(&json(plan)).unwrap();
    assert_eq!(
        (length(&document["changes"]), plan.changes.len()),
        (1000, 1000)
    );
    let document: Value = serde_json::from_str(&sarif(plan)).unwrap();
    assert_eq!(length(&document["runs"][0]["results"]), 1000);
    assert_eq!(yaml_diff::diff(plan).matches("\n+++ chart: ").count(), 1000);
    assert_eq!(
        text(plan, Look::plain(Depth::Full))
            .matches("  + repository")
            .count(),
        1000
    );
}
