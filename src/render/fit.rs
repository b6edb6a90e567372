//! Breaks lines between words to fit a terminal, which itself would break them inside words. Other
//! output is not wrapped, so that it is the same everywhere.

use anstream::adapter::strip_str;

/// The extra indentation of continuation lines, so that they do not look like rows of their own.
const HANGING: usize = 2;

/// Wraps the text to lines of at most `width` characters. A longer word is not broken.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line
            .strip_suffix('\n')
            .map_or((line, ""), |line| (line, "\n"));
        if length(line) <= width {
            out.push_str(line);
        } else {
            // The rest of a line stays right of its own beginning.
            let indent = line.len() - line.trim_start_matches(' ').len();
            out.push_str(&wrap(line, width, indent + HANGING).join("\n"));
        }
        out.push_str(end);
    }
    out
}

/// Wraps a line to lines of at most `width` characters, and indents all but the first. Colour codes
/// have no width.
pub(crate) fn wrap(line: &str, width: usize, hanging: usize) -> Vec<String> {
    let words = line.trim_start_matches(' ');
    let mut lines = vec![" ".repeat(line.len() - words.len())];
    let (mut taken, mut fresh) = (lines[0].len(), true);
    // Each space separates, so that the gaps between columns stay as they are.
    for word in words.split(' ') {
        let room = length(word) + usize::from(!fresh);
        let last = lines.len() - 1;
        if fresh || taken + room <= width {
            let gap = if fresh { "" } else { " " };
            lines[last].push_str(&format!("{gap}{word}"));
            (taken, fresh) = (taken + room, false);
        } else if !word.is_empty() {
            // Spaces between columns are not needed at the end of a line.
            let kept = lines[last].trim_end_matches(' ').len();
            lines[last].truncate(kept);
            lines.push(format!("{:hanging$}{word}", ""));
            taken = hanging + length(word);
        }
    }
    lines
}

fn length(text: &str) -> usize {
    strip_str(text).to_string().chars().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_whole_and_continuation_lines_are_indented() {
        let text = "Stopped: one two three\n      ! overwrites: tags that exist\nshort\n";
        let fitted = "Stopped: one two\n  three\n      ! overwrites:\n        tags \
            that\n        exist\nshort\n";
        assert_eq!(fit(text, 19), fitted);
        assert_eq!(
            fit("an_address_longer_than_the_terminal: failed", 10),
            "an_address_longer_than_the_terminal:\n  failed"
        );
    }

    #[test]
    fn colours_have_no_width() {
        let text = "\u{1b}[31mone two\u{1b}[0m";
        assert_eq!(fit(text, 7), text);
        assert_eq!(fit(text, 6), "\u{1b}[31mone\n  two\u{1b}[0m");
    }

    proptest! {
        #[test]
        fn only_spaces_are_lost(text in "([a-z]{1,9}| {1,3}|\n){0,40}", width in 1_usize..30) {
            let fitted = fit(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&fitted), words(&text));
            let word = words(&text).iter().map(String::len).max().unwrap_or(0);
            let indents = text.split('\n').map(|line| line.len() - line.trim_start().len());
            let longest = width.max(word + indents.max().unwrap_or(0) + HANGING);
            let fits = |line: &str| line.trim().is_empty() || line.len() <= longest;
            prop_assert!(fitted.lines().all(fits), "{}", fitted);
            prop_assert_eq!(fit(&fitted, width), fitted);
        }
    }
}
