//! Builds a change from its action, with risks and precondition.

use super::{Action, Change, Precondition, Reason, risk};
use crate::{address::Address, diff::FieldChange, mask::Hidden, state::Attributes};

/// A change with everything that its action determines.
pub(super) fn step(
    address: &Address,
    action: Action,
    reason: Reason,
    fields: Vec<FieldChange>,
    held: Option<u64>,
) -> Change {
    Change {
        risks: risk::assess(address, &action, held),
        precondition: precondition(&action),
        address: address.clone(),
        action,
        reason,
        fields,
        source: None,
        withheld: None,
        notes: Vec::new(),
        hidden: Hidden::new(),
    }
}

/// Only writes that send values have them in the precondition: a deletion removes the resource with
/// any values.
fn precondition(action: &Action) -> Precondition {
    let named = |attributes: &Attributes| {
        attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    match action {
        Action::Create { .. } => Precondition::default(),
        Action::Delete { .. } => Precondition {
            exists: true,
            ..Precondition::default()
        },
        Action::Update { before, .. }
        | Action::Replace { before, .. }
        | Action::Run {
            attributes: before, ..
        } => Precondition {
            exists: true,
            attributes: named(before),
            ..Precondition::default()
        },
    }
}
