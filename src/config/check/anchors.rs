//! Keys that begin with `x-`: room for anchors at the top level of a document.
//!
//! Their values are not checked against the grammar. Secrets are still refused, even if no alias
//! uses them, because charts are copied and stored.

use std::sync::LazyLock;

use super::Pass;
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

/// Stands for "checked for secrets" in [`Pass::is_done`], in place of an expected form.
static SECRETS_ONLY: &str = "secrets";

/// The keys of the grammar whose values may contain a secret.
struct Watched {
    /// Keys with the source of a secret. A plain text there is the secret itself.
    secrets: Vec<&'static str>,
    /// Keys with a URL, whose query may be a secret.
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
    // Several keys can hold the same record, such as the source of a secret.
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
            Form::Record(inner) if super::secrets::is_of_secrets(inner) => {
                watched.secrets.push(key.name);
            }
            _ => {}
        }
        if let Form::Record(inner) | Form::Dictionary(_, inner) = form {
            watch(inner, seen, watched);
        }
    }
}

/// Whether the name is that word or ends with it, as `x-git-password` does.
fn is_called(name: &str, word: &str) -> bool {
    let before = name
        .len()
        .checked_sub(word.len())
        .and_then(|at| Some((name.get(..at)?, name.get(at..)?)));
    before.is_some_and(|(before, end)| {
        end.eq_ignore_ascii_case(word) && (before.is_empty() || before.ends_with(['-', '_', '.']))
    })
}

/// Checks an entry and everything in it for secrets.
pub(super) fn entry(
    (name, value): (&Key<'_>, &Node<'_>),
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    found.extend(login(&name.text, name.span, pass));
    if WATCHED
        .secrets
        .iter()
        .any(|word| is_called(&name.text, word))
        && super::secrets::is_literal(value)
    {
        found.push(super::secrets::literal(value));
    } else if let Some(problem) = address(name, value, pass) {
        found.push(problem);
    } else {
        inside(value, pass, found);
    }
}

fn address(name: &Key<'_>, value: &Node<'_>, pass: &Pass<'_>) -> Option<Diagnostic> {
    let text = value.as_str().filter(|_| {
        WATCHED
            .addresses
            .iter()
            .any(|word| is_called(&name.text, word))
    })?;
    let text = expand(text, pass.environment).unwrap_or(text.into());
    super::secrets::secret_in_address(&text, value.span)
}

fn inside(node: &Node<'_>, pass: &Pass<'_>, found: &mut Diagnostics) {
    // Anchors are what aliases refer to, so a nested one would be walked once for each alias.
    if pass.is_done(node, SECRETS_ONLY) {
        return;
    }
    node.as_list()
        .into_iter()
        .flatten()
        .for_each(|item| inside(item, pass, found));
    for (name, value) in node.as_mapping().unwrap_or_default() {
        if !pass.is_merged_again(node, name, SECRETS_ONLY) {
            entry((name, value), pass, found);
        }
    }
    found.extend(node.as_str().and_then(|text| login(text, node.span, pass)));
}

/// The error for a URL with a login. A variable that is not set is no error here: the text may
/// never be used.
fn login(text: &str, span: Span, pass: &Pass<'_>) -> Option<Diagnostic> {
    let holds =
        holds_login(text) || expand(text, pass.environment).is_ok_and(|text| holds_login(&text));
    holds.then(|| super::secrets::login_in_url(span))
}
