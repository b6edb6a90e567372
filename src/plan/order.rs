//! The order of changes.
//!
//! ```text
//! create:  parent  ->  child      (an organization, its repositories, their rules)
//! delete:  parent  <-  child      (a child that the service deletes with its parent is no change)
//! ```
//!
//! Who loses a permission in one place and gets one in another loses it only after that.
//!
//! What may only be in a private parent also waits for the update that may make it so.
//!
//! A change that copies into something, as a rule does, also waits for its target if this plan
//! creates it. Otherwise the service would create the copy first, with default attributes.
//! Everything else runs concurrently.

use std::collections::HashMap;

use super::{
    Action, Change,
    persons::{self, Person, person},
};
use crate::address::Address;

/// For each change, the positions of the changes that must succeed first.
pub fn dependencies(changes: &[&Change]) -> Vec<Vec<usize>> {
    let index: HashMap<&Address, usize> = changes
        .iter()
        .enumerate()
        .map(|(position, change)| (&change.address, position))
        .collect();
    let mut waits = vec![Vec::new(); changes.len()];
    let gains = gains(changes);
    for (position, change) in changes.iter().enumerate() {
        if persons::is_loss(change) {
            let of_person = person(&change.address).and_then(|it| gains.get(&it));
            waits[position].extend(of_person.into_iter().flatten());
        }
    }
    for (position, change) in changes.iter().enumerate() {
        // Deletions run from the children up, creations from the parents down.
        if is_delete(change) {
            let parent = change
                .address
                .parent()
                .and_then(|parent| index.get(&parent).copied());
            // A parent that is not deleted itself does not wait for anything.
            if let Some(parent) = parent.filter(|parent| is_delete(changes[*parent])) {
                waits[parent].push(position);
            }
            continue;
        }
        for needed in needed(&change.address) {
            let is_parent = change.address.parent().as_ref() == Some(&needed);
            let waits_for = |first: &Change| {
                // A resource that exists already can be updated at the same time.
                is_create(first) || is_parent && needs_private_parent(&change.address)
            };
            if let Some(created) = index
                .get(&needed)
                .filter(|first| waits_for(changes[**first]))
            {
                waits[position].push(*created);
            }
        }
    }
    waits
}

/// Where a person gets a permission.
fn gains<'c>(changes: &[&'c Change]) -> HashMap<Person<'c>, Vec<usize>> {
    let mut gains = HashMap::<_, Vec<usize>>::new();
    for (position, change) in changes.iter().enumerate() {
        if persons::is_gain(change)
            && let Some(person) = person(&change.address)
        {
            gains.entry(person).or_default().push(position);
        }
    }
    gains
}

fn is_create(change: &Change) -> bool {
    matches!(change.action, Action::Create { .. })
}

fn needs_private_parent(address: &Address) -> bool {
    let words = address.kind().place.item_errors;
    words.is_some_and(|words| words.abroad.is_some())
}

fn is_delete(change: &Change) -> bool {
    matches!(change.action, Action::Delete { .. })
}

/// What must exist before a resource is written: its parent, its expected copy, and the parent of
/// that.
fn needed(address: &Address) -> Vec<Address> {
    let mut needed: Vec<Address> = address.parent().into_iter().collect();
    if let Some(copy) = address.kind().expected_copy.and_then(|copy| copy(address)) {
        needed.extend(copy.parent());
        needed.push(copy);
    }
    needed
}
