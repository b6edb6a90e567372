//! The documents of a chart before they are text: keys, values, and what stands together.
//!
//! Does not decide how a value is quoted or where a line breaks: `render` does.

use serde_json::Value;

/// The value of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// The key alone.
    Nothing,
    /// A boolean, a number, a text or `null`.
    Scalar(Value),
    /// On one line, if it fits.
    List(Vec<Node>),
    /// On one line, if it fits.
    Fields(Vec<(String, Node)>),
    /// Each on a line of its own, or on several. Groups stand apart.
    Entries(Vec<Vec<(String, Node)>>),
}

impl Node {
    /// Plain JSON as a node.
    pub(super) fn of(value: &Value) -> Node {
        match value {
            Value::Array(items) => Node::List(items.iter().map(Node::of).collect()),
            Value::Object(fields) => Node::Fields(
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), Node::of(value)))
                    .collect(),
            ),
            scalar => Node::Scalar(scalar.clone()),
        }
    }

    /// Entries in one group.
    pub(crate) fn lines(entries: Vec<(String, Node)>) -> Node {
        Node::Entries(vec![entries])
    }

    /// About the length of its text on one line.
    pub(super) fn length(&self) -> usize {
        match self {
            Node::Nothing => 0,
            Node::Scalar(Value::String(text)) => {
                let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
                let quotes = if !text.is_empty() && text.bytes().all(is_word) {
                    0
                } else {
                    2
                };
                text.len() + quotes
            }
            Node::Scalar(value) => value.to_string().len(),
            Node::List(items) => items.iter().map(|item| item.length() + 2).sum::<usize>() + 2,
            Node::Fields(fields) => fields
                .iter()
                .map(|(key, node)| field_length(key, node))
                .sum::<usize>()
                .max(2),
            Node::Entries(groups) => groups
                .iter()
                .flatten()
                .map(|(key, node)| field_length(key, node))
                .sum(),
        }
    }
}

/// About the length of a key and its value among others on one line.
pub(super) fn field_length(key: &str, node: &Node) -> usize {
    key.len() + ": ".len() + node.length() + ", ".len()
}
