//! Limits on deletions: right below, at and above each.

use super::*;

/// An organization with `all` repositories, of which `gone` are declared absent.
pub(super) fn shrinking(all: usize, gone: usize, more: &str) -> (String, Live) {
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

pub(super) fn stops(plan: &Plan) -> Vec<&str> {
    plan.stopped.iter().map(|stop| stop.code.as_str()).collect()
}

#[test]
fn deletes_below_at_and_above_the_limit() {
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
fn a_percentage_below_at_and_above_the_limit() {
    for (all, gone, percent, expected) in [
        (10, 2, 30, &[][..]),
        (10, 3, 30, &[]),
        (10, 4, 30, &["too-large-a-share"]),
        (11, 3, 30, &[]),
        (11, 4, 30, &["too-large-a-share"]),
        // Nine resources have no percentage, ten have one.
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
fn each_organization_has_its_own_percentage() {
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
fn consent_to_fewer_as_many_and_more_deletes() {
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
        // A consent of the command line replaces that of the chart.
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
fn consent_to_deletes_replaces_the_limit() {
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
fn a_stop_mentions_replacements() {
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
