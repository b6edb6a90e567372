//! Spells values as YAML in the style of the text around them.

use serde_json::Value;

use crate::{
    config::{tree::written::Quotes, variables::literal},
    render::yaml::{in_quotes, is_ambiguous},
    text::{is_plain, quoted},
};

/// A value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A word or number that needs no quotes, or a text that is copied from the chart.
    Raw(String),
    Text(String),
    List(Vec<Yaml>),
    /// On one line.
    Mapping(Vec<(String, Yaml)>),
    /// On lines of its own, where the text around allows it.
    Block(Vec<(String, Yaml)>),
}

impl Yaml {
    /// An attribute's value. Nothing in it is read as a variable.
    pub(super) fn of(value: &Value) -> Yaml {
        match value {
            Value::String(text) => Yaml::Text(literal(text)),
            Value::Array(items) => Yaml::List(items.iter().map(Yaml::of).collect()),
            Value::Object(fields) => {
                let field = |(key, value): (&String, &Value)| (key.clone(), Yaml::of(value));
                Yaml::Mapping(fields.iter().map(field).collect())
            }
            other => Yaml::Raw(other.to_string()),
        }
    }

    /// The fields of a mapping.
    pub(super) fn fields(&self) -> Option<&[(String, Yaml)]> {
        match self {
            Yaml::Mapping(fields) | Yaml::Block(fields) => Some(fields),
            Yaml::Raw(_) | Yaml::Text(_) | Yaml::List(_) => None,
        }
    }
}

/// The habits of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// `{ a: 1 }`, not `{a: 1}`.
    has_wide_braces: bool,
    has_wide_brackets: bool,
    pub(super) newline: &'static str,
    /// How much further a nested mapping is indented.
    pub(super) step: usize,
}

impl Style {
    pub(super) fn of(text: &str) -> Style {
        let is_wide = |open: char| {
            let behind = text
                .match_indices(open)
                .filter_map(|(at, _)| text[at + 1..].chars().next())
                .filter(|next| !matches!(next, '}' | ']' | '\n' | '\r'));
            let (wide, tight): (Vec<char>, Vec<char>) = behind.partition(|next| *next == ' ');
            wide.len() >= tight.len()
        };
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let step = text
            .lines()
            .filter(|line| !line.trim_start().starts_with(['#', '-']) && !line.trim().is_empty())
            .map(indent)
            .find(|indent| *indent > 0);
        Style {
            has_wide_braces: is_wide('{'),
            has_wide_brackets: is_wide('['),
            newline: if text.contains("\r\n") { "\r\n" } else { "\n" },
            step: step.filter(|step| *step <= 8).unwrap_or(2),
        }
    }

    /// The value on one line. `like` is how the value was quoted that it replaces.
    pub(super) fn line(&self, value: &Yaml, like: Option<Quotes>, in_flow: bool) -> String {
        match value {
            Yaml::Raw(text) => text.clone(),
            Yaml::Text(text) => spelled(text, like, in_flow),
            Yaml::List(items) => {
                let items: Vec<String> = items.iter().map(|it| self.line(it, None, true)).collect();
                bracketed("[", &items, "]", self.has_wide_brackets)
            }
            Yaml::Mapping(fields) | Yaml::Block(fields) => self.braces(None, fields),
        }
    }

    /// A mapping on one line, with another one merged into it.
    pub(super) fn braces(&self, merged: Option<&str>, fields: &[(String, Yaml)]) -> String {
        let merged = merged.map(|alias| format!("<<: {alias}"));
        let fields = fields.iter().map(|field| self.field(field));
        let fields: Vec<String> = merged.into_iter().chain(fields).collect();
        bracketed("{", &fields, "}", self.has_wide_braces)
    }

    /// A key with its value, inside braces.
    pub(super) fn field(&self, (key, value): &(String, Yaml)) -> String {
        format!("{}: {}", name(key), self.line(value, None, true))
    }

    /// A key with its value on lines of their own, each with a line break.
    pub(super) fn lines(&self, (key, value): &(String, Yaml), column: usize) -> String {
        let (indent, newline) = (" ".repeat(column), self.newline);
        match value {
            Yaml::Block(fields) if !fields.is_empty() => {
                let deeper = |field| self.lines(field, column + self.step);
                let inside: String = fields.iter().map(deeper).collect();
                format!("{indent}{}:{newline}{inside}", name(key))
            }
            Yaml::Raw(text) if text.is_empty() => format!("{indent}{}:{newline}", name(key)),
            other => {
                let value = self.line(other, None, false);
                format!("{indent}{}: {value}{newline}", name(key))
            }
        }
    }
}

fn bracketed(open: &str, inside: &[String], close: &str, is_wide: bool) -> String {
    let inside = inside.join(", ");
    match (inside.is_empty(), is_wide) {
        (false, true) => format!("{open} {inside} {close}"),
        _ => format!("{open}{inside}{close}"),
    }
}

/// The name of an entry, or a key.
pub(super) fn name(text: &str) -> String {
    let is_of_names = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '/')
    };
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && text.chars().all(is_of_names) && !is_ambiguous(text) {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

fn spelled(text: &str, like: Option<Quotes>, in_flow: bool) -> String {
    let is_one_line = is_plain(text) && !text.contains(['\n', '\r', '\t']);
    match like {
        Some(Quotes::Single) if is_one_line => format!("'{}'", text.replace('\'', "''")),
        Some(Quotes::Double) => quoted(text),
        _ if is_bare(text, in_flow)
            && (!is_ambiguous(text) || like == Some(Quotes::None) && is_date(text)) =>
        {
            text.to_owned()
        }
        _ => in_quotes(text),
    }
}

/// Whether a plain scalar has no character that could mean something else. Stricter than YAML.
fn is_bare(text: &str, in_flow: bool) -> bool {
    let is_harmless = |character: char| {
        character.is_alphanumeric()
            || matches!(
                character,
                ' ' | '.' | '_' | '/' | '-' | '+' | '(' | ')' | '\'' | ';'
            )
            || (character == ',' && !in_flow)
    };
    text.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !text.ends_with(' ')
        && text.chars().all(is_harmless)
        && is_plain(text)
}

/// A day, which a reader of YAML 1.2 takes for the text that it is.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-'
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_spelled_as_those_around_them() {
        let wide = Style::of("a: { b: 1 }\n");
        let tight = Style::of("a: {b: [1]}\r\n");
        let value = Yaml::of(&json!([ "latest", { "regexp": "^v[0-9]$" }, "${env:X}" ]));
        assert_eq!(
            wide.line(&value, None, false),
            "[ latest, { regexp: '^v[0-9]$' }, '${env:_:-$}{env:X}' ]"
        );
        assert_eq!(
            tight.line(&value, None, false),
            "[latest, {regexp: '^v[0-9]$'}, '${env:_:-$}{env:X}']"
        );
        let text = |text: &str, like| wide.line(&Yaml::Text(text.to_owned()), like, false);
        assert_eq!(text("it's new, and good", None), "it's new, and good");
        assert_eq!(text("it's", Some(Quotes::Single)), "'it''s'");
        assert_eq!(text("plain", Some(Quotes::Double)), "\"plain\"");
        assert_eq!(text("a: b # c", Some(Quotes::None)), "'a: b # c'");
        assert_eq!(text("2027-12-31", Some(Quotes::None)), "2027-12-31");
        assert_eq!(text("2027-12-31", None), "'2027-12-31'");
        assert_eq!(text("no", Some(Quotes::None)), "'no'");
        assert_eq!(text("two\nlines", Some(Quotes::Single)), "\"two\\nlines\"");
        assert_eq!((name("web/a"), name("on")), ("web/a".into(), "'on'".into()));
    }
}
