//! Stops for resources that name another account and that the service would refuse to write.
//!
//! `config` reports what the chart alone shows; only the live state shows the rest.

use serde_json::Value;

use super::{Action, Change, Plan, Stop};
use crate::{address::Address, kind::place::ItemError, state::Live};

/// One stop for each creation or update below a public parent, or for the account of the
/// credentials.
pub(super) fn stops(plan: &Plan, live: &Live) -> Vec<Stop> {
    let is_written =
        |action: &Action| matches!(action, Action::Create { .. } | Action::Update { .. });
    let written = plan
        .changes
        .iter()
        .filter(|change| is_written(&change.action));
    written
        .filter_map(|change| refused(change, plan, live))
        .collect()
}

fn refused(change: &Change, plan: &Plan, live: &Live) -> Option<Stop> {
    let address = &change.address;
    let abroad = address.kind().place.item_errors?.abroad?;
    let parent = address.parent()?;
    if let Some(attribute) = public(&parent, plan, live) {
        let hint =
            format!("anyone can pull from it: remove this item, or write `{attribute}: false`");
        return Some(stop(change, abroad.public, hint));
    }
    let own = plan.scope.account.get(&**address.region())?;
    let account = address.part(abroad.account)?;
    own.eq_ignore_ascii_case(account)
        .then(|| stop(change, abroad.own, "remove this item".to_owned()))
}

fn stop(change: &Change, error: ItemError, lift: String) -> Stop {
    let message = format!("{}: {}", change.address, error.problem);
    let stop = Stop::new(error.code, message, Some(lift));
    match &change.source {
        Some(source) => stop.at(source),
        None => stop,
    }
}

/// The attribute that makes a resource public, if it will be public.
fn public(parent: &Address, plan: &Plan, live: &Live) -> Option<&'static str> {
    let name = parent.kind().exposing()?.name;
    let changes = &plan.changes;
    let changed = changes.binary_search_by(|change| change.address.cmp(parent));
    let after = match changed.ok().and_then(|at| changes.get(at)) {
        Some(change) => change.action.after()?,
        None => &live.resources.get(parent)?.attributes,
    };
    (after.get(name) == Some(&Value::Bool(true))).then_some(name)
}
