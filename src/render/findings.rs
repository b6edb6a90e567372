//! Diagnostics as one JSON document, or as GitHub workflow commands. Other modules format SARIF and
//! Code Quality reports.
//!
//! The text for people is in `diagnostics`, because it needs the source lines. These formats need
//! only places.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::checkout::Checkout;
use crate::{
    diagnostics::{Severity, View, visible},
    plan::{
        document::{FORMAT_VERSION, pretty},
        finding::CODES,
    },
};

/// What `validate --format json` prints.
#[derive(Debug, Serialize)]
struct Document<'v> {
    format_version: &'static str,
    /// The name of its schema.
    document: &'static str,
    valid: bool,
    errors: usize,
    warnings: usize,
    diagnostics: &'v [View],
}

fn count(views: &[View], severity: Severity) -> usize {
    views
        .iter()
        .filter(|view| view.severity == severity)
        .map(|view| view.count.unwrap_or(1))
        .sum()
}

pub fn json(views: &[View]) -> String {
    let errors = count(views, Severity::Error);
    let warnings = count(views, Severity::Warning);
    let (format_version, document) = (FORMAT_VERSION, "validate");
    pretty(&Document {
        format_version,
        document,
        valid: errors == 0,
        errors,
        warnings,
        diagnostics: views,
    })
}

fn level(view: &View) -> &'static str {
    match view.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The message with its hint and the other places, on one line.
pub(super) fn message(view: &View) -> String {
    let mut details: Vec<String> = view.hint.iter().cloned().collect();
    details.extend(view.related.iter().map(|related| {
        format!(
            "{}: {}:{}:{}",
            related.message, related.file, related.line, related.column
        )
    }));
    if details.is_empty() {
        view.message.clone()
    } else {
        format!("{} ({})", view.message, details.join("; "))
    }
}

/// A unique fingerprint for each finding, from its code, file, resource and message. It does not
/// depend on the line, so that it stays the same when the line moves. The messages of changes, of
/// summaries and of a plan's findings are left out, because they contain counts and live values.
pub(super) fn fingerprints<'v>(
    views: impl IntoIterator<Item = &'v View>,
    checkout: &Checkout,
) -> Vec<String> {
    let mut seen = HashMap::<String, usize>::new();
    let print = |view: &View| {
        let file = view.file.as_deref().unwrap_or(&checkout.chart);
        let message = if is_change(view) || is_noticed(view) || view.count.is_some() {
            ""
        } else {
            &view.message
        };
        // As JSON, so that the border between two parts cannot move: other parts give another text.
        let parts = json!([view.code, checkout.path(file), view.address, message]).to_string();
        let nth = seen.entry(parts.clone()).or_default();
        // Equal findings in one file get different fingerprints by their order.
        *nth += 1;
        base16ct::lower::encode_string(&Sha256::digest(format!("{parts}{nth}")))
    };
    views.into_iter().map(print).collect()
}

/// Whether the finding is a change of a plan.
pub(super) fn is_change(view: &View) -> bool {
    view.code.starts_with("plan-") && view.address.is_some()
}

/// Whether it is a finding of a plan.
fn is_noticed(view: &View) -> bool {
    view.address.is_some() && CODES.contains(&view.code.as_str())
}

/// One workflow command for each finding. GitHub shows it at its line.
pub fn github(views: &[View]) -> String {
    views
        .iter()
        .map(|view| format!("{}\n", command(view)))
        .collect()
}

fn command(view: &View) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &view.file {
        properties.push(format!("file={}", property(file)));
    }
    for (name, number) in [("line", view.line), ("col", view.column)] {
        properties.extend(number.map(|number| format!("{name}={number}")));
    }
    properties.push(format!("title={}", property(&view.code)));
    format!(
        "::{} {}::{}",
        level(view),
        properties.join(","),
        data(&message(view))
    )
}

/// Escapes a text as the runner expects it. Otherwise it could end the command and start another.
fn data(text: &str) -> String {
    // GitHub shows line breaks in messages, so they are kept, as escapes.
    let lines: Vec<String> = text.replace('\r', "").split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;

    fn view() -> View {
        View {
            file: Some(Arc::from("a,b.yaml")),
            line: Some(3),
            column: Some(5),
            ..View::error(
                "unknown-key",
                "unknown key `x\n::error::`".to_owned(),
                Some("did you mean `y`?".to_owned()),
            )
        }
    }

    #[test]
    fn a_workflow_command_cannot_be_broken_out_of() {
        assert_eq!(
            github(&[view()]),
            "::error file=a%2Cb.yaml,line=3,col=5,title=unknown-key::unknown key `x%0A::error::` \
            (did you mean `y`?)\n"
        );
    }

    #[test]
    fn the_document_counts() {
        let document: Value = serde_json::from_str(&json(&[view()])).unwrap();
        assert_eq!(document["valid"], false);
        assert_eq!(
            (&document["errors"], &document["warnings"]),
            (&json!(1), &json!(0))
        );
    }
}
