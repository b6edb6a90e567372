//! Whether any of many patterns could cover children of a resource that were not read.

use std::collections::BTreeSet;

use super::{Index, Pattern};
use crate::address::Address;

/// Patterns, sorted to find those that could cover a child of an address.
#[derive(Debug)]
pub struct Below {
    /// The places of patterns for one kind.
    of_kinds: Index,
    /// Whether a pattern with a target has escapes, so that it can only be compared with printed
    /// addresses.
    has_escaped_target: bool,
    /// The other patterns: the text before the first `*`, and the count of slashes unless `**` can
    /// match any count.
    prefixes: BTreeSet<(Option<usize>, String)>,
}

impl Below {
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Below {
        let (mut of_kinds, mut has_escaped_target, mut prefixes) =
            (Vec::new(), false, BTreeSet::new());
        for pattern in patterns {
            // Which children there are is not known before they are read, so the kind and the
            // target cannot exclude a resource.
            if pattern.kind.is_some() {
                of_kinds.push(Pattern {
                    kind: None,
                    target: None,
                    ..pattern.clone()
                });
            }
            if pattern.target.is_some() {
                has_escaped_target |= pattern.place.contains('\\');
                continue;
            }
            // An escape may be printed for another character, so the text is certain only up to it.
            let prefix = pattern.place.split(['*', '\\']).next().unwrap_or_default();
            let count = (!pattern.place.contains("**")).then(|| slashes(&pattern.place));
            prefixes.insert((count, prefix.to_owned()));
        }
        Below {
            of_kinds: Index::new(&of_kinds),
            has_escaped_target,
            prefixes,
        }
    }

    /// Whether one of the patterns could cover a child of the address with this many more parts,
    /// whatever their names. False positives are possible, false negatives are not.
    pub(crate) fn may_match(&self, address: &Address, parts: usize) -> bool {
        if self.has_escaped_target || self.of_kinds.first(address).is_some() {
            return true;
        }
        let inside = format!("{}/", address.parts().join("/"));
        [None, Some(slashes(&inside) + parts - 1)]
            .into_iter()
            .any(|count| self.has_prefix(count, &inside))
    }

    /// Whether one of the prefixes is a prefix of this text, or the text is a prefix of it.
    fn has_prefix(&self, count: Option<usize>, inside: &str) -> bool {
        // In the sorted set, texts that begin with `inside` come right after it.
        let mut next = self.prefixes.range((count, inside.to_owned())..);
        next.next()
            .is_some_and(|(of, prefix)| *of == count && prefix.starts_with(inside))
            || (0..=inside.len())
                .filter_map(|end| inside.get(..end))
                .any(|prefix| self.prefixes.contains(&(count, prefix.to_owned())))
    }
}

fn slashes(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'/').count()
}
