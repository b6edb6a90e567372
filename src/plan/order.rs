//! Which changes must wait for which.
//!
//! ```text
//! create:  organization  ->  repository  ->  sync_rule
//! delete:  organization  <-  repository      (rules go along with their repository)
//! ```
//!
//! A rule also waits for the organization and the repository that it copies into, where this plan
//! creates them: the service would otherwise create the copy itself, with attributes of its own
//! choice. Everything else runs side by side.

use std::collections::HashMap;

use super::{Action, Change};
use crate::address::Address;

/// For each change, the positions of the changes that must have succeeded before it.
pub fn dependencies(changes: &[&Change]) -> Vec<Vec<usize>> {
    let index: HashMap<&Address, usize> = changes
        .iter()
        .enumerate()
        .map(|(position, change)| (&change.address, position))
        .collect();
    let mut waits = vec![Vec::new(); changes.len()];
    for (position, change) in changes.iter().enumerate() {
        if is_delete(change) {
            let parent = change
                .address
                .parent()
                .and_then(|parent| index.get(&parent).copied());
            if let Some(parent) = parent.filter(|parent| is_delete(changes[*parent])) {
                waits[parent].push(position);
            }
            continue;
        }
        for needed in needed(&change.address) {
            if let Some(created) = index
                .get(&needed)
                .filter(|created| is_create(changes[**created]))
            {
                waits[position].push(*created);
            }
        }
    }
    waits
}

fn is_create(change: &Change) -> bool {
    matches!(change.action, Action::Create { .. })
}

fn is_delete(change: &Change) -> bool {
    matches!(change.action, Action::Delete { .. })
}

/// What must exist before a resource is written: what it lives in, and what the service would
/// otherwise make by itself.
fn needed(address: &Address) -> Vec<Address> {
    let mut needed: Vec<Address> = address.parent().into_iter().collect();
    if let Some(made) = address
        .kind()
        .expected_copy
        .and_then(|makes| makes(address))
    {
        needed.extend(made.parent());
        needed.push(made);
    }
    needed
}
