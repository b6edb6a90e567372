//! Matches a pattern against a text, in O(pattern × text).

/// The position after a star in the pattern, and the end of what it matches so far.
type Star = (usize, usize);

/// Backtracks only to the most recent `*` and the most recent `**`: an earlier one never needs to
/// be tried again. `*` never matches a `/`.
pub(super) fn matches(pattern: &str, subject: &str) -> bool {
    let (pattern, subject) = (pattern.as_bytes(), subject.as_bytes());
    let (mut at, mut item) = (0, 0);
    let (mut within, mut across) = (None::<Star>, None::<Star>);
    loop {
        // `**` is tried before `*`, which is its prefix. What an earlier `*` matched is then final.
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
        // The `*` first: its match can grow only within the segment, and after that the `**` takes
        // over.
        } else if let Some((after, end)) =
            within.filter(|(_, end)| subject.get(*end).is_some_and(|byte| *byte != b'/'))
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
            assert_eq!(
                matches(pattern, subject),
                expected,
                "{pattern} on {subject}"
            );
        }
    }

    /// The definition: tries every length for each star.
    fn matches_slowly(pattern: &[u8], subject: &[u8]) -> bool {
        let ends =
            |passes: fn(&u8) -> bool| 0..=subject.iter().take_while(|byte| passes(byte)).count();
        match pattern {
            [] => subject.is_empty(),
            [b'*', b'*', rest @ ..] => {
                ends(|_| true).any(|end| matches_slowly(rest, &subject[end..]))
            }
            [b'*', rest @ ..] => {
                ends(|byte| *byte != b'/').any(|end| matches_slowly(rest, &subject[end..]))
            }
            [byte, rest @ ..] => {
                subject.first() == Some(byte) && matches_slowly(rest, &subject[1..])
            }
        }
    }

    proptest! {
        #[test]
        fn backtracking_to_the_last_star_is_enough(
            pattern in "[ab/*]{0,8}",
            subject in "[ab/]{0,10}",
        ) {
            let expected = matches_slowly(pattern.as_bytes(), subject.as_bytes());
            prop_assert_eq!(matches(&pattern, &subject), expected);
        }
    }
}
