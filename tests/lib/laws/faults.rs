//! The next apply finishes what a fault left undone.

use portolan::emulator::{Effect, ErrorBody, Fault};
use proptest::prelude::*;

use super::{
    done, expected, holds_back_a_rename,
    site::{Deletion, Site, World},
    storm, world,
};
use crate::law::{Verdict, law};

pub(crate) fn effect() -> impl Strategy<Value = Effect> {
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

/// Breaks an apply; the next one must end in the state of an undisturbed one. A single fault that
/// is not a definite refusal is overcome at once.
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
    let mut fates = next.apply(&plan);
    if holds_back_a_rename(&plan) {
        fates = next.apply(&next.plan(&world.chart.yaml()));
    }
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
