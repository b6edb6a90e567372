//! Whether an edited chart means what was wanted, and nothing else.
//!
//! The edits are made by the places of values; this decodes the result and compares what it means,
//! so that no wrong edit is ever printed or written.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Input,
    wanted::{Piece, What},
};
use crate::{
    address::Address,
    config::{self, context::Context},
    diagnostics::{Severity, SourceMap},
    plan::{Action, Plan, build::build},
    state::{Chart, Children, DesiredResource, Presence},
};

/// Decodes an edited chart, and compares it with the chart before and the live state.
pub(super) fn verified(
    input: &Input<'_>,
    sources: &SourceMap,
    pieces: &[&Piece],
) -> Result<(Chart, Plan), String> {
    let context = Context {
        sources,
        ..input.context
    };
    let mut decoded = config::decode(context);
    let errors = decoded.found.iter();
    if let Some(error) = errors.into_iter().find(|it| it.severity == Severity::Error) {
        return Err(format!("the chart would be invalid: {}", error.message));
    }
    decoded.chart.hide(input.mask);
    let chart = decoded.chart;
    is_intended(input.chart, &chart, pieces)?;
    let now = input.now;
    let after = build(
        &known(&chart, pieces),
        input.live,
        &[],
        input.plan.scope.clone(),
        now,
    );
    is_adopted(input.plan, &after, pieces)?;
    Ok((chart, after))
}

/// The chart without the children of new entries, which were not read yet.
fn known(chart: &Chart, pieces: &[&Piece]) -> Chart {
    let mut known = chart.clone();
    let new = pieces
        .iter()
        .filter(|piece| matches!(piece.what, What::New(_)));
    let new: BTreeSet<&Address> = new.map(|piece| &piece.address).collect();
    known.resources.retain(|address, _| {
        let mut line = std::iter::successors(address.parent(), Address::parent);
        !line.any(|above| new.contains(&above))
    });
    for address in new {
        if let Some(desired) = known.resources.get_mut(address) {
            desired.children = Children::default();
        }
    }
    known
}

const OTHERS: &str = "an edit would change what the chart says of something else";

/// Whether the chart changes by the pieces only.
fn is_intended(before: &Chart, after: &Chart, pieces: &[&Piece]) -> Result<(), String> {
    let adopted: BTreeMap<&Address, &What> = pieces
        .iter()
        .map(|piece| (&piece.address, &piece.what))
        .collect();
    let is_in = |address: &Address, is: &dyn Fn(&What) -> bool| {
        let mut line = std::iter::successors(Some(address.clone()), Address::parent);
        line.any(|it| adopted.get(&it).is_some_and(|what| is(what)))
    };
    for (address, desired) in &before.resources {
        let Some(new) = after.resources.get(address) else {
            if is_in(address, &|what| matches!(what, What::Gone)) {
                continue;
            }
            return Err(format!("an edit would lose {address}"));
        };
        let is_same = match adopted.get(address) {
            Some(What::Gone) => return Err("it would still be in the chart".to_owned()),
            Some(What::New(_)) => true,
            Some(What::Values(values)) => has_values(desired, new, values),
            None => desired.presence == new.presence,
        };
        if !is_same || !desired.children.kinds().eq(new.children.kinds()) {
            return Err(format!("an edit would change {address} otherwise"));
        }
    }
    let is_new = |address: &&Address| !before.resources.contains_key(*address);
    for address in after.resources.keys().filter(is_new) {
        if !is_in(address, &|what| matches!(what, What::New(_))) {
            return Err(format!("an edit would add {address}"));
        }
    }
    let settings = |chart: &Chart| {
        let protect = chart.protect.iter().map(|it| it.pattern.full());
        let accept = chart.accept.iter().map(|it| it.pattern.full());
        let endpoints = chart
            .endpoints
            .iter()
            .map(|(key, it)| (key.clone(), it.url.clone()));
        let unlisted = chart
            .unlisted
            .iter()
            .map(|(address, policy)| (address.clone(), std::mem::discriminant(policy)));
        (
            protect.collect::<Vec<_>>(),
            accept.collect::<Vec<_>>(),
            endpoints.collect::<Vec<_>>(),
            unlisted.collect::<Vec<_>>(),
            chart.regions.clone(),
            (chart.name.clone(), chart.account.clone()),
            (chart.operators.clone(), chart.limits.clone()),
        )
    };
    let terms = |chart: &Chart, address: &Address| {
        let terms = chart.terms.get(address)?;
        Some((terms.id, terms.max_age, terms.credentials.clone()))
    };
    let mut of_both = after.resources.keys();
    let same_terms = of_both.all(|it| is_new(&it) || terms(before, it) == terms(after, it));
    if settings(before) != settings(after) || !same_terms {
        return Err(OTHERS.to_owned());
    }
    Ok(())
}

/// Whether a resource has these values, and otherwise those of before.
fn has_values(
    before: &DesiredResource,
    after: &DesiredResource,
    values: &[(&'static str, serde_json::Value)],
) -> bool {
    let (Presence::Present(before), Presence::Present(after)) = (&before.presence, &after.presence)
    else {
        return false;
    };
    let mut wanted = (**before).clone();
    wanted.extend(values.iter().cloned());
    wanted == **after
}

/// Whether nothing is planned any more for what was adopted, and nothing that was not planned
/// before.
fn is_adopted(before: &Plan, after: &Plan, pieces: &[&Piece]) -> Result<(), String> {
    let planned: BTreeMap<&Address, &Action> = before
        .changes
        .iter()
        .map(|change| (&change.address, &change.action))
        .collect();
    let is_piece = |address: &Address| pieces.iter().any(|piece| piece.address == *address);
    for change in &after.changes {
        let address = &change.address;
        if matches!(change.action, Action::Run { .. }) {
            continue;
        }
        let verb = change.action.verb();
        let was = planned.get(address).map(|action| action.verb());
        let is_left = is_piece(address)
            && matches!(
                &change.action,
                Action::Update { .. } | Action::Replace { .. }
            );
        if was != Some(verb) || (is_piece(address) && !is_left) {
            return Err(format!("the next plan would {} {address}", verb.name()));
        }
    }
    for piece in pieces {
        if let What::Values(values) = &piece.what {
            let change = after.changes.iter().find(|it| it.address == piece.address);
            let fields = change.map_or(&[][..], |change| &change.fields);
            if fields
                .iter()
                .any(|it| values.iter().any(|(name, _)| *name == it.name))
            {
                return Err("the next plan would still change it".to_owned());
            }
        }
        if let What::New(_) = &piece.what
            && after
                .changes
                .iter()
                .any(|it| it.address == piece.address && !matches!(it.action, Action::Run { .. }))
        {
            return Err("the next plan would still change it".to_owned());
        }
    }
    let codes = |plan: &Plan| -> Vec<String> {
        plan.stopped.iter().map(|stop| stop.code.clone()).collect()
    };
    let known = codes(before);
    match codes(after).into_iter().find(|code| !known.contains(code)) {
        Some(code) => Err(format!("the next plan would be stopped: {code}")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{kind::repository, plan::tests::chart};

    /// What is wrong with an edit from one chart to another, in which one repository gets a
    /// description.
    fn problem(before: &str, after: &str) -> Option<String> {
        let piece = Piece {
            address: repository::address("r-1", "o", "a"),
            what: What::Values(vec![("description", json!("x"))]),
        };
        is_intended(&chart(before), &chart(after), &[&piece]).err()
    }

    #[test]
    fn an_edit_that_means_anything_else_is_refused() {
        let with = |entries: &str, top: &str| {
            format!("{top}organizations: {{ o: {{ repositories: {{ {entries} }} }} }}")
        };
        let before = with("a: {}, b: { category: linux }", "");
        let problem = |entries: &str, top: &str| problem(&before, &with(entries, top));
        let adopted = "a: { description: x }";
        assert_eq!(
            problem(&format!("{adopted}, b: {{ category: linux }}"), ""),
            None
        );
        for (entries, top, expected) in [
            (
                ", b: {}",
                "",
                "an edit would change repository r-1/o/b otherwise",
            ),
            (
                ", b: { category: linux, sync: [] }",
                "",
                "an edit would change repository r-1/o/b otherwise",
            ),
            ("", "", "an edit would lose repository r-1/o/b"),
            (
                ", b: { category: linux }, c: {}",
                "",
                "an edit would add repository r-1/o/c",
            ),
            (", b: { category: linux }", "protect: [ o ]\n", OTHERS),
            (
                ", b: { category: linux }",
                "limits: { deletes: 1 }\n",
                OTHERS,
            ),
        ] {
            let found = problem(&format!("{adopted}{entries}"), top);
            assert_eq!(found.as_deref(), Some(expected), "{entries} {top}");
        }
        let found = problem("a: {}, b: { category: linux }", "");
        assert_eq!(
            found.as_deref(),
            Some("an edit would change repository r-1/o/a otherwise")
        );
    }
}
