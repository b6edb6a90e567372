//! Inheritance of attributes: from the entry, the organization's `defaults`, the document's
//! `defaults` and `chart_defaults`, in this order. An attribute in none of them is unmanaged.
//!
//! `null` in any layer ends the search, and the attribute is unmanaged.

use serde_json::Value;

use super::{
    context::Context,
    layer::{Layer, is_section},
    tree::{Entry, Node, Resolved},
};
use crate::{
    kind::{Kind, Shape},
    state::Attributes,
};

/// What a nested value counts for apart from its text.
const VALUE: usize = 64;

/// The layers of one entry, in order of precedence.
#[derive(Debug)]
pub(crate) struct Inherited<'n, 's> {
    pub layers: [Layer<'n, 's>; 4],
}

impl<'n, 's> Inherited<'n, 's> {
    /// The node that provides a key of a kind; may be `null`.
    pub(crate) fn find(&self, kind: &Kind, name: &str) -> Option<&'n Node<'s>> {
        find(&self.layers, kind, name)
    }

    /// The managed attributes of a kind, in its order.
    pub(crate) fn attributes(&self, kind: &Kind, context: Context<'_>) -> Attributes {
        resolve(&self.layers, kind, context)
    }

    /// The length of the texts for the attributes of a kind, including invalid values.
    pub(crate) fn text(&self, kind: &Kind) -> usize {
        let decided = kind
            .in_chart()
            .filter_map(|attribute| self.find(kind, attribute.name));
        decided.map(length).sum()
    }
}

/// The length of all texts in a value, plus a constant for each nested value.
pub(super) fn length(node: &Node<'_>) -> usize {
    let items = node.as_list().into_iter().flatten();
    let fields = node
        .as_mapping()
        .filter(|_| is_section(node))
        .into_iter()
        .flatten()
        .map(|(_, node)| node);
    node.as_str().map_or(0, str::len)
        + items
            .chain(fields)
            .map(|node| VALUE + length(node))
            .sum::<usize>()
}

/// The node that provides a key of a kind; may be `null`.
pub fn find<'n, 's>(layers: &[Layer<'n, 's>], kind: &Kind, name: &str) -> Option<&'n Node<'s>> {
    layers
        .iter()
        // A `null` is found too, and ends the search: it resolves to no value.
        .find_map(|layer| layer.section(kind)?.get(name))
}

/// The managed attributes, resolved from the layers.
pub fn resolve(layers: &[Layer<'_, '_>], kind: &Kind, context: Context<'_>) -> Attributes {
    let mut resolved = Attributes::new();
    for attribute in kind.in_chart() {
        let decided = find(layers, kind, attribute.name);
        if let Some(value) = decided.and_then(|node| value(attribute.shape, node, context)) {
            resolved.insert(attribute.name, value);
        }
    }
    resolved
}

/// The value of a node, or `None` if it does not have the shape.
pub(super) fn value(shape: Shape, node: &Node<'_>, context: Context<'_>) -> Option<Value> {
    let mut value = match (shape, node.resolve()) {
        (Shape::Bool, Resolved::Bool(value)) => Value::Bool(value),
        (
            Shape::Text(_) | Shape::OneOf(_) | Shape::WebAddress | Shape::Uuid | Shape::Deadline,
            Resolved::String(_),
        ) => Value::String(context.text(node)?),
        (Shape::Number(..), Resolved::Number(number)) => Value::from(number.as_u64()?),
        (Shape::Records { .. }, _) => node
            .as_list()?
            .iter()
            .map(|item| record(item, context))
            .collect::<Option<_>>()?,
        _ => return None,
    };
    if !shape.accepts(&value) {
        return None;
    }
    shape.settle(&mut value);
    Some(value)
}

/// A string, or a mapping of keys to strings.
fn record(node: &Node<'_>, context: Context<'_>) -> Option<Value> {
    let Some(entries) = node.as_mapping() else {
        return context.text(node).map(Value::from);
    };
    let field =
        |(key, node): &Entry<'_>| Some((key.text.to_string(), Value::from(context.text(node)?)));
    entries
        .iter()
        .map(field)
        .collect::<Option<serde_json::Map<_, _>>>()
        .map(Value::from)
}

#[cfg(test)]
mod tests;
