//! Laws that hold for every chart and every live state, tried on random ones.
//!
//! The emulator is the second opinion on the API, and `expected` the one on the chart: neither
//! shares what the planner believes. `PORTOLAN_LAWS=20` tries twenty times as many cases as usual.

mod chart;
mod early;
mod every_request;
mod expected;
mod live;
mod mirrors;
mod paging;
mod printed;
mod site;
mod storm;
mod stranger;
mod waits;

use std::sync::Arc;

use portolan::{
    emulator::{Effect, Entry, ErrorBody, Fault, State, SyncRule},
    kind::repository,
    plan::{
        Action, Change, Outcome, Plan, Reason, Scope,
        document::{self, PlanDocument, pretty},
    },
    report::{Fate, RunEnd},
    scope::Selection,
    state::ChartStamp,
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRunner},
};

use site::{Deletion, Disordered, Forestalled, Site, World, subject};

const CASES: u32 = 500;

type Verdict = Result<(), TestCaseError>;

/// Tries a law on random cases; a failure prints the smallest case that it was found to break on.
fn law<S: Strategy>(cases: S, holds: impl Fn(S::Value) -> Verdict) {
    let times = std::env::var("PORTOLAN_LAWS")
        .map_or(1, |times| times.parse().expect("PORTOLAN_LAWS is a number"));
    let config = Config {
        cases: CASES * times,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::XorShift,
        ..Config::default()
    };
    if let Err(broken) = TestRunner::new(config).run(&cases, holds) {
        panic!("{broken}");
    }
}

/// A world whose chart one apply can reach.
fn world() -> impl Strategy<Value = World> {
    (chart::chart(), live::state()).prop_map(|(chart, live)| World {
        live: live::without_blockers(live, &chart),
        chart,
    })
}

/// A world where much is withheld, and some plans are stopped.
fn cautious_world() -> impl Strategy<Value = World> {
    (chart::cautious(), live::state()).prop_map(|(chart, live)| World { chart, live })
}

/// A plan without what a place in a file has to do with it.
fn unplaced(mut plan: Plan) -> Plan {
    plan.chart = ChartStamp::default();
    plan.changes
        .iter_mut()
        .for_each(|change| change.source = None);
    plan
}

fn done(fate: &Fate) -> bool {
    matches!(
        fate,
        Fate::Applied { verified: true }
            | Fate::AsPlanned
            | Fate::Ran {
                end: RunEnd::Succeeded,
                ..
            }
    )
}

/// What an organization holds is looked at before it goes, not whether it is there.
fn in_vain(write: &Entry) -> bool {
    (write.method.as_str(), write.status) == ("DELETE", Some(404)) && !write.path.contains("/repos")
}

/// Region, organization, repository, target: as far as the address has them.
fn parts(change: &Change) -> Vec<String> {
    change
        .address
        .parts()
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn one_apply_makes_the_world_what_the_chart_says() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Images);
        let before = site.state();
        let plan = site.plan(&world.chart.yaml());
        prop_assert_eq!(&plan.stopped, &[]);
        let fates = site.apply(&plan);
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
        is_written_once(&plan, &site.writes())?;
        // What was asked for holds, and everything else is untouched: read from the raw state.
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

/// Every change costs its own writes, and there are no others.
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
    let names: Vec<_> = change
        .address
        .kind()
        .attributes
        .iter()
        .map(|attribute| attribute.name)
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
fn what_is_withheld_or_protected_stays() {
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
            let deleted = |(subject, method): &&(Vec<String>, String)| {
                method == "DELETE" && within(subject) == names.len()
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
            // What no file names is looked at only where something of its parent was chosen.
            let named =
                |change: &&Change| !matches!(change.reason, Reason::Unlisted | Reason::Undeclared);
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

#[test]
fn a_plan_that_is_applied_twice_writes_once() {
    law(world(), |world| {
        let site = Site::new(&world.live, Deletion::Everything);
        let plan = site.plan(&world.chart.yaml());
        site.apply(&plan);
        let (once, _) = (site.state(), site.writes());
        let fates = site.apply(&plan);
        prop_assert!(site.writes().iter().all(in_vain), "{:#?}", plan.changes);
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
        prop_assert_eq!(site.state(), once);
        Ok(())
    });
}

#[test]
fn what_somebody_else_just_did_is_done() {
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

/// Whether the raw object is no longer what the plan was made for.
fn moved(change: &Change, now: &State) -> bool {
    // No stranger touches those.
    if change.address.kind().name == "mirror" {
        return false;
    }
    let parts = parts(change);
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let values = |named: &[(&str, serde_json::Value)]| {
        let before = change.action.before();
        let same = |(name, value): &(&str, serde_json::Value)| {
            before.and_then(|before| before.get(*name)) == Some(value)
        };
        named.iter().all(same)
    };
    let (exists, same) = match names[..] {
        [region, organization] => {
            // Not its own repositories, but those that the plan does not delete, are asked for
            // elsewhere.
            (now.organization(region, organization).is_some(), true)
        }
        [region, organization, name] => match now.repository(region, organization, name) {
            None => (false, false),
            Some(_) if matches!(change.action, Action::Create { .. }) => (true, false),
            Some(found) if matches!(change.action, Action::Delete { .. }) => (
                true,
                found.num_images <= change.precondition.facts.get(&repository::IMAGES).unwrap(),
            ),
            Some(found) => {
                let category = ("category", found.category.as_str().into());
                let description = ("description", found.description.as_str().into());
                (
                    true,
                    values(&[("is_public", found.is_public.into()), category, description]),
                )
            }
        },
        [region, organization, name, target_region, target] => {
            let found = now.repository(region, organization, name);
            let rule = found.and_then(|found| {
                found
                    .sync_rules
                    .iter()
                    .find(|rule| rule.is_to(target_region, target))
            });
            match rule {
                None => (false, false),
                Some(_) if matches!(change.action, Action::Delete { .. }) => (true, true),
                Some(rule) => (
                    true,
                    values(&[
                        ("auto", rule.auto.into()),
                        ("override", rule.overrides.into()),
                    ]),
                ),
            }
        }
        _ => unreachable!("addresses have two, three or five parts"),
    };
    match change.action {
        Action::Create { .. } => exists,
        _ => !exists || !same,
    }
}

#[test]
fn what_a_stranger_moved_is_not_written() {
    law((world(), live::deeds()), |(world, deeds)| {
        let site = Site::new(&world.live, Deletion::Everything);
        let plan = site.plan(&world.chart.yaml());
        site.emulator
            .edit(|state| deeds.iter().for_each(|deed| deed.happen(state)));
        let moved_then = site.state();
        site.apply(&plan);
        let mut writes = site.writes();
        writes.retain(|write| !in_vain(write));
        let written: Vec<_> = writes.iter().map(subject).collect();
        for change in plan
            .changes
            .iter()
            .filter(|change| moved(change, &moved_then))
        {
            prop_assert!(
                !written.contains(&parts(change)),
                "moved by {:?}, and written: {:#?}",
                deeds,
                change
            );
        }
        let planned: Vec<_> = plan.changes.iter().map(parts).collect();
        prop_assert!(
            written.iter().all(|written| planned.contains(written)),
            "{:#?}",
            writes
        );
        // Whatever is gone now was in the plan, rules of a repository that went aside.
        let now = site.state();
        for (region, content) in &moved_then.regions {
            for (organization, entry) in &content.organizations {
                let gone = |parts: &[&str]| planned.iter().any(|planned| planned == parts);
                let stays = now.organization(region, organization).is_some();
                prop_assert!(
                    stays || gone(&[region, organization]),
                    "{} went",
                    organization
                );
                for name in entry.repositories.keys() {
                    let stays = now.repository(region, organization, name).is_some();
                    prop_assert!(
                        stays || gone(&[region, organization, name]),
                        "{} went; {:?}",
                        name,
                        deeds
                    );
                }
            }
        }
        Ok(())
    });
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        Just(Effect::CutBefore),
        Just(Effect::CutAfter),
        Just(Effect::Truncate(1)),
        Just(Effect::internal()),
        Just(Effect::internal().after_commit()),
        Just(Effect::throttled(Some(1))),
        Just(Effect::forbidden()),
        Just(Effect::html_502()),
        Just(Effect::html_502().after_commit()),
    ]
}

/// Breaks an apply; the next run must come to the state of a clean one. A single fault that is no
/// definite refusal is overcome at once.
fn is_finished_by_the_next_run(world: &World, fault: Fault) -> Verdict {
    let clean = Site::new(&world.live, Deletion::Images);
    clean.apply(&clean.plan(&world.chart.yaml()));

    let broken = Site::new(&world.live, Deletion::Images);
    let plan = broken.plan(&world.chart.yaml());
    let heals = fault.count == Some(1)
        && !matches!(
            &fault.effect,
            Effect::Status {
                body: ErrorBody::Service {
                    code: 4_037_018,
                    ..
                },
                ..
            }
        );
    broken.emulator.inject(fault);
    let fates = broken.apply(&plan);
    prop_assert!(
        !heals || fates.iter().all(done),
        "{:#?}\n{:#?}",
        plan.changes,
        fates
    );
    let next = Site::new(&broken.state(), Deletion::Images);
    let plan = next.plan(&world.chart.yaml());
    let fates = next.apply(&plan);
    prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", plan.changes, fates);
    prop_assert_eq!(
        expected::anonymous(next.state()),
        expected::anonymous(clean.state())
    );
    Ok(())
}

#[test]
fn a_run_with_a_fault_is_finished_by_the_next() {
    law((world(), effect(), 0..40_usize), |(world, effect, skip)| {
        is_finished_by_the_next_run(&world, Fault::new(effect).skip(skip))
    });
}

#[test]
fn a_run_that_lost_the_service_is_finished_by_the_next() {
    let world = world().prop_map(storm::copying);
    law((world, effect(), 0..20_usize), |(world, effect, skip)| {
        is_finished_by_the_next_run(&world, Fault::new(effect).skip(skip).forever())
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
fn what_the_service_refuses_is_what_is_left() {
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
