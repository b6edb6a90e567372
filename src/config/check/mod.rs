//! Checks a document against the grammar, and collects all errors.
//!
//! Each value is checked by itself. Errors in combinations, such as an unknown target or a
//! duplicate repository, are found by `decode`, which reads the same tree afterwards.

mod anchors;
mod records;
mod secrets;
pub(super) mod slips;
mod texts;
mod types;

use std::{borrow::Cow, cell::RefCell, collections::HashSet};

use super::{
    grammar::Form,
    tree::{self, Node, Resolved},
    variables::Environment,
};
use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    kind::{Shape, is_uuid},
    time::Deadline,
};

pub(super) use self::texts::bad_pattern;
use self::{
    records::{dictionary, record_form, records, single},
    texts::{expanded, free_text, one_of, text_form, web_address},
    types::{number, version, wrong_type},
};

/// Checks a node and everything in it.
pub fn check(node: &Node<'_>, form: Form, environment: Environment<'_>, found: &mut Diagnostics) {
    check_form(
        node,
        form,
        &Pass {
            environment,
            shared: RefCell::default(),
            merged: RefCell::default(),
        },
        found,
    );
}

/// The state of one pass over a document.
pub(super) struct Pass<'e> {
    pub(super) environment: Environment<'e>,
    /// The shared collections that were checked, each with the expected form. An error in one has a
    /// single place in the file, and checking it for each alias could take exponential time.
    shared: RefCell<HashSet<(usize, usize)>>,
    /// The merged entries that were checked, by their place and the expected form.
    merged: RefCell<HashSet<(u32, usize)>>,
}

impl Pass<'_> {
    /// Whether the collection has already been checked against the same form.
    pub(super) fn is_done<T: ?Sized>(&self, node: &Node<'_>, expected: &T) -> bool {
        // The grammar is static, so the address of a form identifies it.
        let place = std::ptr::from_ref(expected).addr();
        node.shared()
            .is_some_and(|collection| !self.shared.borrow_mut().insert((collection, place)))
    }

    /// Whether `<<` copied the entry here, and it has already been checked against the same form.
    pub(super) fn is_merged_again<T: ?Sized>(
        &self,
        node: &Node<'_>,
        key: &tree::Key<'_>,
        expected: &T,
    ) -> bool {
        // A merged entry keeps the place of its source, which is outside this mapping.
        let is_own = (node.span.start..node.span.end).contains(&key.span.start);
        !is_own
            && !self
                .merged
                .borrow_mut()
                .insert((key.span.start, std::ptr::from_ref(expected).addr()))
    }
}

fn check_form(node: &Node<'_>, form: Form, pass: &Pass<'_>, found: &mut Diagnostics) {
    match form {
        Form::Version => version(node, found),
        Form::Number(least, most) => number(node, least, most, found),
        Form::Text(text) => text_form(node, text, pass, found),
        Form::OneOf(values) => one_of(node, values, pass, found),
        Form::List(item) => match node.as_list() {
            Some(_) if pass.is_done(node, item) => {}
            Some(items) => items
                .iter()
                .for_each(|node| check_form(node, *item, pass, found)),
            None => found.push(wrong_type(node, "a list")),
        },
        Form::Record(record) => record_form(node, record, pass, found),
        Form::Single(record, word) => single(node, record, word, pass, found),
        Form::Dictionary(name, entry) => dictionary(node, name, entry, pass, found),
        Form::Attribute(shape) => attribute(node, shape, pass, found),
    }
}

/// A text for a message with backticks. An empty one becomes `""`, because it would be invisible.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        Cow::Borrowed("\"\"")
    } else {
        tree::name(text)
    }
}

fn attribute(node: &Node<'_>, shape: Shape, pass: &Pass<'_>, found: &mut Diagnostics) {
    match shape {
        Shape::Bool if matches!(node.resolve(), Resolved::Bool(_)) => {}
        Shape::Bool => found.push(wrong_type(node, "`true` or `false`")),
        Shape::Number(least, most) => number(node, least, most, found),
        Shape::Records { keys, longest } => records(node, keys, longest, pass, found),
        Shape::OneOf(values) => one_of(node, values, pass, found),
        Shape::WebAddress => web_address(node, pass, found),
        Shape::Uuid => {
            let Some(text) = expanded(node, pass, found) else {
                return;
            };
            if !is_uuid(&text) {
                let problem = format!("`{}` is not a UUID", shown(&text));
                let hint = "write an id of 32 hexadecimal digits, not a name, or `''` for none";
                found.push(
                    Diagnostic::error("bad-uuid", problem)
                        .at(node.span)
                        .hint(hint),
                );
            }
        }
        Shape::Deadline => deadline(node, pass, found),
        Shape::Text(most) => free_text(node, most, pass, found),
    }
}

fn deadline(node: &Node<'_>, pass: &Pass<'_>, found: &mut Diagnostics) {
    let Some(text) = expanded(node, pass, found) else {
        return;
    };
    if let Err(problem) = text.parse::<Deadline>() {
        let message = format!("`{}` is not an end: {problem}", shown(&text));
        found.push(
            Diagnostic::error("bad-deadline", message)
                .at(node.span)
                .hint("for no end, write `forever`"),
        );
    }
}

/// The known word that is most similar to a mistyped one, if it is similar enough.
pub(crate) fn similar_to<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = |word: &str| (word.len() / 3).max(1);
    // A word that is much longer is never similar. Checked first, because the distance takes
    // quadratic time and a word may be as long as the file.
    let is_near =
        |word: &&str| typed.chars().take(4 * word.len() + 4).count() <= word.len() + most(word);
    let distance = |word: &&str| strsim::damerau_levenshtein(typed, word);
    known
        .filter(is_near)
        .min_by_key(distance)
        .filter(|word| distance(word) <= most(word))
}
