//! Changes that let the service delete tags: their risk, and what a saved plan has to hold.

use super::*;
use crate::{
    kind::{Item, retention},
    plan::Stays,
    state::LiveResource,
    time::Moment,
};

const DAY: i64 = 86_400;

/// A repository with tags of these ages in days, and a policy with these attributes.
fn tagged(ages: &[(&str, i64)], policy: Option<serde_json::Value>) -> Live {
    let mut live = live(&[("o/a", false, ages.len() as u64, &[])]);
    let repository = repository::address("r-1", "o", "a");
    let item = |(name, age): &(&str, i64)| Item {
        name: (*name).to_owned(),
        since: Some(Moment(NOW.0 - age * DAY)),
        digest: None,
    };
    let items = ages.iter().map(item).collect();
    live.contents.insert(repository.clone(), items);
    if let Some(policy) = policy {
        let named = serde_json::from_value(policy).unwrap();
        let found = LiveResource {
            attributes: retention::RETENTION.attributes_from(named).unwrap(),
            id: Some(34),
            ..LiveResource::default()
        };
        live.resources
            .insert(retention::address(&repository), found);
    }
    live
}

fn of(retention: &str) -> String {
    format!("organizations: {{ o: {{ repositories: {{ a: {{ retention: {retention} }} }} }} }}")
}

#[test]
fn days_are_counted_from_the_time_of_the_plan() {
    let live = tagged(
        &[("old", 15), ("edge", 14), ("new", 13), ("latest", 99)],
        None,
    );
    let plan = plan(&of("{ keep_days: 14, except: [ latest ] }"), &live, &[]);
    let [change] = &plan.changes[..] else {
        panic!("{plan:?}")
    };
    let evidence = "2 of 4 tags would go now, by our own count; the service decides: old, edge";
    assert_eq!(change.risks[0].evidence, evidence);
    let stays = ["latest", "new"].map(str::to_owned).to_vec();
    assert_eq!(change.precondition.stays, Some(Stays::Named(stays)));
}

#[test]
fn without_the_list_all_tags_may_go() {
    let mut live = tagged(&[("a", 1), ("b", 2)], None);
    live.contents.clear();
    let plan = plan(&of("{ keep_tags: 1 }"), &live, &["collects"]);
    assert_eq!(
        summary(&plan),
        ["+ retention r-1/o/a [collects: --allow collects=1]"]
    );
    assert_eq!(plan.changes[0].precondition.stays, Some(Stays::All));
}

#[test]
fn another_way_of_counting_is_a_replacement_that_shows_both() {
    let policy = json!({ "keep_tags": 5, "except": ["latest"] });
    let plan = plan(
        &of("{ keep_days: 30, except: [ latest ] }"),
        &tagged(&[("a", 1)], Some(policy)),
        &["collects"],
    );
    assert_eq!(summary(&plan), ["-/+ retention r-1/o/a"]);
    let fields: Vec<_> = plan.changes[0]
        .fields
        .iter()
        .map(|field| (field.name, field.before.clone(), field.after.clone()))
        .collect();
    let expected = [
        ("keep_tags", Some(json!(5)), None),
        ("keep_days", None, Some(json!(30))),
    ];
    assert_eq!(fields, expected);
    assert_eq!(plan.changes[0].risks[0].class, RiskClass::Collects);
}

#[test]
fn a_saved_plan_says_what_stays() {
    type Forgery = fn(&mut PlanDocument);
    let read = |plan: &Plan, forge: Forgery| {
        let mut document = PlanDocument::new(plan, Vec::new());
        forge(&mut document);
        document::read(&document.to_file(plan))
    };
    let policy = || Some(json!({ "keep_tags": 5, "except": [] }));
    let plans = [
        ("{ keep_tags: 1 }", None),
        ("{ keep_tags: 2 }", None),
        ("{ keep_tags: 1 }", policy()),
        ("{ keep_tags: 6 }", policy()),
        ("{ keep_days: 9, except: [ latest ] }", policy()),
        ("none", policy()),
        (
            "{ keep_tags: 9 }",
            Some(json!({ "policy": "[{\"id\":1},{\"id\":2}]" })),
        ),
    ];
    for (retention, policy) in plans {
        let live = tagged(&[("a", 1), ("b", 2)], policy);
        let plan = plan(&of(retention), &live, &["collects=1"]);
        assert_eq!(plan.changes.len(), 1, "{retention}");
        assert_eq!(read(&plan, |_| {}).as_ref(), Ok(&plan), "{retention}");
    }
    let risky = plan(
        &of("{ keep_tags: 1 }"),
        &tagged(&[("a", 1), ("b", 2)], None),
        &["collects=1"],
    );
    let forgeries: [Forgery; 3] = [
        |document| document.changes[0].precondition.stays = None,
        |document| {
            document.changes[0].risks.clear();
            document.changes[0].evidence.clear();
        },
        |document| {
            document.changes[0].risks.clear();
            document.changes[0].precondition.stays = None;
        },
    ];
    for forge in forgeries {
        let refusal = read(&risky, forge).unwrap_err().to_string();
        assert!(refusal.contains("does not say what stays"), "{refusal}");
    }
}
