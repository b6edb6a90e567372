//! What people type that only looks like YAML, or like a variable: full-width signs, a `:` without
//! a space, the templates of other tools. The parser takes such a text for something else and
//! complains elsewhere, and the hint of a check is about the name that it is not. Here findings get
//! the hint, and the place, of what was meant.

use super::shown;
use crate::diagnostics::{Diagnostic, Diagnostics, SourceMap, Span};

/// Signs that look like those of YAML, with what YAML wants.
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

/// Blanks that are no spaces.
const BLANKS: [char; 2] = ['\u{a0}', '\u{3000}'];

/// How much of a line is looked at: a whole chart may be one.
const NEAR: usize = 400;

/// Findings about a text that is not what its place takes. Others are right about what they say.
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

const TEMPLATE: &str = "this is a template of another tool, which has to fill it in first; a \
    variable here is `\"${env:NAME}\"`";

const VARIABLE: &str =
    "a variable is written `${env:NAME}`, and is the value of `PORTOLAN_VAR_NAME`";

/// How variables and templates of other tools begin and end.
const PLACEHOLDERS: [(&str, &str); 5] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${", "}"),
    ("$(", ")"),
    ("%{", "}"),
];

/// A text that may hold anything, with a variable of another tool in it: nobody fills that in.
pub(super) fn literal_variable(text: &str, span: Span) -> Option<Diagnostic> {
    let placeholder = placeholder(text)?;
    let hint = if placeholder.starts_with("{{") || placeholder.starts_with("{%") {
        TEMPLATE
    } else {
        VARIABLE
    };
    let message = format!("`{}` is taken as it stands", shown(placeholder));
    Some(
        Diagnostic::warning("literal-variable", message)
            .at(span)
            .hint(hint),
    )
}

/// The first variable that is none of ours.
fn placeholder(text: &str) -> Option<&str> {
    let all = PLACEHOLDERS.iter().flat_map(|(open, close)| {
        text.match_indices(open).filter_map(move |(start, _)| {
            let rest = &text[start + open.len()..];
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

/// Whether it is a name, or, in a template, anything. Ours has a check of its own.
fn is_placeholder(open: &str, inside: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.:[]\"'".contains(letter);
    let is_name = !inside.is_empty() && !inside.starts_with("env:") && inside.chars().all(is_part);
    if open.starts_with('{') {
        !inside.trim().is_empty()
    } else {
        is_name
    }
}

/// Gives findings the hints of what was meant.
pub(in super::super) fn mend(found: &mut Diagnostics, sources: &SourceMap) {
    for diagnostic in found.iter_mut() {
        let Some(span) = diagnostic.span else {
            continue;
        };
        if diagnostic.code == "yaml-syntax" {
            mend_syntax(diagnostic, span, sources);
        } else if let Some(text) = sources.text(with_brace(span, sources))
            && (OF_A_TEXT.contains(&diagnostic.code) || diagnostic.code == "unknown-key")
            && let Some(hint) = of_text(diagnostic.code, text.get(..NEAR).unwrap_or(text))
        {
            diagnostic.hint = Some(hint);
        }
    }
}

/// The span, from the brace right before it on: of `{{ x }}` the inner mapping is the key that
/// cannot be one.
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

/// A sign that is none of YAML's makes one text of all that follows, so that an error is found
/// behind it.
fn mend_syntax(diagnostic: &mut Diagnostic, span: Span, sources: &SourceMap) {
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
            diagnostic.related.clear();
            return;
        }
        if lacks_space(text) {
            diagnostic.span = Some(trimmed(near, text));
            diagnostic.message = "there is no space behind the `:`, so this is one text".to_owned();
            diagnostic.hint = Some("write a space behind the `:`".to_owned());
            return;
        }
    }
}

/// The part of a line that an error may be about.
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

/// The first sign that stands where one of YAML's would, and not in a text of words.
fn sign_of_structure(line: &str) -> Option<(usize, char)> {
    let mut opened = false;
    let mut quote = None;
    let mut before = ' ';
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '#') if before == ' ' => return None,
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(character),
            (None, '{' | '[') => opened = true,
            (None, _) => {
                let is_key = before.is_ascii_alphanumeric() && is_key(&line[..at]);
                let begins = matches!(before, ' ' | '{' | '[' | ',')
                    && line[..at].trim_end().ends_with([':', '-', '{', '[', ',']);
                let is_meant = match meant(character) {
                    Some(":") => is_key,
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

/// Whether the text ends with a key, and nothing but a bracket, a comma or a dash before it.
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

/// A colon, or what looks like one.
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
        Some(meant) => format!("`{sign}` is not the `{meant}` of YAML"),
        None => format!("`{sign}` is not a space"),
    }
}

fn instead(sign: char) -> String {
    match meant(sign) {
        Some(":") => "write `:` and a space".to_owned(),
        Some(meant) => format!("write `{meant}`"),
        None => "write spaces: this is another character".to_owned(),
    }
}

/// What was meant by a text that its place does not take.
fn of_text(code: &str, text: &str) -> Option<String> {
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
            "\"" | "'" => format!("`{sign}` is a part of the text: write straight quotes, or none"),
            _ => format!("{}: {}", not_yaml(sign), instead(sign)),
        });
    }
    (code == "wrong-type" && !text.starts_with(['"', '\'']) && lacks_space(text))
        .then(|| "write a space behind the `:`".to_owned())
}
