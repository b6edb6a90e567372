//! Values and their differences as people read them.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{Color, Role};

/// A text that is longer, or has more lines, is shown as a difference of words.
const LONGEST_INLINE: usize = 40;

/// How many unchanged characters stay beside a changed word.
const CONTEXT: usize = 24;

/// A value on one line. Control characters are escaped, so that a live value cannot drive the terminal.
pub fn value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", text.escape_debug()),
        other => other.to_string(),
    }
}

/// A value on one line, cut where it is long.
pub fn short(full: &Value) -> String {
    match full {
        Value::String(text) if text.chars().count() > LONGEST_INLINE => {
            let start: String = text.chars().take(LONGEST_INLINE).collect();
            let rest = text.chars().count() - LONGEST_INLINE;
            format!("{} and {rest} more characters", value(&Value::String(start)))
        }
        full => value(full),
    }
}

/// Whether a pair of values is better read as a difference of words.
pub fn is_long(before: &Value, after: &Value) -> bool {
    let long =
        |value: &Value| value.as_str().is_some_and(|text| text.contains('\n') || text.chars().count() > LONGEST_INLINE);
    before.is_string() && after.is_string() && (long(before) || long(after))
}

/// The lines of a word-level difference: `[-gone-]` and `{+come+}` among what stayed.
pub fn difference(before: &str, after: &str, color: Color) -> Vec<String> {
    let diff = TextDiff::from_words(before, after);
    let mut pieces: Vec<(ChangeTag, String)> = Vec::new();
    for change in diff.iter_all_changes() {
        match pieces.last_mut() {
            Some((tag, text)) if *tag == change.tag() => text.push_str(change.value()),
            _ => pieces.push((change.tag(), change.value().to_owned())),
        }
    }
    let last = pieces.len().saturating_sub(1);
    let mut out = String::new();
    for (index, (tag, text)) in pieces.iter().enumerate() {
        match tag {
            ChangeTag::Equal => out.push_str(&kept(text, index == 0, index == last)),
            ChangeTag::Delete => out.push_str(&color.paint(Role::Destroy, format!("[-{}-]", visible(text)))),
            ChangeTag::Insert => out.push_str(&color.paint(Role::Add, format!("{{+{}+}}", visible(text)))),
        }
    }
    out.split('\n').map(str::to_owned).collect()
}

/// Control characters escaped, but for the line break, which a word-level difference keeps.
fn visible(text: &str) -> String {
    text.split('\n').map(|line| line.escape_debug().to_string().replace("\\\"", "\"")).collect::<Vec<_>>().join("\n")
}

/// An unchanged piece, with only its ends where it is long.
fn kept(text: &str, first: bool, last: bool) -> String {
    let characters: Vec<char> = text.chars().collect();
    let ends = if first || last { CONTEXT } else { 2 * CONTEXT };
    if characters.len() <= ends + 3 {
        return visible(text);
    }
    let head: String = characters[..CONTEXT].iter().collect();
    let tail: String = characters[characters.len() - CONTEXT..].iter().collect();
    match (first, last) {
        (true, true) => visible(text),
        (true, false) => format!("...{}", visible(&tail)),
        (false, true) => format!("{}...", visible(&head)),
        (false, false) => format!("{}...{}", visible(&head), visible(&tail)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_characters_are_visible() {
        assert_eq!(value(&json!("a\u{1b}[31m\n\u{202e}b")), "\"a\\u{1b}[31m\\n\\u{202e}b\"");
    }

    #[test]
    fn words_that_changed_stand_among_those_that_stayed() {
        let lines = difference("the quick brown fox\njumps", "the slow brown fox\njumps", Color::Never);
        assert_eq!(lines, ["the [-quick-]{+slow+} brown fox", "jumps"]);
    }

    #[test]
    fn long_unchanged_runs_are_cut() {
        let before = format!("{} end", "same ".repeat(40));
        let after = format!("{} fin", "same ".repeat(40));
        let lines = difference(&before, &after, Color::Never);
        assert_eq!(lines, ["...me same same same same  [-end-]{+fin+}"]);
    }
}
