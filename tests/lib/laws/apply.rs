//! An apply makes each change of the plan once, and nothing else.

use std::{collections::BTreeSet, sync::Arc};

use portolan::{
    emulator::{Effect, Entry, Fault, SyncRule},
    kind::repository,
    plan::{Action, Change, Outcome, Plan, Withheld},
    report::Fate,
};
use proptest::prelude::*;

use super::{
    any_world, cautious_world, chart, deletes_an_absent_organization, done, expected, grants,
    mirrors, parts,
    site::{Deletion, Forestalled, Site, World, subject},
    world,
};
use crate::law::{Verdict, law};

#[test]
fn one_apply_makes_the_live_state_equal_to_the_chart() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        prop_assert_eq!(&plan.stopped, &[]);
        let fates = site.apply(&plan);
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
        let writes = site.writes();
        is_written_once(&plan, &writes)?;
        grants::losses_come_last(&writes)?;
        // The desired values are live, and everything else is unchanged: read from the raw state.
        prop_assert_eq!(
            expected::comparable(site.state(), &before),
            expected::after(&world.chart, &before)
        );
        prop_assert_eq!(
            mirrors::shapes(&site.state()),
            mirrors::after(&world.chart, &before)
        );
        let again = site.plan(&world.chart.yaml());
        prop_assert_eq!(again.outcome(), Outcome::NoChanges, "{:#?}", again.changes);
        prop_assert_eq!(again.unchanged, expected::resources(&world.chart));
        Ok(())
    });
}

/// Every change causes its own writes, and there are no others.
fn is_written_once(plan: &Plan, writes: &[Entry]) -> Verdict {
    for body in writes
        .iter()
        .filter_map(|write| write.body.as_ref()?.as_object())
    {
        prop_assert!(
            body.values().all(|value| !value.is_null()),
            "what a null does is not documented: {:?}",
            body
        );
    }
    let mut wrote: Vec<_> = writes
        .iter()
        .map(|write| (subject(write), write.method.as_str()))
        .collect();
    let mut planned = Vec::new();
    for change in &plan.changes {
        let is_mirror = change.address.kind().name == "mirror";
        let methods: &[&str] = match change.action {
            Action::Create { .. } if is_mirror => &["POST", "PUT"],
            Action::Create { .. } => &["POST"],
            Action::Update { .. } if is_mirror => &["PUT"],
            Action::Update { .. } => &["PATCH"],
            Action::Replace { .. } => &["DELETE", "POST"],
            Action::Delete { .. } => &["DELETE"],
            Action::Run { .. } => &[],
        };
        let run = change.action.run().map(|_| &"POST");
        planned.extend(
            methods
                .iter()
                .chain(run)
                .map(|method| (parts(change), *method)),
        );
    }
    planned.sort();
    wrote.sort();
    prop_assert_eq!(wrote, planned);
    Ok(())
}

#[test]
fn what_may_have_been_renamed_is_withheld() {
    law(any_world(chart::chart()), |World { chart, live }| {
        let site = Site::new(&live, Deletion::Images);
        let plan = site.plan(&chart.yaml());
        let expected = expected::renamed(&chart, &live);
        let expected: BTreeSet<Vec<String>> = expected
            .into_iter()
            .map(|(region, organization, name)| {
                [region, organization, name].map(str::to_owned).to_vec()
            })
            .collect();
        let is_renamed = |change: &&Change| {
            // `protect` comes first.
            matches!(change.withheld, Some(Withheld::Renamed { .. }))
                || expected.contains(&parts(change))
                    && matches!(change.withheld, Some(Withheld::Protect { .. }))
        };
        let withheld: BTreeSet<Vec<String>> =
            plan.changes.iter().filter(is_renamed).map(parts).collect();
        prop_assert_eq!(withheld, expected);
        Ok(())
    });
}

#[test]
fn withheld_and_protected_resources_stay() {
    law(cautious_world(), |world| {
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        let fates = site.apply(&plan);
        let written: Vec<_> = site
            .writes()
            .iter()
            .map(|write| (subject(write), write.method.clone()))
            .collect();
        for (change, fate) in plan
            .changes
            .iter()
            .zip(fates)
            .filter(|(change, _)| change.withheld.is_some())
        {
            prop_assert_eq!(fate, Fate::Withheld);
            prop_assert!(
                written.iter().all(|(subject, _)| *subject != parts(change)),
                "{:#?}",
                change
            );
        }
        for protected in world
            .chart
            .protect
            .iter()
            .filter(|pattern| !pattern.contains('*'))
        {
            let names: Vec<&str> = protected.split('/').collect();
            let within = |subject: &[String]| {
                subject[1..]
                    .iter()
                    .zip(&names)
                    .filter(|(is, name)| is == *name)
                    .count()
            };
            // Without its retention policy, nothing of a repository goes.
            let deleted = |(subject, method): &&(Vec<String>, String)| {
                // What was shared or granted may be withdrawn from what is protected.
                let is_below = subject.len() == 4 || subject.iter().any(|part| part == "access");
                method == "DELETE" && within(subject) == names.len() && !is_below
            };
            prop_assert_eq!(written.iter().find(deleted), None);
        }
        // A rule that is protected holds its repository; those that do not copy by themselves are
        // not listed.
        for (subject, _) in written
            .iter()
            .filter(|(subject, method)| method == "DELETE" && subject.len() == 3)
        {
            let (organization, name) = (subject[1].as_str(), subject[2].as_str());
            let Some(found) = before.repository(&subject[0], organization, name) else {
                continue;
            };
            let is_held = |rule: &SyncRule| {
                rule.auto
                    && expected::rule_is_protected(
                        &world.chart,
                        (organization, name),
                        Some(&rule.remote_organization),
                    )
            };
            prop_assert!(
                !found.sync_rules.iter().any(is_held),
                "{:?} was deleted",
                subject
            );
        }
        Ok(())
    });
}

#[test]
fn a_plan_that_is_applied_twice_writes_once() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Everything);
        let plan = site.plan(&world.chart.yaml());
        site.apply(&plan);
        let (once, _) = (site.state(), site.writes());
        let fates = site.apply(&plan);
        prop_assert!(
            site.writes().iter().all(deletes_an_absent_organization),
            "{:#?}",
            plan.changes
        );
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
        prop_assert_eq!(site.state(), once);
        Ok(())
    });
}

#[test]
fn a_change_that_another_client_just_made_is_done() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        let site = site.behind(|door| Arc::new(Forestalled(door)));
        let fates = site.apply(&plan);
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
        prop_assert_eq!(
            expected::comparable(site.state(), &before),
            expected::after(&world.chart, &before)
        );
        Ok(())
    });
}

#[test]
fn a_refused_replacement_leaves_the_old_rule() {
    law((world(), 0..4_usize), |(world, skip)| {
        let site = Site::new(&world.live, Deletion::Images);
        let plan = site.plan(&world.chart.yaml());
        let refusal = Fault::new(Effect::forbidden())
            .method("POST")
            .path("sync_repo")
            .skip(skip);
        site.emulator.inject(refusal);
        let fates = site.apply(&plan);
        for (change, fate) in plan.changes.iter().zip(&fates) {
            let (Action::Replace { before, .. }, Fate::Failed { restored, .. }) =
                (&change.action, fate)
            else {
                continue;
            };
            let parts = parts(change);
            let state = site.state();
            let repository = state.repository(&parts[0], &parts[1], &parts[2]).unwrap();
            let rule = repository
                .sync_rules
                .iter()
                .find(|rule| rule.is_to(&parts[3], &parts[4]));
            prop_assert_eq!(
                rule.map(|rule| rule.overrides.into()),
                before.get("override").cloned()
            );
            prop_assert!(restored);
        }
        Ok(())
    });
}

#[test]
fn refused_changes_remain_in_the_next_plan() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Nothing);
        let plan = site.plan(&world.chart.yaml());
        let fates = site.apply(&plan);
        let left = plan
            .changes
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| !done(fate))
            .map(|(change, _)| change);
        let left: Vec<Vec<String>> = left.map(parts).collect();
        for (change, fate) in plan
            .changes
            .iter()
            .zip(&fates)
            .filter(|(_, fate)| !done(fate))
        {
            let holds = change
                .precondition
                .facts
                .get(&repository::IMAGES)
                .is_some_and(|images| images > 0);
            let emptied = parts(change).len() == 2 && matches!(fate, Fate::Skipped { .. });
            prop_assert!(holds || emptied, "{:#?} {:#?}", change, fate);
        }
        let again = site.plan(&world.chart.yaml());
        prop_assert_eq!(again.changes.iter().map(parts).collect::<Vec<_>>(), left);
        Ok(())
    });
}
