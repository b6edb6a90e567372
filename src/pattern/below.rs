//! Many patterns, of which some may be for what lives in a resource and was not read.

use std::collections::BTreeSet;

use super::{Index, Pattern};
use crate::address::Address;

/// Patterns, sorted for the question whether one could cover something that lives in an address.
#[derive(Debug)]
pub struct Below {
    /// The places of patterns for one kind.
    of_kinds: Index,
    /// Whether there is a target whose place can be compared with printed addresses only.
    has_escaped_target: bool,
    /// The other patterns: the number of slashes, if only names with as many match, and the text
    /// before the first star.
    begins: BTreeSet<(Option<usize>, String)>,
}

impl Below {
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Below {
        let (mut of_kinds, mut has_escaped_target, mut begins) =
            (Vec::new(), false, BTreeSet::new());
        for pattern in patterns {
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
            let begin = pattern.place.split(['*', '\\']).next().unwrap_or_default();
            let number = (!pattern.place.contains("**")).then(|| slashes(&pattern.place));
            begins.insert((number, begin.to_owned()));
        }
        Below {
            of_kinds: Index::new(&of_kinds),
            has_escaped_target,
            begins,
        }
    }

    /// Whether one of them could cover something that lives in the address and has this many parts
    /// more, whatever those are called. It may say so where none does, and never the other way
    /// round.
    pub fn may_match(&self, address: &Address, parts: usize) -> bool {
        if self.has_escaped_target || self.of_kinds.first(address).is_some() {
            return true;
        }
        let inside = format!("{}/", address.parts().join("/"));
        [None, Some(slashes(&inside) + parts - 1)]
            .into_iter()
            .any(|number| self.begins_like(number, &inside))
    }

    /// Whether one of the texts is the beginning of this one, or goes on behind it.
    fn begins_like(&self, number: Option<usize>, inside: &str) -> bool {
        let mut behind = self.begins.range((number, inside.to_owned())..);
        behind
            .next()
            .is_some_and(|(of, begin)| *of == number && begin.starts_with(inside))
            || (0..=inside.len())
                .filter_map(|end| inside.get(..end))
                .any(|begin| self.begins.contains(&(number, begin.to_owned())))
    }
}

fn slashes(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'/').count()
}
