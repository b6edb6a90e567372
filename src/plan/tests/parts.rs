//! Plans of selected parts of a chart, and their order.

use super::*;

fn part(keys: &str, live: &Live, targets: &[&str]) -> Plan {
    let targets = targets.iter().map(|text| text.parse().unwrap()).collect();
    let scope = Scope {
        selection: Selection {
            targets,
            ..Selection::default()
        },
        ..Scope::default()
    };
    build::build(&chart(keys), live, &[], scope, NOW)
}

#[test]
fn resources_outside_the_selection_are_neither_changed_nor_counted() {
    let live = live(&[
        ("o/a", false, 0, &[("x-1", "old", false)]),
        ("o/same", false, 0, &[("x-1", "y", false)]),
    ]);
    let rules = "sync: [ { target_region: x-1, target_organization: y, override: false } ]";
    let chart = format!(
        "organizations: {{ o: {{ unlisted: ignore, repositories: {{
           a: {{ is_public: true, {rules} }}, same: {{ {rules} }}, new: {{ {rules} }}, gone: {{ \
           state: absent }} }} }} }}"
    );
    for (target, expected, unchanged) in [
        ("r-1/o/a/x-1/y", &["+ sync_rule r-1/o/a -> x-1/y"][..], 0),
        (
            "r-1/o/a/**",
            &[
                "- sync_rule r-1/o/a -> x-1/old",
                "+ sync_rule r-1/o/a -> x-1/y",
            ],
            0,
        ),
        ("r-1/o/same/**", &[], 1),
        ("r-1/o/same", &[], 2),
        ("r-1/o/gone", &[], 0),
        // The rule needs its repository, so that is created too.
        (
            "r-1/o/new/**",
            &["+ repository r-1/o/new", "+ sync_rule r-1/o/new -> x-1/y"],
            0,
        ),
    ] {
        let plan = part(&chart, &live, &[target]);
        assert_eq!(
            (summary(&plan), plan.unchanged),
            (
                expected.iter().map(|it| (*it).to_owned()).collect(),
                unchanged
            ),
            "{target}"
        );
    }
}

#[test]
fn a_rule_waits_only_for_what_the_plan_creates() {
    let live = live(&[("o/a", false, 0, &[]), ("y/a", false, 0, &[])]);
    let chart = "organizations:
  o: { repositories: { a: { is_public: true, sync: [ { target_region: r-1, target_organization: y \
  } ] } } }
  y: { repositories: { a: { is_public: true } } }";
    let plan = plan(chart, &live, &["exposes"]);
    let changes: Vec<&Change> = plan.changes.iter().collect();
    assert_eq!(changes.len(), 3);
    assert_eq!(
        order::dependencies(&changes),
        [const { Vec::<usize>::new() }; 3]
    );
}

#[test]
fn a_new_rule_notes_the_number_of_existing_tags() {
    let chart = "organizations: { o: { repositories: { a: { sync: [ { target_region: x-1, \
        target_organization: y, override: false } ] } } } }";
    for (number, expected) in [
        (0, &[][..]),
        (1, &["1 existing tag is not copied"]),
        (2, &["2 existing tags are not copied"]),
    ] {
        let plan = plan(chart, &live(&[("o/a", false, number, &[])]), &[]);
        assert_eq!(plan.changes[0].notes, expected);
    }
}
