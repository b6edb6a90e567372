//! Writes documents as YAML the way a person does: short entries on one line, long ones on several,
//! and no quotes where none are needed.

use serde_json::Value;

use super::yaml::is_ambiguous;
use crate::{
    config::variables::literal,
    export::tree::Node,
    text::{is_plain, quoted},
};

/// The longest line for an entry that could also stand on several.
const COLUMNS: usize = 100;

const STEP: usize = 2;

/// The text of a document.
pub(super) fn document(root: &Node) -> String {
    let mut out = String::new();
    if let Node::Entries(groups) = root {
        entries(groups, 0, &mut out);
    }
    out
}

fn entries(groups: &[Vec<(String, Node)>], indent: usize, out: &mut String) {
    for (at, group) in groups.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        for (key, node) in group {
            field(&" ".repeat(indent), key, node, indent, out);
        }
    }
}

/// A key with its value. `start`: what stands before the key on its line.
fn field(start: &str, key: &str, node: &Node, indent: usize, out: &mut String) {
    let key = in_flow(key);
    let line = format!("{start}{key}:");
    let one = match node {
        Node::Nothing => Some(line.clone()),
        Node::Scalar(value) => Some(format!("{line} {}", scalar(value, indent + STEP))),
        Node::Entries(_) => None,
        Node::List(_) | Node::Fields(_) => flow(node)
            .map(|text| format!("{line} {text}"))
            .filter(|line| line.chars().count() <= COLUMNS),
    };
    if let Some(line) = one {
        out.push_str(&line);
        out.push('\n');
        return;
    }
    out.push_str(&line);
    out.push('\n');
    let indent = indent + STEP;
    match node {
        Node::Entries(groups) => entries(groups, indent, out),
        Node::Fields(fields) => {
            for (key, node) in fields {
                field(&" ".repeat(indent), key, node, indent, out);
            }
        }
        Node::List(items) => items.iter().for_each(|it| item(it, indent, out)),
        Node::Nothing | Node::Scalar(_) => {}
    }
}

/// An item of a list on lines of its own.
fn item(node: &Node, indent: usize, out: &mut String) {
    let start = format!("{}- ", " ".repeat(indent));
    let one = flow(node).filter(|text| start.len() + text.chars().count() <= COLUMNS);
    match (one, node) {
        (None, Node::Fields(fields)) => {
            let below = " ".repeat(indent + STEP);
            for (at, (key, node)) in fields.iter().enumerate() {
                let start = if at == 0 { &start } else { &below };
                field(start, key, node, indent + STEP, out);
            }
        }
        (_, Node::Scalar(Value::String(text))) => {
            out.push_str(&format!("{start}{}\n", in_flow(text)));
        }
        (one, _) => {
            let text = one.or_else(|| flow(node)).unwrap_or_default();
            out.push_str(&format!("{start}{text}\n"));
        }
    }
}

/// A node on one line, if a person would write it so.
fn flow(node: &Node) -> Option<String> {
    match node {
        Node::Nothing | Node::Entries(_) => None,
        Node::Scalar(Value::String(text)) => {
            // Whole lines are easier to read as lines.
            (block(text, STEP).is_none()).then(|| in_flow(text))
        }
        Node::Scalar(value) => Some(value.to_string()),
        Node::List(items) if items.is_empty() => Some("[]".to_owned()),
        Node::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(flow).collect();
            Some(format!("[ {} ]", items?.join(", ")))
        }
        Node::Fields(fields) if fields.is_empty() => Some("{}".to_owned()),
        Node::Fields(fields) => {
            let field =
                |(key, node): &(String, Node)| Some(format!("{}: {}", in_flow(key), flow(node)?));
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            Some(format!("{{ {} }}", fields?.join(", ")))
        }
    }
}

/// A scalar behind its key, where it has the rest of the line to itself.
fn scalar(value: &Value, indent: usize) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let text = literal(text);
    if let Some(block) = block(&text, indent) {
        return block;
    }
    if is_bare(&text) || is_sentence(&text) {
        text
    } else {
        in_quotes(&text)
    }
}

/// A text between others on one line.
fn in_flow(text: &str) -> String {
    let text = literal(text);
    if is_bare(&text) {
        text
    } else {
        in_quotes(&text)
    }
}

/// The text as a block of lines, if it has several and no other form is safer.
fn block(text: &str, indent: usize) -> Option<String> {
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    let is_fit = |line: &str| !line.ends_with([' ', '\t']) && !line.contains('\t');
    let begins = body.starts_with(|first: char| first.is_whitespace());
    let is_block = body.contains('\n')
        && ends < 2
        && !begins
        && is_plain(text)
        && !text.contains('\r')
        && body.split('\n').all(is_fit);
    is_block.then(|| {
        let mark = if ends == 0 { "|-" } else { "|" };
        let margin = " ".repeat(indent);
        let lines = body.split('\n').map(|line| match line {
            "" => String::new(),
            line => format!("\n{margin}{line}"),
        });
        let lines: Vec<String> = lines.collect();
        let lines: String = lines
            .iter()
            .map(|line| if line.is_empty() { "\n" } else { line.as_str() })
            .collect();
        format!("{mark}{lines}")
    })
}

/// Whether every reader reads the unquoted word as this text, wherever it stands.
fn is_bare(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    let begins = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    begins && text.bytes().all(is_part) && !is_ambiguous(text)
}

/// The same for words with blanks between them, behind a key.
fn is_sentence(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_alphabetic());
    begins
        && !text.ends_with([' ', ':'])
        && !text.contains(['\n', '\t', '\r', '\u{85}'])
        && !text.contains(": ")
        && !text.contains(" #")
        && is_plain(text)
        && !is_ambiguous(text)
}

/// In double quotes, which a text with double quotes only gets if single ones are not enough.
fn in_quotes(text: &str) -> String {
    let is_single = text.contains(['"', '\\'])
        && !text.contains('\'')
        && is_plain(text)
        && !text.contains(['\n', '\t']);
    if is_single {
        format!("'{text}'")
    } else {
        quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Node {
        Node::Scalar(value.into())
    }

    fn fields(fields: &[(&str, Node)]) -> Vec<(String, Node)> {
        let field = |(key, node): &(&str, Node)| ((*key).to_owned(), node.clone());
        fields.iter().map(field).collect()
    }

    #[test]
    fn short_entries_stand_on_one_line() {
        let long = "x".repeat(80);
        let entries = vec![
            fields(&[
                ("web/front", Node::Nothing),
                (
                    "on",
                    Node::Fields(fields(&[("a", text("b c")), ("d", text(""))])),
                ),
                ("none", Node::Fields(Vec::new())),
            ]),
            fields(&[(
                "long",
                Node::Fields(fields(&[
                    ("text", text(&format!("a {long}"))),
                    (
                        "list",
                        Node::List(vec![Node::Fields(fields(&[("k", text("v"))]))]),
                    ),
                    ("empty", Node::List(Vec::new())),
                    ("lines", text("one\n\n two: #\n")),
                    ("last", text("a\nb")),
                    ("colon", text("a: b")),
                ])),
            )]),
        ];
        let root = Node::Entries(vec![fields(&[("top", Node::Entries(entries))])]);
        insta::assert_snapshot!(document(&root), @r#"
        top:
          web/front:
          "on": { a: "b c", d: "" }
          none: {}

          long:
            text: a xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
            list: [ { k: v } ]
            empty: []
            lines: |
              one

               two: #
            last: |-
              a
              b
            colon: "a: b"
        "#);
    }

    #[test]
    fn each_text_is_read_back() {
        for value in [
            "",
            " ",
            "a",
            "no",
            "1e3",
            "a b",
            "a: b",
            "a #b",
            "a:",
            "- a",
            "? a",
            "[a",
            "{a",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "|",
            ">",
            "'",
            "\"",
            "a'b\"c",
            "a\\b",
            "é a",
            "a\nb",
            "a\nb\n",
            "a\n\n\nb",
            "a\nb\n\n",
            " a\nb",
            "a \nb",
            "a\tb\nc",
            "a\r\nb",
            "a\u{85}b",
            "a\u{2028}b",
            "::add-mask::a\nb",
            "${env:HOME}",
            "a\n#b\n",
            "a\n---\nb",
            "a\n  b\nc",
            "\n",
            "\na",
            "null",
            "~",
            "2026-12-31",
            "12:30",
            "a, b",
            "true b",
            "---",
            "...",
            "--- a",
            "\u{feff}a",
            "=",
            "<<",
            "x: [",
            "a\n\u{a0}b",
        ] {
            let inner = fields(&[("k", text(value)), ("z", Node::List(vec![text(value)]))]);
            let root = Node::Entries(vec![fields(&[
                ("a", text(value)),
                ("f", Node::Fields(inner.clone())),
                ("e", Node::lines(inner)),
                (
                    "l",
                    Node::List(vec![Node::Fields(fields(&[("k", text(value))]))]),
                ),
            ])]);
            let written = document(&root);
            let read: Value = serde_yaml::from_str(&written).unwrap_or_else(|error| {
                panic!("{error}: {written}");
            });
            let expected = Value::from(literal(value));
            for place in ["/a", "/f/k", "/f/z/0", "/e/k", "/e/z/0", "/l/0/k"] {
                assert_eq!(read.pointer(place), Some(&expected), "{place}: {written}");
            }
        }
    }
}
