//! Limits how large a tree may become through aliases.
//!
//! Aliases share the value that they refer to, so a small file can expand to a tree that is too
//! large to walk. The limit is therefore on the expanded size.

use super::{MAX_ALIASED_BYTES, MAX_ALIASED_NODES};

/// The size of a node with everything in it, aliases expanded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Values and keys.
    pub(super) nodes: u64,
    /// The length of the text of values and keys.
    pub(super) bytes: u64,
    /// The levels of nested collections, this one included.
    pub(super) height: usize,
}

impl Size {
    pub(super) fn scalar(text: &str) -> Self {
        Self {
            nodes: 1,
            bytes: text.len() as u64,
            height: 0,
        }
    }

    /// An empty collection.
    pub(super) fn collection() -> Self {
        Self {
            nodes: 1,
            bytes: 0,
            height: 1,
        }
    }

    /// Adds another node, key or value, to this collection.
    pub(super) fn add(&mut self, inner: Self) {
        self.nodes = self.nodes.saturating_add(inner.nodes);
        self.bytes = self.bytes.saturating_add(inner.bytes);
        self.height = self.height.max(inner.height + 1);
    }
}

/// The size that the aliases of a file have added so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: Size,
    exhausted: bool,
}

impl Budget {
    /// Adds the size. Returns whether it is within the limit; after a refusal, nothing is.
    pub(super) fn spend(&mut self, size: Size) -> bool {
        self.spent.add(size);
        self.exhausted |=
            self.spent.nodes > MAX_ALIASED_NODES || self.spent.bytes > MAX_ALIASED_BYTES;
        !self.exhausted
    }

    pub(super) fn exhausted(&self) -> bool {
        self.exhausted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(nodes: u64, bytes: u64) -> Size {
        Size {
            nodes,
            bytes,
            height: 0,
        }
    }

    #[test]
    fn the_limit_itself_is_granted_and_no_more() {
        let mut budget = Budget::default();
        assert!(budget.spend(size(MAX_ALIASED_NODES, MAX_ALIASED_BYTES)));
        assert!(!budget.exhausted());
        assert!(!budget.spend(size(1, 0)) && budget.exhausted());
        assert!(
            !budget.spend(size(0, 0)),
            "after a refusal nothing is granted"
        );
        for much in [
            size(MAX_ALIASED_NODES + 1, 0),
            size(0, MAX_ALIASED_BYTES + 1),
            size(u64::MAX, u64::MAX),
        ] {
            assert!(!Budget::default().spend(much), "{much:?}");
        }
    }

    #[test]
    fn a_collection_counts_itself_and_its_contents() {
        let mut inner = Size::collection();
        inner.add(Size::scalar("key"));
        inner.add(Size::scalar("é"));
        assert_eq!(
            inner,
            Size {
                nodes: 3,
                bytes: 5,
                height: 1
            }
        );
        let mut outer = Size::collection();
        outer.add(inner);
        assert_eq!(
            outer,
            Size {
                nodes: 4,
                bytes: 5,
                height: 2
            }
        );
    }
}
