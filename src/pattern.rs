//! Patterns over addresses: `*` within a segment, `**` across segments, nothing else is special.
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
            if self.matches(&address.parts()[first..]) {
                return true;
            }
            subject = address.parent();
        }
        false
    }

    fn matches<T: AsRef<str>>(&self, parts: &[T]) -> bool {
        let segments: Vec<&str> = parts.iter().flat_map(|part| part.as_ref().split('/')).collect();
        let pattern: Vec<&str> = self.text.split('/').collect();
        matches_path(&pattern, &segments)
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

/// `**` stands for one segment or more: `team-a/**` is what is in the organization, not the organization.
fn matches_path(pattern: &[&str], segments: &[&str]) -> bool {
    matches_list(pattern, segments, |pattern| *pattern == "**", |pattern, segment| matches_segment(pattern, segment), 1)
}

fn matches_segment(pattern: &str, segment: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let segment: Vec<char> = segment.chars().collect();
    matches_list(&pattern, &segment, |pattern| *pattern == '*', |pattern, character| pattern == character, 0)
}

/// Matches a list against a list with wild items that stand for `least` items or more. Goes back to the last
/// wild item only, so the time is at most the product of the lengths.
fn matches_list<T>(
    pattern: &[T],
    items: &[T],
    is_wild: impl Fn(&T) -> bool,
    same: impl Fn(&T, &T) -> bool,
    least: usize,
) -> bool {
    let (mut at, mut item) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if at < pattern.len() && is_wild(&pattern[at]) {
            retry = Some((at + 1, item + least));
            (at, item) = (at + 1, item + least);
        } else if item < items.len() && at < pattern.len() && same(&pattern[at], &items[item]) {
            (at, item) = (at + 1, item + 1);
        } else if item == items.len() && at == pattern.len() {
            return true;
        } else {
            let Some((after, start)) = retry else { return false };
            if start >= items.len() {
                return false;
            }
            retry = Some((after, start + 1));
            (at, item) = (after, start + 1);
        }
    }
}

#[cfg(test)]
mod tests {
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
        ];
        for (pattern, subject, expected) in table {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(&[subject]), expected, "{pattern} on {subject}");
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
    fn empty_patterns_and_segments_are_refused() {
        for text in ["", "/a", "a/", "a//b"] {
            assert_eq!(Pattern::parse(text), None, "{text}");
        }
    }
}
