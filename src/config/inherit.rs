//! Inheritance, attribute by attribute: the entry, its organization's defaults, its document's, else unmanaged.
//!
//! `null` at any layer ends the search: the attribute is not managed here.

use serde_json::Value;

use super::{
    decode::Context,
    tree::{Node, Resolved},
};
use crate::{
    kind::{Attribute, Shape},
    state::Attributes,
};

/// A section with more keys has unknown ones, which were reported. Each heir would look at all of them.
const MOST_KEYS: usize = 64;

/// Whether a mapping is small enough to be one.
pub(super) fn is_section(node: &Node<'_>) -> bool {
    node.as_mapping().is_some_and(|entries| entries.len() <= MOST_KEYS)
}

/// One layer: what an entry or a `defaults` says of repositories and of rules.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layer<'n, 's> {
    repository: Option<&'n Node<'s>>,
    sync_rule: Option<&'n Node<'s>>,
}

impl<'n, 's> Layer<'n, 's> {
    /// Of a `defaults` mapping.
    pub fn of(defaults: Option<&'n Node<'s>>) -> Layer<'n, 's> {
        let get = |name| defaults.and_then(|node| node.get(name));
        Layer { repository: get("repository"), sync_rule: get("sync_rule") }
    }

    /// Of a repository's own entry, which says nothing of rules in general.
    pub fn entry(node: &'n Node<'s>) -> Layer<'n, 's> {
        Layer { repository: Some(node), sync_rule: None }
    }

    /// Of one rule.
    pub fn rule(node: &'n Node<'s>) -> Layer<'n, 's> {
        Layer { repository: None, sync_rule: Some(node) }
    }

    fn section(&self, section: &str) -> Option<&'n Node<'s>> {
        let node = if section == "repository" { self.repository } else { self.sync_rule };
        node.filter(|node| is_section(node))
    }
}

/// The layers of one repository, the strongest first.
#[derive(Debug)]
pub struct Inherited<'n, 's> {
    pub layers: [Layer<'n, 's>; 3],
}

impl<'n, 's> Inherited<'n, 's> {
    /// The node that decides a key of a section, `null` included.
    pub fn find(&self, section: &str, name: &str) -> Option<&'n Node<'s>> {
        find(&self.layers, section, name)
    }

    /// The managed attributes of a section, in the kind's order.
    pub fn attributes(&self, attributes: &[Attribute], section: &str, context: Context<'_>) -> Attributes {
        resolve(&self.layers, attributes, section, context)
    }

    /// How much text is written for the attributes of a section, also where it comes to no value.
    pub fn text(&self, attributes: &[Attribute], section: &str) -> usize {
        let decided = attributes.iter().filter_map(|attribute| self.find(section, attribute.name));
        decided.filter_map(Node::as_str).map(str::len).sum()
    }
}

/// The node that decides a key of a section, `null` included.
pub fn find<'n, 's>(layers: &[Layer<'n, 's>], section: &str, name: &str) -> Option<&'n Node<'s>> {
    layers.iter().find_map(|layer| layer.section(section)?.get(name))
}

/// The managed attributes that the layers come to.
pub fn resolve(layers: &[Layer<'_, '_>], attributes: &[Attribute], section: &str, context: Context<'_>) -> Attributes {
    let mut resolved = Attributes::new();
    for attribute in attributes {
        let decided = find(layers, section, attribute.name);
        if let Some(value) = decided.and_then(|node| value(attribute.shape, node, context)) {
            resolved.insert(attribute.name, value);
        }
    }
    resolved
}

/// The value of a node, if it has the shape.
pub(super) fn value(shape: Shape, node: &Node<'_>, context: Context<'_>) -> Option<Value> {
    let value = match (shape, node.resolve()) {
        (Shape::Bool, Resolved::Bool(value)) => Value::Bool(value),
        (Shape::Text(_) | Shape::OneOf(_) | Shape::WebAddress | Shape::Uuid, Resolved::String(_)) => {
            Value::String(context.text(node)?)
        }
        _ => return None,
    };
    shape.accepts(&value).then_some(value)
}

#[cfg(test)]
mod tests;
