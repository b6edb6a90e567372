//! Checks that a change from a file is one that portolan could have planned.
//!
//! The digest only guards against accidents: an editor of the file can recompute it. So everything
//! that `apply` relies on is checked again: the kind has the action, the write is complete, each
//! value is legal in a chart or already live, and the precondition is complete. Consent cannot be
//! checked, because the file does not contain it.

use std::collections::BTreeSet;

use super::{
    Action, Change, Precondition, Run, Stays, contents,
    risk::{self, RiskClass},
};
use crate::{
    diff,
    kind::{Identity, Naming, Verb, collects::Reach},
    mask,
    state::Attributes,
};

/// The first problem of a change.
pub(super) fn problem(change: &Change) -> Option<&'static str> {
    let problems = [
        (!suits_kind(change), "its kind has no such action"),
        (!is_complete(change), "`after` is not complete"),
        (
            !has_legal_values(change),
            "`after` has a value that a chart may not have",
        ),
        (
            !has_precondition(change),
            "its precondition does not match its action",
        ),
        (
            !has_right_id(change),
            "its id is missing, or is not used by its kind",
        ),
        (hides_risk(change), "it hides a risk"),
        (
            !copies_something(change),
            "its run does not say what is copied, each once",
        ),
        (
            !has_right_count(change),
            "its precondition does not say what stays",
        ),
    ];
    problems
        .into_iter()
        .find_map(|(is_wrong, message)| is_wrong.then_some(message))
}

/// Whether addresses are unique and sorted.
pub(super) fn in_order(changes: &[Change]) -> bool {
    changes.is_sorted_by(|one, next| one.address < next.address)
}

fn suits_kind(change: &Change) -> bool {
    let kind = change.address.kind();
    let can_delete = kind.lifecycle.verbs().contains(&Verb::Delete);
    let differing = |before: &Attributes, after: &Attributes| diff::fields(kind, after, before);
    // A file that disguises a replacement as an update would hide the gap in which nothing is
    // copied.
    let action = match &change.action {
        Action::Create { .. } => true,
        Action::Update { before, after, .. } => {
            !diff::needs_replacement(kind, &differing(before, after))
        }
        Action::Replace { before, after, .. } => {
            can_delete && diff::needs_replacement(kind, &differing(before, after))
        }
        Action::Delete { .. } => can_delete,
        Action::Run { .. } => true,
    };
    let can_run = match change.action.run() {
        None => true,
        Some(Run::Fetch(_)) => kind.runs.is_some(),
        Some(Run::Copy(_)) => kind.copying.is_some(),
    };
    action && can_run
}

/// Whether a run that copies names what it copies, and nothing twice.
fn copies_something(change: &Change) -> bool {
    let Some(copies) = change.action.run().and_then(Run::copies) else {
        return true;
    };
    let names: BTreeSet<&String> = copies.items.iter().collect();
    !names.is_empty() && names.len() == copies.items.len() && names.iter().all(|it| !it.is_empty())
}

/// The API may reset attributes that a write leaves out, so writes contain all.
fn is_complete(change: &Change) -> bool {
    match &change.action {
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            let kind = change.address.kind();
            // Of several alternatives a resource has only one.
            let is_alternative = |name| {
                kind.attribute(name)
                    .is_some_and(|it| kind.is_alternative(it))
            };
            before
                .keys()
                .all(|name| after.contains_key(name) || is_alternative(name))
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

/// A live value is always legal: it is only sent back.
fn has_legal_values(change: &Change) -> bool {
    let kind = change.address.kind();
    let is_live =
        |name, value| change.action.before().and_then(|before| before.get(name)) == Some(value);
    let mut sent = change.action.after().into_iter().flatten();
    sent.all(|(name, value)| {
        // The file does not contain the secret, so `apply` refuses to send such a value.
        is_live(*name, value)
            || mask::masked_text(value).is_some()
            || kind
                .attribute(name)
                .is_some_and(|attribute| attribute.accepts(value))
    })
}

fn has_precondition(change: &Change) -> bool {
    let Precondition {
        exists, attributes, ..
    } = &change.precondition;
    let holds = |before: &Attributes| {
        // Equal and not only contained: a missing attribute would go unchecked, and be overwritten.
        attributes.len() == before.len()
            && before
                .iter()
                .all(|(name, value)| attributes.get(*name) == Some(value))
    };
    match &change.action {
        Action::Create { .. } => !exists,
        Action::Update { before, .. } | Action::Replace { before, .. } => *exists && holds(before),
        // A deletion has no values; a run compares with its own attributes right before the start.
        Action::Delete { .. } | Action::Run { .. } => *exists,
    }
}

/// Whether the precondition has the id that requests need. A new resource has none yet, if the
/// service assigns it.
fn has_right_id(change: &Change) -> bool {
    let is_new = matches!(change.action, Action::Create { .. });
    let wanted = match change.address.kind().identity {
        Identity::Key => None,
        Identity::Assigned(id) => Some(id).filter(|_| !is_new),
        Identity::LookedUp(lookup) => Some(lookup.id),
        Identity::Named(naming) if !names_person(change, naming) => return false,
        Identity::Named(_) => None,
    };
    change.precondition.id.map(|(id, _)| id) == wanted
}

/// Whether the request has the id of the person, and a deletion checks it before.
fn names_person(change: &Change, naming: &Naming) -> bool {
    let condition = change.precondition.attributes.get(naming.id);
    match &change.action {
        Action::Delete { before } => {
            naming.stated(before).is_some() && condition == before.get(naming.id)
        }
        action => action
            .after()
            .is_some_and(|after| naming.stated(after).is_some()),
    }
}

/// The number of images is not in the file, so the risk `destroys-data` is not checked.
fn hides_risk(change: &Change) -> bool {
    let shown = |class: RiskClass| change.risks.iter().any(|risk| risk.class == class);
    // Zero things, so that only the risks of the action itself are expected.
    let carried = risk::assess(&change.address, &change.action, Some(0));
    let fetch = change.action.run().and_then(Run::fetch);
    let is_forced = fetch.is_some_and(|run| run.force);
    let forced = change
        .address
        .kind()
        .runs
        .filter(|_| is_forced)
        .map(|runs| runs.forced_risk.0);
    carried.iter().any(|risk| !shown(risk.class)) || forced.is_some_and(|class| !shown(class))
}

/// Whether the precondition has what is needed to check a change that lets the service delete
/// things. Without the risk, nothing may go.
fn has_right_count(change: &Change) -> bool {
    let Some(reach) = contents::reach(&change.address, &change.action, None) else {
        return change.precondition.stays.is_none();
    };
    let shown = change
        .risks
        .iter()
        .any(|risk| risk.class == RiskClass::Collects);
    match (&change.precondition.stays, reach) {
        (None, reach) => reach == Reach::Nothing && !shown,
        (Some(Stays::All), _) => true,
        (Some(Stays::Named(_)), reach) => reach == Reach::Now && shown,
    }
}
