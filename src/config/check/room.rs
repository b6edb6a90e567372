//! Keys that begin with `x-`: room for anchors at the top level of a document.
//!
//! What they hold means nothing by itself, so it is not checked against the grammar. It must not
//! hold a secret all the same, used or not: files are copied and kept.

use std::sync::LazyLock;

use super::Run;
use crate::{
    config::{
        grammar::{DOCUMENT, Form, Record},
        tree::{Key, Node},
        variables::expand,
    },
    diagnostics::{Diagnostic, Diagnostics, Span},
    kind::Shape,
    mask::holds_login,
};

/// What keeps the checks of a room apart from those of the grammar: see [`Run::is_done`].
static ROOM: &str = "room";

/// The keys of the grammar that say what a value must not be.
struct Watched {
    /// They hold secrets, and a text there is one that was written down.
    secrets: Vec<&'static str>,
    /// They hold addresses of the web, whose query may be a secret.
    addresses: Vec<&'static str>,
}

static WATCHED: LazyLock<Watched> = LazyLock::new(|| {
    let mut watched = Watched {
        secrets: Vec::new(),
        addresses: Vec::new(),
    };
    watch(&DOCUMENT, &mut Vec::new(), &mut watched);
    watched
});

fn watch(record: &'static Record, seen: &mut Vec<*const Record>, watched: &mut Watched) {
    if seen.contains(&std::ptr::from_ref(record)) {
        return;
    }
    seen.push(record);
    for key in record.keys() {
        let mut form = key.form;
        while let Form::List(item) = form {
            form = *item;
        }
        match form {
            Form::Attribute(Shape::WebAddress) => watched.addresses.push(key.name),
            Form::Record(inner) if super::is_of_secrets(inner) => watched.secrets.push(key.name),
            _ => {}
        }
        if let Form::Record(inner) | Form::Dictionary(_, inner) = form {
            watch(inner, seen, watched);
        }
    }
}

/// Whether it is that word, or ends with it: `x-git-password`.
fn is_called(name: &str, word: &str) -> bool {
    let before = name
        .len()
        .checked_sub(word.len())
        .and_then(|at| Some((name.get(..at)?, name.get(at..)?)));
    before.is_some_and(|(before, end)| {
        end.eq_ignore_ascii_case(word) && (before.is_empty() || before.ends_with(['-', '_', '.']))
    })
}

/// Checks one entry of a room, and everything in it.
pub(super) fn entry((name, value): (&Key<'_>, &Node<'_>), run: &Run<'_>, found: &mut Diagnostics) {
    found.extend(login(&name.text, name.span, run));
    if WATCHED
        .secrets
        .iter()
        .any(|word| is_called(&name.text, word))
        && super::is_literal(value)
    {
        found.push(super::literal(value));
    } else if let Some(problem) = address(name, value, run) {
        found.push(problem);
    } else {
        inside(value, run, found);
    }
}

fn address(name: &Key<'_>, value: &Node<'_>, run: &Run<'_>) -> Option<Diagnostic> {
    let text = value.as_str().filter(|_| {
        WATCHED
            .addresses
            .iter()
            .any(|word| is_called(&name.text, word))
    })?;
    let text = expand(text, run.environment).unwrap_or(text.into());
    super::secret_in_address(&text, value.span)
}

fn inside(node: &Node<'_>, run: &Run<'_>, found: &mut Diagnostics) {
    if run.is_done(node, ROOM) {
        return;
    }
    node.as_list()
        .into_iter()
        .flatten()
        .for_each(|item| inside(item, run, found));
    for (name, value) in node.as_mapping().unwrap_or_default() {
        if !run.is_merged_again(node, name, ROOM) {
            entry((name, value), run, found);
        }
    }
    found.extend(node.as_str().and_then(|text| login(text, node.span, run)));
}

/// Whether a variable is set is no concern of a text that may be used nowhere.
fn login(text: &str, span: Span, run: &Run<'_>) -> Option<Diagnostic> {
    let holds =
        holds_login(text) || expand(text, run.environment).is_ok_and(|text| holds_login(&text));
    holds.then(|| super::login_in_url(span))
}
