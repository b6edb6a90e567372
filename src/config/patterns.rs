//! Decodes `protect` and `accept`. Their patterns apply in the region of their document.
//!
//! Decoded last: the names of the whole chart are needed to tell an organization from a region.

use std::sync::Arc;

use super::{
    check::bad_pattern,
    context::{Document, Output, UNKNOWN_REGION},
    tree::Node,
};
use crate::{
    diagnostics::{Diagnostic, Diagnostics},
    pattern::{Index, Names, Pattern, Written},
    plan::finding,
    state::{Acceptance, Protection},
};

/// Adds the protections and acceptances of all documents.
pub(super) fn decode(documents: &[Document<'_, '_>], out: &mut Output<'_>) {
    let (mut protect, mut accept) = (Vec::new(), Vec::new());
    let names = out.chart.names();
    for Document { root, region, .. } in documents {
        // Without a region a pattern has no meaning. The region was reported.
        if region.starts_with(UNKNOWN_REGION) {
            continue;
        }
        let mut read = |node: &Node<'_>| {
            let text = out.context.text(node)?;
            pattern(node, &text, region, &names, &mut out.found)
        };
        let list = |key| root.get(key).and_then(Node::as_list).unwrap_or_default();
        for node in list("protect") {
            let protection = |pattern| Protection {
                region: region.clone(),
                pattern,
                span: node.span,
            };
            protect.extend(read(node).map(protection));
        }
        for node in list("accept") {
            let Some(address) = node.get("address") else {
                continue;
            };
            let Some(pattern) = read(address) else {
                continue;
            };
            let text = |key| out.context.text(node.get(key)?);
            let code = node.get("code").map(|_| {
                let wanted = text("code")?;
                finding::CODES.into_iter().find(|code| *code == wanted)
            });
            let acceptance = || {
                Some(Acceptance {
                    region: region.clone(),
                    pattern,
                    pattern_span: address.span,
                    // A wrong code was reported. Without it, the entry would cover more.
                    code: match code {
                        Some(known) => Some(known?),
                        None => None,
                    },
                    until: text("until")?.parse().ok()?,
                    reason: text("reason")?,
                    source: out.context.source(node.span),
                    span: node.get("until")?.span,
                })
            };
            accept.extend(acceptance());
        }
    }
    out.chart.protect = protect;
    out.chart.accept = accept;
    limit(out);
}

/// Limits the number of `*` in patterns: each costs time with every name.
fn limit(out: &mut Output<'_>) {
    let (protect, accept) = (&out.chart.protect, &out.chart.accept);
    let places = protect
        .iter()
        .map(|it| it.span)
        .chain(accept.iter().map(|it| it.pattern_span));
    let Some(first) = places.min() else { return };
    let index = Index::new(
        protect
            .iter()
            .map(|it| &it.pattern)
            .chain(accept.iter().map(|it| &it.pattern)),
    );
    let mut addresses = out.chart.resources.keys();
    // `all` ends at the first refusal, so this check itself stays within the limit too.
    if !addresses.all(|address| out.allowance.grant_steps(index.effort(address))) {
        let problem = "the chart has too many patterns with `*` to compare them with all its names";
        let hint = "begin patterns with the name of an organization, and use fewer `*`";
        out.found.push(
            Diagnostic::error("chart-too-large", problem)
                .at(first)
                .hint(hint),
        );
    }
}

/// Resolves a pattern in a document's region. The checks reported malformed patterns.
fn pattern(
    node: &Node<'_>,
    text: &str,
    region: &Arc<str>,
    names: &Names<'_>,
    found: &mut Diagnostics,
) -> Option<Pattern> {
    match text.parse::<Written>().ok()?.in_document(region, names) {
        Ok(pattern) => Some(pattern),
        Err(problem) => {
            found.push(bad_pattern(problem).at(node.span));
            None
        }
    }
}
