//! Every guard right below, at and above its limit; and what is printed to let something pass lets it pass.

use super::*;

#[test]
fn a_change_of_two_classes_waits_for_both() {
    let live = live(&[("o/a", false, 1, &[("x-1", "one", false)])]);
    let chart = "organizations: { o: { repositories: { a: { sync: [
      { target_region: x-1, target_organization: one, override: true } ] } } } }";
    for (given, lift) in [
        (&["overwrites=0", "gap=0"][..], Some("overwrites: --allow overwrites=1 --allow gap=1")),
        (&["overwrites=1", "gap=0"], Some("gap: --allow gap=1")),
        (&["overwrites=0", "gap=1"], Some("overwrites: --allow overwrites=1")),
        (&["overwrites=1", "gap=1"], None),
    ] {
        let withheld = lift.map(|lift| format!(" [{lift}]")).unwrap_or_default();
        let told = told(&plan(chart, &live, given));
        assert_eq!(told, [format!("-/+ sync_rule r-1/o/a -> x-1/one{withheld}")], "{given:?}");
    }
}

#[test]
fn an_organization_with_something_protected_waits_for_no_consent() {
    let live = live(&[("o/full", false, 5, &[]), ("o/zero", false, 0, &[])]);
    let chart = "protect: [ o/zero ]\norganizations:
  o: { state: absent, repositories: { full: { state: absent }, zero: { state: absent } } }";
    let plan = plan(chart, &live, &["deletes"]);
    assert_eq!(
        told(&plan),
        [
            "- organization r-1/o [protect o/zero]",
            "- repository r-1/o/full [destroys-data: --allow destroys-data=1]",
            "- repository r-1/o/zero [protect o/zero]",
        ]
    );
}
