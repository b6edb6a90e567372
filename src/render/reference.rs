//! Formats the reference page of the chart language, from the same grammar as the decoder and the
//! schema.

use super::words;
use crate::{
    config::grammar::{ANCHORS, ANCHORS_DOC, DOCUMENT, Form, Key, KeyRule, Record, TextForm},
    kind::Shape,
    names,
};

const INTRODUCTION: &str = "\
# The chart

<!-- Generated: cargo run -- schema --markdown > docs/chart.md -->

A chart describes the desired state. It consists of one or more YAML documents, in one or more \
files. Each document has
its own `region`. What is absent is not managed: its live value survives. `null` means the same \
and stops inheritance. To
clear a value, write the empty or default one: `description: \"\"`, `category: other`, `sync: []`.

In strings, `${env:NAME}` and `${env:NAME:-fallback}` are replaced by the environment variable \
`PORTOLAN_VAR_NAME`. Other
variables cannot be read.
";

/// The page, as Markdown.
pub fn markdown() -> String {
    let mut out = INTRODUCTION.to_owned();
    let mut done = Vec::new();
    section(&mut out, &DOCUMENT, &mut done);
    out
}

/// Appends the section of a record, and then those of the records in it. Each appears once.
fn section(out: &mut String, record: &'static Record, done: &mut Vec<&'static str>) {
    if done.contains(&record.name) {
        return;
    }
    done.push(record.name);
    out.push_str(&format!("\n## {}\n\n", title(record)));
    out.push_str("| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
    for key in record.keys() {
        out.push_str(&row(&key));
    }
    if record.has_anchors() {
        out.push_str(&format!(
            "| `{ANCHORS}...` | anything |  | {ANCHORS_DOC} |\n"
        ));
    }
    out.push_str("\n```yaml\n");
    for (number, key) in record.keys().enumerate() {
        // With only one key allowed, the example shows the others as comments.
        let alternative = number > 0 && record.key_rule == KeyRule::OneSource;
        out.push_str(&format!(
            "{}{}: {}\n",
            if alternative { "# or " } else { "" },
            key.name,
            key.example
        ));
    }
    out.push_str("```\n");
    for key in record.keys() {
        if let Some(inner) = inner(key.form) {
            section(out, inner, done);
        }
    }
}

fn title(record: &Record) -> String {
    words::capital(record.name)
}

fn row(key: &Key) -> String {
    let mut value = value(key.form);
    if key.nullable {
        value.push_str(", or `null`");
    }
    let default = match (key.required, key.default) {
        (true, _) => "required".to_owned(),
        (false, Some(default)) => format!("`{default}`"),
        (false, None) => String::new(),
    };
    format!("| `{}` | {value} | {default} | {} |\n", key.name, key.doc)
}

/// The accepted values, in words.
fn value(form: Form) -> String {
    match form {
        Form::Version => "`1`".to_owned(),
        Form::Number(0, most) | Form::Attribute(Shape::Number(0, most)) => {
            format!("a whole number up to {most}")
        }
        Form::Number(least, most) | Form::Attribute(Shape::Number(least, most)) => {
            format!("a whole number from {least} to {most}")
        }
        Form::Text(TextForm::Name(name)) => names::rule(name).to_owned(),
        Form::Text(TextForm::Url) => "a URL".to_owned(),
        Form::Text(TextForm::Pattern) => "a pattern".to_owned(),
        Form::Text(TextForm::Consent) => "`CLASS` or `CLASS=N`".to_owned(),
        Form::Text(TextForm::Date) => "a date, `YYYY-MM-DD`".to_owned(),
        Form::Text(TextForm::Age) => "a number and a unit: `m`, `h` or `d`".to_owned(),
        Form::Text(TextForm::Path) => "a path".to_owned(),
        Form::Text(TextForm::Words) => "a string, not empty".to_owned(),
        Form::Text(TextForm::Lint) => "the code of a lint".to_owned(),
        Form::OneOf(values) | Form::Attribute(Shape::OneOf(values)) => values
            .iter()
            .map(|value| format!("`{value}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Form::List(item) => format!("a list: {}", self::value(*item)),
        Form::Record(record) | Form::Single(record, None) => link(record),
        Form::Single(record, Some(word)) => format!("{}, or `{word}`", link(record)),
        Form::Dictionary(name, record) => {
            format!("{} by name ({})", link(record), names::rule(name))
        }
        Form::Attribute(Shape::Bool) => "`true` or `false`".to_owned(),
        Form::Attribute(Shape::WebAddress) => "a URL, `https://` or `http://`".to_owned(),
        Form::Attribute(Shape::Deadline) => {
            "a day `YYYY-MM-DD`, an instant, or `forever`".to_owned()
        }
        Form::Attribute(Shape::Uuid) => "a UUID, or an empty string".to_owned(),
        Form::Attribute(Shape::Records { keys, .. }) => {
            let keyed: Vec<String> = keys
                .iter()
                .map(|key| format!("`{{ {key}: TEXT }}`"))
                .collect();
            format!("a list in any order: a string, or {}", keyed.join(" or "))
        }
        Form::Attribute(Shape::Text(most)) => format!("a string of at most {most} characters"),
    }
}

fn link(record: &Record) -> String {
    format!("[{}](#{})", record.name, record.name.replace(' ', "-"))
}

fn inner(form: Form) -> Option<&'static Record> {
    match form {
        Form::List(item) => inner(*item),
        Form::Record(record) | Form::Single(record, _) | Form::Dictionary(_, record) => {
            Some(record)
        }
        _ => None,
    }
}
