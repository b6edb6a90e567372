//! Consent to risk classes: to fewer, as many and more changes than there are; and each option
//! that a plan prints works.

use super::{
    limits::{shrinking, stops},
    *,
};
use crate::{
    kind::{Item, access, mirror, organization, repository},
    state::{LiveResource, RemoteId},
};

#[test]
fn consent_on_the_command_line_replaces_that_of_the_chart() {
    for class in RiskClass::ALL
        .into_iter()
        .filter(|class| *class != RiskClass::Deletes)
    {
        let chart = format!("limits: {{ allow: [ {class} ] }}\n{RISKY}");
        let withheld = |allow: String| {
            let plan = plan(&chart, &risky(), &[&allow]);
            let carriers = plan
                .changes
                .iter()
                .filter(|change| classes(change).contains(&class));
            carriers.filter(|change| change.withheld.is_some()).count()
        };
        assert_eq!(
            (
                withheld(format!("{class}=0")),
                withheld(format!("{class}=2"))
            ),
            (2, 0),
            "{class}"
        );
        assert_eq!(withheld("deletes=9".to_owned()), 0, "{class}");
    }
}

/// Two changes of each class except `deletes`, so few that no limit stops them.
const RISKY: &str = "organizations: { o: { access: [ { user: ada, level: manage }, { user: bob, \
  level: manage }, { user: cyd, level: write }, { user: dan, level: write } ], repositories: {
  d1: { state: absent }, d2: { state: absent }, e1: { is_public: true }, e2: { is_public: true }, \
  kept: {}, t1: { retention: { keep_tags: 1 } }, t2: { retention: { keep_tags: 1 } },
  g: { sync: [ { target_region: x-1, target_organization: one, override: false },
    { target_region: x-1, target_organization: two, override: false } ] },
  w: { sync: [ { target_region: x-1, target_organization: one, override: true },
    { target_region: x-1, target_organization: two, override: true } ] },
  s: { share: [ { account: one, until: forever }, { account: two, until: forever } ] } } } }
mirrors: { p/m1: { scheduled: false }, p/m2: { scheduled: false } }";

fn risky() -> Live {
    let mut live = live(&[
        ("o/d1", false, 1, &[]),
        ("o/d2", false, 1, &[]),
        ("o/e1", false, 1, &[]),
        ("o/e2", false, 1, &[]),
        ("o/kept", false, 1, &[]),
        (
            "o/g",
            false,
            1,
            &[("x-1", "one", true), ("x-1", "two", true)],
        ),
        ("o/w", false, 1, &[]),
        ("o/s", false, 1, &[]),
        ("o/t1", false, 2, &[]),
        ("o/t2", false, 2, &[]),
    ]);
    for user in ["ada", "bob", "cyd", "dan"] {
        let organization = organization::address("r-1", "o");
        let attributes = IndexMap::from([("level", json!("read")), ("user_id", json!(user))]);
        live.resources.insert(
            access::address(&organization, user),
            LiveResource {
                attributes,
                ..LiveResource::default()
            },
        );
    }
    for name in ["t1", "t2"] {
        let item = |name: &str| Item {
            name: name.to_owned(),
            since: Some(NOW),
            digest: None,
        };
        let items = ["a", "b"].map(item).to_vec();
        live.contents
            .insert(repository::address("r-1", "o", name), items);
    }
    for (name, number) in [("m1", 1), ("m2", 2)] {
        let address = mirror::address("r-1", "p", name);
        let attributes = IndexMap::from([("scheduled", json!(true))]);
        live.ids
            .insert(address.clone(), RemoteId::try_from(number).unwrap());
        live.resources.insert(
            address,
            LiveResource {
                attributes,
                ..LiveResource::default()
            },
        );
    }
    live
}

#[test]
fn consent_to_fewer_as_many_and_more_of_each_class() {
    for class in RiskClass::ALL
        .into_iter()
        .filter(|class| *class != RiskClass::Deletes)
    {
        for (consent, runs) in [
            (None, !class.needs_consent()),
            (Some(format!("{class}=0")), false),
            (Some(format!("{class}=1")), false),
            (Some(format!("{class}=2")), true),
            (Some(format!("{class}=3")), true),
            (Some(class.to_string()), true),
        ] {
            let consent = consent.unwrap_or_else(|| "deletes".to_owned());
            let standing = format!("limits: {{ allow: [ {consent} ] }}\n{RISKY}");
            for plan in [
                plan(RISKY, &risky(), &[&consent]),
                plan(&standing, &risky(), &[]),
            ] {
                let carriers: Vec<&Change> = plan
                    .changes
                    .iter()
                    .filter(|change| classes(change).contains(&class))
                    .collect();
                assert_eq!(carriers.len(), 2, "{class}");
                for change in carriers {
                    let expected = (!runs).then(|| Withheld::Risk {
                        class,
                        lift: format!("--allow {class}=2"),
                    });
                    assert_eq!(change.withheld, expected, "{consent}: {}", change.address);
                }
            }
        }
    }
}

/// The values of `--allow` in a text.
fn consents(lift: &str) -> Vec<&str> {
    let words: Vec<&str> = lift.split(' ').collect();
    assert!(
        words.iter().step_by(2).all(|word| *word == "--allow"),
        "{lift}"
    );
    words.into_iter().skip(1).step_by(2).collect()
}

#[test]
fn the_printed_option_permits_the_change() {
    // With the test kind, an ordinary change needs consent, and a change may need two consents.
    let chart_of_two = "organizations: { o: { repositories: { a: { sync: [
      { target_region: x-1, target_organization: one, override: true },
      { target_region: x-1, target_organization: two, override: true } ] } } } }";
    let two = live(&[("o/a", false, 1, &[("x-1", "one", false)])]);
    for (chart, live, given) in [
        (RISKY, &risky(), &[][..]),
        (
            RISKY,
            &risky(),
            &["destroys-data=1", "exposes=1", "gap=1", "overwrites=0"],
        ),
        (chart_of_two, &two, &["overwrites=1", "gap=0"]),
    ] {
        let withheld = plan(chart, live, given);
        assert!(withheld.summary().withheld > 0);
        for (at, change) in withheld.changes.iter().enumerate() {
            let Some(Withheld::Risk { lift, .. }) = &change.withheld else {
                continue;
            };
            let all: Vec<&str> = given.iter().copied().chain(consents(lift)).collect();
            let lifted = plan(chart, live, &all);
            assert_eq!(
                lifted.changes[at].withheld, None,
                "{}: {lift}",
                change.address
            );
        }
    }
}

#[test]
fn a_change_of_two_classes_needs_consent_to_both() {
    let live = live(&[("o/a", false, 1, &[("x-1", "one", false)])]);
    let chart = "organizations: { o: { repositories: { a: { sync: [
      { target_region: x-1, target_organization: one, override: true } ] } } } }";
    for (given, lift) in [
        (
            &["overwrites=0", "gap=0"][..],
            Some("overwrites: --allow overwrites=1 --allow gap=1"),
        ),
        (&["overwrites=1", "gap=0"], Some("gap: --allow gap=1")),
        (
            &["overwrites=0", "gap=1"],
            Some("overwrites: --allow overwrites=1"),
        ),
        (&["overwrites=1", "gap=1"], None),
    ] {
        let withheld = lift.map(|lift| format!(" [{lift}]")).unwrap_or_default();
        let found = summary(&plan(chart, &live, given));
        assert_eq!(
            found,
            [format!("-/+ sync_rule r-1/o/a -> x-1/one{withheld}")],
            "{given:?}"
        );
    }
}

#[test]
fn the_printed_option_lets_the_plan_pass() {
    for (all, gone, limits) in [
        (20, 11, ""),
        (20, 7, ""),
        (20, 20, ""),
        (1, 1, ""),
        (20, 1, "limits: { deletes: 0, delete_percent: 0 }"),
        (20, 15, "limits: { allow: [ deletes=14 ] }"),
    ] {
        let (chart, live) = shrinking(all, gone, limits);
        let stopped = plan(&chart, &live, &[]);
        assert!(!stopped.stopped.is_empty());
        for stop in &stopped.stopped {
            let lift = stop.lift.as_deref().unwrap();
            let passed = plan(&chart, &live, &consents(lift));
            assert_eq!(
                (&passed.stopped, &passed.changes),
                (&vec![], &stopped.changes),
                "{gone} of {all}: {lift}"
            );
            // One less would not do.
            let less = format!("deletes={}", gone - 1);
            assert!(
                !plan(&chart, &live, &[&less]).stopped.is_empty(),
                "{gone} of {all}: {less}"
            );
        }
    }
    // To allow an unlisted resource, list it in the chart.
    let live = live(&[("o/a", false, 0, &[])]);
    let blocked = plan(
        "organizations: { o: { state: absent } }",
        &live,
        &["deletes"],
    );
    assert_eq!(
        blocked.stopped[0].lift.as_deref(),
        Some("list the repository there with `state: absent`")
    );
    let listed = "organizations: { o: { state: absent, repositories: { a: { state: absent } } } }";
    assert_eq!(stops(&plan(listed, &live, &["deletes"])), [""; 0]);
}
