//! How large a tree may become through aliases.
//!
//! Aliases share what they refer to, so a small file can stand for a tree that nobody could walk.
//! What counts is therefore the size as readers see it.

use super::{MAX_ALIASED_BYTES, MAX_ALIASED_NODES};

/// The size of a node with all that is in it, aliases followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Size {
    /// Values and keys.
    pub(super) nodes: u64,
    /// Text of values and keys.
    pub(super) bytes: u64,
    /// Collections inside each other, this one included.
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

    /// An empty one.
    pub(super) fn collection() -> Self {
        Self {
            nodes: 1,
            bytes: 0,
            height: 1,
        }
    }

    /// Takes another node, key or value, into this collection.
    pub(super) fn add(&mut self, inner: Self) {
        self.nodes = self.nodes.saturating_add(inner.nodes);
        self.bytes = self.bytes.saturating_add(inner.bytes);
        self.height = self.height.max(inner.height + 1);
    }
}

/// What the aliases of a file have added so far.
#[derive(Debug, Default)]
pub(super) struct Budget {
    spent: Size,
    exhausted: bool,
}

impl Budget {
    /// Whether it was still granted. After a refusal nothing is.
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
    fn all_that_is_allowed_may_be_spent_and_no_more() {
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
    fn a_collection_counts_itself_and_what_is_in_it() {
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
