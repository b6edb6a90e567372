//! Typical typing errors: full-width punctuation, a `:` without a space, templates of other tools.
//!
//! The parser reads such text as something else and reports an error at a later place. This module
//! replaces the message, place and hint of such findings.

use super::shown;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceMap, Span};

/// Characters that look like YAML punctuation, and the ASCII character for each group.
const SIGNS: [(&str, &str); 8] = [
    ("：︰﹕∶", ":"),
    ("，﹐、", ","),
    ("“”„‟＂", "\""),
    ("‘’‚‛＇", "'"),
    ("｛", "{"),
    ("｝", "}"),
    ("［【", "["),
    ("］】", "]"),
];

/// Characters that look like a space.
const BLANKS: [char; 2] = ['\u{a0}', '\u{3000}'];

/// How many bytes of a line are searched: a line may be as long as the file.
const NEAR: usize = 400;

/// The codes of findings about an invalid text, whose hint may be replaced.
const OF_A_TEXT: [&str; 10] = [
    "bad-age",
    "bad-date",
    "bad-endpoint",
    "bad-key",
    "bad-name",
    "bad-pattern",
    "bad-url",
    "bad-uuid",
    "unknown-value",
    "wrong-type",
];

const TEMPLATE: &str = "this is a template of another tool, which must render it first; in a \
    chart, a variable is written `\"${env:NAME}\"`";

const VARIABLE: &str =
    "a variable is written `${env:NAME}`; its value is that of `PORTOLAN_VAR_NAME`";

/// The delimiters of variables and templates of other tools.
const PLACEHOLDERS: [(&str, &str); 5] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${", "}"),
    ("$(", ")"),
    ("%{", "}"),
];

/// The warning for a variable of another tool in a free text, which nothing replaces.
pub(super) fn literal_variable(text: &str, span: Span) -> Option<Diagnostic> {
    let placeholder = placeholder(text)?;
    let hint = if placeholder.starts_with("{{") || placeholder.starts_with("{%") {
        TEMPLATE
    } else {
        VARIABLE
    };
    let message = format!("`{}` is not replaced", shown(placeholder));
    Some(
        Diagnostic::warning("literal-variable", message)
            .at(span)
            .hint(hint),
    )
}

/// The first variable or template of another tool.
fn placeholder(text: &str) -> Option<&str> {
    let all = PLACEHOLDERS.iter().flat_map(|(open, close)| {
        text.match_indices(open).filter_map(move |(start, _)| {
            let rest = &text[start + open.len()..];
            // Without the bound, a text of many `${` without an end would take quadratic time.
            let inside = &rest[..rest.floor_char_boundary(NEAR)];
            let length = inside.find(close)?;
            let is_name = is_placeholder(open, &inside[..length]);
            is_name.then(|| {
                (
                    start,
                    &text[start..start + open.len() + length + close.len()],
                )
            })
        })
    });
    all.min_by_key(|(start, _)| *start)
        .map(|(_, placeholder)| placeholder)
}

/// Whether the text between delimiters is a name or, in a template, anything. `${env:..}` is the
/// chart's own variable, which another check covers.
fn is_placeholder(open: &str, inside: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.:[]\"'".contains(letter);
    let is_name = !inside.is_empty() && !inside.starts_with("env:") && inside.chars().all(is_part);
    if open.starts_with('{') {
        !inside.trim().is_empty()
    } else {
        is_name
    }
}

/// Replaces the hints of findings that a typing error caused.
pub(in super::super) fn improve_hints(found: &mut Diagnostics, sources: &SourceMap) {
    for diagnostic in found.iter_mut() {
        let Some(span) = diagnostic.span else {
            continue;
        };
        if diagnostic.code == "yaml-syntax" {
            improve_syntax_error(diagnostic, span, sources);
        } else if let Some(text) = sources.text(with_brace(span, sources))
            && (OF_A_TEXT.contains(&diagnostic.code) || diagnostic.code == "unknown-key")
            && let Some(hint) = hint_for_text(diagnostic.code, text.get(..NEAR).unwrap_or(text))
        {
            diagnostic.hint = Some(hint);
        }
    }
}

/// The span with the `{` right before it, if it begins with another `{`: YAML reads `{{ x }}` as a
/// mapping whose key is a mapping, and only the inner one is reported.
fn with_brace(span: Span, sources: &SourceMap) -> Span {
    let wider = Span {
        start: span.start.saturating_sub(1),
        ..span
    };
    if sources
        .text(wider)
        .is_some_and(|text| text.starts_with("{{"))
    {
        wider
    } else {
        span
    }
}

/// Looks for the cause of a syntax error in its line and the line above: after full-width
/// punctuation, YAML reads on as one text, and the parser reports an error only later.
fn improve_syntax_error(diagnostic: &mut Diagnostic, span: Span, sources: &SourceMap) {
    let here = sources.line_of(span);
    let before = sources.line_of(Span::new(
        span.file,
        here.start.saturating_sub(1),
        here.start,
    ));
    let lines = if before.start < here.start {
        vec![here, before]
    } else {
        vec![here]
    };
    for line in lines {
        let near = near(line, span);
        let Some(text) = sources.text(near) else {
            continue;
        };
        if let Some((at, sign)) = sign_of_structure(text) {
            let start = near.start + at as u32;
            diagnostic.span = Some(Span::new(span.file, start, start + sign.len_utf8() as u32));
            diagnostic.message = not_yaml(sign);
            diagnostic.hint = Some(instead(sign));
            // The parser's related place belongs to its own explanation of the error.
            diagnostic.related.clear();
            return;
        }
        if lacks_space(text) {
            diagnostic.span = Some(trimmed(near, text));
            diagnostic.message = "there is no space after the `:`, so this is one text".to_owned();
            diagnostic.hint = Some("add a space after the `:`".to_owned());
            return;
        }
    }
}

/// The part of a line that is searched for the cause of an error.
fn near(line: Span, error: Span) -> Span {
    let end = if line.end < error.start {
        line.end
    } else {
        line.end.min(error.start.saturating_add(NEAR as u32))
    };
    Span {
        start: line.start.max(end.saturating_sub(2 * NEAR as u32)),
        end,
        ..line
    }
}

fn trimmed(line: Span, text: &str) -> Span {
    let start = line.start + (text.len() - text.trim_start().len()) as u32;
    Span {
        start,
        end: start + text.trim().len() as u32,
        ..line
    }
}

/// The first look-alike of YAML punctuation at a place where YAML has punctuation. In a text, such
/// a character may be intended.
fn sign_of_structure(line: &str) -> Option<(usize, char)> {
    let mut opened = false;
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            // The rest of the line is a comment.
            (None, '#') if before == ' ' => return None,
            // A quote inside a word, as in `don't`, does not open a string.
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(character),
            (None, '{' | '[') => opened = true,
            (None, _) => {
                let is_key = before.is_ascii_alphanumeric() && is_key(&line[..at]);
                let begins = matches!(before, ' ' | '{' | '[' | ',')
                    && line[..at].trim_end().ends_with([':', '-', '{', '[', ',']);
                let is_meant = match meant(character) {
                    Some(":") => is_key,
                    // Outside brackets, these characters are ordinary text in YAML too.
                    Some("," | "}" | "]") => opened,
                    Some(_) => begins,
                    None => BLANKS.contains(&character) && line[..at].trim().is_empty(),
                };
                if is_meant {
                    return Some((at, character));
                }
            }
        }
        before = character;
    }
    None
}

/// Whether the text ends with a key, with only a bracket, a comma or a dash before it.
fn is_key(text: &str) -> bool {
    let is_part = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | '/')
    };
    let rest = text.trim_end_matches(is_part).trim_end();
    let key = text[rest.len()..].trim_start();
    !key.is_empty() && (rest.is_empty() || rest.ends_with(['{', '[', ',', '，']))
}

/// Whether a line is a key and its value without a space between them: `region:cn-north-4`.
fn lacks_space(line: &str) -> bool {
    let line = line.trim();
    let line = line.strip_prefix("- ").unwrap_or(line).trim_start();
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    is_key(key) && !value.starts_with([' ', '\t', '/']) && !value.is_empty()
}

/// Whether the character is a colon or looks like one.
pub(in super::super) fn is_colon(sign: char) -> bool {
    sign == ':' || meant(sign) == Some(":")
}

fn meant(sign: char) -> Option<&'static str> {
    SIGNS
        .iter()
        .find(|(signs, _)| signs.contains(sign))
        .map(|(_, meant)| *meant)
}

fn not_yaml(sign: char) -> String {
    match meant(sign) {
        Some(meant) => format!("`{sign}` is not an ASCII `{meant}`"),
        None => format!("`{sign}` is not a space"),
    }
}

fn instead(sign: char) -> String {
    match meant(sign) {
        Some(":") => "write `:` and a space".to_owned(),
        Some(meant) => format!("write `{meant}`"),
        None => "replace this character with spaces".to_owned(),
    }
}

/// The hint for an invalid text with a typing error.
fn hint_for_text(code: &str, text: &str) -> Option<String> {
    let text = text.trim();
    if text.starts_with("{{") || text.starts_with("\"{{") || text.starts_with("{%") {
        return Some(TEMPLATE.to_owned());
    }
    let bare = text.trim_start_matches(['"', '\'']);
    let is_variable = ["${", "$(", "%{", "$"]
        .iter()
        .any(|open| bare.contains(open))
        && !bare.contains("${env:");
    if is_variable && code != "unknown-key" {
        return Some(VARIABLE.to_owned());
    }
    let sign = text
        .chars()
        .find_map(|character| Some((character, meant(character)?)));
    if let Some((sign, meant)) = sign {
        return Some(match meant {
            "\"" | "'" => format!("`{sign}` is a part of the text: use ASCII quotes, or none"),
            _ => format!("{}: {}", not_yaml(sign), instead(sign)),
        });
    }
    (code == "wrong-type" && !text.starts_with(['"', '\'']) && lacks_space(text))
        .then(|| "add a space after the `:`".to_owned())
}
