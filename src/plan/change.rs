//! A change from its action: its risks, and what must hold before it.

use super::{Action, Change, Precondition, Reason, risk};
use crate::{address::Address, diff::FieldChange, mask::Hidden, state::Attributes};

/// A change with everything that follows from its action.
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

/// A deletion removes the resource whatever its values are, so only a write that sends values names
/// them.
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
