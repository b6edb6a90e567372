//! Duplicate keys of a mapping, and the entries that `<<` copies from other mappings.
//!
//! Works on finished entries. `build` limits how many may be merged.

use std::collections::{HashMap, HashSet};

use super::{Entry, Node, NodeValue};

/// Below this, comparing all pairs is faster than hashing.
const FEW: usize = 12;

/// The index of each entry that repeats an earlier key, after the index of the first with that key.
pub(super) fn duplicates(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    if entries.len() < FEW && !few_repeat(entries) {
        return Vec::new();
    }
    // The map keeps the first place of a key, so each repetition is paired with that one.
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

/// The mappings in the value of a `<<`, or the value that is not a mapping.
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

/// The entries that the sources add: the mapping's own keys and earlier sources take precedence.
pub(super) fn added<'s>(own: &[Entry<'s>], sources: &[&[Entry<'s>]]) -> Vec<Entry<'s>> {
    // YAML's merge type: the mapping's own keys win, then those of earlier sources.
    let mut seen: HashSet<&str> = own.iter().map(|(key, _)| &*key.text).collect();
    let candidates = sources.iter().copied().flatten();
    candidates
        .filter(|(key, _)| seen.insert(&key.text))
        .cloned()
        .collect()
}
