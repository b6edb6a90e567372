//! A plan sends only reads, is complete, and does not depend on the order of its sources.

use std::sync::Arc;

use portolan::{
    plan::{
        Action, Change, Reason, Scope,
        document::{self, PlanDocument, pretty},
    },
    scope::Selection,
};
use proptest::prelude::*;

use super::{
    cautious_world, expected,
    site::{Deletion, Disordered, Site},
    unplaced, world,
};
use crate::law::{Verdict, law};

#[test]
fn a_plan_only_reads_and_is_complete() {
    law(cautious_world(), |world| {
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        let reads = site.emulator.journal().len();
        prop_assert_eq!(site.writes(), vec![]);
        prop_assert_eq!(site.state(), before.clone());
        prop_assert_eq!(reads, expected::reads(&world.chart, &before));
        prop_assert!(
            plan.changes
                .is_sorted_by(|one, next| one.address < next.address)
        );
        plan.changes.iter().try_for_each(changes_something)?;
        let text = PlanDocument::new(&plan, Vec::new()).to_file(&plan);
        prop_assert_eq!(document::read(&text), Ok(plan));
        Ok(())
    });
}

fn changes_something(change: &Change) -> Verdict {
    let (before, after) = (change.action.before(), change.action.after());
    if matches!(change.action, Action::Run { .. }) {
        prop_assert!(
            change.action.run().is_some() && change.fields.is_empty(),
            "{:#?}",
            change
        );
        return Ok(());
    }
    prop_assert_ne!(before, after, "{:#?}", change);
    // Of these a policy has one.
    let is_alternative = |name: &&str| ["keep_tags", "keep_days", "policy"].contains(name);
    let is_sent = |name: &&str| after.is_some_and(|after| after.contains_key(name));
    let names: Vec<_> = change
        .address
        .kind()
        .attributes
        .iter()
        .map(|attribute| attribute.name)
        .filter(|name| !is_alternative(name) || is_sent(name))
        .collect();
    if let (Some(_), Some(after)) = (before, after) {
        prop_assert!(!change.fields.is_empty());
        prop_assert_eq!(
            after.keys().copied().collect::<Vec<_>>(),
            names,
            "incomplete: {:#?}",
            change
        );
    }
    for field in &change.fields {
        prop_assert_ne!(&field.before, &field.after);
        prop_assert_eq!(
            field.before.as_ref(),
            before.and_then(|all| all.get(field.name))
        );
        prop_assert_eq!(
            field.after.as_ref(),
            after.and_then(|all| all.get(field.name))
        );
    }
    Ok(())
}

#[test]
fn the_order_of_the_chart_does_not_matter() {
    law((cautious_world(), any::<u64>()), |(world, seed)| {
        let site = Site::new(&world.live, Deletion::Images);
        let (text, permuted) = (world.chart.yaml(), world.chart.permuted_yaml(seed));
        prop_assert_eq!(
            unplaced(site.plan(&text)),
            unplaced(site.plan(&permuted)),
            "permuted:\n{}",
            permuted
        );
        Ok(())
    });
}

#[test]
fn the_order_of_answers_does_not_matter() {
    law(cautious_world(), |world| {
        let text = |site: Site| {
            let plan = site.plan(&world.chart.yaml());
            pretty(&PlanDocument::new(&plan, Vec::new()))
        };
        let ordered = text(Site::new(&world.live, Deletion::Images));
        let site = Site::new(&world.live, Deletion::Images);
        prop_assert_eq!(
            ordered,
            text(site.behind(|door| Arc::new(Disordered(door))))
        );
        Ok(())
    });
}

#[test]
fn a_part_of_the_chart_makes_a_part_of_the_plan() {
    let patterns = || {
        let some = vec![
            "cn-north-4",
            "cn-east-3/alpha",
            "*/beta/**",
            "**/web/*",
            "*/*/a",
            "cn-north-4/alpha/b",
        ];
        proptest::collection::vec(proptest::sample::select(some), 0..3)
    };
    law(
        (world(), patterns(), patterns()),
        |(world, targets, excludes)| {
            let parse = |patterns: Vec<&str>| {
                patterns
                    .into_iter()
                    .map(|text| text.parse().unwrap())
                    .collect()
            };
            let scope = Scope {
                selection: Selection {
                    targets: parse(targets),
                    excludes: parse(excludes),
                    ..Selection::default()
                },
                ..Scope::default()
            };
            let site = Site::new(&world.live, Deletion::Images);
            let whole = site.plan(&world.chart.yaml());
            let part = site.plan_part(&world.chart.yaml(), &scope);
            let what = |change: &Change| {
                (
                    change.address.clone(),
                    change.action.clone(),
                    change.source.clone(),
                )
            };
            let all: Vec<_> = whole.changes.iter().map(what).collect();
            for change in &part.changes {
                prop_assert!(
                    all.contains(&what(change)),
                    "not in the whole plan: {:#?}",
                    change
                );
            }
            let kept: Vec<_> = part.kept.iter().map(|kept| &kept.address).collect();
            for kept_by in part.kept.iter().map(|kept| &kept.inside) {
                let stays = !scope.selection.holds(kept_by) || kept.contains(&kept_by);
                prop_assert!(stays, "{} holds what it lives in, and goes", kept_by);
            }
            let chosen: Vec<_> = part
                .changes
                .iter()
                .map(|change| &change.address)
                .chain(kept)
                .collect();
            // An unlisted resource is read only if a resource in its parent is selected.
            let named = |change: &&Change| {
                !matches!(
                    change.reason,
                    Reason::Unlisted | Reason::NotInFirstList | Reason::NotInList
                )
            };
            for change in whole
                .changes
                .iter()
                .filter(named)
                .filter(|change| scope.selection.holds(&change.address))
            {
                prop_assert!(
                    chosen.contains(&&change.address),
                    "left out: {:#?} of {:#?}",
                    change,
                    part
                );
            }
            Ok(())
        },
    );
}
