//! Decodes the entries of kinds with an id that the service assigns, such as mirrors: attributes,
//! id, maximum age and the source of the login.
//!
//! Skips what `check` reported. Reads only where a secret comes from, never the secret.

use std::{collections::BTreeMap, path::Path};

use super::{
    context::{Document, Output},
    inherit, layer, lint,
    tree::{self, Node, Resolved},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Span},
    kind::{Kind, Lookup, REGISTRY},
    names,
    state::{
        Attributes, Children, DesiredResource, LoginSource, Presence, RemoteId, SecretSource, Terms,
    },
};

/// The place of each entry of a kind, and of each id by region.
#[derive(Default)]
struct Seen<'n> {
    entries: BTreeMap<Address, Span>,
    ids: BTreeMap<(&'n str, RemoteId), Span>,
}

/// Decodes the entries of all documents.
pub(super) fn decode(documents: &[Document<'_, '_>], out: &mut Output<'_>) {
    for kind in REGISTRY {
        if let Some(lookup) = kind.lookup() {
            decode_kind(kind, lookup, documents, out);
        }
    }
}

fn decode_kind(
    kind: &'static Kind,
    lookup: &Lookup,
    documents: &[Document<'_, '_>],
    out: &mut Output<'_>,
) {
    let mut seen = Seen::default();
    let Some(name) = kind.place.name() else {
        return;
    };
    for document in documents {
        let entries = document
            .root
            .get(kind.place.key.name)
            .and_then(Node::as_mapping)
            .unwrap_or_default();
        for (key, node) in entries
            .iter()
            .filter(|(key, _)| names::is_valid(name, &key.text))
        {
            let Some(address) = kind.named([document.region.clone()].into_iter(), &key.text) else {
                continue;
            };
            // Within one mapping the parser finds duplicates; these come from two documents.
            if let Some(first) = seen.entries.insert(address.clone(), key.span) {
                let twice = Diagnostic::error(
                    lookup.duplicate,
                    format!("this {} is listed twice", kind.name),
                );
                let twice = twice.at(key.span);
                out.found.push(twice.related(first, "first defined here"));
                continue;
            }
            // An alias makes a copy of each entry, so entries count as resources of other kinds do.
            if !out.allowance.grant(text_length(node)) {
                out.refuse(key.span);
                continue;
            }
            let terms = terms(lookup, node, key.span, out);
            if let Some((id, span)) = terms.id.zip(node.get(lookup.id.name).map(|node| node.span)) {
                unique_id(kind, (&document.region, id), span, &mut seen, out);
            }
            let attributes = attributes(kind, node, out);
            both_credentials(kind, node, &attributes, out);
            cloud_credentials(node, out);
            let from = kind.runs.and_then(|runs| node.get(runs.url));
            out.found
                .extend(from.and_then(|node| lint::url(&out.context.text(node)?, node.span)));
            let source = out.context.source(key.span);
            let desired = DesiredResource {
                presence: Presence::Present(attributes.into()),
                source,
                children: Children::default(),
            };
            out.chart.resources.insert(address.clone(), desired);
            out.chart.terms.insert(address, terms);
        }
    }
}

/// The length of all texts in an entry.
fn text_length(node: &Node<'_>) -> usize {
    let entries = node
        .as_mapping()
        .filter(|_| layer::is_section(node))
        .unwrap_or_default();
    entries
        .iter()
        .map(|(_, node)| node.as_str().map_or_else(|| text_length(node), str::len))
        .sum()
}

fn attributes(kind: &Kind, node: &Node<'_>, out: &Output<'_>) -> Attributes {
    let value = |name, shape| Some((name, inherit::value(shape, node.get(name)?, out.context)?));
    kind.attributes
        .iter()
        .filter_map(|attribute| value(attribute.name, attribute.shape))
        .collect()
}

fn terms(lookup: &Lookup, node: &Node<'_>, span: Span, out: &Output<'_>) -> Terms {
    let id = node
        .get(lookup.id.name)
        .and_then(|node| match node.resolve() {
            Resolved::Number(number) => RemoteId::try_from(number.as_u64()?).ok(),
            _ => None,
        });
    let max_age = node
        .get("max_age")
        .and_then(|node| out.context.text(node)?.parse().ok());
    let credentials = node.get("credentials").and_then(|node| {
        let half = |name| secret(node.get(name)?, out);
        Some(LoginSource {
            username: half("username")?,
            password: half("password")?,
        })
    });
    Terms {
        id,
        max_age,
        credentials,
        span,
    }
}

fn secret(node: &Node<'_>, out: &Output<'_>) -> Option<SecretSource> {
    match (node.get("env"), node.get("file")) {
        (Some(name), None) => out.context.text(name).map(SecretSource::Env),
        (None, Some(path)) => out.context.text(path).map(SecretSource::File),
        _ => None,
    }
}

/// Prefixes of the variables that hold cloud credentials for portolan and other tools.
const CLOUD_VARIABLES: [&str; 4] = ["HUAWEICLOUD_", "HW_", "OS_", "PORTOLAN_"];

/// Refuses sources that hold cloud credentials. The chart decides which server a login is sent to,
/// so anyone who can change the chart could send them to their own server.
fn cloud_credentials(node: &Node<'_>, out: &mut Output<'_>) {
    let Some(credentials) = node.get("credentials") else {
        return;
    };
    let halves = || {
        ["username", "password"]
            .iter()
            .filter_map(|half| credentials.get(half))
    };
    for file in halves().filter_map(|half| half.get("file")) {
        let Some(path) = out.context.text(file) else {
            continue;
        };
        if let Some(directory) = names::system_directory(Path::new(&path)) {
            let problem = format!(
                "`{}` is below {directory}; logins are not read from there",
                tree::name(&path)
            );
            let hint = "put the git server's login into a separate file or variable";
            out.found.push(
                Diagnostic::error("own-secret", problem)
                    .at(file.span)
                    .hint(hint),
            );
        }
    }
    for variable in halves().filter_map(|half| half.get("env")) {
        let Some(name) = out.context.text(variable) else {
            continue;
        };
        // Windows ignores the case of variable names.
        let upper = name.to_ascii_uppercase();
        if CLOUD_VARIABLES
            .iter()
            .any(|prefix| upper.starts_with(prefix))
        {
            out.found.push(
                Diagnostic::error(
                    "own-secret",
                    format!(
                        "`{}` holds credentials of the cloud, not of a git server",
                        tree::name(&name)
                    ),
                )
                .at(variable.span)
                .hint("put the git server's login into a separate variable, such as `GIT_TOKEN`"),
            );
        }
    }
}

/// Reports an id that another entry has too: each apply would undo what the other entry asks for.
fn unique_id<'n>(
    kind: &Kind,
    (region, id): (&'n str, RemoteId),
    span: Span,
    seen: &mut Seen<'n>,
    out: &mut Output<'_>,
) {
    if let Some(first) = seen.ids.insert((region, id), span) {
        let problem = format!("another {} has the same id, {id}", kind.name);
        let twice = Diagnostic::error("duplicate-repository-id", problem).at(span);
        out.found.push(twice.related(first, "first defined here"));
    }
}

/// Reports a login beside a stored endpoint: which of the two the service uses is not documented.
fn both_credentials(kind: &Kind, node: &Node<'_>, attributes: &Attributes, out: &mut Output<'_>) {
    let Some(runs) = kind.runs else { return };
    let has_endpoint = attributes
        .get(runs.endpoint)
        .and_then(|value| value.as_str())
        .is_some_and(|uuid| !uuid.is_empty());
    if let (Some((key, _)), true) = (node.entry("credentials"), has_endpoint) {
        let first = node
            .entry(runs.endpoint)
            .map_or(key.span, |(key, _)| key.span);
        out.found.push(
            Diagnostic::error(
                "two-credentials",
                "`credentials` cannot be combined with a stored `endpoint`",
            )
            .at(key.span)
            .related(first, "the endpoint")
            .hint("keep one of the two; `endpoint: ''` removes a stored endpoint"),
        );
    }
}
