//! Checks strings: variables, names, patterns, dates, URLs and free texts.

use super::{
    Pass,
    secrets::{login_in_url, secret_in_address},
    shown, similar_to, slips,
    types::wrong_type,
};
use crate::{
    config::{
        grammar::TextForm,
        tree::{self, Node, Resolved},
        variables::{OPEN, PREFIX, Unexpanded, expand},
    },
    diagnostics::{Diagnostic, Diagnostics, Span},
    kind::is_web_address,
    mask::holds_login,
    names,
    pattern::{Problem, Written},
    state::Consent,
    time::{Age, Date},
};

/// The string of a node with its variables replaced. Reports other types, wrong variables, and a
/// login in a URL.
pub(super) fn expanded(
    node: &Node<'_>,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) -> Option<String> {
    let text = with_variables(node, pass, found)?;
    if holds_login(&text) {
        found.push(login_in_url(node.span));
        return None;
    }
    Some(text)
}

pub(super) fn with_variables(
    node: &Node<'_>,
    pass: &Pass<'_>,
    found: &mut Diagnostics,
) -> Option<String> {
    let Some(text) = node.as_str() else {
        found.push(wrong_type(node, "a string"));
        return None;
    };
    match expand(text, pass.environment) {
        Ok(text) => Some(text.into_owned()),
        Err(Unexpanded::Unset(variable)) => {
            let variable = tree::name(&variable);
            let name = variable.strip_prefix(PREFIX).unwrap_or(&variable);
            let hint = format!("set it, or add a fallback: `{OPEN}{name}:-fallback}}`");
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
                Diagnostic::error("bad-variable", "this is not a valid variable")
                    .at(node.span)
                    .hint(hint),
            );
            None
        }
    }
}

pub(super) fn text_form(node: &Node<'_>, form: TextForm, pass: &Pass<'_>, found: &mut Diagnostics) {
    // `max_age: 6` is a number in YAML, so the general hint would only say to quote it.
    if matches!((form, node.resolve()), (TextForm::Age, Resolved::Number(_))) {
        found.push(wrong_type(node, "a number with a unit").hint("add the unit, as in `6h`"));
        return;
    }
    let Some(text) = expanded(node, pass, found) else {
        return;
    };
    // The length is checked first: messages quote the text, and it is parsed only if it is short.
    let most = longest(form);
    if text.chars().nth(most).is_some() {
        found.push(too_long(
            text.chars().count(),
            &format!("at most {most} are allowed here"),
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
                format!("`{}` is not an age: {problem}", shown(&text)),
            ),
        },
        TextForm::Path if text.is_empty() => Diagnostic::error("missing-key", "the path is empty")
            .hint("write the path of the file that contains the secret"),
        TextForm::Words if text.trim().is_empty() => {
            Diagnostic::error("missing-key", "this text is empty")
                .hint("give the reason, for those who read it later")
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

/// The warning for a variable of another tool in a free text.
pub(super) fn literal_variable(node: &Node<'_>) -> Option<Diagnostic> {
    slips::literal_variable(node.as_str()?, node.span)
}

/// How many characters a text may have. The rules for names include their own limits.
pub(super) fn longest(form: TextForm) -> usize {
    match form {
        // Printed with each change that they apply to.
        TextForm::Pattern | TextForm::Words => 1_000,
        TextForm::Path | TextForm::Url => 4_096,
        _ => usize::MAX,
    }
}

pub(super) fn too_long(length: usize, limit: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "too-long",
        format!("this text has {length} characters; {limit}"),
    )
    .at(span)
}

/// The error for a pattern, without a place.
pub(in super::super) fn bad_pattern(problem: Problem) -> Diagnostic {
    let diagnostic = if problem.is_ambiguous {
        Diagnostic::error("ambiguous-pattern", problem.message)
    } else {
        Diagnostic::error("bad-pattern", problem.message)
    };
    diagnostic.hint(problem.hint)
}

pub(super) fn one_of(node: &Node<'_>, values: &[&str], pass: &Pass<'_>, found: &mut Diagnostics) {
    let Some(text) = expanded(node, pass, found) else {
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
        Some(meant) => format!("did you mean `{meant}`? The allowed values are {listed}"),
        None => format!("the allowed values are {listed}"),
    };
    found.push(
        Diagnostic::error("unknown-value", format!("unknown value `{}`", shown(&text)))
            .at(node.span)
            .hint(hint),
    );
}

pub(super) fn free_text(node: &Node<'_>, most: usize, pass: &Pass<'_>, found: &mut Diagnostics) {
    let Some(text) = expanded(node, pass, found) else {
        return;
    };
    let length = text.chars().count();
    if length > most {
        found.push(too_long(
            length,
            &format!("the service allows at most {most}"),
            node.span,
        ));
    }
    found.extend(literal_variable(node));
}

/// Checks a URL. A login is a secret, and a query may be one: then neither the text nor its line is
/// shown.
pub(super) fn web_address(node: &Node<'_>, pass: &Pass<'_>, found: &mut Diagnostics) {
    let Some(text) = with_variables(node, pass, found) else {
        return;
    };
    if let Some(secret) = secret_in_address(&text, node.span) {
        found.push(secret);
    } else if !is_web_address(&text) {
        found.push(
            Diagnostic::error("bad-url", format!("`{}` is not a usable URL", shown(&text)))
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
