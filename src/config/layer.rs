//! One layer of inheritance: the values of an entry, or of a `defaults`.

use super::tree::Node;
use crate::kind::{COUNT, Kind, REGISTRY};

/// A larger section has unknown keys, which were reported. It is ignored, because each entry that
/// inherits it would search all of its keys.
const MOST_KEYS: usize = 64;

/// Whether the node is a mapping that is small enough for a section.
pub(super) fn is_section(node: &Node<'_>) -> bool {
    node.as_mapping()
        .is_some_and(|entries| entries.len() <= MOST_KEYS)
}

/// The section for each kind, by the kind's rank.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layer<'n, 's> {
    sections: [Option<&'n Node<'s>>; COUNT],
}

impl<'n, 's> Layer<'n, 's> {
    /// The layer of a `defaults` mapping, which has a section for each kind that can inherit.
    pub fn of(defaults: Option<&'n Node<'s>>) -> Layer<'n, 's> {
        let Some(defaults) = defaults else {
            return Layer::default();
        };
        let mut layer = Layer::default();
        for (section, kind) in layer.sections.iter_mut().zip(REGISTRY) {
            *section = kind.place.defaults.and_then(|key| defaults.get(key.name));
        }
        layer
    }

    /// The layer of one entry, which has values for its own kind only.
    pub fn entry(kind: &Kind, node: &'n Node<'s>) -> Layer<'n, 's> {
        let mut layer = Layer::default();
        layer.sections[kind.rank()] = Some(node);
        layer
    }

    pub(super) fn section(&self, kind: &Kind) -> Option<&'n Node<'s>> {
        self.sections[kind.rank()].filter(|node| is_section(node))
    }
}
