//! Protection, expected copies and preconditions.

use super::*;
use crate::{plan::Precondition, state::LiveResource};

#[test]
fn protection_holds_without_an_entry() {
    let live = live(&[
        ("o/kept", false, 0, &[]),
        ("o/prod-a", false, 0, &[]),
        ("o/prod-b/c", false, 3, &[]),
        ("o/test", false, 0, &[]),
        (
            "o/rules",
            false,
            0,
            &[("x-1", "y", true), ("x-1", "z", true)],
        ),
    ]);
    let everything = ["deletes", "destroys-data", "gap", "overwrites"];
    let chart = |protect: &str| {
        format!(
            "protect: [ {protect} ]\norganizations: {{ o: {{ unlisted: delete, repositories: {{ \
            kept: , rules: {{ sync: [
        {{ target_region: x-1, target_organization: z, override: false }} ] }} }} }} }}"
        )
    };
    let protecting = |protect: &str| summary(&plan(&chart(protect), &live, &everything));
    let [a, c, test] = [
        "- repository r-1/o/prod-a",
        "- repository r-1/o/prod-b/c",
        "- repository r-1/o/test",
    ];
    let [y, z] = [
        "- sync_rule r-1/o/rules -> x-1/y",
        "-/+ sync_rule r-1/o/rules -> x-1/z",
    ];
    assert_eq!(protecting(""), [a, c, y, z, test]);
    let by = |change: &str, pattern: &str| format!("{change} [protect {pattern}]");
    assert_eq!(
        protecting("o/prod-a"),
        [
            by(a, "o/prod-a"),
            c.to_owned(),
            y.to_owned(),
            z.to_owned(),
            test.to_owned()
        ]
    );
    // A star stays within a segment of the name.
    let prod = [
        by(a, "o/prod-*"),
        c.to_owned(),
        y.to_owned(),
        z.to_owned(),
        test.to_owned(),
    ];
    assert_eq!(protecting("o/prod-*"), prod);
    let prod = [
        by(a, "o/prod-*"),
        by(c, "o/prod-*/**"),
        y.to_owned(),
        z.to_owned(),
        test.to_owned(),
    ];
    assert_eq!(protecting("o/prod-*, 'o/prod-*/**'"), prod);
    assert_eq!(
        protecting("o/rules"),
        [
            a.to_owned(),
            c.to_owned(),
            by(y, "o/rules"),
            by(z, "o/rules"),
            test.to_owned()
        ]
    );
    assert_eq!(
        protecting("o"),
        [a, c, y, z, test].map(|change| by(change, "o"))
    );
    // Without the organization's entry, no deletion is requested.
    assert_eq!(plan("protect: [ o ]", &live, &everything).changes, []);
}

#[test]
fn a_protected_rule_protects_its_repository_and_organization() {
    let live = live(&[
        ("o/a", false, 0, &[("x-1", "y", true), ("x-1", "z", true)]),
        ("o/a/x-1/y", false, 0, &[]),
        ("o/ab", false, 0, &[("x-1", "y", true)]),
    ]);
    let chart = |protect: &str| {
        format!(
            "protect: [ {protect} ]\norganizations: {{ o: {{ state: absent, repositories: {{
        a: {{ state: absent }}, ab: {{ state: absent }}, a/x-1/y: {{ state: absent }} }} }} }}"
        )
    };
    let names = [
        "organization r-1/o",
        "repository r-1/o/a",
        "repository r-1/o/a/x-1/y",
        "repository r-1/o/ab",
    ];
    for (protect, held) in [
        ("", [""; 4]),
        ("o/a/x-1/z", ["o/a/x-1/z", "o/a/x-1/z", "", ""]),
        // A repository can be called as a rule is.
        ("o/a/x-1/y", ["o/a/x-1/y", "o/a/x-1/y", "o/a/x-1/y", ""]),
        ("o/ab/*/*", ["o/ab/*/*", "", "", "o/ab/*/*"]),
        ("o/a/x-1/q", [""; 4]),
        ("o/a/x-1/z, o/a", ["o/a", "o/a", "", ""]),
    ] {
        let expected = names.iter().zip(held).map(|(name, pattern)| match pattern {
            "" => format!("- {name}"),
            pattern => format!("- {name} [protect {pattern}]"),
        });
        assert_eq!(
            summary(&plan(&chart(protect), &live, &["deletes"])),
            expected.collect::<Vec<_>>(),
            "{protect}"
        );
    }
}

#[test]
fn an_organization_with_a_protected_child_does_not_ask_for_consent() {
    let live = live(&[("o/full", false, 5, &[]), ("o/zero", false, 0, &[])]);
    let chart = "protect: [ o/zero ]\norganizations:
  o: { state: absent, repositories: { full: { state: absent }, zero: { state: absent } } }";
    let plan = plan(chart, &live, &["deletes"]);
    assert_eq!(
        summary(&plan),
        [
            "- organization r-1/o [protect o/zero]",
            "- repository r-1/o/full [destroys-data: --allow destroys-data=1]",
            "- repository r-1/o/zero [protect o/zero]",
        ]
    );
}

#[test]
fn an_expected_copy_is_never_unlisted() {
    let live = live(&[
        ("copies/a", false, 2, &[]),
        ("copies/b", false, 2, &[]),
        ("copies/kept", false, 0, &[]),
        ("o/a", false, 2, &[("r-1", "copies", true)]),
        ("o/b", false, 2, &[]),
    ]);
    let chart = |policy: &str, of_a: &str| {
        format!(
            "organizations: {{ copies: {{ unlisted: {policy}, repositories: {{ kept: }} }}, o: {{ \
            repositories: {{
        a: {{ sync: [ {of_a} ] }}, b: }} }} }}"
        )
    };
    let rule = "{ target_region: r-1, target_organization: copies, override: true }";
    let everything = ["deletes", "destroys-data"];
    let unlisted = |plan: &Plan| {
        plan.unlisted
            .iter()
            .map(|it| it.address.to_string())
            .collect::<Vec<_>>()
    };
    let deleting = plan(&chart("delete", rule), &live, &everything);
    assert_eq!(summary(&deleting), ["- repository r-1/copies/b"]);
    let reporting = plan(&chart("report", rule), &live, &everything);
    assert_eq!(
        (summary(&reporting), unlisted(&reporting)),
        (vec![], vec!["repository r-1/copies/b".to_owned()])
    );
    // Without the rule it is a repository like any other.
    let deleting = plan(&chart("delete", ""), &live, &everything);
    let gone = [
        "- repository r-1/copies/a",
        "- repository r-1/copies/b",
        "- sync_rule r-1/o/a -> r-1/copies",
    ];
    assert_eq!(summary(&deleting), gone);
}

#[test]
fn a_precondition_fails_without_the_count() {
    let precondition = Precondition {
        exists: true,
        facts: repository::IMAGES.count(0),
        ..Precondition::default()
    };
    let with = |images: Option<u64>| LiveResource {
        facts: images
            .map(|number| repository::IMAGES.count(number))
            .unwrap_or_default(),
        ..LiveResource::default()
    };
    assert_eq!(precondition.check(Some(&with(Some(0)))), [""; 0]);
    assert_eq!(
        precondition.check(Some(&with(Some(1)))),
        ["it had 0 images, has 1 now"]
    );
    assert_eq!(
        precondition.check(Some(&with(None))),
        ["it had 0 images; the current number is unknown"]
    );
}
