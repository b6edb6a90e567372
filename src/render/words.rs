//! Formats values and differences for people.

use std::collections::BTreeSet;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{Color, Role};
use crate::{
    diagnostics::Source,
    mask,
    plan::{Fetch, Run},
    state::SecretSource,
    text::{escaped, listed},
};

/// Changes of longer texts, and of texts with several lines, are shown as a word-level difference.
const LONGEST_INLINE: usize = 40;

/// How many records of a set are shown. The others are counted.
const MOST_INLINE: usize = 4;

/// A text is cut only if at least this much is left out: the note about the rest takes space too.
const WORTH_CUTTING: usize = 24;

/// How many unchanged characters stay beside a changed word.
const CONTEXT: usize = 24;

const ELLIPSIS: &str = "...";

/// `portolan.yaml:14`
pub(super) fn place(source: &Source) -> String {
    format!("{}:{}", escaped(&source.file), source.line)
}

/// A value on one line. Control characters are escaped, so that a live value cannot control the
/// terminal.
pub fn value(value: &Value) -> String {
    match mask::readable(value) {
        Some(text) => format!("\"{}\"", escaped(text)),
        None => match value.as_array() {
            Some(records) if records.is_empty() => "[]".to_owned(),
            Some(records) => format!(
                "[ {} ]",
                records.iter().map(record).collect::<Vec<_>>().join(", ")
            ),
            None => value.to_string(),
        },
    }
}

/// One record of a set.
fn record(record: &Value) -> String {
    match record
        .as_object()
        .filter(|_| mask::readable(record).is_none())
    {
        Some(fields) => {
            let fields = fields
                .iter()
                .map(|(key, field)| format!("{}: {}", on_one_line(key), value(field)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        None => value(record),
    }
}

/// A value on one line, cut where it is long.
pub fn short(full: &Value) -> String {
    match mask::readable(full) {
        Some(text) if text.chars().count() > LONGEST_INLINE + WORTH_CUTTING => {
            let start: String = text.chars().take(LONGEST_INLINE).collect();
            let rest = text.chars().count() - LONGEST_INLINE;
            format!(
                "{} and {rest} more characters",
                value(&Value::String(start))
            )
        }
        _ => match full.as_array() {
            Some(records) if records.len() > MOST_INLINE + 1 => {
                let rest = records.len() - MOST_INLINE;
                format!("{} and {rest} more", value(&records[..MOST_INLINE].into()))
            }
            _ => value(full),
        },
    }
}

/// The part of a message that is the same for all objects: without paths and the request id.
pub(crate) fn gist(message: &str) -> String {
    // Every answer has another request id, so equal failures would all differ.
    let message = message.split("request id ").next().unwrap_or(message);
    message
        .split(' ')
        .filter(|word| !word.contains('/'))
        .collect::<Vec<_>>()
        .join(" ")
}

/// `3 to add, 1 to destroy`: the counts that are not zero.
pub(super) fn counted(counts: &[(usize, &str)]) -> String {
    let positive = counts.iter().filter(|(count, _)| *count > 0);
    positive
        .map(|(count, word)| format!("{count} {word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// How many items of a run are shown. `--details` shows all.
pub(super) const MOST_ITEMS: usize = 20;

/// Why something is run, and what is copied or the source of the login that is sent.
pub fn run(run: &Run, most: usize) -> String {
    match run {
        Run::Fetch(fetch) => fetched(fetch),
        Run::Copy(copies) => format!("{}: {}", copies.because, listed(&copies.items, most)),
    }
}

fn fetched(run: &Fetch) -> String {
    let login = match &run.credentials {
        Some(login) => login_sources(&login.username, &login.password),
        None if run.endpoint.is_empty() => return run.because.clone(),
        None => format!("the service endpoint `{}`", on_one_line(&run.endpoint)),
    };
    format!("{}; logs in with {login}", run.because)
}

fn login_sources(username: &SecretSource, password: &SecretSource) -> String {
    let source = |source: &SecretSource| match source {
        SecretSource::Env(name) => ("variable", on_one_line(name)),
        SecretSource::File(path) => ("file", on_one_line(path)),
    };
    let ((one, user), (other, word)) = (source(username), source(password));
    if one == other {
        format!("the {one}s `{user}` and `{word}`")
    } else {
        format!("the {one} `{user}` and the {other} `{word}`")
    }
}

/// Whether a pair of values is shown as a word-level difference.
pub(crate) fn is_long(before: &Value, after: &Value) -> bool {
    let long = |text: &str| text.contains('\n') || text.chars().count() > LONGEST_INLINE;
    match (mask::readable(before), mask::readable(after)) {
        (Some(before), Some(after)) => long(before) || long(after),
        _ => [before, after]
            .iter()
            .any(|side| side.is_array() && long(&value(side))),
    }
}

/// The lines of the difference of two long values: by words for texts, by records for sets. Long
/// unchanged parts are cut unless `whole`.
pub fn changes(before: &Value, after: &Value, whole: bool, color: Color) -> Vec<String> {
    if let (Some(before), Some(after)) = (before.as_array(), after.as_array()) {
        return records(before, after, whole, color);
    }
    let text = |value| mask::readable(value).unwrap_or_default();
    let difference = if whole { whole_difference } else { difference };
    difference(text(before), text(after), color)
}

/// The removed, added and unchanged records of a set.
fn records(before: &[Value], after: &[Value], whole: bool, color: Color) -> Vec<String> {
    // The order of records has no meaning, so it is no difference.
    let set = |records: &[Value]| records.iter().map(record).collect::<BTreeSet<_>>();
    let (before, after) = (set(before), set(after));
    let removed = before
        .difference(&after)
        .map(|record| color.paint(Role::Destroy, format!("[-{record}-]")));
    let added = after
        .difference(&before)
        .map(|record| color.paint(Role::Add, format!("{{+{record}+}}")));
    let unchanged: Vec<&String> = before.intersection(&after).collect();
    let kept = if whole || unchanged.len() < 2 {
        unchanged.into_iter().cloned().collect()
    } else {
        vec![format!("{ELLIPSIS} {} unchanged", unchanged.len())]
    };
    removed.chain(added).chain(kept).collect()
}

/// The lines of a word-level difference: `[-removed-]` and `{+added+}`, with long unchanged parts
/// cut.
fn difference(before: &str, after: &str, color: Color) -> Vec<String> {
    lines(before, after, color, kept)
}

/// The same with all unchanged parts.
fn whole_difference(before: &str, after: &str, color: Color) -> Vec<String> {
    lines(before, after, color, |text, _, _| visible(text))
}

fn lines(
    before: &str,
    after: &str,
    color: Color,
    kept: impl Fn(&str, bool, bool) -> String,
) -> Vec<String> {
    // By words: descriptions are prose, and a difference by characters would tear words apart.
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
            ChangeTag::Delete => {
                out.push_str(&color.paint(Role::Destroy, format!("[-{}-]", on_one_line(text))));
            }
            ChangeTag::Insert => {
                out.push_str(&color.paint(Role::Add, format!("{{+{}+}}", on_one_line(text))));
            }
        }
    }
    out.split('\n').map(str::to_owned).collect()
}

/// The prefix of each line of a difference. A foreign text at the beginning of a line could look
/// like our own text, or be a command for a CI runner.
pub(super) const GUTTER: &str = "| ";

/// Escapes control characters, and line breaks too, so that changes of them are visible.
pub(super) fn on_one_line(text: &str) -> String {
    // Unlike in a quoted value, quotes need no escape here.
    escaped(text).replace("\\\"", "\"").replace("\\'", "'")
}

/// Escapes control characters, except line breaks.
fn visible(text: &str) -> String {
    text.split('\n')
        .map(on_one_line)
        .collect::<Vec<_>>()
        .join("\n")
}

/// An unchanged part. Of a long one only the ends, cut between words.
fn kept(text: &str, first: bool, last: bool) -> String {
    let ends = if first || last { CONTEXT } else { 2 * CONTEXT };
    if (first && last) || text.chars().count() <= ends + ELLIPSIS.len() {
        return visible(text);
    }
    let head = if first { "" } else { head(text) };
    let tail = if last { "" } else { tail(text) };
    format!("{}{ELLIPSIS}{}", visible(head), visible(tail))
}

/// The first words, as many as fit.
fn head(text: &str) -> &str {
    let cut = text
        .char_indices()
        .nth(CONTEXT)
        .map_or(text.len(), |(at, _)| at);
    let words = text[..cut]
        .rfind(char::is_whitespace)
        .map_or(cut, |at| at + 1);
    text.get(..words).unwrap_or(&text[..cut])
}

/// The last words, as many as fit.
fn tail(text: &str) -> &str {
    let cut = text
        .char_indices()
        .rev()
        .nth(CONTEXT)
        .map_or(0, |(at, _)| at);
    let words = text[cut..]
        .find(char::is_whitespace)
        .map_or(cut, |at| cut + at);
    &text[words..]
}

/// The text with its first letter in upper case.
pub(super) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn control_characters_are_visible() {
        assert_eq!(
            value(&json!("a\u{1b}[31m\n\u{202e}b")),
            "\"a\\u{1b}[31m\\n\\u{202e}b\""
        );
    }

    #[test]
    fn changed_words_are_shown_among_unchanged_ones() {
        let lines = difference(
            "the quick brown fox\njumps",
            "the slow brown fox\njumps",
            Color::Never,
        );
        assert_eq!(lines, ["the [-quick-]{+slow+} brown fox", "jumps"]);
    }

    #[test]
    fn a_changed_line_break_is_visible() {
        assert_eq!(
            difference("one\ntwo", "one\ntwo\n", Color::Never),
            ["one", "two{+\\n+}"]
        );
    }

    #[test]
    fn a_run_between_two_changes_keeps_whole_words() {
        let middle = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda";
        let lines = difference(
            &format!("a {middle} b"),
            &format!("c {middle} d"),
            Color::Never,
        );
        assert_eq!(
            lines,
            ["[-a-]{+c+} alpha beta gamma delta ... theta iota kappa lambda [-b-]{+d+}"]
        );
    }

    #[test]
    fn long_unchanged_runs_are_cut() {
        let before = format!("{} end", "same ".repeat(40));
        let after = format!("{} fin", "same ".repeat(40));
        let lines = difference(&before, &after, Color::Never);
        assert_eq!(lines, ["... same same same same  [-end-]{+fin+}"]);
    }
}
