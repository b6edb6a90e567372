//! The mirrors of a chart: entries under `mirrors`, one for each git repository.
//!
//! Reads what `check` let pass. Where secrets are is decoded here; what they are is never known to a chart.

use std::{collections::BTreeMap, path::Path};

use super::{
    decode::{Document, Output},
    inherit, lint,
    names::{self, Name},
    tree::{self, Node, Resolved},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Span},
    kind::mirror::{self, MIRROR},
    state::{Attributes, DesiredResource, LoginSource, Presence, RemoteId, SecretSource, Terms},
};

/// Where each mirror, and each number of a region, stands.
#[derive(Default)]
struct Seen<'n> {
    mirrors: BTreeMap<Address, Span>,
    numbers: BTreeMap<(&'n str, RemoteId), Span>,
}

/// Decodes the mirrors of all documents.
pub(super) fn decode(documents: &[Document<'_, '_>], out: &mut Output<'_>) {
    let mut seen = Seen::default();
    for document in documents {
        let entries = document.root.get("mirrors").and_then(Node::as_mapping).unwrap_or_default();
        for (key, node) in entries.iter().filter(|(key, _)| names::is_valid(Name::Mirror, &key.text)) {
            let Some((project, name)) = key.text.split_once('/') else { continue };
            let address = mirror::address(document.region.clone(), project, name);
            if let Some(first) = seen.mirrors.insert(address.clone(), key.span) {
                let twice = Diagnostic::error("duplicate-mirror", "this mirror is listed twice").at(key.span);
                out.found.push(twice.related(first, "first here"));
                continue;
            }
            if !out.allowance.grant(text(node)) {
                out.refuse(key.span);
                continue;
            }
            let terms = terms(node, key.span, out);
            if let Some((number, span)) = terms.number.zip(node.get("repository_id").map(|node| node.span)) {
                once(&document.region, number, span, &mut seen, out);
            }
            let attributes = attributes(node, out);
            both(node, &attributes, out);
            own_secrets(node, out);
            out.found.extend(node.get("url").and_then(|node| lint::url(&out.context.text(node)?, node.span)));
            let source = out.context.source(key.span);
            let desired = DesiredResource { presence: Presence::Present(attributes.into()), source, children: None };
            out.chart.resources.insert(address.clone(), desired);
            out.chart.terms.insert(address, terms);
        }
    }
}

/// How much text is written for a mirror.
fn text(node: &Node<'_>) -> usize {
    let entries = node.as_mapping().filter(|_| inherit::is_section(node)).unwrap_or_default();
    let of = |(_, node): &(_, Node<'_>)| node.as_str().map_or_else(|| text(node), str::len);
    entries.iter().map(of).sum()
}

fn attributes(node: &Node<'_>, out: &Output<'_>) -> Attributes {
    let value = |name, shape| Some((name, inherit::value(shape, node.get(name)?, out.context)?));
    MIRROR.attributes.iter().filter_map(|attribute| value(attribute.name, attribute.shape)).collect()
}

fn terms(node: &Node<'_>, span: Span, out: &Output<'_>) -> Terms {
    let number = node.get("repository_id").and_then(|node| match node.resolve() {
        Resolved::Number(number) => RemoteId::try_from(number.as_u64()?).ok(),
        _ => None,
    });
    let max_age = node.get("max_age").and_then(|node| out.context.text(node)?.parse().ok());
    let credentials = node.get("credentials").and_then(|node| {
        let half = |name| secret(node.get(name)?, out);
        Some(LoginSource { username: half("username")?, password: half("password")? })
    });
    Terms { number, max_age, credentials, span }
}

fn secret(node: &Node<'_>, out: &Output<'_>) -> Option<SecretSource> {
    match (node.get("env"), node.get("file")) {
        (Some(name), None) => out.context.text(name).map(SecretSource::Env),
        (None, Some(path)) => out.context.text(path).map(SecretSource::File),
        _ => None,
    }
}

/// What the names of the variables begin with that portolan itself, and other tools of this cloud, log in with.
const OWN_VARIABLES: [&str; 4] = ["HUAWEICLOUD_", "HW_", "OS_", "PORTOLAN_"];

/// Whoever writes a chart chooses where a login is sent. The keys of the cloud must not be among what can be sent.
fn own_secrets(node: &Node<'_>, out: &mut Output<'_>) {
    let Some(credentials) = node.get("credentials") else { return };
    let halves = || ["username", "password"].iter().filter_map(|half| credentials.get(half));
    for file in halves().filter_map(|half| half.get("file")) {
        let Some(path) = out.context.text(file) else { continue };
        if let Some(directory) = names::system_directory(Path::new(&path)) {
            let problem = format!("`{}` is below {directory}, where no login is read", tree::name(&path));
            let hint = "write the git server's login into a file of its own, or a variable";
            out.found.push(Diagnostic::error("own-secret", problem).at(file.span).hint(hint));
        }
    }
    for variable in halves().filter_map(|half| half.get("env")) {
        let Some(name) = out.context.text(variable) else { continue };
        let upper = name.to_ascii_uppercase();
        if OWN_VARIABLES.iter().any(|prefix| upper.starts_with(prefix)) {
            out.found.push(
                Diagnostic::error(
                    "own-secret",
                    format!("`{}` is for logging in to the cloud, not to a git server", tree::name(&name)),
                )
                .at(variable.span)
                .hint("give the git server's login a variable of its own, such as `GIT_TOKEN`"),
            );
        }
    }
}

/// Two mirrors of one repository would undo each other's work.
fn once<'n>(region: &'n str, number: RemoteId, span: Span, seen: &mut Seen<'n>, out: &mut Output<'_>) {
    if let Some(first) = seen.numbers.insert((region, number), span) {
        out.found.push(
            Diagnostic::error("duplicate-repository-id", format!("another mirror has the number {number} too"))
                .at(span)
                .related(first, "first here"),
        );
    }
}

/// Which of two the service would take is not documented.
fn both(node: &Node<'_>, attributes: &Attributes, out: &mut Output<'_>) {
    let has_endpoint = attributes.get("endpoint").and_then(|value| value.as_str()).is_some_and(|uuid| !uuid.is_empty());
    if let (Some((key, _)), true) = (node.entry("credentials"), has_endpoint) {
        let first = node.entry("endpoint").map_or(key.span, |(key, _)| key.span);
        out.found.push(
            Diagnostic::error("two-credentials", "`credentials` beside an `endpoint` that holds some")
                .at(key.span)
                .related(first, "the other one")
                .hint("write either; `endpoint: ''` takes a stored one away"),
        );
    }
}
