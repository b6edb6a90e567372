//! Plans from small charts and live states.

mod backfill;
mod consents;
mod contents;
mod files;
mod health;
mod limits;
mod parts;
mod protection;
mod tables;

use indexmap::IndexMap;
use serde_json::json;

use super::{
    document::{self, PlanDocument, PlanFileError},
    order,
    risk::RiskClass,
    *,
};
use crate::{
    config::{self, context::Context},
    diagnostics::SourceMap,
    given,
    kind::{fact::Facts, repository},
    scope::Selection,
    state::{Chart, Consent, Live, LiveResource},
};

/// A live repository: `organization/name`, whether it is public, its number of images, and its
/// rules with `override`.
pub(crate) type Row<'a> = (&'a str, bool, u64, &'a [(&'a str, &'a str, bool)]);

pub(crate) fn live(rows: &[Row<'_>]) -> Live {
    given::live(rows.iter().map(|(path, is_public, images, rules)| {
        let found = given::repository(&format!("r-1/{path}"))
            .with("is_public", *is_public)
            .with("description", "old")
            .images(*images);
        rules
            .iter()
            .fold(found, |found, (region, target, overrides)| {
                found.rule(region, target, *overrides)
            })
    }))
}

/// A chart with these keys after `version` and `region`.
pub(crate) fn chart(keys: &str) -> Chart {
    let mut sources = SourceMap::default();
    sources.add("chart.yaml", format!("version: 1\nregion: r-1\n{keys}"));
    let decoded = config::decode(Context {
        sources: &sources,
        environment: &|_| None,
        region: None,
    });
    assert!(!decoded.found.has_errors(), "{:#?}", decoded.found);
    decoded.chart
}

pub(crate) fn plan(keys: &str, live: &Live, allow: &[&str]) -> Plan {
    let consents: Vec<Consent> = allow.iter().map(|text| text.parse().unwrap()).collect();
    build::build(&chart(keys), live, &consents, Scope::default(), NOW)
}

/// The time of these plans: 2026-11-21T08:00:00Z.
pub(crate) const NOW: crate::time::Moment = crate::time::Moment(1_795_248_000);

/// Symbol and address of each change, and why it is withheld.
fn summary(plan: &Plan) -> Vec<String> {
    let withheld = |change: &Change| match &change.withheld {
        None => String::new(),
        Some(Withheld::Risk { class, lift }) => format!(" [{class}: {lift}]"),
        Some(Withheld::Protect { pattern }) => format!(" [protect {pattern}]"),
        Some(Withheld::Renamed { created, .. }) => format!(" [renamed {created}]"),
    };
    let line = |change: &Change| {
        format!(
            "{} {}{}",
            change.action.symbol(),
            change.address,
            withheld(change)
        )
    };
    plan.changes.iter().map(line).collect()
}

fn classes(change: &Change) -> Vec<RiskClass> {
    change.risks.iter().map(|risk| risk.class).collect()
}

#[test]
fn every_action_has_its_risks() {
    use RiskClass::*;
    let live = live(&[
        ("o/empty", false, 0, &[]),
        ("o/full", false, 3, &[]),
        ("o/private", false, 2, &[]),
        ("o/public", true, 2, &[]),
        (
            "o/rules",
            false,
            1,
            &[
                ("x-1", "off", false),
                ("x-1", "on", true),
                ("x-1", "gone", true),
            ],
        ),
    ]);
    let chart = "organizations: { o: { repositories: {
      empty: { state: absent }, full: { state: absent }, new: { is_public: true },
      private: { is_public: true }, public: { is_public: false },
      rules: { sync: [
        { target_region: x-1, target_organization: off, override: true },
        { target_region: x-1, target_organization: on, override: false },
        { target_region: x-1, target_organization: fresh, override: true } ] } } } }";
    let plan = plan(chart, &live, &[]);
    let found: Vec<_> = plan
        .changes
        .iter()
        .map(|change| (change.address.to_string(), classes(change)))
        .collect();
    let table: [(&str, &[RiskClass]); 9] = [
        ("repository r-1/o/empty", &[Deletes]),
        ("repository r-1/o/full", &[Deletes, DestroysData]),
        ("repository r-1/o/new", &[]),
        ("repository r-1/o/private", &[Exposes]),
        ("repository r-1/o/public", &[]),
        ("sync_rule r-1/o/rules -> x-1/fresh", &[Overwrites]),
        ("sync_rule r-1/o/rules -> x-1/gone", &[Deletes]),
        ("sync_rule r-1/o/rules -> x-1/off", &[Overwrites, Gap]),
        ("sync_rule r-1/o/rules -> x-1/on", &[Gap]),
    ];
    let expected: Vec<_> = table
        .map(|(address, classes)| (address.to_owned(), classes.to_vec()))
        .into();
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_number_of_images_counts_as_data() {
    let mut live = live(&[("o/x", false, 0, &[]), ("o/y", false, 0, &[])]);
    live.resources
        .get_mut(&repository::address("r-1", "o", "x"))
        .unwrap()
        .facts = Facts::default();
    let plan = plan(
        "organizations: { o: { repositories: { x: { state: absent }, y: } } }",
        &live,
        &[],
    );
    assert_eq!(
        summary(&plan),
        ["- repository r-1/o/x [destroys-data: --allow destroys-data=1]"]
    );
}

#[test]
fn consent_covers_a_whole_class_or_none_of_it() {
    let live = live(&[
        ("o/a", false, 1, &[]),
        ("o/b", false, 1, &[]),
        ("o/c", false, 1, &[]),
    ]);
    let chart = "organizations: { o: { repositories: { a: { is_public: true }, b: { is_public: \
        true }, c: } } }";
    for (allow, withheld) in [
        (&[][..], 2),
        (&["exposes"], 0),
        (&["exposes=2"], 0),
        (&["exposes=1"], 2),
        (&["exposes=0", "exposes=2"], 0),
        (&["destroys-data"], 2),
    ] {
        let plan = plan(chart, &live, allow);
        assert_eq!(plan.summary().withheld, withheld, "{allow:?}");
        assert_eq!(plan.outcome(), Outcome::Changes);
    }
    let standing = format!("{chart}\nlimits: {{ allow: [exposes=2] }}");
    assert_eq!(plan(&standing, &live, &[]).summary().withheld, 0);
    // Consent to a class that needs none sets a limit.
    let gap = "organizations: { o: { repositories: { a: { sync: [
      { target_region: x-1, target_organization: y, override: false } ] } } } }";
    let live = self::live(&[("o/a", false, 0, &[("x-1", "y", true)])]);
    assert_eq!(plan(gap, &live, &[]).summary().withheld, 0);
    assert_eq!(plan(gap, &live, &["gap=0"]).summary().withheld, 1);
}

#[test]
fn parents_of_withheld_deletions_are_withheld() {
    let live = live(&[
        ("o/a", false, 0, &[]),
        ("o/b", false, 0, &[]),
        ("p/a", false, 5, &[]),
    ]);
    let chart = "protect: [ '*/b', o/b ]\norganizations:
  o: { state: absent, repositories: { a: { state: absent }, b: { state: absent } } }
  p: { state: absent, repositories: { a: { state: absent } } }";
    let plan = plan(chart, &live, &["deletes"]);
    assert_eq!(
        summary(&plan),
        [
            "- organization r-1/o [protect */b]",
            "- repository r-1/o/a",
            "- repository r-1/o/b [protect */b]",
            "- organization r-1/p [destroys-data: --allow destroys-data=1]",
            "- repository r-1/p/a [destroys-data: --allow destroys-data=1]",
        ]
    );
}

#[test]
fn limits_stop_a_plan_only_above_them() {
    let names: Vec<String> = (0..20).map(|number| format!("o/r{number:02}")).collect();
    for (all, gone, limits, allow, expected) in [
        (20, 6, "", "", &[][..]),
        (20, 7, "", "", &["too-large-a-share"][..]),
        (20, 11, "", "", &["too-many-deletes", "too-large-a-share"]),
        (20, 11, "", "deletes=11", &[]),
        (
            20,
            11,
            "",
            "deletes=10",
            &["too-many-deletes", "too-large-a-share"],
        ),
        (20, 11, "", "deletes", &[]),
        (
            20,
            20,
            "",
            "",
            &["too-many-deletes", "organization-emptied"],
        ),
        (9, 8, "", "", &[]),
        (9, 9, "", "", &["organization-emptied"]),
        (1, 1, "", "", &["organization-emptied"]),
        (1, 1, "", "deletes=1", &[]),
        (
            20,
            11,
            "limits: { deletes: 11, delete_percent: 55 }",
            "",
            &[],
        ),
        (
            20,
            11,
            "limits: { deletes: 10, delete_percent: 54 }",
            "",
            &["too-many-deletes", "too-large-a-share"],
        ),
        (
            20,
            1,
            "limits: { deletes: 0, delete_percent: 0 }",
            "",
            &["too-many-deletes", "too-large-a-share"],
        ),
    ] {
        let rows: Vec<Row<'_>> = names[..all]
            .iter()
            .map(|name| (name.as_str(), false, 0, &[][..]))
            .collect();
        let listed: Vec<String> = names[..gone]
            .iter()
            .map(|name| format!("{}: {{ state: absent }}", &name[2..]))
            .collect();
        let kept: Vec<String> = names[gone..all]
            .iter()
            .map(|name| format!("{}:", &name[2..]))
            .collect();
        let entries = [listed, kept].concat().join(", ");
        let chart =
            format!("{limits}\norganizations: {{ o: {{ repositories: {{ {entries} }} }} }}");
        let allow: Vec<&str> = allow.split_whitespace().collect();
        let plan = plan(&chart, &live(&rows), &allow);
        let codes: Vec<&str> = plan.stopped.iter().map(|stop| stop.code.as_str()).collect();
        assert_eq!(codes, expected, "{gone} of {all}, {limits} {allow:?}");
        let lifts = plan.stopped.iter().map(|stop| stop.lift.clone());
        assert!(
            lifts
                .into_iter()
                .all(|lift| lift == Some(format!("--allow deletes={gone}")))
        );
    }
}

#[test]
fn an_absent_organization_with_unlisted_repositories_stops_the_plan() {
    let live = live(&[("o/a", false, 0, &[])]);
    let plan = plan(
        "organizations: { o: { state: absent } }",
        &live,
        &["deletes"],
    );
    assert_eq!(
        plan.stopped
            .iter()
            .map(|stop| stop.code.as_str())
            .collect::<Vec<_>>(),
        ["organization-not-empty"]
    );
}

#[test]
fn parents_are_created_first_and_deleted_last() {
    let live = live(&[("old/a", false, 0, &[])]);
    let chart = "organizations:
  old: { state: absent, repositories: { a: { state: absent } } }
  new: { repositories: { a: { sync: [ { target_region: r-1, target_organization: copy } ] } } }
  copy: { repositories: { a: } }";
    let plan = plan(chart, &live, &["deletes"]);
    let changes: Vec<&Change> = plan.changes.iter().collect();
    let name = |at: usize| changes[at].address.to_string();
    let waits: Vec<_> = order::dependencies(&changes)
        .into_iter()
        .enumerate()
        .filter(|(_, waits)| !waits.is_empty())
        .map(|(at, waits)| (name(at), waits.into_iter().map(name).collect::<Vec<_>>()))
        .collect();
    let expected: [(&str, &[&str]); 4] = [
        ("repository r-1/copy/a", &["organization r-1/copy"]),
        ("repository r-1/new/a", &["organization r-1/new"]),
        (
            "sync_rule r-1/new/a -> r-1/copy",
            &[
                "repository r-1/new/a",
                "organization r-1/copy",
                "repository r-1/copy/a",
            ],
        ),
        ("organization r-1/old", &["repository r-1/old/a"]),
    ];
    let owned = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        waits,
        expected.map(|(name, waits)| (name.to_owned(), owned(waits)))
    );
}

#[test]
fn a_precondition_names_each_difference() {
    let found = |is_public: bool, num_images| LiveResource {
        attributes: IndexMap::from([("is_public", json!(is_public))]),
        facts: repository::IMAGES.count(num_images),
        ..LiveResource::default()
    };
    let attributes = serde_json::Map::from_iter([("is_public".to_owned(), json!(false))]);
    let update = Precondition {
        exists: true,
        attributes,
        ..Precondition::default()
    };
    let delete = Precondition {
        exists: true,
        facts: repository::IMAGES.count(2),
        ..Precondition::default()
    };
    for (precondition, live, moved) in [
        (&Precondition::default(), None, &[][..]),
        (
            &Precondition::default(),
            Some(found(true, 0)),
            &["it did not exist, but exists now"],
        ),
        (&update, None, &["it existed, but is gone now"]),
        (&update, Some(found(false, 9)), &[]),
        (
            &update,
            Some(found(true, 0)),
            &["is_public was false, is true now"],
        ),
        (
            &update,
            Some(LiveResource::default()),
            &["is_public was false, but cannot be read now"],
        ),
        (&delete, Some(found(true, 2)), &[]),
        (&delete, Some(found(true, 1)), &[]),
        (
            &delete,
            Some(found(true, 3)),
            &["it had 2 images, has 3 now"],
        ),
    ] {
        assert_eq!(precondition.check(live.as_ref()), moved);
    }
}
