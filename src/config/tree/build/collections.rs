//! Open lists and mappings, and the nodes that they become when they are closed.

use granit_parser::StructureStyle;

use super::Builder;
use crate::config::tree::budget::Size;
use crate::config::tree::{
    Key, MAX_DEPTH, MAX_ERRORS, Node, NodeValue, Scalar, Style, merge, short, syntax,
};
use crate::diagnostics::{Diagnostic, Span};

/// How many aliased values a merged entry counts as. Unlike aliased values, it is copied.
const COPY: u64 = 4;

/// A collection that is not closed yet.
pub(super) struct Frame<'s> {
    pub(super) start: u32,
    pub(super) anchor: usize,
    pub(super) style: StructureStyle,
    /// False if its tag names another type.
    pub(super) usable: bool,
    pub(super) size: Size,
    /// The index of its first item or entry in the builder's list.
    pub(super) first: usize,
    pub(super) kind: Kind<'s>,
}

pub(super) enum Kind<'s> {
    List,
    Mapping { first_merge: usize, slot: Slot<'s> },
}

/// The role of the next node of a mapping.
pub(super) enum Slot<'s> {
    Key,
    Value(Key<'s>),
    /// The value of a `<<` at that place.
    Merge(Span),
    /// The value of a key with an error.
    Dropped,
}

impl<'s> Builder<'s> {
    pub(super) fn open(
        &mut self,
        span: Span,
        style: StructureStyle,
        anchor: usize,
        usable: bool,
        first: usize,
        kind: Kind<'s>,
    ) {
        if self.frames.len() >= MAX_DEPTH {
            self.report(span, syntax::too_deep());
            self.abandon();
            return;
        }
        let size = Size::collection();
        self.last_end = span.end;
        self.frames.push(Frame {
            start: span.start,
            anchor,
            style,
            usable,
            size,
            first,
            kind,
        });
    }

    pub(super) fn close(&mut self, span: Span) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        // Only flow collections have a closing bracket at their end.
        if frame.style == StructureStyle::Flow {
            self.last_end = span.end;
        }
        let value = match frame.kind {
            Kind::List => NodeValue::Sequence(self.items.drain(frame.first..).collect()),
            Kind::Mapping { first_merge, .. } => {
                // Before the merge: a key that a merged mapping has too is an override, not a
                // duplicate.
                self.drop_duplicates(frame.first);
                self.merge(frame.first, first_merge);
                NodeValue::Mapping(self.entries.drain(frame.first..).collect())
            }
        };
        let span = Span::new(self.file, frame.start, self.last_end);
        self.finish(
            frame.usable.then_some(Node { span, value }),
            frame.size,
            frame.anchor,
        );
    }

    fn drop_duplicates(&mut self, first: usize) {
        let pairs = merge::duplicates(&self.entries[first..]);
        if pairs.is_empty() {
            return;
        }
        // A mapping can have millions of duplicates, and more errors than this are not reported.
        for (earlier, later) in pairs.iter().take(MAX_ERRORS) {
            let (earlier, later) = (
                &self.entries[first + earlier].0,
                &self.entries[first + later].0,
            );
            let (place, error) = (later.span, duplicate(&later.text, earlier.span));
            self.report(place, error);
        }
        // The later entries are in ascending order, so one pass finds them all. Removing each by
        // itself would move the rest of the list every time.
        let mut extra = pairs.iter().map(|(_, later)| first + later).peekable();
        let mut at = 0;
        self.entries.retain(|_| {
            let keep = extra.next_if_eq(&at).is_none();
            at += 1;
            keep
        });
    }

    fn merge(&mut self, first: usize, first_merge: usize) {
        let mut merges = self
            .merges
            .drain(first_merge..)
            .collect::<Vec<_>>()
            .into_iter();
        let Some((place, value)) = merges.next() else {
            return;
        };
        for (again, _) in merges {
            self.report(again, duplicate("<<", place));
        }
        match merge::sources(&value) {
            Ok(sources) => {
                // Paid before the copy: it is what takes the memory.
                let entries: u64 = sources.iter().map(|source| source.len() as u64).sum();
                if self.spend(
                    Size {
                        nodes: COPY * entries,
                        ..Size::default()
                    },
                    value.span,
                ) {
                    let added = merge::added(&self.entries[first..], &sources);
                    self.entries.extend(added);
                }
            }
            Err(other) => {
                let message = format!(
                    "`<<` takes a mapping or a list of mappings, found {}",
                    other.kind_name()
                );
                self.report(other.span, Diagnostic::error("bad-merge", message));
            }
        }
    }

    /// Adds a node to the innermost open collection.
    pub(super) fn place(&mut self, node: Option<Node<'s>>, size: Size) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = node;
            return;
        };
        if node.is_some() {
            frame.size.add(size);
        }
        let Kind::Mapping { slot, .. } = &mut frame.kind else {
            return self.items.extend(node);
        };
        match (std::mem::replace(slot, Slot::Key), node) {
            (Slot::Key, node) => {
                let next = self.key(node);
                if let Some(Frame {
                    kind: Kind::Mapping { slot, .. },
                    ..
                }) = self.frames.last_mut()
                {
                    *slot = next;
                }
            }
            (Slot::Value(key), Some(node)) => self.entries.push((key, node)),
            (Slot::Merge(place), Some(node)) => self.merges.push((place, node)),
            (Slot::Value(_) | Slot::Merge(_) | Slot::Dropped, _) => {}
        }
    }

    fn key(&mut self, node: Option<Node<'s>>) -> Slot<'s> {
        // Without its key a value has no place in the grammar, so it is dropped too.
        let Some(Node { span, value }) = node else {
            return Slot::Dropped;
        };
        match value {
            // In quotes it is an ordinary key.
            NodeValue::Scalar(Scalar {
                text,
                style: Style::Plain,
            }) if &*text == "<<" => Slot::Merge(span),
            NodeValue::Scalar(Scalar { text, style })
                if !text.is_empty() || style != Style::Plain =>
            {
                Slot::Value(Key { text, span })
            }
            NodeValue::Scalar(_) => {
                self.report(
                    span,
                    Diagnostic::error("bad-key", "there is no key before this `:`"),
                );
                Slot::Dropped
            }
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => {
                let error = Diagnostic::error("bad-key", "a list or mapping cannot be a key");
                self.report(span, error.hint("quote a text that starts with `[` or `{`"));
                Slot::Dropped
            }
        }
    }
}

fn duplicate(key: &str, first: Span) -> Diagnostic {
    Diagnostic::error(
        "duplicate-key",
        format!("the key `{}` appears twice", short(key)),
    )
    .related(first, "first defined here")
}
