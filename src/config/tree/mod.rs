//! The text of a chart as a tree in which every key and value knows its place.
//!
//! [`parse`] reads one file and collects all that is wrong with it as YAML; what a chart may
//! contain is no concern of this module. Anchors are resolved and merge keys expanded, so readers
//! of the tree meet neither. Whatever the input: no panic, and time and memory within fixed limits.

mod budget;
mod build;
mod comment;
mod merge;
mod scalar;
mod syntax;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::diagnostics::{Diagnostics, FileId, Span};

pub use self::{
    comment::{Comment, comments},
    scalar::Resolved,
};

/// Larger files are refused: more than three times the text of 100,000 repositories.
pub(super) const MAX_BYTES: usize = 64 << 20;
/// Values and keys in one file: a tree takes more memory than its text, most of all one of tiny
/// items.
const MAX_NODES: usize = 4_000_000;
/// Collections inside each other, aliases followed; readers of the tree may therefore recurse.
const MAX_DEPTH: usize = 64;
/// Values that aliases may add to those that are written.
const MAX_ALIASED_NODES: u64 = 4_000_000;
/// Text that aliases may add.
const MAX_ALIASED_BYTES: u64 = 64 << 20;
/// Errors reported for one file; the rest of it is not read.
const MAX_ERRORS: usize = 1000;

/// A value and where it stands. An alias stands where it is written; what is inside of it, where
/// the anchor is.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<'s> {
    pub span: Span,
    pub value: NodeValue<'s>,
}

/// What stands there. Cloning is cheap: collections and decoded texts are shared.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeValue<'s> {
    Scalar(Scalar<'s>),
    Sequence(Arc<[Node<'s>]>),
    /// In the order of the file, keys that were merged in last; no key is there twice.
    Mapping(Arc<[Entry<'s>]>),
}

pub type Entry<'s> = (Key<'s>, Node<'s>);

#[derive(Debug, Clone, PartialEq)]
pub struct Scalar<'s> {
    pub text: Text<'s>,
    pub style: Style,
}

/// How a scalar is written. Only a plain one can be anything but a string.
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

/// Text borrowed from the file where the file has it verbatim, else shared by all who refer to it.
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

    /// What to call it in a message, with its article.
    pub fn kind_name(&self) -> &'static str {
        self.resolve().kind_name()
    }

    pub fn as_str(&self) -> Option<&str> {
        match self.resolve() {
            Resolved::String(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Node<'s>]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_mapping(&self) -> Option<&[Entry<'s>]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// What tells a collection from all others, if aliases lead to it or to something around it.
    pub(super) fn shared(&self) -> Option<usize> {
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

    /// The value under a key; looks at one key after the other.
    pub fn get(&self, key: &str) -> Option<&Node<'s>> {
        self.entry(key).map(|(_, node)| node)
    }

    /// The key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry<'s>> {
        self.as_mapping()?
            .iter()
            .find(|(name, _)| &*name.text == key)
    }

    /// The value without its places, for typed decoding. Shared parts are copied.
    pub fn to_value(&self) -> serde_yaml::Value {
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

/// Reads a file into the roots of its documents. Empty documents are left out, and so is what
/// could not be read: a broken document, or a single value whose error is reported.
pub fn parse<'s>(file: FileId, text: &'s [u8], diagnostics: &mut Diagnostics) -> Vec<Node<'s>> {
    match syntax::text(file, text, diagnostics) {
        Some((text, offset)) => build::build(file, text, offset, MAX_NODES, diagnostics),
        None => Vec::new(),
    }
}

/// A word of the user's for a message; a whole chart may be one word.
fn short(text: &str) -> Cow<'_, str> {
    cut(text, 60)
}

/// The same where a name is expected, which may have 128 characters.
pub(super) fn name(text: &str) -> Cow<'_, str> {
    cut(text, 200)
}

fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}
