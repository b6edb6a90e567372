//! Checks mappings: records with known keys, and dictionaries with names as keys.

use std::collections::{HashMap, hash_map::Entry};

use regex::Regex;

use super::{
    Pass, anchors, check_form,
    secrets::{is_literal, is_of_secrets, literal, login_in_url, one_source},
    shown, similar_to,
    texts::{expanded, free_text, one_of},
    types::{no_list, wrong_type},
};
use crate::{
    config::{
        grammar::{ANCHORS, Form, Key, KeyRule, Record, VERSION},
        tree::{self, Node, Resolved},
        variables::OPEN,
    },
    diagnostics::{Diagnostic, Diagnostics, visible},
    kind::REGEXP,
    mask::holds_login,
    names,
};

/// The error for another value than a record.
pub(super) fn no_record(node: &Node<'_>, record: &Record) -> Diagnostic {
    let diagnostic = wrong_type(node, "a mapping");
    let beside = record
        .attributes_of
        .and_then(|kind| kind.place.shared)
        .filter(|_| node.as_str().is_some());
    if let (KeyRule::Instead(one, _), Some(beside)) = (record.key_rule, beside) {
        let (name, all) = (record.name, beside.name);
        return diagnostic.hint(format!(
            "a {name} is a mapping: `{{ {one}: NAME }}` for one of the chart's `{all}`"
        ));
    }
    if diagnostic.hint.is_some() {
        diagnostic
    } else {
        diagnostic.hint(keys_of(record))
    }
}

pub(super) fn keys_of(record: &Record) -> String {
    let keys: Vec<String> = record.keys().map(|key| format!("`{}`", key.name)).collect();
    let anchors = if record.has_anchors() {
        ", and any that begins with `x-`, for anchors"
    } else {
        ""
    };
    match keys.as_slice() {
        [only] => format!("the only key allowed here is {only}"),
        keys => format!("the keys allowed here are {}{anchors}", keys.join(", ")),
    }
}

/// Checks a list whose items are strings, or mappings of one key to a string.
pub(super) fn records(
    node: &Node<'_>,
    keys: &[&str],
    longest: usize,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    let Some(items) = node.as_list() else {
        return found.push(wrong_type(node, "a list"));
    };
    if pass.is_done(node, keys) {
        return;
    }
    repeated(items, found);
    let listed = keys
        .iter()
        .map(|key| format!("`{{ {key}: TEXT }}`"))
        .collect::<Vec<_>>()
        .join(" or ");
    for item in items {
        let Some(entries) = item.as_mapping() else {
            free_text(item, longest, pass, found);
            continue;
        };
        for (key, value) in entries {
            if keys.contains(&&*key.text) {
                free_text(value, longest, pass, found);
                if &*key.text == REGEXP {
                    regexp(value, pass, found);
                }
            } else {
                let problem = format!("unknown key `{}`", tree::name(&key.text));
                found.push(
                    Diagnostic::error("unknown-key", problem)
                        .at(key.span)
                        .hint(format!("write a string, or {listed}")),
                );
            }
        }
        if entries.len() != 1 {
            let problem = format!("expected one key, found {}", entries.len());
            found.push(
                Diagnostic::error("wrong-type", problem)
                    .at(item.span)
                    .hint(format!("write a string, or {listed}")),
            );
        }
    }
}

/// Reports records that a set has twice.
fn repeated(items: &[Node<'_>], found: &mut Diagnostics) {
    let mut seen = HashMap::new();
    for item in items {
        let record = match item.as_mapping() {
            Some([(key, value)]) => (Some(&*key.text), value.as_str()),
            _ => (None, item.as_str()),
        };
        let (_, Some(text)) = record else { continue };
        match seen.entry(record) {
            Entry::Vacant(slot) => drop(slot.insert(item.span)),
            Entry::Occupied(first) => found.push(
                Diagnostic::error(
                    "duplicate-item",
                    format!("`{}` is in this list twice", shown(text)),
                )
                .at(item.span)
                .related(*first.get(), "first written here")
                .hint("the order has no meaning: remove one of the two"),
            ),
        }
    }
}

/// Checks a regular expression.
fn regexp(node: &Node<'_>, pass: &Pass<'_>, found: &mut Diagnostics) {
    // An unknown variable was reported with the text.
    let Some(text) = expanded(node, pass, &mut Diagnostics::new()) else {
        return;
    };
    let Err(error) = Regex::new(&text) else {
        return;
    };
    let reason = match &error {
        regex::Error::Syntax(problem) => problem.lines().last().unwrap_or_default(),
        _ => "it is too large",
    };
    let reason = reason.trim_start_matches("error: ");
    let problem = format!(
        "`{}` is not a regular expression: {}",
        shown(&text),
        visible(reason)
    );
    let hint = if text.starts_with(['*', '?']) {
        "in a regular expression, `.*` means any characters: `^v.*$`"
    } else {
        "close each `(` and `[`, and use what all dialects share: `.`, `*`, `+`, `?`, `[0-9]`, \
        `(a|b)`, `^` and `$`"
    };
    found.push(
        Diagnostic::error("bad-regexp", problem)
            .at(node.span)
            .hint(hint),
    );
}

pub(super) fn record_form(
    node: &Node<'_>,
    record: &Record,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    let Some(entries) = node.as_mapping() else {
        found.push(if is_of_secrets(record) && is_literal(node) {
            literal(node)
        } else {
            no_record(node, record)
        });
        return;
    };
    if record.key_rule == KeyRule::OneSource {
        secret_source(node, record, entries, pass, found);
    } else {
        keys(node, record, entries, pass, found);
    }
}

/// Checks a record, or the word that means none.
pub(super) fn single(
    node: &Node<'_>,
    record: &'static Record,
    word: Option<&str>,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    match word {
        Some(word) if node.as_str().is_some() => one_of(node, &[word], pass, found),
        _ => record_form(node, record, pass, found),
    }
}

/// Checks the source of a secret. The secret itself may be written there by mistake, so no finding
/// quotes the value, and its line is masked.
fn secret_source(
    node: &Node<'_>,
    record: &Record,
    entries: &[tree::Entry<'_>],
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    let mut wrong = Diagnostics::new();
    one_source(node, entries, &mut wrong);
    keys(node, record, entries, pass, &mut wrong);
    for mut problem in wrong {
        // Its message quotes the text, which may be the secret.
        if problem.code == "bad-name" {
            "this is not a valid variable name".clone_into(&mut problem.message);
        }
        found.push(problem.hides(entries.iter().map(|(_, value)| value.span)));
    }
}

pub(super) fn keys(
    node: &Node<'_>,
    record: &Record,
    entries: &[tree::Entry<'_>],
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    // An alias repeats the same entries, whose errors were reported at the anchor.
    let entries = if pass.is_done(node, record) {
        &[]
    } else {
        entries
    };
    for (name, value) in entries
        .iter()
        .filter(|(name, _)| !pass.is_merged_again(node, name, record))
    {
        match record.keys().find(|key| key.name == &*name.text) {
            Some(key) if key.nullable && matches!(value.resolve(), Resolved::Null) => {}
            Some(Key {
                form: Form::List(_),
                example,
                ..
            }) if value.as_list().is_none() => {
                found.push(no_list(value, &name.text, example));
            }
            Some(key) => check_form(value, key.form, pass, found),
            // `{ s3cr3t }` is a mapping with the secret as a key without a value.
            None if is_of_secrets(record) && is_alone(name, value, record) => {
                found.push(Diagnostic {
                    span: Some(name.span),
                    ..literal(value)
                });
            }
            None if record.has_anchors() && name.text.starts_with(ANCHORS) => {
                anchors::entry((name, value), pass, found);
            }
            None => {
                let has_login = holds_login(&name.text);
                found.push(if has_login {
                    login_in_url(name.span)
                } else {
                    unknown_key(name, record)
                });
                // A value of an unknown key beside secrets may be a secret.
                if is_of_secrets(record) && is_literal(value) {
                    found.push(literal(value));
                }
            }
        }
    }
    // Not skipped for an alias: the place of a missing key is the node, which each alias has anew.
    for key in record
        .keys()
        .filter(|key| key.required && node.get(key.name).is_none())
    {
        found.push(missing(node, record, &key));
    }
    if let KeyRule::OneOf(alternatives) = record.key_rule {
        found.extend(one_of_several(node, record, alternatives));
    }
}

/// The error for none of several keys, or for more than one of them.
fn one_of_several(node: &Node<'_>, record: &Record, keys: &[&str]) -> Option<Diagnostic> {
    let given: Vec<_> = keys.iter().filter_map(|key| node.entry(key)).collect();
    let listed: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match given.as_slice() {
        [] => {
            let problem = format!("a {} needs {}", record.name, listed.join(" or "));
            let hint = "add one of them";
            Some(
                Diagnostic::error("missing-key", problem)
                    .at(node.span)
                    .hint(hint),
            )
        }
        [_] => None,
        [(first, _), (second, _), ..] => Some(
            Diagnostic::error(
                "two-alternatives",
                format!(
                    "`{}` cannot be combined with `{}`",
                    &*second.text, &*first.text
                ),
            )
            .at(second.span)
            .related(first.span, "the other one")
            .hint(format!(
                "a {} has exactly one of {}",
                record.name,
                listed.join(" and ")
            )),
        ),
    }
}

pub(super) fn is_alone(name: &tree::Key<'_>, value: &Node<'_>, record: &Record) -> bool {
    let is_null = matches!(value.resolve(), Resolved::Null);
    is_null && similar_to(&name.text, record.keys().map(|key| key.name)).is_none()
}

pub(super) fn unknown_key(name: &tree::Key<'_>, record: &Record) -> Diagnostic {
    let known: Vec<&str> = record.keys().map(|key| key.name).collect();
    let hint = match similar_to(&name.text, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if let Some(meant) = synonym(record, &name.text) => {
            format!("write `{meant}` instead")
        }
        None => match holder(record, &name.text) {
            Some(inner) => format!("it belongs under `{inner}`"),
            None => anchor_hint(record, &name.text).unwrap_or_else(|| keys_of(record)),
        },
    };
    Diagnostic::error(
        "unknown-key",
        format!("unknown key `{}`", tree::name(&name.text)),
    )
    .at(name.span)
    .hint(hint)
}

/// The hint for a key for anchors at a wrong place, or in the spelling of another tool.
pub(super) fn anchor_hint(record: &Record, name: &str) -> Option<String> {
    let starts = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if !record.has_anchors() {
        return starts(ANCHORS).then(|| {
            format!("keys that begin with `{ANCHORS}` are allowed only at the top level")
        });
    }
    let is_meant = name.starts_with(['.', '_']) || [ANCHORS, "x_", "x."].into_iter().any(starts);
    is_meant.then(|| format!("keys for anchors begin with `{ANCHORS}`, in lower case"))
}

/// The key for a word of other tools.
pub(super) fn synonym(record: &Record, word: &str) -> Option<&'static str> {
    record
        .keys()
        .find(|key| key.aliases.contains(&word))
        .map(|key| key.name)
}

/// The key of a record under which the misplaced key is allowed.
pub(super) fn holder(record: &Record, name: &str) -> Option<&'static str> {
    let holds = |key: &Key| match key.form {
        Form::Record(inner) | Form::Single(inner, _) => inner.keys().any(|key| key.name == name),
        _ => false,
    };
    record.keys().find(holds).map(|key| key.name)
}

pub(super) fn missing(node: &Node<'_>, record: &Record, key: &Key) -> Diagnostic {
    let article = if record.name.starts_with('a') {
        "an"
    } else {
        "a"
    };
    let problem = format!("{article} {} needs `{}`", record.name, key.name);
    let diagnostic = Diagnostic::error("missing-key", problem).at(node.span);
    if matches!(key.form, Form::Version) {
        diagnostic.hint(format!("write `version: {VERSION}`"))
    } else {
        diagnostic
    }
}

pub(super) fn dictionary(
    node: &Node<'_>,
    name: names::Name,
    record: &'static Record,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) {
    let Some(entries) = node.as_mapping() else {
        let problem = wrong_type(node, "a mapping");
        let hint = "write `NAME:` for each entry, and its keys below";
        found.push(if problem.hint.is_some() {
            problem
        } else {
            problem.hint(hint)
        });
        return;
    };
    if pass.is_done(node, record) {
        return;
    }
    for (key, value) in entries
        .iter()
        .filter(|(key, _)| !pass.is_merged_again(node, key, record))
    {
        if holds_login(&key.text) {
            found.push(login_in_url(key.span));
        } else if !names::is_valid(name, &key.text) {
            let problem = format!("`{}` is not a valid name", shown(&key.text));
            let hint = if key.text.contains(OPEN) {
                "variables are replaced only in values, not in names".to_owned()
            } else if let Some(meant) = names::meant(name, &key.text) {
                meant.to_owned()
            } else {
                format!("expected {}", names::rule(name))
            };
            found.push(
                Diagnostic::error("bad-name", problem)
                    .at(key.span)
                    .hint(hint),
            );
        }
        if is_entry(value) {
            record_form(value, record, pass, found);
        }
    }
}

/// Whether the entry has keys to check: a name without a value equals an empty entry.
pub(super) fn is_entry(value: &Node<'_>) -> bool {
    !matches!(value.resolve(), Resolved::Null)
}
