//! The YAML tree of a chart, with the place of every key and value.
//!
//! [`parse`] reads one file and collects its YAML errors; it does not know the chart language.
//! Anchors are resolved and merge keys expanded, so the tree contains neither. For every input
//! there is no panic, and time and memory stay within fixed limits.

mod budget;
mod build;
mod comment;
mod merge;
mod scalar;
mod syntax;
#[cfg(test)]
mod tests;
pub mod written;

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::diagnostics::{Diagnostics, FileId, Span};

pub use self::{
    comment::{Comment, comments},
    scalar::Resolved,
};

/// The largest file: more than three times the text of 100,000 repositories.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// Values and keys in one file. A tree of small values takes far more memory than its text.
const MAX_NODES: usize = 4_000_000;
/// Levels of nested collections, aliases expanded. Code that walks the tree relies on it to
/// recurse.
const MAX_DEPTH: usize = 64;
/// Values that aliases may add.
const MAX_ALIASED_NODES: u64 = 4_000_000;
/// Bytes of text that aliases may add.
const MAX_ALIASED_BYTES: u64 = 64 << 20;
/// After this many errors, the rest of a file is not read.
const MAX_ERRORS: usize = 1000;

/// A value and its place. The place of an alias is the alias; that of the values inside it is the
/// anchor's value.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'s> {
    pub span: Span,
    pub value: NodeValue<'s>,
}

/// A value. Cloning is cheap: collections and decoded texts are shared.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue<'s> {
    Scalar(Scalar<'s>),
    Sequence(Arc<[Node<'s>]>),
    /// In the order of the file, merged keys last. No key appears twice.
    Mapping(Arc<[Entry<'s>]>),
}

pub type Entry<'s> = (Key<'s>, Node<'s>);

#[derive(Debug, Clone, PartialEq)]
pub struct Scalar<'s> {
    pub text: Text<'s>,
    pub style: Style,
}

/// How a scalar is written. Only plain scalars can have another type than string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    Block,
}

/// A key. Keys are strings: `1` and `"1"` are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Key<'s> {
    pub text: Text<'s>,
    pub span: Span,
}

/// Text borrowed from the file if it appears there verbatim, else shared.
#[derive(Debug, Clone)]
pub enum Text<'s> {
    Borrowed(&'s str),
    Decoded(Arc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Decoded(text) => text,
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        // By content: `a` and `"\x61"` are the same key, although only one is borrowed.
        **self == **other
    }
}

impl<'s> Node<'s> {
    /// The value by the rules of the YAML 1.2 core schema.
    pub fn resolve(&self) -> Resolved<'_, 's> {
        match &self.value {
            NodeValue::Scalar(scalar) => scalar.resolve(),
            NodeValue::Sequence(items) => Resolved::List(items),
            NodeValue::Mapping(entries) => Resolved::Mapping(entries),
        }
    }

    /// The name of the type with its article, for messages.
    pub(crate) fn kind_name(&self) -> &'static str {
        self.resolve().kind_name()
    }

    pub fn as_str(&self) -> Option<&str> {
        match self.resolve() {
            Resolved::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node<'s>]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) fn as_mapping(&self) -> Option<&[Entry<'s>]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// An identity of the collection, if aliases can lead to it more than once.
    pub(super) fn shared(&self) -> Option<usize> {
        // With one owner it can be reached only once. So the sets of checked collections hold
        // nothing for a chart without anchors.
        match &self.value {
            NodeValue::Sequence(items) if Arc::strong_count(items) > 1 => {
                Some(items.as_ptr().addr())
            }
            NodeValue::Mapping(entries) if Arc::strong_count(entries) > 1 => {
                Some(entries.as_ptr().addr())
            }
            _ => None,
        }
    }

    /// The value of a key, by linear search.
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry<'s>> {
        self.as_mapping()?
            .iter()
            .find(|(name, _)| &*name.text == key)
    }

    /// The value without its places. Shared parts are copied.
    #[cfg(test)]
    pub(crate) fn to_value(&self) -> serde_yaml::Value {
        use serde_yaml::Value;
        match self.resolve() {
            Resolved::Null => Value::Null,
            Resolved::Bool(value) => Value::Bool(value),
            Resolved::Number(value) => Value::Number(value),
            Resolved::String(text) => Value::String(text.to_owned()),
            Resolved::List(items) => items.iter().map(Node::to_value).collect(),
            Resolved::Mapping(entries) => {
                let pair = |(key, node): &Entry<'_>| {
                    (Value::String(key.text.to_string()), node.to_value())
                };
                Value::Mapping(entries.iter().map(pair).collect())
            }
        }
    }
}

/// Parses a file into the roots of its documents. Skips empty documents, documents with syntax
/// errors, and single values with other errors.
pub fn parse<'s>(file: FileId, text: &'s [u8], diagnostics: &mut Diagnostics) -> Vec<Node<'s>> {
    match syntax::text(file, text, diagnostics) {
        Some((text, offset)) => build::build(file, text, offset, MAX_NODES, diagnostics),
        None => Vec::new(),
    }
}

/// A text of the chart, shortened for a message: it may be as long as the file.
fn short(text: &str) -> Cow<'_, str> {
    cut(text, 60)
}

/// The same for a name.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    // Valid names have up to 128 characters.
    cut(text, 200)
}

fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
