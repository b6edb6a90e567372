//! Many random faults at once: failed applies, and what they leave.

use std::collections::BTreeSet;

use portolan::{
    emulator::{Effect, Fault, Lag, State},
    plan::Outcome,
};
use proptest::{collection::vec, prelude::*};

use super::{
    done, expected,
    faults::effect,
    holds_back_a_rename, parts, shares,
    site::{Deletion, Site, World, subject},
    world,
};
use crate::law::{Verdict, law};

/// As many applies as a user would try.
const RUNS: usize = 4;

/// Faults that strike requests with some probability, until they are cleared.
fn storm() -> impl Strategy<Value = Vec<Fault>> {
    let effect = prop_oneof![
        6 => effect(),
        1 => Just(Effect::DropItems(1)),
        1 => Just(Effect::RepeatPage),
        1 => (-1..2_i64).prop_map(Effect::WrongTotal),
        1 => (1..4_usize).prop_map(|reads| Effect::Stale(Lag::Reads(reads))),
    ];
    vec((effect, 0.01..0.3, any::<u64>()), 1..5).prop_map(|faults| {
        let fault =
            |(effect, probability, seed)| Fault::new(effect).chance(probability, seed).forever();
        faults.into_iter().map(fault).collect()
    })
}

/// A rule that does not copy is always replaced; if it was deleted and not created again, its
/// unmanaged values are lost.
pub(crate) fn copying(mut world: World) -> World {
    let organizations = world
        .live
        .regions
        .values_mut()
        .flat_map(|region| region.organizations.values_mut());
    for repository in organizations.flat_map(|organization| organization.repositories.values_mut())
    {
        repository
            .sync_rules
            .iter_mut()
            .for_each(|rule| rule.auto = true);
    }
    world
}

/// Every existing repository.
fn repositories(state: &State) -> BTreeSet<Vec<String>> {
    let mut names = BTreeSet::new();
    for (region, content) in &state.regions {
        for (organization, entry) in &content.organizations {
            let name = |name: &String| vec![region.clone(), organization.clone(), name.clone()];
            names.extend(entry.repositories.keys().map(name));
        }
    }
    names
}

/// One apply: every write is in its plan, and it deletes only what the plan deletes.
fn run(site: &Site, yaml: &str) -> Result<bool, TestCaseError> {
    let before = repositories(&site.state());
    let plan = site.plan(yaml);
    prop_assert_eq!(site.writes(), vec![], "a plan wrote");
    if plan.outcome() == Outcome::Unknown {
        return Ok(false);
    }
    let fates = site.apply(&plan);
    let planned: BTreeSet<Vec<String>> = plan.changes.iter().map(parts).collect();
    for write in site.writes() {
        prop_assert!(
            planned.contains(&subject(&write)),
            "not in the plan: {:?}",
            write
        );
    }
    let deleted = |name: &Vec<String>| {
        let goes = plan.changes.iter().find(|change| parts(change) == *name);
        goes.is_some_and(|change| change.action.after().is_none())
    };
    for gone in before.difference(&repositories(&site.state())) {
        prop_assert!(deleted(gone), "{:?} went", gone);
    }
    Ok(fates.iter().all(done))
}

fn is_weathered(world: &World, storm: Vec<Fault>) -> Verdict {
    let yaml = world.chart.yaml();
    let clean = Site::new(&world.live, Deletion::Images);
    prop_assert!(run(&clean, &yaml)?);

    let site = Site::new(&world.live, Deletion::Images);
    storm
        .into_iter()
        .for_each(|fault| site.emulator.inject(fault));
    for _ in 0..RUNS {
        if run(&site, &yaml)? {
            break;
        }
    }
    site.emulator.clear_faults();
    if holds_back_a_rename(&site.plan(&yaml)) {
        let _ = run(&site, &yaml)?;
    }
    prop_assert!(run(&site, &yaml)?, "the storm is over");
    prop_assert_eq!(
        expected::anonymous(site.state()),
        expected::anonymous(clean.state())
    );
    let again = site.plan(&yaml);
    prop_assert_eq!(again.outcome(), Outcome::NoChanges, "{:#?}", again.changes);
    Ok(())
}

#[test]
fn the_next_apply_finishes_after_random_faults() {
    law(
        (world().prop_map(copying), storm()),
        |(mut world, storm)| {
            // Nothing else shows a share in another spelling than two lists, which both lie.
            if storm
                .iter()
                .any(|fault| matches!(fault.effect, Effect::DropItems(_)))
            {
                shares::respell(&mut world.live);
            }
            is_weathered(&world, storm)
        },
    );
}
