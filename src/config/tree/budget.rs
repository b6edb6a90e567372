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
        Self { nodes: 1, bytes: text.len() as u64, height: 0 }
    }

    /// An empty one.
    pub(super) fn collection() -> Self {
        Self { nodes: 1, bytes: 0, height: 1 }
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
        self.exhausted |= self.spent.nodes > MAX_ALIASED_NODES || self.spent.bytes > MAX_ALIASED_BYTES;
        !self.exhausted
    }

    pub(super) fn exhausted(&self) -> bool {
        self.exhausted
    }
}
