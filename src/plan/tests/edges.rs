//! Every guard right below, at and above its limit; and what is printed to let something pass lets
//! it pass.

use super::*;
use crate::{
    kind::mirror,
    plan::Precondition,
    state::{LiveResource, RemoteId},
};

/// An organization of so many repositories, some of which shall go.
fn shrinking(all: usize, gone: usize, more: &str) -> (String, Live) {
    let names: Vec<String> = (0..all).map(|number| format!("o/r{number:02}")).collect();
    let rows: Vec<Row<'_>> = names
        .iter()
        .map(|name| (name.as_str(), false, 0, &[][..]))
        .collect();
    let entry = |(at, name): (usize, &String)| {
        format!(
            "{}: {}",
            &name[2..],
            if at < gone { "{ state: absent }" } else { "{}" }
        )
    };
    let entries: Vec<String> = names.iter().enumerate().map(entry).collect();
    (
        format!(
            "{more}\norganizations: {{ o: {{ repositories: {{ {} }} }} }}",
            entries.join(", ")
        ),
        live(&rows),
    )
}

fn stops(plan: &Plan) -> Vec<&str> {
    plan.stopped.iter().map(|stop| stop.code.as_str()).collect()
}

#[test]
fn deletes_around_their_limit() {
    for (limit, gone, expected) in [
        (0, 0, &[][..]),
        (0, 1, &["too-many-deletes"]),
        (3, 2, &[]),
        (3, 3, &[]),
        (3, 4, &["too-many-deletes"]),
        (10, 9, &[]),
        (10, 10, &[]),
        (10, 11, &["too-many-deletes"]),
    ] {
        // Ten is the default.
        let written = if limit == 10 {
            String::new()
        } else {
            format!("deletes: {limit}, ")
        };
        let (chart, live) = shrinking(
            20,
            gone,
            &format!("limits: {{ {written}delete_percent: 100 }}"),
        );
        assert_eq!(
            stops(&plan(&chart, &live, &[])),
            expected,
            "{gone} of at most {limit}"
        );
    }
}

#[test]
fn deletes_of_every_kind_count() {
    let rules: Vec<(&str, &str, bool)> = vec![("x-1", "p", false), ("x-1", "q", false)];
    let live = live(&[
        ("o/a", false, 0, &rules),
        ("o/b", false, 0, &[]),
        ("p/c", false, 0, &[]),
    ]);
    let chart = |limit: usize| {
        format!(
            "limits: {{ deletes: {limit} }}\norganizations:
  o: {{ repositories: {{ a: {{ sync: [] }}, b: {{ state: absent }} }} }}
  p: {{ state: absent, repositories: {{ c: {{ state: absent }} }} }}"
        )
    };
    // Two rules, two repositories and an organization; and the last one loses all that it has.
    assert_eq!(
        stops(&plan(&chart(4), &live, &[])),
        ["too-many-deletes", "organization-emptied"]
    );
    assert_eq!(
        stops(&plan(&chart(5), &live, &[])),
        ["organization-emptied"]
    );
}

#[test]
fn a_share_around_its_limit_where_there_are_enough_for_one() {
    for (all, gone, percent, expected) in [
        (10, 2, 30, &[][..]),
        (10, 3, 30, &[]),
        (10, 4, 30, &["too-large-a-share"]),
        (11, 3, 30, &[]),
        (11, 4, 30, &["too-large-a-share"]),
        // Of nine there is no percentage, of ten there is.
        (9, 4, 30, &[]),
        (9, 8, 0, &[]),
        (10, 1, 0, &["too-large-a-share"]),
        (10, 1, 9, &["too-large-a-share"]),
        (10, 1, 10, &[]),
        (10, 9, 100, &[]),
        // All of them are never a share.
        (8, 8, 100, &["organization-emptied"]),
        (9, 9, 100, &["organization-emptied"]),
        (10, 10, 100, &["organization-emptied"]),
    ] {
        let (chart, live) = shrinking(
            all,
            gone,
            &format!("limits: {{ deletes: 99, delete_percent: {percent} }}"),
        );
        assert_eq!(
            stops(&plan(&chart, &live, &[])),
            expected,
            "{gone} of {all}, {percent} percent"
        );
    }
}

#[test]
fn each_organization_has_its_own_share() {
    let rows: Vec<String> = (0..10)
        .flat_map(|at| [format!("o/r{at}"), format!("p/r{at}")])
        .collect();
    let rows: Vec<Row<'_>> = rows
        .iter()
        .map(|name| (name.as_str(), false, 0, &[][..]))
        .collect();
    let gone = |count: usize| {
        (0..10)
            .map(|at| {
                format!(
                    "r{at}: {}",
                    if at < count {
                        "{ state: absent }"
                    } else {
                        "{}"
                    }
                )
            })
            .collect::<Vec<_>>()
    };
    let chart = |o: usize, p: usize| {
        let (o, p) = (gone(o).join(", "), gone(p).join(", "));
        format!(
            "organizations: {{ o: {{ repositories: {{ {o} }} }}, p: {{ repositories: {{ {p} }} }} \
            }}"
        )
    };
    assert_eq!(stops(&plan(&chart(3, 3), &live(&rows), &[])), [""; 0]);
    let over = plan(&chart(3, 4), &live(&rows), &[]);
    assert_eq!(stops(&over), ["too-large-a-share"]);
    assert!(
        over.stopped[0]
            .message
            .starts_with("organization r-1/p would lose 4 of its 10 repositories")
    );
}

#[test]
fn consent_to_deletes_around_their_number() {
    let (chart, live) = shrinking(20, 12, "");
    for (allow, standing, stopped) in [
        ("deletes=11", "", true),
        ("deletes=12", "", false),
        ("deletes=13", "", false),
        ("deletes", "", false),
        ("gap=12", "", true),
        ("gap", "deletes=11", true),
        ("gap", "deletes=12", false),
        ("gap", "deletes", false),
        // What the run says takes the place of what the chart says.
        ("deletes=1", "deletes=12", true),
        ("deletes=0", "deletes", true),
        ("deletes=12", "deletes=1", false),
    ] {
        let chart = format!("limits: {{ allow: [ {standing} ] }}\n{chart}");
        assert_eq!(
            !plan(&chart, &live, &[allow]).stopped.is_empty(),
            stopped,
            "{allow}, {standing}"
        );
    }
}

#[test]
fn consent_to_deletes_takes_the_place_of_the_limit() {
    for (gone, limit, standing, allow, expected) in [
        // Below the limit, and more than the run consents to.
        (1, "", "", "deletes=0", &["too-many-deletes"][..]),
        (3, "", "", "deletes=2", &["too-many-deletes"]),
        (3, "", "", "deletes=3", &[]),
        (3, "", "deletes=2", "gap", &["too-many-deletes"]),
        (3, "deletes: 2, ", "deletes=3", "gap", &[]),
        (3, "", "deletes=0", "deletes=3", &[]),
        (0, "", "", "deletes=0", &[]),
        // Consent to fewer does not lift a share either.
        (
            7,
            "",
            "",
            "deletes=6",
            &["too-many-deletes", "too-large-a-share"],
        ),
        // Of several in one place the widest counts.
        (3, "", "deletes=2, deletes=3", "gap", &[]),
    ] {
        let (chart, live) = shrinking(
            20,
            gone,
            &format!("limits: {{ {limit}allow: [ {standing} ] }}"),
        );
        let plan = plan(&chart, &live, &[allow]);
        assert_eq!(
            stops(&plan),
            expected,
            "{gone} with {limit}{standing} and {allow}"
        );
    }
    let (chart, live) = shrinking(20, 1, "");
    let stopped = plan(&chart, &live, &["deletes=0"]);
    assert_eq!(
        stopped.stopped[0].message,
        "1 resource would be deleted, more than `deletes=0`"
    );
    assert_eq!(
        stopped.stopped[0].lift.as_deref(),
        Some("--allow deletes=1")
    );
}

#[test]
fn a_stop_says_what_it_does_not_count() {
    let targets: [&str; 4] = ["a", "b", "c", "d"];
    let rules: Vec<_> = targets
        .iter()
        .map(|target| ("x-1", *target, false))
        .collect();
    let live = live(&[("o/api", false, 3, &rules)]);
    let replaced = |number: usize| {
        let rule = |target: &&str| {
            format!("{{ target_region: x-1, target_organization: {target}, override: true }}")
        };
        let kept: Vec<String> = targets[..number].iter().map(rule).collect();
        let chart = format!(
            "organizations: {{ o: {{ repositories: {{ api: {{ sync: [ {} ] }} }} }} }}",
            kept.join(", ")
        );
        let plan = plan(&chart, &live, &["deletes=0"]);
        (plan.summary().destroy, plan.stopped[0].message.clone())
    };
    let (first, rest) = ("2 resources would be deleted", ", more than `deletes=0`");
    assert_eq!(
        replaced(2),
        (
            4,
            format!("{first} (2 more are replaced and do not count){rest}")
        )
    );
    let (_, message) = replaced(1);
    assert_eq!(
        message,
        format!("3 resources would be deleted (1 more is replaced and does not count){rest}")
    );
}

#[test]
fn what_the_run_says_of_a_class_replaces_what_the_chart_says_of_it() {
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

/// Two changes of each class but `deletes`, each in an organization that keeps the rest.
const RISKY: &str = "organizations: { o: { repositories: {
  d1: { state: absent }, d2: { state: absent }, e1: { is_public: true }, e2: { is_public: true }, \
  kept: {},
  g: { sync: [ { target_region: x-1, target_organization: one, override: false },
    { target_region: x-1, target_organization: two, override: false } ] },
  w: { sync: [ { target_region: x-1, target_organization: one, override: true },
    { target_region: x-1, target_organization: two, override: true } ] } } } }
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
    ]);
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
fn consent_to_each_class_around_its_number() {
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

/// The options in a text, as a shell would hand them over.
fn consents(lift: &str) -> Vec<&str> {
    let words: Vec<&str> = lift.split(' ').collect();
    assert!(
        words.iter().step_by(2).all(|word| *word == "--allow"),
        "{lift}"
    );
    words.into_iter().skip(1).step_by(2).collect()
}

#[test]
fn what_is_printed_to_let_a_change_go_lets_it_go() {
    // What needs no consent waits for one here, and a change may wait for two.
    let both = "organizations: { o: { repositories: { a: { sync: [
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
        (both, &two, &["overwrites=1", "gap=0"]),
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
fn a_change_of_two_classes_waits_for_both() {
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
        let told = told(&plan(chart, &live, given));
        assert_eq!(
            told,
            [format!("-/+ sync_rule r-1/o/a -> x-1/one{withheld}")],
            "{given:?}"
        );
    }
}

#[test]
fn what_is_printed_to_let_a_plan_pass_lets_it_pass() {
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
    // What the chart does not name is let go by naming it.
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

#[test]
fn protection_outlives_the_entry() {
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
    let told = |protect: &str| told(&plan(&chart(protect), &live, &everything));
    let [a, c, test] = [
        "- repository r-1/o/prod-a",
        "- repository r-1/o/prod-b/c",
        "- repository r-1/o/test",
    ];
    let [y, z] = [
        "- sync_rule r-1/o/rules -> x-1/y",
        "-/+ sync_rule r-1/o/rules -> x-1/z",
    ];
    assert_eq!(told(""), [a, c, y, z, test]);
    let by = |change: &str, pattern: &str| format!("{change} [protect {pattern}]");
    assert_eq!(
        told("o/prod-a"),
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
    assert_eq!(told("o/prod-*"), prod);
    let prod = [
        by(a, "o/prod-*"),
        by(c, "o/prod-*/**"),
        y.to_owned(),
        z.to_owned(),
        test.to_owned(),
    ];
    assert_eq!(told("o/prod-*, 'o/prod-*/**'"), prod);
    assert_eq!(
        told("o/rules"),
        [
            a.to_owned(),
            c.to_owned(),
            by(y, "o/rules"),
            by(z, "o/rules"),
            test.to_owned()
        ]
    );
    assert_eq!(told("o"), [a, c, y, z, test].map(|change| by(change, "o")));
    // The organization's entry is gone too: then nobody asks for a deletion.
    assert_eq!(plan("protect: [ o ]", &live, &everything).changes, []);
}

#[test]
fn a_protected_rule_holds_its_repository_and_its_organization() {
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
            told(&plan(&chart(protect), &live, &["deletes"])),
            expected.collect::<Vec<_>>(),
            "{protect}"
        );
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
    assert_eq!(told(&deleting), ["- repository r-1/copies/b"]);
    let reporting = plan(&chart("report", rule), &live, &everything);
    assert_eq!(
        (told(&reporting), unlisted(&reporting)),
        (vec![], vec!["repository r-1/copies/b".to_owned()])
    );
    // Without the rule it is a repository like any other.
    let deleting = plan(&chart("delete", ""), &live, &everything);
    let gone = [
        "- repository r-1/copies/a",
        "- repository r-1/copies/b",
        "- sync_rule r-1/o/a -> r-1/copies",
    ];
    assert_eq!(told(&deleting), gone);
}

#[test]
fn a_count_that_the_service_leaves_out_does_not_hold() {
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
