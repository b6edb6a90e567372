//! The keys of one mapping: none twice, and `<<` replaced by the entries of other mappings.
//!
//! Works on finished entries; where they come from and what a merge may cost is decided in `build`.

use std::collections::{HashMap, HashSet};

use super::{Entry, Node, NodeValue};

/// Below this, comparing each with each is quicker than hashing.
const FEW: usize = 12;

/// Every entry whose key stands earlier too, with the first that has the key; in order.
pub(super) fn duplicates(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    if entries.len() < FEW && !few_repeat(entries) {
        return Vec::new();
    }
    let mut seen = HashMap::with_capacity(entries.len());
    let pairs = entries.iter().enumerate();
    let pairs = pairs.map(|(at, (key, _))| (*seen.entry(&*key.text).or_insert(at), at));
    pairs.filter(|(first, at)| first != at).collect()
}

fn few_repeat(entries: &[Entry<'_>]) -> bool {
    let repeats = |(at, (key, _)): (usize, &Entry<'_>)| {
        entries[..at]
            .iter()
            .any(|(other, _)| other.text == key.text)
    };
    entries.iter().enumerate().any(repeats)
}

/// The mappings that the value of a `<<` names, or the value that is none.
pub(super) fn sources<'n, 's>(value: &'n Node<'s>) -> Result<Vec<&'n [Entry<'s>]>, &'n Node<'s>> {
    match &value.value {
        NodeValue::Mapping(entries) => Ok(vec![entries]),
        NodeValue::Sequence(items) => items
            .iter()
            .map(|item| item.as_mapping().ok_or(item))
            .collect(),
        NodeValue::Scalar(_) => Err(value),
    }
}

/// The entries that the sources add: those with keys that neither the mapping itself nor an earlier
/// source has.
pub(super) fn added<'s>(own: &[Entry<'s>], sources: &[&[Entry<'s>]]) -> Vec<Entry<'s>> {
    let mut seen: HashSet<&str> = own.iter().map(|(key, _)| &*key.text).collect();
    let candidates = sources.iter().copied().flatten();
    candidates
        .filter(|(key, _)| seen.insert(&key.text))
        .cloned()
        .collect()
}
