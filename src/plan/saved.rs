//! Whether a change that was read from a file is one that a plan of portolan could hold.
//!
//! The digest of a file guards against accidents, and whoever edits a file can make a new one. So
//! what `apply` would do without looking twice is checked again: that the kind can have the action,
//! that the write is complete, that it sends nothing that neither a chart could say nor the service
//! holds already, and that what must hold before it is all there. Which risks were consented to is
//! not known here.

use super::{
    Action, Change, Precondition,
    risk::{self, RiskClass},
};
use crate::{
    diff,
    kind::{Identity, Lifecycle},
    mask,
    state::Attributes,
};

/// The first thing that is wrong with a change.
pub(super) fn problem(change: &Change) -> Option<&'static str> {
    let problems = [
        (!suits_kind(change), "its kind has no such action"),
        (!is_complete(change), "`after` is not complete"),
        (
            !is_sayable(change),
            "`after` holds a value that no chart could say",
        ),
        (
            !is_guarded(change),
            "its precondition does not fit its action",
        ),
        (
            !is_named(change),
            "it lacks the id that requests name it by, or has one too many",
        ),
        (hides_risk(change), "it hides a risk"),
    ];
    problems
        .into_iter()
        .find_map(|(wrong, said)| wrong.then_some(said))
}

/// Nothing stands twice, and everything in the order of addresses.
pub(super) fn in_order(changes: &[Change]) -> bool {
    changes.is_sorted_by(|one, next| one.address < next.address)
}

fn suits_kind(change: &Change) -> bool {
    let kind = change.address.kind();
    let goes = kind.lifecycle == Lifecycle::Owned;
    let differing = |before: &Attributes, after: &Attributes| diff::fields(kind, after, before);
    let action = match &change.action {
        Action::Create { .. } => true,
        Action::Update { before, after, .. } => {
            !diff::needs_replacement(kind, &differing(before, after))
        }
        Action::Replace { before, after, .. } => {
            goes && diff::needs_replacement(kind, &differing(before, after))
        }
        Action::Delete { .. } => goes,
        Action::Run { .. } => true,
    };
    action && (change.action.run().is_none() || kind.runs.is_some())
}

/// The API replaces rather than merges: what a write leaves out could be reset.
fn is_complete(change: &Change) -> bool {
    match &change.action {
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            before.keys().all(|name| after.contains_key(name))
        }
        Action::Create { after, .. } => {
            let mut needed = change
                .address
                .kind()
                .attributes
                .iter()
                .filter(|attribute| attribute.required);
            needed.all(|attribute| after.contains_key(attribute.name))
        }
        Action::Delete { .. } | Action::Run { .. } => true,
    }
}

/// A value that the service holds is sent back as it is, whatever it is.
fn is_sayable(change: &Change) -> bool {
    let kind = change.address.kind();
    let is_live =
        |name, value| change.action.before().and_then(|before| before.get(name)) == Some(value);
    let mut sent = change.action.after().into_iter().flatten();
    sent.all(|(name, value)| {
        // What is behind a mask is not in the file, so `apply` refuses to send it.
        is_live(*name, value)
            || mask::masked_text(value).is_some()
            || kind
                .attribute(name)
                .is_some_and(|attribute| attribute.accepts(value))
    })
}

fn is_guarded(change: &Change) -> bool {
    let Precondition {
        exists, attributes, ..
    } = &change.precondition;
    let holds = |before: &Attributes| {
        attributes.len() == before.len()
            && before
                .iter()
                .all(|(name, value)| attributes.get(*name) == Some(value))
    };
    match &change.action {
        Action::Create { .. } => !exists,
        Action::Update { before, .. } | Action::Replace { before, .. } => *exists && holds(before),
        Action::Delete { .. } | Action::Run { .. } => *exists,
    }
}

/// Requests name it as its kind says. What does not exist yet has no number of its own.
fn is_named(change: &Change) -> bool {
    let is_new = matches!(change.action, Action::Create { .. });
    let wanted = match change.address.kind().identity {
        Identity::Key => None,
        Identity::Assigned(id) => Some(id).filter(|_| !is_new),
        Identity::LookedUp(lookup) => Some(lookup.id),
    };
    change.precondition.id.map(|(id, _)| id) == wanted
}

/// Whether images go is not known here, so that risk is left to the reader of the plan.
fn hides_risk(change: &Change) -> bool {
    let shown = |class: RiskClass| change.risks.iter().any(|risk| risk.class == class);
    let carried = risk::assess(&change.address, &change.action, Some(0));
    let is_forced = change.action.run().is_some_and(|run| run.force);
    let forced = change
        .address
        .kind()
        .runs
        .filter(|_| is_forced)
        .map(|runs| runs.forced_risk.0);
    carried.iter().any(|risk| !shown(risk.class)) || forced.is_some_and(|class| !shown(class))
}
