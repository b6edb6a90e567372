//! Matches many patterns against many addresses: one walk over an address finds all patterns that
//! cover it.
//!
//! Comparing each pattern with each address takes the product of their counts. Here the patterns
//! are sorted, which makes a trie of them: a state of the walk is a range of patterns with a common
//! prefix, and each byte of the address narrows it.

use std::{borrow::Cow, iter::successors};

use super::{Parts, Pattern};
use crate::{
    address::{Address, printed},
    kind::{Kind, REGISTRY},
};

/// Bytes with a special meaning in a key. Patterns contain no control characters, so there is no
/// conflict.
const ACROSS: u8 = 1;
const WITHIN: u8 = 2;
const TAIL: u8 = 3;
const FIRST_CHARACTER: u8 = b' ';

// One of these follows the place of a key, and then a kind or none. It says what is covered.

/// The resource and everything in it.
const LINEAGE: u8 = 4;
/// Only addresses of the kind, in the resource.
const INSIDE: u8 = 5;
/// Only the resource itself, of the kind.
const WHOLE: u8 = 6;

/// Patterns, sorted for comparison with addresses.
#[derive(Debug, Default)]
pub struct Index {
    /// No two have the same bytes.
    keys: Vec<Key>,
    patterns: usize,
    has_escapes: bool,
}

/// The form of a pattern in which it is compared.
#[derive(Debug)]
struct Key {
    bytes: Vec<u8>,
    /// The indexes of the patterns with this key, in order.
    patterns: Vec<usize>,
    /// Whether it is compared with the printed form of addresses as well.
    is_escaped: bool,
}

/// A range of keys that have their first `depth` bytes in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    first: usize,
    end: usize,
    depth: usize,
}

impl Index {
    /// Finds the patterns that cover an address, as [`Pattern::covers`] does.
    pub fn new<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Index {
        Index::of(patterns, |pattern| {
            vec![(key(pattern), pattern.place.contains('\\'))]
        })
    }

    /// Finds the patterns that name children of a resource, as [`Pattern::names_children_of`] does.
    pub(crate) fn of_children<'p>(patterns: impl IntoIterator<Item = &'p Pattern>) -> Index {
        Index::of(patterns, |pattern| {
            keys_of_parents(pattern)
                .into_iter()
                .map(|key| (key, false))
                .collect()
        })
    }

    fn of<'p>(
        patterns: impl IntoIterator<Item = &'p Pattern>,
        keys: impl Fn(&Pattern) -> Vec<(Vec<u8>, bool)>,
    ) -> Index {
        let (mut number, mut all) = (0, Vec::new());
        for pattern in patterns {
            all.extend(
                keys(pattern)
                    .into_iter()
                    .map(|(bytes, is_escaped)| (bytes, number, is_escaped)),
            );
            number += 1;
        }
        // Sorted by bytes, then by number: equal keys are adjacent, and their patterns in order.
        all.sort();
        let has_escapes = all.iter().any(|(.., is_escaped)| *is_escaped);
        let mut index = Index {
            keys: Vec::new(),
            patterns: number,
            has_escapes,
        };
        for (bytes, number, is_escaped) in all {
            match index.keys.last_mut().filter(|last| last.bytes == bytes) {
                Some(last) => last.patterns.push(number),
                None => index.keys.push(Key {
                    bytes,
                    patterns: vec![number],
                    is_escaped,
                }),
            }
        }
        index
    }

    /// The indexes of the patterns that cover an address, in no order. Of equal patterns, only the
    /// first.
    pub(crate) fn covering(&self, address: &Address) -> Vec<usize> {
        let mut indexes = Vec::new();
        self.walk(address, &mut |key| {
            indexes.extend(self.keys[key].patterns.first());
        });
        indexes
    }

    /// The index of the first pattern that covers an address.
    pub fn first(&self, address: &Address) -> Option<usize> {
        self.covering(address).into_iter().min()
    }

    /// For each pattern whether it covers one of the addresses.
    pub fn used<'a>(&self, addresses: impl IntoIterator<Item = &'a Address>) -> Vec<bool> {
        // By key first: many patterns may share one, and each address would mark them all again.
        let mut keys = vec![false; self.keys.len()];
        for address in addresses {
            self.walk(address, &mut |key| keys[key] = true);
        }
        let mut used = vec![false; self.patterns];
        for (key, _) in self.keys.iter().zip(keys).filter(|(_, is_used)| *is_used) {
            key.patterns.iter().for_each(|number| used[*number] = true);
        }
        used
    }

    /// How many steps it takes to find the patterns that cover an address. Depends only on the
    /// patterns and the address, so that a limit on it gives the same result on every machine.
    pub(crate) fn effort(&self, address: &Address) -> usize {
        self.walk(address, &mut |_| {})
    }

    /// Calls `hit` for each key that covers the address, possibly more than once. Returns the count
    /// of steps.
    fn walk(&self, address: &Address, hit: &mut dyn FnMut(usize)) -> usize {
        if self.keys.is_empty() {
            return 0;
        }
        let steps = self.walk_form(address, &Parts::of(address, Cow::Borrowed), hit);
        // A pattern with escapes was copied from a printed address.
        if !self.has_escapes {
            return steps;
        }
        let mut hit = |key: usize| {
            if self.keys[key].is_escaped {
                hit(key);
            }
        };
        steps + self.walk_form(address, &Parts::of(address, printed), &mut hit)
    }

    fn walk_form(&self, address: &Address, parts: &Parts, hit: &mut dyn FnMut(usize)) -> usize {
        let lineage: Vec<&'static Kind> =
            successors(Some(address.kind()), |kind| kind.parent).collect();
        let mut behind_mark = vec![Vec::new(); lineage.len()];
        let mut states = Vec::new();
        self.enter(
            State {
                first: 0,
                end: self.keys.len(),
                depth: 0,
            },
            &mut states,
        );
        let (mut steps, mut from) = (0, 0);
        // From the outermost ancestor to the address itself. The text of an ancestor is a prefix of
        // that of its children, so each byte is read once.
        for (level, kind) in lineage.iter().enumerate().rev() {
            let text = parts.first(kind.key.len());
            steps += self.follow(&mut states, &text.as_bytes()[from..]) + states.len();
            from = text.len();
            for state in &states {
                self.end(*state, level, &lineage, hit, &mut behind_mark);
            }
        }
        for (kind, mut states) in lineage.iter().zip(behind_mark) {
            let target = parts.between(kind.joined_parts(), kind.key.len());
            steps += self.follow(&mut states, target.as_bytes()) + states.len();
            states
                .iter()
                .filter_map(|state| self.complete(*state))
                .for_each(&mut *hit);
        }
        steps
    }

    /// Handles the keys whose place ends at this level: the address itself or one of its ancestors.
    fn end(
        &self,
        state: State,
        level: usize,
        lineage: &[&Kind],
        hit: &mut dyn FnMut(usize),
        behind_mark: &mut [Vec<State>],
    ) {
        let whole = if level == 0 {
            self.ending(state, WHOLE, lineage.first().copied())
        } else {
            None
        };
        let inside = self.ending(state, INSIDE, lineage.first().copied());
        let any = self.ending(state, LINEAGE, None);
        whole
            .into_iter()
            .chain(inside)
            .chain(any)
            .filter_map(|state| self.complete(state))
            .for_each(&mut *hit);
        for (of, kind) in lineage.iter().enumerate().take(level + 1) {
            let Some(state) = self.ending(state, LINEAGE, Some(kind)) else {
                continue;
            };
            self.complete(state).into_iter().for_each(&mut *hit);
            // Only an address below the resource can have parts behind a mark.
            if let Some(state) = self.child(state, TAIL).filter(|_| of < level) {
                self.enter(state, &mut behind_mark[of]);
            }
        }
    }

    fn ending(&self, state: State, end: u8, kind: Option<&Kind>) -> Option<State> {
        self.child(self.child(state, end)?, mark(kind))
    }

    /// Moves the states over a text. Returns the count of steps.
    fn follow(&self, states: &mut Vec<State>, text: &[u8]) -> usize {
        let mut steps = 0;
        let mut next = Vec::new();
        for byte in text {
            // One for the byte itself: long addresses cost something without any match, too.
            steps += states.len() + 1;
            for state in &*states {
                if self.stays(*state, *byte) {
                    next.push(*state);
                }
                // A live name may contain a control character, which has another meaning in a key.
                if *byte >= FIRST_CHARACTER
                    && let Some(state) = self.child(*state, *byte)
                {
                    self.enter(state, &mut next);
                }
            }
            // After a `*`, the same state can be reached in two ways.
            next.sort_unstable();
            next.dedup();
            std::mem::swap(states, &mut next);
            next.clear();
        }
        steps
    }

    /// Adds a state, and those after a `*` that matches nothing. A key never has two of them in a
    /// row.
    fn enter(&self, state: State, states: &mut Vec<State>) {
        states.push(state);
        states.extend(self.child(state, ACROSS));
        states.extend(self.child(state, WITHIN));
    }

    /// Whether a state is after a `*` that can match one more byte.
    fn stays(&self, state: State, byte: u8) -> bool {
        // All keys of a state share the bytes up to `depth`, so the first one is as good as any.
        let last = state
            .depth
            .checked_sub(1)
            .and_then(|last| self.keys[state.first].bytes.get(last));
        last == Some(&ACROSS) || (last == Some(&WITHIN) && byte != b'/')
    }

    /// The keys of a state whose next byte is this one.
    fn child(&self, state: State, byte: u8) -> Option<State> {
        let State { first, end, depth } = state;
        let (byte, next) = (Some(&byte), depth + 1);
        let (least, most) = (
            self.keys[first].bytes.get(depth),
            self.keys[end - 1].bytes.get(depth),
        );
        if byte < least || byte > most {
            return None;
        }
        // All keys go on with the same byte, as in a long common prefix: no search is needed.
        if least == most {
            return Some(State {
                first,
                end,
                depth: next,
            });
        }
        // The keys are sorted, so those with the same next byte are one range.
        let keys = &self.keys[first..end];
        let before = keys.partition_point(|key| key.bytes.get(depth) < byte);
        let upto = before + keys[before..].partition_point(|key| key.bytes.get(depth) == byte);
        (before < upto).then_some(State {
            first: first + before,
            end: first + upto,
            depth: next,
        })
    }

    /// The key that ends here, if there is one. The shortest key of a range comes first.
    fn complete(&self, state: State) -> Option<usize> {
        (self.keys[state.first].bytes.len() == state.depth).then_some(state.first)
    }
}

/// The key of a pattern: the place, what is covered, and the target.
fn key(pattern: &Pattern) -> Vec<u8> {
    let mut key = closed(&pattern.place, LINEAGE, pattern.kind);
    if let Some(target) = &pattern.target {
        key.push(TAIL);
        write(target, &mut key);
    }
    key
}

/// Keys for the parents whose children a pattern names: the parents that it covers, if it is only
/// for such children, and the parent of what its last segments name.
fn keys_of_parents(pattern: &Pattern) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let is_meant = |kind: &Kind| pattern.kind.is_some() || kind.is_protectable();
    let per_parent = REGISTRY.iter().filter(|kind| kind.is_read_per_parent());
    for child in per_parent.filter(|kind| is_meant(kind)) {
        let (Some(parent), None | Some(true)) = (
            child.parent,
            pattern.kind.map(|kind| kind == child.family()),
        ) else {
            continue;
        };
        if pattern.kind.is_some() {
            keys.push(closed(&pattern.place, INSIDE, Some(parent)));
        }
        let own = child.key.len() - parent.key.len();
        let place = pattern.place.rsplitn(own + 1, '/').nth(own);
        if let Some(place) =
            place.filter(|_| pattern.target.is_none() && !pattern.place.contains("**"))
        {
            keys.push(closed(place, WHOLE, Some(parent)));
        }
    }
    keys
}

fn closed(place: &str, end: u8, kind: Option<&Kind>) -> Vec<u8> {
    let mut key = Vec::with_capacity(place.len() + 2);
    write(place, &mut key);
    key.extend([end, mark(kind)]);
    key
}

/// Appends a text, with `*` as [`WITHIN`] and two or more in a row as [`ACROSS`].
fn write(text: &str, key: &mut Vec<u8>) {
    for byte in text.bytes() {
        match (byte, key.last()) {
            (b'*', Some(&WITHIN)) => {
                key.pop();
                key.push(ACROSS);
            }
            (b'*', Some(&ACROSS)) => {}
            (b'*', _) => key.push(WITHIN),
            _ => key.push(byte),
        }
    }
}

fn mark(kind: Option<&Kind>) -> u8 {
    // Zero is for no kind. The sum stays above the bytes with a special meaning.
    let rank = kind.and_then(|kind| u8::try_from(kind.family().rank() + 1).ok());
    FIRST_CHARACTER.saturating_add(rank.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Below, tests::may_match_below},
        *,
    };
    use crate::kind::{mirror, organization, probes::member, repository, sync_rule};

    fn pattern() -> impl Strategy<Value = String> {
        let kind = prop_oneof![
            Just(""),
            Just("organization "),
            Just("repository "),
            Just("sync_rule "),
            Just("mirror "),
            Just("member "),
            Just("repository_member ")
        ];
        let segment = || {
            prop_oneof![3 => "[ab*]{1,3}", 1 => Just("**".to_owned()), 1 => Just("é".to_owned()),
            1 => Just("\\u{e9}".to_owned()), 1 => Just("\\*".to_owned())]
        };
        let place = prop::collection::vec(segment(), 1..6).prop_map(|segments| segments.join("/"));
        let target = prop_oneof![
            2 => Just(String::new()),
            1 => "[ab*]{1,2}/[ab*]{1,2}".prop_map(|it| format!(" -> {it}")),
            1 => "[ab*]{1,2}".prop_map(|it| format!(": {it}")),
        ];
        (kind, place, target).prop_map(|(kind, place, target)| format!("{kind}{place}{target}"))
    }

    /// Live names can contain any character, also those with a special meaning in a key.
    fn address() -> impl Strategy<Value = Address> {
        let name = || "[ab]{1,2}";
        let odd = prop_oneof![
            5 => "[ab/]{1,4}",
            1 => Just("é".to_owned()),
            1 => Just("\u{1}a\u{8}".to_owned()),
        ];
        (0..6, name(), name(), odd, name(), name()).prop_map(
            |(kind, region, organization, name, to, of)| match kind {
                0 => organization::address(region, organization),
                1 => repository::address(region, organization, name),
                2 => sync_rule::address(&repository::address(region, organization, name), to, of),
                3 => member::address(&organization::address(region, organization), &to),
                4 => member::address(&repository::address(region, organization, name), &to),
                _ => mirror::address(region, organization, name),
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn an_index_finds_what_each_pattern_covers(
            texts in prop::collection::vec(pattern(), 0..12),
            addresses in prop::collection::vec(address(), 1..6),
        ) {
            let patterns: Vec<Pattern> =
                texts.iter().filter_map(|text| text.parse().ok()).collect();
            let (index, of_children) = (Index::new(&patterns), Index::of_children(&patterns));
            for address in &addresses {
                let one = [address];
                let covered: Vec<bool> =
                    patterns.iter().map(|pattern| pattern.covers(address)).collect();
                prop_assert_eq!(index.used(one), covered.clone(), "{} of {:?}", address, texts);
                prop_assert_eq!(index.first(address), covered.iter().position(|covers| *covers));
                let named: Vec<bool> =
                    patterns.iter().map(|pattern| pattern.names_children_of(address)).collect();
                prop_assert_eq!(of_children.used(one), named, "{} of {:?}", address, texts);
                let may = patterns.iter().any(|pattern| may_match_below(pattern, address, 2));
                let escaped = patterns.iter().any(|pattern| pattern.place.contains('\\'));
                prop_assert!(may == Below::new(&patterns).may_match(address, 2) || escaped, "{} of \
                    {:?}", address, texts);
            }
            let any = |pattern: &Pattern| addresses.iter().any(|address| pattern.covers(address));
            prop_assert_eq!(index.used(&addresses), patterns.iter().map(any).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_effort_does_not_grow_with_patterns_of_other_prefixes() {
        let index = |count: usize, end: &str| {
            let texts = (0..count).map(|at| format!("r-1/team-{at}/web{end}"));
            Index::new(
                &texts
                    .map(|text| text.parse().unwrap())
                    .collect::<Vec<Pattern>>(),
            )
        };
        let address = repository::address("r-1", "team-17", "web-frontend");
        for end in ["", "*", "/**", "-*-x"] {
            assert_eq!(
                index(100, end).effort(&address),
                index(10_000, end).effort(&address),
                "{end}"
            );
        }
    }
}
