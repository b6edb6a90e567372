//! Laws that hold for every chart and every live state, tried on random ones.
//!
//! The emulator is the second opinion on the API, and `expected` the one on the chart: neither uses
//! code of the planner. `PORTOLAN_LAWS=20` tries twenty times as many cases.

mod access;
mod adopt;
mod apply;
mod backfill;
mod chart;
mod concurrent;
mod copies;
mod early;
mod every_request;
mod expected;
mod export;
mod faults;
mod governed;
mod grants;
mod hand;
mod live;
mod mirrors;
mod paging;
mod plan;
mod printed;
mod retentions;
mod shares;
mod site;
mod snapshots;
mod storm;
mod stranger;
mod waits;

use portolan::{
    emulator::Entry,
    plan::{Change, Plan, Withheld},
    report::{Fate, RunEnd},
    state::ChartStamp,
};
use proptest::prelude::*;

use site::World;

/// A world whose chart one apply can reach.
fn world() -> impl Strategy<Value = World> {
    any_world(chart::chart()).prop_map(|World { chart, live }| World {
        live: live::without_renames(live::without_blockers(live, &chart), &chart),
        chart,
    })
}

/// A world where much is withheld, and some plans are stopped.
fn cautious_world() -> impl Strategy<Value = World> {
    any_world(chart::cautious())
}

fn any_world(charts: impl Strategy<Value = chart::Chart>) -> impl Strategy<Value = World> {
    (charts, live::state()).prop_map(|(mut chart, mut live)| {
        grants::of_one_caller(&mut chart, &mut live);
        World { chart, live }
    })
}

/// A plan without everything that depends on positions in a file.
fn unplaced(mut plan: Plan) -> Plan {
    plan.chart = ChartStamp::default();
    plan.changes
        .iter_mut()
        .for_each(|change| change.source = None);
    plan.findings
        .iter_mut()
        .for_each(|finding| finding.source = None);
    plan
}

/// Whether a plan holds a deletion back because the plan may create the same under a new name. An
/// apply that ended early can leave such a pair; the apply after the creation deletes it.
fn holds_back_a_rename(plan: &Plan) -> bool {
    let is_renamed = |change: &Change| matches!(change.withheld, Some(Withheld::Renamed { .. }));
    plan.changes.iter().any(is_renamed)
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

/// The check before the deletion of an organization reads its content, not the organization itself.
fn deletes_an_absent_organization(write: &Entry) -> bool {
    (write.method.as_str(), write.status) == ("DELETE", Some(404)) && !write.path.contains("/repos")
}

/// Region, organization, repository, target: as far as the address has them. A retention policy has
/// the key of its repository, so its kind follows; before the user of a permission, too.
fn parts(change: &Change) -> Vec<String> {
    let kind = change.address.kind().name;
    let parts = change.address.parts().iter().map(ToString::to_string);
    let mut parts: Vec<String> = parts.collect();
    match kind {
        "retention" => parts.push(kind.to_owned()),
        "access" => parts.insert(parts.len() - 1, kind.to_owned()),
        _ => {}
    }
    parts
}
