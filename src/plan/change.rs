//! Builds a change from its action, with risks and precondition.

use super::{Action, Change, Precondition, Reason, risk};
use crate::{address::Address, diff::FieldChange, kind::Kind, mask::Hidden, state::Attributes};

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
        precondition: precondition(address.kind(), &action),
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
/// any values. It sends the id of a person, though: the name may belong to another by then.
fn precondition(kind: &Kind, action: &Action) -> Precondition {
    let named = |attributes: &Attributes| {
        attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    match action {
        Action::Create { .. } => Precondition::default(),
        Action::Delete { before } => {
            let id = kind
                .naming()
                .and_then(|naming| before.get_key_value(naming.id));
            Precondition {
                exists: true,
                attributes: id
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .into_iter()
                    .collect(),
                ..Precondition::default()
            }
        }
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
