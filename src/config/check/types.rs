//! Checks types and numbers, with hints for values of a wrong type.

use indexmap::IndexSet;

use crate::{
    config::{
        grammar::VERSION,
        tree::{Node, NodeValue, Resolved},
        variables::OPEN,
    },
    diagnostics::{Diagnostic, Diagnostics},
    kind::REGISTRY,
};

pub(super) fn wrong_type(node: &Node<'_>, expected: &str) -> Diagnostic {
    let found = node.kind_name();
    let diagnostic = Diagnostic::error("wrong-type", format!("expected {expected}, found {found}"))
        .at(node.span);
    match (expected, node.resolve()) {
        ("a string", Resolved::Number(number)) => {
            diagnostic.hint(quotes_around(node, &number.to_string()))
        }
        ("a string", Resolved::Bool(_)) => diagnostic.hint("put it in quotes"),
        ("`true` or `false`", Resolved::String(text)) => match meant_by(text) {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        },
        ("a mapping", Resolved::Null) => diagnostic.hint("write `{}` for an empty one"),
        ("a list", Resolved::Null) => diagnostic.hint("write `[]` for an empty one"),
        (_, Resolved::Null) => diagnostic.hint(format!(
            "write a value, or leave the key out: only {} can be `null`",
            nullable()
        )),
        ("a list", Resolved::String(_) | Resolved::Mapping(_)) => {
            diagnostic.hint("write each item of a list after `- `, or inside `[ ]`")
        }
        _ => diagnostic,
    }
}

/// The keys of entries that can be `null`.
pub(super) fn nullable() -> String {
    let keys = REGISTRY
        .iter()
        .map(|kind| kind.place.key)
        .filter(|key| key.nullable);
    let keys: IndexSet<String> = keys.map(|key| format!("`{}`", key.name)).collect();
    let mut words: Vec<String> = ["attributes".to_owned()].into_iter().chain(keys).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        last
    } else {
        format!("{} and {last}", words.join(", "))
    }
}

/// The error for another value than a list.
pub(super) fn no_list(node: &Node<'_>, key: &str, example: &str) -> Diagnostic {
    let problem = wrong_type(node, "a list");
    let is_item = matches!(node.resolve(), Resolved::String(_) | Resolved::Mapping(_));
    if is_item {
        problem.hint(format!("`{key}` is a list, such as `{example}`"))
    } else {
        problem
    }
}

/// The hint to quote a number. Gives its value if YAML reads it differently from what is written:
/// `0755` is 755, and `1.10` is 1.1.
pub(super) fn quotes_around(node: &Node<'_>, number: &str) -> String {
    let is_as_written = matches!(&node.value, NodeValue::Scalar(scalar) if *scalar.text == *number);
    let value = if is_as_written {
        String::new()
    } else {
        format!(": without them it is the number {number}")
    };
    format!("put it in quotes{value}")
}

/// The hint for a text in place of a boolean.
pub(super) fn meant_by(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => "write `true`",
        "no" | "off" | "n" => "write `false`",
        "true" | "false" => "leave the quotes out",
        _ if text.contains(OPEN) => "a variable can only replace a string",
        _ => return None,
    })
}

pub(super) fn version(node: &Node<'_>, found: &mut Diagnostics) {
    match node.resolve() {
        Resolved::Number(number) if number.as_u64() == Some(VERSION) => {}
        Resolved::Number(number) => found.push(
            Diagnostic::error(
                "unknown-version",
                format!("version {number} of the chart language is not supported"),
            )
            .at(node.span)
            .hint(format!("this portolan supports `version: {VERSION}`")),
        ),
        _ => {
            let problem = wrong_type(node, &format!("the number {VERSION}"));
            found.push(problem.hint(format!("write `version: {VERSION}`")));
        }
    }
}

pub(super) fn number(node: &Node<'_>, least: u64, most: u64, found: &mut Diagnostics) {
    let expected = format!("a whole number from {least} to {most}");
    match node.resolve() {
        Resolved::Number(number)
            if number
                .as_u64()
                .is_some_and(|number| (least..=most).contains(&number)) => {}
        Resolved::Number(number) => {
            let problem = format!("expected {expected}, found {number}");
            let out_of_range = Diagnostic::error("wrong-type", problem).at(node.span);
            found.push(out_of_range.hint("choose a number of this range"));
        }
        // A quoted number is a string in YAML.
        Resolved::String(text) if text.parse::<u64>().is_ok() => {
            found.push(wrong_type(node, &expected).hint("leave the quotes out"));
        }
        _ => found.push(wrong_type(node, &expected)),
    }
}
