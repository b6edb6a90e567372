//! Checks the sources of secrets, and finds secrets that are written into the chart.

use crate::{
    config::{
        grammar::{KeyRule, Record},
        tree::{self, Entry, Node, Resolved},
    },
    diagnostics::{Diagnostic, Diagnostics, Span},
};

pub(super) fn login_in_url(span: Span) -> Diagnostic {
    Diagnostic::error(
        "literal-secret",
        "this text contains a URL with a user name or a password",
    )
    .at(span)
    .hint("remove the login and revoke it: charts are copied and stored")
}

pub(super) fn secret_in_address(text: &str, span: Span) -> Option<Diagnostic> {
    // In a mistyped URL it is unclear where the host ends, so an `@` counts in every place.
    let holds_login = |at: &str| {
        text.split_once(at)
            .is_some_and(|(before, _)| before.contains(':'))
    };
    let (problem, hint) = if ["@", "%40"].into_iter().any(holds_login) {
        let hint = "remove it, and give its source under `credentials`";
        ("this URL contains a user name or a password", hint)
    } else if text.contains(['?', '#']) {
        let hint = "remove it: the URL of a git repository needs none";
        (
            "this URL contains a query or a fragment, which may be a secret",
            hint,
        )
    } else {
        return None;
    };
    Some(
        Diagnostic::error("literal-secret", problem)
            .at(span)
            .hint(hint),
    )
}

/// Whether the node is a secret itself, in place of a mapping with its source.
pub(super) fn is_literal(node: &Node<'_>) -> bool {
    !matches!(node.resolve(), Resolved::Null | Resolved::Mapping(_))
}

pub(super) fn is_of_secrets(record: &Record) -> bool {
    matches!(record.key_rule, KeyRule::OneSource | KeyRule::Login)
}

pub(super) fn literal(node: &Node<'_>) -> Diagnostic {
    Diagnostic::error("literal-secret", "a chart must not contain a secret")
        .at(node.span)
        .hint(
            "write `{ env: NAME }` or `{ file: PATH }` instead, and revoke this secret: charts are \
            copied and stored",
        )
}

/// Reports a secret with two sources, or with none.
pub(super) fn one_source(node: &Node<'_>, entries: &[Entry<'_>], found: &mut Diagnostics) {
    if let [(first, _), (second, _), ..] = entries {
        let problem = format!(
            "`{}` cannot be combined with `{}`",
            tree::name(&second.text),
            tree::name(&first.text)
        );
        found.push(
            Diagnostic::error("two-places", problem)
                .at(second.span)
                .hint("a secret has one source: keep one of the two"),
        );
    } else if entries.is_empty() {
        let hint = "write `{ env: NAME }` or `{ file: PATH }`";
        found.push(
            Diagnostic::error("missing-key", "the source of the secret is missing")
                .at(node.span)
                .hint(hint),
        );
    }
}
