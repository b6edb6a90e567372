//! Runs of rules: when, what is copied, and what a plan says about the rest.

use super::*;
use crate::{
    copies::Held,
    kind::{Item, organization, sync_rule},
    plan::{Copies, Run},
    state::ReadFailure,
};

const TAGS: [&str; 3] = ["v1", "v2", "v3"];

/// The repository `o/a` with these tags, and `there` at `x-1/dr`.
fn seen(rules: &[(&str, &str, bool)], there: &[&str]) -> Live {
    let mut live = live(&[("o/a", false, 3, rules)]);
    let item = |name: &&str| Item {
        name: (*name).to_owned(),
        since: Some(crate::time::Moment(NOW.0 - 86_400)),
        digest: None,
    };
    let source = repository::address("r-1", "o", "a");
    let target = repository::address("x-1", "dr", "a");
    let listed = Held::Listed(TAGS.iter().map(item).collect());
    let named = Held::Named(there.iter().map(|name| (*name).into()).collect());
    live.copies.held.insert(source, listed);
    live.copies.held.insert(target, named);
    live
}

fn keys(backfill: &str) -> String {
    format!(
        "organizations: {{ o: {{ repositories: {{ a: {{ sync: [ {{ target_region: x-1, \
        target_organization: dr, override: false, {backfill} }} ] }} }} }} }}"
    )
}

const NONE: &[(&str, &str, bool)] = &[];
const OTHER: &[(&str, &str, bool)] = &[("x-1", "dr", true)];
const SAME: &[(&str, &str, bool)] = &[("x-1", "dr", false)];

fn copies(plan: &Plan) -> Vec<(Vec<&str>, String)> {
    let runs = plan.changes.iter();
    let runs = runs.map(|change| (change, change.action.run().and_then(Run::copies)));
    runs.map(|(change, copies)| {
        let items = copies.map_or_else(String::new, |copies: &Copies| {
            format!("{}: {}", copies.because, copies.items.join(" "))
        });
        (change.verbs().to_vec(), items)
    })
    .collect()
}

#[test]
fn the_policy_and_the_action_decide_whether_a_rule_is_run() {
    let (new, replaced, missing) = (
        "the rule is new, 2 of 3 tags missing: v2 v3",
        "the rule is replaced, 2 of 3 tags missing: v2 v3",
        "2 of 3 tags missing: v2 v3",
    );
    for (policy, rules, verbs, words) in [
        ("", NONE, &["create"][..], ""),
        ("backfill: never", NONE, &["create"], ""),
        ("backfill: on-create", NONE, &["create", "run"], new),
        ("backfill: missing", NONE, &["create", "run"], new),
        (
            "backfill: on-create",
            OTHER,
            &["delete", "create", "run"],
            replaced,
        ),
        (
            "backfill: missing",
            OTHER,
            &["delete", "create", "run"],
            replaced,
        ),
        ("backfill: never", OTHER, &["delete", "create"], ""),
        ("backfill: missing", SAME, &["run"], missing),
    ] {
        let plan = plan(&keys(policy), &seen(rules, &["v1"]), &[]);
        let expected = vec![(verbs.to_vec(), words.to_owned())];
        assert_eq!(copies(&plan), expected, "{policy} {rules:?}");
    }
    for policy in ["", "backfill: never", "backfill: on-create"] {
        let plan = plan(&keys(policy), &seen(SAME, &["v1"]), &[]);
        assert_eq!((plan.changes.len(), plan.unchanged), (0, 3), "{policy}");
    }
    // Nothing is missing.
    let plan = plan(&keys("backfill: missing"), &seen(SAME, &TAGS), &[]);
    assert_eq!(plan.outcome(), Outcome::NoChanges);
}

#[test]
fn the_command_line_runs_the_rules_that_it_covers() {
    for (pattern, rules, verbs) in [
        ("r-1/o/a", SAME, &["run"][..]),
        ("r-1/o", NONE, &["create", "run"]),
        ("r-1/o/a/x-1/dr", SAME, &["run"]),
        ("r-1/o/b", SAME, &[]),
    ] {
        let mut chart = chart(&keys(""));
        chart.backfill = vec![pattern.parse().unwrap()];
        let plan = build::build(&chart, &seen(rules, &[]), &[], Scope::default(), NOW);
        let found = plan.changes.iter().flat_map(Change::verbs);
        let found: Vec<&str> = found.copied().collect();
        assert_eq!(found, verbs, "{pattern}");
    }
}

#[test]
fn a_run_carries_no_risk_and_withholds_nothing() {
    let plan = plan(&keys("backfill: missing"), &seen(SAME, &["v1"]), &[]);
    let [change] = &plan.changes[..] else {
        panic!("{plan:#?}")
    };
    assert_eq!((&change.risks[..], &change.withheld), (&[][..], &None));
    assert_eq!((change.action.symbol(), plan.summary().run), (">", 1));
    assert_eq!(change.reason, Reason::ItemsMissing);
    assert_eq!(change.precondition.attributes["override"], json!(false));
    assert_eq!(change.source.as_ref().map(|source| source.line), Some(3));
}

#[test]
fn existing_tags_are_not_copied_only_where_nothing_copies_them() {
    let note = |backfill: &str, there: &[&str]| {
        let plan = plan(&keys(backfill), &seen(NONE, there), &[]);
        plan.changes[0].notes.clone()
    };
    assert_eq!(note("", &[]), ["3 existing tags are not copied"]);
    assert_eq!(note("backfill: on-create", &[]), [] as [&str; 0]);
    assert_eq!(note("backfill: on-create", &TAGS), [] as [&str; 0]);
}

#[test]
fn a_target_that_cannot_be_read_makes_the_outcome_unknown_where_it_is_needed() {
    let target = repository::address("x-1", "dr", "a");
    for (policy, rules, outcome) in [
        ("backfill: missing", SAME, Outcome::Unknown),
        ("backfill: missing", NONE, Outcome::Unknown),
        ("backfill: on-create", NONE, Outcome::Unknown),
        ("backfill: on-create", OTHER, Outcome::Unknown),
        ("backfill: on-create", SAME, Outcome::NoChanges),
        ("backfill: never", NONE, Outcome::Changes),
    ] {
        let mut live = seen(rules, &[]);
        live.copies.held.remove(&target);
        live.copies
            .unread
            .insert(target.clone(), "403 no".to_owned());
        let plan = plan(&keys(policy), &live, &[]);
        assert_eq!(plan.outcome(), outcome, "{policy} {rules:?}");
        if outcome == Outcome::Unknown {
            assert_eq!(plan.failures[0].message, "403 no");
        }
    }
}

#[test]
fn jobs_that_cannot_be_read_make_the_outcome_unknown_where_they_are_needed() {
    for (policy, there, outcome) in [
        ("backfill: missing", &["v1"][..], Outcome::Unknown),
        ("backfill: missing", &TAGS, Outcome::NoChanges),
        ("backfill: on-create", &["v1"], Outcome::NoChanges),
        ("", &["v1"], Outcome::NoChanges),
    ] {
        let mut live = seen(SAME, there);
        let failure = ReadFailure {
            subject: "jobs".to_owned(),
            message: "403 no".to_owned(),
            hint: None,
        };
        live.unread_jobs
            .insert(repository::address("r-1", "o", "a"), failure);
        let unread = plan(&keys(policy), &live, &[]);
        assert_eq!(unread.outcome(), outcome, "{policy} {there:?}");
        // What was removed is copied too, so nobody needs to know it.
        let mut chart = chart(&keys(policy));
        chart.backfill = vec!["r-1/o/a".parse().unwrap()];
        let asked = build::build(&chart, &live, &[], Scope::default(), NOW);
        assert_ne!(asked.outcome(), Outcome::Unknown, "{policy}");
    }
}

#[test]
fn a_run_is_read_back_from_a_saved_plan_and_forged_ones_are_refused() {
    for (policy, rules) in [
        ("backfill: missing", SAME),
        ("backfill: on-create", NONE),
        ("backfill: on-create", OTHER),
    ] {
        let plan = plan(&keys(policy), &seen(rules, &["v1"]), &[]);
        let text = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["changes"][0]["after"]["tags"], json!(["v2", "v3"]));
        assert_eq!(document::read(&text).unwrap().changes, plan.changes);
        for tags in [
            json!([]),
            json!(["v1", "v1"]),
            json!([""]),
            json!("v1"),
            json!(null),
        ] {
            let mut forged = value.clone();
            forged["changes"][0]["after"]["tags"] = tags.clone();
            forged.as_object_mut().unwrap().shift_remove("digest");
            forged["digest"] = document::digest(&forged).into();
            let read = document::read(&forged.to_string());
            assert!(
                matches!(read, Err(PlanFileError::Inconsistent(_))),
                "{tags}: {read:?}"
            );
        }
    }
}

#[test]
fn a_protected_rule_is_run_and_not_replaced() {
    let guarded = |text: String| format!("protect: [ o/a ]\n{text}");
    let replaced = plan(&guarded(keys("backfill: missing")), &seen(OTHER, &[]), &[]);
    assert!(replaced.changes[0].withheld.is_some());
    // `apply --backfill` would be withheld as well, so nothing advises it.
    assert_eq!(
        replaced.findings[0].message,
        "3 of 3 tags are not there: v1, v2, v3"
    );
    let run = plan(&guarded(keys("backfill: missing")), &seen(SAME, &[]), &[]);
    assert_eq!(
        (run.changes[0].verbs(), &run.changes[0].withheld),
        (&["run"][..], &None)
    );
}

#[test]
fn a_source_that_is_new_has_nothing_to_copy() {
    let rule = sync_rule::address(&repository::address("r-1", "o", "a"), "x-1", "dr");
    let mut live = Live::default();
    live.resources
        .insert(organization::address("r-1", "o"), LiveResource::default());
    let plan = plan(&keys("backfill: missing"), &live, &[]);
    let change = plan
        .changes
        .iter()
        .find(|change| change.address == rule)
        .unwrap();
    assert_eq!(change.verbs(), ["create"]);
}
