//! Patterns over addresses: `*` within a segment, `**` across segments, nothing else is special. A `**` between slashes
//! stands for one segment or more: `team-a/**` is what is in the organization, not the organization.
//!
//! A pattern for an organization or a repository covers what lives in it. Where a pattern starts (at the
//! organization, at the region) is the caller's choice of segments.

use std::fmt;

use crate::address::Address;

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
}

impl Pattern {
    /// Every text is a pattern, except an empty one and one with an empty segment, which could match nothing.
    pub fn parse(text: &str) -> Option<Pattern> {
        let empty = text.split('/').any(str::is_empty);
        (!empty).then(|| Pattern { text: text.to_owned() })
    }

    /// Whether the address, or something that it lives in, matches; compared from the organization on.
    pub fn covers_within_region(&self, address: &Address) -> bool {
        self.covers_from(address, 1)
    }

    /// The same, compared from the region on.
    pub fn covers(&self, address: &Address) -> bool {
        self.covers_from(address, 0)
    }

    fn covers_from(&self, address: &Address, first: usize) -> bool {
        let mut subject = Some(address.clone());
        while let Some(address) = subject {
            if matches(self.text.as_bytes(), address.parts()[first..].join("/").as_bytes()) {
                return true;
            }
            subject = address.parent();
        }
        false
    }
}

impl Pattern {
    /// Whether it could match something that lives in the address and has so many parts more, whatever those are called.
    /// It may say so where nothing matches, and never the other way round. Compared from the organization on, or from
    /// the region on.
    pub fn may_match_below(&self, address: &Address, parts: usize, from_region: bool) -> bool {
        let inside = format!("{}/", address.parts()[usize::from(!from_region)..].join("/"));
        let begin = self.text.split('*').next().unwrap_or_default();
        let slashes = |text: &str| text.bytes().filter(|byte| *byte == b'/').count();
        (inside.starts_with(begin) || begin.starts_with(&inside))
            && (self.text.contains("**") || slashes(&self.text) == slashes(&inside) + parts - 1)
    }
}

impl std::str::FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Pattern, String> {
        Pattern::parse(text)
            .ok_or_else(|| "a pattern has no empty segment: `region/organization/repository`".to_owned())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The place behind a star, and where what it stands for ends so far.
type Star = (usize, usize);

/// Goes back to the last star only: what an earlier one stands for cannot matter once a later one is reached, and `*`
/// never passes the end of its segment. So the time is at most the product of the lengths.
fn matches(pattern: &[u8], subject: &[u8]) -> bool {
    let (mut at, mut item) = (0, 0);
    let (mut within, mut across) = (None::<Star>, None::<Star>);
    loop {
        if pattern[at..].starts_with(b"**") {
            at += 2;
            (within, across) = (None, Some((at, item)));
        } else if pattern.get(at) == Some(&b'*') {
            at += 1;
            within = Some((at, item));
        } else if item < subject.len() && pattern.get(at) == subject.get(item) {
            (at, item) = (at + 1, item + 1);
        } else if item == subject.len() && at == pattern.len() {
            return true;
        } else if let Some((after, end)) = within.filter(|(_, end)| subject.get(*end).is_some_and(|byte| *byte != b'/'))
        {
            within = Some((after, end + 1));
            (at, item) = (after, end + 1);
        } else if let Some((after, end)) = across.filter(|(_, end)| *end < subject.len()) {
            (within, across) = (None, Some((after, end + 1)));
            (at, item) = (after, end + 1);
        } else {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kind::{organization, repository, sync_rule};

    #[test]
    fn stars_stay_in_their_segment_and_double_stars_do_not() {
        let table = [
            ("team-a", "team-a", true),
            ("team-*", "team-a", true),
            ("*", "team-a", true),
            ("*", "team-a/x", false),
            ("team-a/*", "team-a/x", true),
            ("team-a/*", "team-a/x/y", false),
            ("team-a/**", "team-a/x/y", true),
            ("team-a/**", "team-a", false),
            ("**/y", "team-a/x/y", true),
            ("**/x/**", "team-a/x/y", true),
            ("**/x/**", "team-a/x", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("**", "team-a/x", true),
            ("*a", "baa", true),
            ("team-a/prod-**", "team-a/prod-x", true),
            ("team-a/prod-**", "team-a/prod-x/y/z", true),
            ("team-a/prod-**", "team-a/dev-x", false),
            ("team-a/**-x", "team-a/a/b-x", true),
            ("*/x", "team-a/y/x", false),
            ("***", "a/b", true),
            ("t*m/**/*x*", "team/a/b/axb", true),
        ];
        for (pattern, subject, expected) in table {
            assert_eq!(matches(pattern.as_bytes(), subject.as_bytes()), expected, "{pattern} on {subject}");
        }
    }

    /// The same, tried in every way.
    fn matches_slowly(pattern: &[u8], subject: &[u8]) -> bool {
        let ends = |passes: fn(&u8) -> bool| 0..=subject.iter().take_while(|byte| passes(byte)).count();
        match pattern {
            [] => subject.is_empty(),
            [b'*', b'*', rest @ ..] => ends(|_| true).any(|end| matches_slowly(rest, &subject[end..])),
            [b'*', rest @ ..] => ends(|byte| *byte != b'/').any(|end| matches_slowly(rest, &subject[end..])),
            [byte, rest @ ..] => subject.first() == Some(byte) && matches_slowly(rest, &subject[1..]),
        }
    }

    proptest! {
        #[test]
        fn going_back_to_the_last_star_is_enough(pattern in "[ab/*]{0,8}", subject in "[ab/]{0,10}") {
            let (pattern, subject) = (pattern.as_bytes(), subject.as_bytes());
            prop_assert_eq!(matches(pattern, subject), matches_slowly(pattern, subject));
        }
    }

    #[test]
    fn a_pattern_covers_what_lives_in_what_it_names() {
        let repository = repository::address("r", "team-a", "prod-x");
        let rule = sync_rule::address(&repository, "x", "y");
        let protected = Pattern::parse("team-a/prod-*").unwrap();
        assert!(protected.covers_within_region(&repository) && protected.covers_within_region(&rule));
        assert!(!protected.covers_within_region(&organization::address("r", "team-a")));
        assert!(Pattern::parse("team-a").unwrap().covers_within_region(&rule));
        assert!(!Pattern::parse("team-b").unwrap().covers_within_region(&rule));
    }

    #[test]
    fn what_may_match_below_is_never_missed() {
        let repository = repository::address("r", "o", "a/b");
        let rule = sync_rule::address(&repository, "x", "y");
        for (pattern, from_organization, from_region) in [
            ("o/a/b/x/y", true, false),
            ("r/o/a/b/x/y", false, true),
            ("o/a/b/*/*", true, false),
            ("o/a/b", false, false),
            ("o/a/b/x", false, false),
            ("o/a/c/*/*", false, false),
            ("o/a/b*/*/*", true, false),
            ("*/*/*/*/*", true, false),
            ("**", true, true),
            ("**/y", true, true),
            ("o/**", true, false),
            ("p/**", false, false),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            let may = [false, true].map(|from_region| pattern.may_match_below(&repository, 2, from_region));
            let does = [pattern.covers_within_region(&rule), pattern.covers(&rule)];
            let itself = [pattern.covers_within_region(&repository), pattern.covers(&repository)];
            let is_missed = (0..2).any(|at| does[at] && !itself[at] && !may[at]);
            assert!(!is_missed, "{pattern}");
            assert_eq!(may, [from_organization, from_region], "{pattern}");
        }
    }

    #[test]
    fn empty_patterns_and_segments_are_refused() {
        for text in ["", "/a", "a/", "a//b"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
