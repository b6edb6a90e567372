//! A snapshot holds what a plan reads, and a plan from it is the plan from the service.

use std::collections::BTreeSet;

use portolan::{
    copies::Wanted,
    plan::{
        Outcome, Plan, Scope,
        build::build,
        document::{PlanDocument, pretty},
    },
    refresh::{RefreshOptions, Understood},
    snapshot::{
        Snapshot, Taken, document, kinds_of,
        replay::{ReplayOptions, complete, replay},
        words,
    },
    time::Moment,
};
use proptest::prelude::*;

use super::{
    cautious_world,
    site::{Deletion, Site, World, decoded},
};
use crate::law::{Verdict, try_on};

const TARGET_MISSING: &str = "target-organization-missing";

/// Fewer than of other laws: each case reads a world several times.
const CASES: u32 = 200;

/// What a command reads beside the chart's resources: all, or nothing.
fn options(all: bool) -> RefreshOptions {
    let words = words();
    let kinds = words.iter().flat_map(|word| kinds_of(word));
    RefreshOptions {
        copies: if all { Wanted::All } else { Wanted::Nothing },
        jobs: all,
        abroad: Some([("cn-east-3".into(), Ok(()))].into()),
        include: if all {
            kinds.collect()
        } else {
            BTreeSet::new()
        },
        contents: all,
        ..RefreshOptions::default()
    }
}

fn taken(site: &Site, yaml: &str, all: bool) -> Snapshot {
    let chart = decoded(yaml);
    let options = options(all);
    let Understood {
        live,
        unread,
        malformed,
    } = site.read_whole(&chart, &options);
    let accounts = live.accounts.iter();
    let scope = Scope {
        regions: live.accounts.keys().map(ToString::to_string).collect(),
        account: accounts
            .map(|(region, account)| (region.to_string(), account.clone()))
            .collect(),
        ..Scope::default()
    };
    let taken = Taken {
        live,
        unread,
        malformed,
    };
    let include = if all { words() } else { Vec::new() };
    Snapshot::new(&chart, scope, include, &options.include, taken, Moment(0))
}

fn replayed(snapshot: &Snapshot, yaml: &str, all: bool) -> Plan {
    let chart = decoded(yaml);
    let RefreshOptions { copies, jobs, .. } = options(all);
    let options = ReplayOptions {
        copies,
        jobs,
        targets: true,
    };
    let replayed = replay(snapshot, &chart, &chart, &options);
    let mut scope = snapshot.scope.clone();
    scope.selection.unknown = replayed.unknown;
    let mut plan = build(&chart, &replayed.live, &[], scope, snapshot.taken_at);
    complete(&mut plan, replayed.gaps);
    plan
}

fn text(plan: &Plan) -> String {
    pretty(&PlanDocument::new(plan, Vec::new()))
}

/// The plan from the service, without what only a plan for jobs and copies reads.
fn live(site: &Site, yaml: &str, all: bool) -> Plan {
    let options = RefreshOptions {
        include: BTreeSet::new(),
        contents: false,
        ..options(all)
    };
    site.plan_with(yaml, &options)
}

#[test]
fn a_plan_from_a_snapshot_is_the_plan_from_the_service() {
    try_on(CASES, (cautious_world(), any::<bool>()), |(world, all)| {
        let site = Site::new(&world.live, Deletion::Images);
        let yaml = world.chart.yaml();
        let expected = live(&site, &yaml, all);
        let snapshot = taken(&site, &yaml, all);
        let file = document::text(&snapshot);
        prop_assert_eq!(site.writes(), vec![]);
        let read = document::read(&file).unwrap();
        prop_assert_eq!(&document::text(&read), &file);
        prop_assert_eq!(format!("{:#?}", read.live), format!("{:#?}", snapshot.live));
        let plan = replayed(&read, &yaml, all);
        prop_assert_eq!(&plan.gaps, &vec![]);
        prop_assert_eq!(text(&plan), text(&expected));
        // All that was included changes nothing.
        if !all {
            let plan = replayed(&taken(&site, &yaml, true), &yaml, false);
            prop_assert_eq!(text(&plan), text(&expected));
        }
        Ok(())
    });
}

/// A pull request changes the chart, and the snapshot is of the chart before.
#[test]
fn what_is_not_in_a_snapshot_is_left_out_and_nothing_else_is_planned() {
    let worlds = (cautious_world(), cautious_world(), any::<bool>());
    try_on(CASES, worlds, |(before, after, all)| {
        let live_state = &before.live;
        let after = World {
            live: live_state.clone(),
            ..after
        };
        let site = Site::new(live_state, Deletion::Images);
        let snapshot = taken(&site, &before.chart.yaml(), all);
        let yaml = after.chart.yaml();
        let (expected, plan) = (live(&site, &yaml, false), replayed(&snapshot, &yaml, false));
        is_a_part_of(&plan, &expected)
    });
}

fn is_a_part_of(plan: &Plan, expected: &Plan) -> Verdict {
    if !expected.failures.is_empty() {
        return Ok(());
    }
    if plan.gaps.is_empty() {
        // Which account it is, is known for more regions from one side. So is whether a target is
        // missing: a region of the other chart may be one of this chart's own.
        let (mut own, mut same) = (plan.clone(), expected.clone());
        same.scope = plan.scope.clone();
        for plan in [&mut own, &mut same] {
            plan.findings.retain(|it| it.code != TARGET_MISSING);
        }
        prop_assert_eq!(text(&own), text(&same));
        return Ok(());
    }
    prop_assert_eq!(plan.outcome(), Outcome::Unknown);
    prop_assert!(plan.failures.is_empty(), "{:#?}", plan.failures);
    for change in &plan.changes {
        let same = expected
            .changes
            .iter()
            .find(|it| it.address == change.address);
        let same = same.map(|it| (&it.action, &it.fields, &it.precondition));
        let own = (&change.action, &change.fields, &change.precondition);
        prop_assert_eq!(Some(own), same, "{}: {:#?}", change.address, plan.gaps);
    }
    // What is left out is named.
    let missing = expected.changes.iter().filter(|change| {
        let mut planned = plan.changes.iter();
        !planned.any(|it| it.address == change.address)
    });
    for change in missing {
        let mut gaps = plan.gaps.iter().filter_map(|gap| gap.address.as_ref());
        let covers =
            |gap: &portolan::address::Address| change.address.parts().starts_with(gap.parts());
        prop_assert!(gaps.any(covers), "{}: {:#?}", change.address, plan.gaps);
    }
    Ok(())
}
