//! Checks a document against the grammar, collecting everything that is wrong.
//!
//! What a value means together with others (a target that is not there, a repository listed twice)
//! is for `decode`; it reads the same tree afterwards and leaves out what did not pass here.

mod room;
pub(super) mod slips;

use std::{borrow::Cow, cell::RefCell, collections::HashSet};

use indexmap::IndexSet;

use super::{
    grammar::{ANCHORS, Form, Key, Record, TextForm, Together, VERSION},
    tree::{self, Entry, Node, NodeValue, Resolved},
    variables::{Environment, OPEN, PREFIX, Unexpanded, expand},
};
use crate::{
    diagnostics::{Diagnostic, Diagnostics, Span},
    kind::{REGISTRY, Shape, is_uuid, is_web_address},
    mask::holds_login,
    names,
    pattern::{Problem, Written},
    state::Consent,
    time::Age,
    time::Date,
};

/// Checks a node and everything in it.
pub fn check(node: &Node<'_>, form: Form, environment: Environment<'_>, found: &mut Diagnostics) {
    any(
        node,
        form,
        &Run {
            environment,
            shared: RefCell::default(),
            merged: RefCell::default(),
        },
        found,
    );
}

/// What the checks of one document work with.
pub(super) struct Run<'e> {
    pub(super) environment: Environment<'e>,
    /// The collections behind aliases that were checked, each with what was expected of it. What is
    /// wrong in one is wrong in one place of the file, however many aliases lead there.
    shared: RefCell<HashSet<(usize, usize)>>,
    /// The same for entries that were merged, by where they stand.
    merged: RefCell<HashSet<(u32, usize)>>,
}

impl Run<'_> {
    /// Whether what is in the collection has been checked as that already.
    pub(super) fn is_done<T: ?Sized>(&self, node: &Node<'_>, expected: &T) -> bool {
        let place = std::ptr::from_ref(expected).addr();
        node.shared()
            .is_some_and(|collection| !self.shared.borrow_mut().insert((collection, place)))
    }

    /// Whether an entry stands somewhere else, because `<<` put it here, and has been checked as
    /// that already.
    pub(super) fn is_merged_again<T: ?Sized>(
        &self,
        node: &Node<'_>,
        key: &tree::Key<'_>,
        expected: &T,
    ) -> bool {
        let is_own = (node.span.start..node.span.end).contains(&key.span.start);
        !is_own
            && !self
                .merged
                .borrow_mut()
                .insert((key.span.start, std::ptr::from_ref(expected).addr()))
    }
}

fn any(node: &Node<'_>, form: Form, run: &Run<'_>, found: &mut Diagnostics) {
    match form {
        Form::Version => version(node, found),
        Form::Number(least, most) => number(node, least, most, found),
        Form::Text(text) => text_form(node, text, run, found),
        Form::OneOf(values) => one_of(node, values, run, found),
        Form::List(item) => match node.as_list() {
            Some(_) if run.is_done(node, item) => {}
            Some(items) => items.iter().for_each(|node| any(node, *item, run, found)),
            None => found.push(wrong_type(node, "a list")),
        },
        Form::Record(record) => record_form(node, record, run, found),
        Form::Single(record, word) => single(node, record, word, run, found),
        Form::Dictionary(name, entry) => dictionary(node, name, entry, run, found),
        Form::Attribute(shape) => attribute(node, shape, run, found),
    }
}

fn wrong_type(node: &Node<'_>, expected: &str) -> Diagnostic {
    let found = node.kind_name();
    let diagnostic = Diagnostic::error("wrong-type", format!("expected {expected}, found {found}"))
        .at(node.span);
    match (expected, node.resolve()) {
        ("a string", Resolved::Number(number)) => {
            diagnostic.hint(quotes_around(node, &number.to_string()))
        }
        ("a string", Resolved::Bool(_)) => diagnostic.hint("put it in quotes"),
        ("`true` or `false`", Resolved::String(text)) => match meant_by(text) {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        },
        ("a mapping", Resolved::Null) => diagnostic.hint("write `{}` for an empty one"),
        ("a list", Resolved::Null) => diagnostic.hint("write `[]` for an empty one"),
        (_, Resolved::Null) => diagnostic.hint(format!(
            "leave the key out: only {} can be `null`",
            nullable()
        )),
        ("a list", Resolved::String(_) | Resolved::Mapping(_)) => {
            diagnostic.hint("an item of a list begins with `- `, or stands in `[ ]`")
        }
        _ => diagnostic,
    }
}

/// What can be `null` in an entry.
fn nullable() -> String {
    let keys = REGISTRY
        .iter()
        .map(|kind| kind.place.key)
        .filter(|key| key.nullable);
    let keys: IndexSet<String> = keys.map(|key| format!("`{}`", key.name)).collect();
    let mut words: Vec<String> = ["attributes".to_owned()].into_iter().chain(keys).collect();
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        last
    } else {
        format!("{} and {last}", words.join(", "))
    }
}

/// Something stands in the place of a list.
fn no_list(node: &Node<'_>, key: &str, example: &str) -> Diagnostic {
    let problem = wrong_type(node, "a list");
    let is_item = matches!(node.resolve(), Resolved::String(_) | Resolved::Mapping(_));
    if is_item {
        problem.hint(format!("`{key}` is a list, such as `{example}`"))
    } else {
        problem
    }
}

/// A number is not always what it looks like: `0755` is 755, and `1.10` is 1.1.
fn quotes_around(node: &Node<'_>, number: &str) -> String {
    let is_as_written = matches!(&node.value, NodeValue::Scalar(scalar) if *scalar.text == *number);
    let known = if is_as_written {
        String::new()
    } else {
        format!(": without them it is the number {number}")
    };
    format!("put it in quotes{known}")
}

/// What to write instead of a text that stands for a boolean.
fn meant_by(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" => "write `true`",
        "no" | "off" | "n" => "write `false`",
        "true" | "false" => "leave the quotes out",
        _ if text.contains(OPEN) => "variables stand for texts only",
        _ => return None,
    })
}

/// A mapping was expected whose keys are known.
fn no_record(node: &Node<'_>, record: &Record) -> Diagnostic {
    let diagnostic = wrong_type(node, "a mapping");
    let beside = record
        .attributes_of
        .and_then(|kind| kind.place.beside)
        .filter(|_| node.as_str().is_some());
    if let (Together::Instead(one, _), Some(beside)) = (record.together, beside) {
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

fn keys_of(record: &Record) -> String {
    let keys: Vec<String> = record.keys().map(|key| format!("`{}`", key.name)).collect();
    let room = if record.has_anchors() {
        ", and for anchors any that begins with `x-`"
    } else {
        ""
    };
    match keys.as_slice() {
        [only] => format!("the only key here is {only}"),
        keys => format!("the keys here are {}{room}", keys.join(", ")),
    }
}

/// A text between backticks: an empty one would not be seen.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    if text.is_empty() {
        Cow::Borrowed("\"\"")
    } else {
        tree::name(text)
    }
}

fn version(node: &Node<'_>, found: &mut Diagnostics) {
    match node.resolve() {
        Resolved::Number(number) if number.as_u64() == Some(VERSION) => {}
        Resolved::Number(number) => found.push(
            Diagnostic::error(
                "unknown-version",
                format!("version {number} of the chart language is not known"),
            )
            .at(node.span)
            .hint(format!("this portolan reads `version: {VERSION}`")),
        ),
        _ => {
            let problem = wrong_type(node, &format!("the number {VERSION}"));
            found.push(problem.hint(format!("write `version: {VERSION}`")));
        }
    }
}

fn number(node: &Node<'_>, least: u64, most: u64, found: &mut Diagnostics) {
    let expected = format!("a whole number from {least} to {most}");
    match node.resolve() {
        Resolved::Number(number)
            if number
                .as_u64()
                .is_some_and(|number| (least..=most).contains(&number)) => {}
        Resolved::Number(number) => {
            let problem = format!("expected {expected}, found {number}");
            found.push(Diagnostic::error("wrong-type", problem).at(node.span));
        }
        Resolved::String(text) if text.parse::<u64>().is_ok() => {
            found.push(wrong_type(node, &expected).hint("leave the quotes out"));
        }
        _ => found.push(wrong_type(node, &expected)),
    }
}

/// The text of a node with its variables replaced; what stands in the way is reported, and so is a
/// login in a URL.
fn expanded(node: &Node<'_>, run: &Run<'_>, found: &mut Diagnostics) -> Option<String> {
    let text = with_variables(node, run, found)?;
    if holds_login(&text) {
        found.push(login_in_url(node.span));
        return None;
    }
    Some(text)
}

pub(super) fn login_in_url(span: Span) -> Diagnostic {
    Diagnostic::error(
        "literal-secret",
        "this text holds a URL with a user name or a password",
    )
    .at(span)
    .hint("take the login out, and take it out of use: charts are copied and kept")
}

fn with_variables(node: &Node<'_>, run: &Run<'_>, found: &mut Diagnostics) -> Option<String> {
    let Some(text) = node.as_str() else {
        found.push(wrong_type(node, "a string"));
        return None;
    };
    match expand(text, run.environment) {
        Ok(text) => Some(text.into_owned()),
        Err(Unexpanded::Unset(variable)) => {
            let variable = tree::name(&variable);
            let name = variable.strip_prefix(PREFIX).unwrap_or(&variable);
            let hint = format!("set it, or give a fallback: `{OPEN}{name}:-fallback}}`");
            found.push(
                Diagnostic::error("unset-variable", format!("`{variable}` is not set"))
                    .at(node.span)
                    .hint(hint),
            );
            None
        }
        Err(Unexpanded::Malformed) => {
            let hint = "write `${env:NAME}` or `${env:NAME:-fallback}`";
            found.push(
                Diagnostic::error("bad-variable", "this is not a variable")
                    .at(node.span)
                    .hint(hint),
            );
            None
        }
    }
}

fn text_form(node: &Node<'_>, form: TextForm, run: &Run<'_>, found: &mut Diagnostics) {
    if matches!((form, node.resolve()), (TextForm::Age, Resolved::Number(_))) {
        found.push(
            wrong_type(node, "a number with a unit").hint("write the unit behind it, as in `6h`"),
        );
        return;
    }
    let Some(text) = expanded(node, run, found) else {
        return;
    };
    let most = longest(form);
    if text.chars().nth(most).is_some() {
        found.push(too_long(
            text.chars().count(),
            &format!("{most} are allowed here"),
            node.span,
        ));
        return;
    }
    let problem = match form {
        TextForm::Name(name) if !names::is_valid(name, &text) => Diagnostic::error(
            "bad-name",
            format!("`{}` is not a valid name", shown(&text)),
        )
        .hint(format!("expected {}", names::rule(name))),
        TextForm::Pattern => match text.parse::<Written>() {
            Ok(_) => return,
            Err(problem) => bad_pattern(problem),
        },
        TextForm::Consent => match text.parse::<Consent>() {
            Ok(_) => return,
            Err(problem) => Diagnostic::error("bad-consent", problem),
        },
        TextForm::Date => match text.parse::<Date>() {
            Ok(_) => return,
            Err(problem) => Diagnostic::error(
                "bad-date",
                format!("`{}` is not a date: {problem}", shown(&text)),
            ),
        },
        TextForm::Age => match text.parse::<Age>() {
            Ok(_) => return,
            Err(problem) => Diagnostic::error(
                "bad-age",
                format!("`{}` is no age: {problem}", shown(&text)),
            ),
        },
        TextForm::Path if text.is_empty() => Diagnostic::error("missing-key", "this path is empty")
            .hint("name the file that holds the secret"),
        TextForm::Words if text.trim().is_empty() => {
            Diagnostic::error("missing-key", "this text says nothing")
                .hint("say why, for those who read it later")
        }
        TextForm::Url if text.is_empty() => {
            Diagnostic::error("bad-endpoint", "the endpoint is empty")
        }
        TextForm::Name(_) | TextForm::Url | TextForm::Path | TextForm::Words | TextForm::Lint => {
            found.extend(literal_variable(node));
            return;
        }
    };
    found.push(problem.at(node.span));
}

/// A variable of another tool in a text that may hold anything.
fn literal_variable(node: &Node<'_>) -> Option<Diagnostic> {
    slips::literal_variable(node.as_str()?, node.span)
}

/// How many characters a text may have that is repeated wherever it applies; names have limits of
/// their own.
fn longest(form: TextForm) -> usize {
    match form {
        TextForm::Pattern | TextForm::Words => 1_000,
        TextForm::Path | TextForm::Url => 4_096,
        _ => usize::MAX,
    }
}

fn too_long(length: usize, limit: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "too-long",
        format!("this text has {length} characters, and {limit}"),
    )
    .at(span)
}

/// What is wrong with a pattern, without a place yet.
pub(super) fn bad_pattern(problem: Problem) -> Diagnostic {
    let diagnostic = if problem.is_ambiguous {
        Diagnostic::error("ambiguous-pattern", problem.message)
    } else {
        Diagnostic::error("bad-pattern", problem.message)
    };
    diagnostic.hint(problem.hint)
}

fn one_of(node: &Node<'_>, values: &[&str], run: &Run<'_>, found: &mut Diagnostics) {
    let Some(text) = expanded(node, run, found) else {
        return;
    };
    if values.contains(&text.as_str()) {
        return;
    }
    let listed = values
        .iter()
        .map(|value| format!("`{value}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let hint = match similar_to(&text, values.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? The values are {listed}"),
        None => format!("the values are {listed}"),
    };
    found.push(
        Diagnostic::error("unknown-value", format!("unknown value `{}`", shown(&text)))
            .at(node.span)
            .hint(hint),
    );
}

fn attribute(node: &Node<'_>, shape: Shape, run: &Run<'_>, found: &mut Diagnostics) {
    match shape {
        Shape::Bool if matches!(node.resolve(), Resolved::Bool(_)) => {}
        Shape::Bool => found.push(wrong_type(node, "`true` or `false`")),
        Shape::Number(least, most) => number(node, least, most, found),
        Shape::Records { keys, longest } => records(node, keys, longest, run, found),
        Shape::OneOf(values) => one_of(node, values, run, found),
        Shape::WebAddress => web_address(node, run, found),
        Shape::Uuid => {
            let Some(text) = expanded(node, run, found) else {
                return;
            };
            if !is_uuid(&text) {
                let problem = format!("`{}` is no UUID", shown(&text));
                let hint = "the id of a service endpoint of the project; an empty text for none";
                found.push(
                    Diagnostic::error("bad-uuid", problem)
                        .at(node.span)
                        .hint(hint),
                );
            }
        }
        Shape::Text(most) => free_text(node, most, run, found),
    }
}

fn free_text(node: &Node<'_>, most: usize, run: &Run<'_>, found: &mut Diagnostics) {
    let Some(text) = expanded(node, run, found) else {
        return;
    };
    let length = text.chars().count();
    if length > most {
        found.push(too_long(
            length,
            &format!("the service takes {most} at most"),
            node.span,
        ));
    }
    found.extend(literal_variable(node));
}

/// A list of texts, and of mappings of one key to one.
fn records(node: &Node<'_>, keys: &[&str], longest: usize, run: &Run<'_>, found: &mut Diagnostics) {
    let Some(items) = node.as_list() else {
        return found.push(wrong_type(node, "a list"));
    };
    if run.is_done(node, keys) {
        return;
    }
    let listed = keys
        .iter()
        .map(|key| format!("`{{ {key}: TEXT }}`"))
        .collect::<Vec<_>>()
        .join(" or ");
    for item in items {
        let Some(entries) = item.as_mapping() else {
            free_text(item, longest, run, found);
            continue;
        };
        for (key, value) in entries {
            if keys.contains(&&*key.text) {
                free_text(value, longest, run, found);
            } else {
                let problem = format!("unknown key `{}`", tree::name(&key.text));
                found.push(
                    Diagnostic::error("unknown-key", problem)
                        .at(key.span)
                        .hint(format!("write a text, or {listed}")),
                );
            }
        }
        if entries.len() != 1 {
            let problem = format!("this has {} keys, and one is expected", entries.len());
            found.push(
                Diagnostic::error("wrong-type", problem)
                    .at(item.span)
                    .hint(format!("write a text, or {listed}")),
            );
        }
    }
}

/// A name and a password in front of the host are a secret, and so may be what stands in a query;
/// neither the text nor its line is repeated then. A mistyped address hides where its host ends, so
/// an `@` counts wherever it stands.
fn web_address(node: &Node<'_>, run: &Run<'_>, found: &mut Diagnostics) {
    let Some(text) = with_variables(node, run, found) else {
        return;
    };
    if let Some(secret) = secret_in_address(&text, node.span) {
        found.push(secret);
    } else if !is_web_address(&text) {
        found.push(
            Diagnostic::error(
                "bad-url",
                format!(
                    "`{}` is no address that could be \
                followed",
                    shown(&text)
                ),
            )
            .at(node.span)
            .hint(
                "expected `https://` or `http://`, then a host and a path, such as \
                    `https://git.example.com/app.git`",
            ),
        );
    } else {
        found.extend(literal_variable(node));
    }
}

pub(super) fn secret_in_address(text: &str, span: Span) -> Option<Diagnostic> {
    let holds_login = |at: &str| {
        text.split_once(at)
            .is_some_and(|(before, _)| before.contains(':'))
    };
    let (problem, hint) = if ["@", "%40"].into_iter().any(holds_login) {
        let hint = "take it out, and say under `credentials` where it is";
        ("this address holds a user name or a password", hint)
    } else if text.contains(['?', '#']) {
        let hint = "an address of a git repository needs none: take it out";
        ("this address holds a query, which may be a secret", hint)
    } else {
        return None;
    };
    Some(
        Diagnostic::error("literal-secret", problem)
            .at(span)
            .hint(hint),
    )
}

/// A secret that was written down, in the place of a mapping that says where it is.
pub(super) fn is_literal(node: &Node<'_>) -> bool {
    !matches!(node.resolve(), Resolved::Null | Resolved::Mapping(_))
}

pub(super) fn is_of_secrets(record: &Record) -> bool {
    matches!(record.together, Together::OneSource | Together::Login)
}

pub(super) fn literal(node: &Node<'_>) -> Diagnostic {
    Diagnostic::error("literal-secret", "a secret is not written into a chart")
        .at(node.span)
        .hint(
            "write `{ env: NAME }` or `{ file: PATH }`, and take this one out of use: files are \
            copied and kept",
        )
}

/// A secret has one place.
fn places(node: &Node<'_>, entries: &[Entry<'_>], found: &mut Diagnostics) {
    if let [(first, _), (second, _), ..] = entries {
        let problem = format!(
            "`{}` beside `{}`",
            tree::name(&second.text),
            tree::name(&first.text)
        );
        found.push(
            Diagnostic::error("two-places", problem)
                .at(second.span)
                .hint("a secret is in one place: write either"),
        );
    } else if entries.is_empty() {
        let hint = "write `{ env: NAME }` or `{ file: PATH }`";
        found.push(
            Diagnostic::error("missing-key", "this does not say where the secret is")
                .at(node.span)
                .hint(hint),
        );
    }
}

fn record_form(node: &Node<'_>, record: &Record, run: &Run<'_>, found: &mut Diagnostics) {
    let Some(entries) = node.as_mapping() else {
        found.push(if is_of_secrets(record) && is_literal(node) {
            literal(node)
        } else {
            no_record(node, record)
        });
        return;
    };
    if record.together == Together::OneSource {
        source(node, record, entries, run, found);
    } else {
        keys(node, record, entries, run, found);
    }
}

/// A mapping, or the word for none.
fn single(
    node: &Node<'_>,
    record: &'static Record,
    word: Option<&str>,
    run: &Run<'_>,
    found: &mut Diagnostics,
) {
    match word {
        Some(word) if node.as_str().is_some() => one_of(node, &[word], run, found),
        _ => record_form(node, record, run, found),
    }
}

/// Where a secret is. What stands there may be the secret itself: no finding repeats it, and its
/// line hides it.
fn source(
    node: &Node<'_>,
    record: &Record,
    entries: &[Entry<'_>],
    run: &Run<'_>,
    found: &mut Diagnostics,
) {
    let mut wrong = Diagnostics::new();
    places(node, entries, &mut wrong);
    keys(node, record, entries, run, &mut wrong);
    for mut problem in wrong {
        if problem.code == "bad-name" {
            "this is not the name of a variable".clone_into(&mut problem.message);
        }
        found.push(problem.hides(entries.iter().map(|(_, value)| value.span)));
    }
}

fn keys(
    node: &Node<'_>,
    record: &Record,
    entries: &[Entry<'_>],
    run: &Run<'_>,
    found: &mut Diagnostics,
) {
    let entries = if run.is_done(node, record) {
        &[]
    } else {
        entries
    };
    for (name, value) in entries
        .iter()
        .filter(|(name, _)| !run.is_merged_again(node, name, record))
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
            Some(key) => any(value, key.form, run, found),
            // As in `{ s3cr3t }`, which is a key with nothing behind it.
            None if is_of_secrets(record) && is_alone(name, value, record) => {
                found.push(Diagnostic {
                    span: Some(name.span),
                    ..literal(value)
                });
            }
            None if record.has_anchors() && name.text.starts_with(ANCHORS) => {
                room::entry((name, value), run, found)
            }
            None => {
                let has_login = holds_login(&name.text);
                found.push(if has_login {
                    login_in_url(name.span)
                } else {
                    unknown_key(name, record)
                });
                // Whatever was meant by it, it stands where secrets do.
                if is_of_secrets(record) && is_literal(value) {
                    found.push(literal(value));
                }
            }
        }
    }
    for key in record
        .keys()
        .filter(|key| key.required && node.get(key.name).is_none())
    {
        found.push(missing(node, record, &key));
    }
}

fn is_alone(name: &tree::Key<'_>, value: &Node<'_>, record: &Record) -> bool {
    let is_null = matches!(value.resolve(), Resolved::Null);
    is_null && similar_to(&name.text, record.keys().map(|key| key.name)).is_none()
}

fn unknown_key(name: &tree::Key<'_>, record: &Record) -> Diagnostic {
    let known: Vec<&str> = record.keys().map(|key| key.name).collect();
    let hint = match similar_to(&name.text, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if let Some(meant) = synonym(record, &name.text) => {
            format!("here it is called `{meant}`")
        }
        None => match holder(record, &name.text) {
            Some(inner) => format!("it belongs under `{inner}`"),
            None => anchors(record, &name.text).unwrap_or_else(|| keys_of(record)),
        },
    };
    Diagnostic::error(
        "unknown-key",
        format!("unknown key `{}`", tree::name(&name.text)),
    )
    .at(name.span)
    .hint(hint)
}

/// What to do about a key that is meant as room for anchors: that of other tools, or one that
/// stands elsewhere.
fn anchors(record: &Record, name: &str) -> Option<String> {
    let starts = |prefix: &str| {
        name.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    if !record.has_anchors() {
        return starts(ANCHORS).then(|| {
            format!("keys that begin with `{ANCHORS}` stand at the top level of a document")
        });
    }
    let is_meant = name.starts_with(['.', '_']) || [ANCHORS, "x_", "x."].into_iter().any(starts);
    is_meant.then(|| {
        format!("room for anchors is under keys that begin with `{ANCHORS}`, in lower case")
    })
}

/// What a word of others is called in a record.
fn synonym(record: &Record, word: &str) -> Option<&'static str> {
    record
        .keys()
        .find(|key| key.also.contains(&word))
        .map(|key| key.name)
}

/// The key of a record under which the misplaced key would be known.
fn holder(record: &Record, name: &str) -> Option<&'static str> {
    let holds = |key: &Key| matches!(key.form, Form::Record(inner) | Form::Single(inner, _) if inner.keys().any(|key| key.name == name));
    record.keys().find(holds).map(|key| key.name)
}

fn missing(node: &Node<'_>, record: &Record, key: &Key) -> Diagnostic {
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

fn dictionary(
    node: &Node<'_>,
    name: names::Name,
    record: &'static Record,
    run: &Run<'_>,
    found: &mut Diagnostics,
) {
    let Some(entries) = node.as_mapping() else {
        let problem = wrong_type(node, "a mapping");
        let hint = "write `NAME:` for each, and what it holds behind it";
        found.push(if problem.hint.is_some() {
            problem
        } else {
            problem.hint(hint)
        });
        return;
    };
    if run.is_done(node, record) {
        return;
    }
    for (key, value) in entries
        .iter()
        .filter(|(key, _)| !run.is_merged_again(node, key, record))
    {
        if holds_login(&key.text) {
            found.push(login_in_url(key.span));
        } else if !names::is_valid(name, &key.text) {
            let problem = format!("`{}` is not a valid name", shown(&key.text));
            let hint = if key.text.contains(OPEN) {
                "a variable can stand in a value, not in a name".to_owned()
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
            record_form(value, record, run, found);
        }
    }
}

/// Nothing behind a name equals an empty entry.
fn is_entry(value: &Node<'_>) -> bool {
    !matches!(value.resolve(), Resolved::Null)
}

/// The known word that a mistyped one is nearest to, if it is near enough to be meant.
pub fn similar_to<'k>(typed: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = |word: &str| (word.len() / 3).max(1);
    // Each character is a character of difference at least, and a whole chart may be one word.
    let is_near =
        |word: &&str| typed.chars().take(4 * word.len() + 4).count() <= word.len() + most(word);
    let distance = |word: &&str| strsim::damerau_levenshtein(typed, word);
    known
        .filter(is_near)
        .min_by_key(distance)
        .filter(|word| distance(word) <= most(word))
}
