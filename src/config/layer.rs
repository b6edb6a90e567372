//! One layer of what an entry inherits: what an entry or a `defaults` says of the kinds.

use super::tree::Node;
use crate::kind::{COUNT, Kind, REGISTRY};

/// A section with more keys has unknown ones, which were reported. Each heir would look at all of
/// them.
const MOST_KEYS: usize = 64;

/// Whether a mapping is small enough to be one.
pub(super) fn is_section(node: &Node<'_>) -> bool {
    node.as_mapping()
        .is_some_and(|entries| entries.len() <= MOST_KEYS)
}

/// One layer: what an entry or a `defaults` says of the kinds, by rank.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layer<'n, 's> {
    sections: [Option<&'n Node<'s>>; COUNT],
}

impl<'n, 's> Layer<'n, 's> {
    /// Of a `defaults` mapping, with a section for each kind that can inherit.
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

    /// Of an entry of that kind, which says nothing of others in general.
    pub fn entry(kind: &Kind, node: &'n Node<'s>) -> Layer<'n, 's> {
        let mut layer = Layer::default();
        layer.sections[kind.rank()] = Some(node);
        layer
    }

    pub(super) fn section(&self, kind: &Kind) -> Option<&'n Node<'s>> {
        self.sections[kind.rank()].filter(|node| is_section(node))
    }
}
