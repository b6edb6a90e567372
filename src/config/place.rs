//! Says of each finding which resource it is in, by where it stands.
//!
//! A pass of its own over the finished findings, so that neither the checks nor the lints carry addresses along.
//! What stands in `targets` or in a document's `defaults` is in no resource.

use std::sync::Arc;

use super::{
    decode::Context,
    names::{self, Name},
    tree::{Entry, Node},
};
use crate::{
    diagnostics::{Diagnostics, Span},
    kind::{mirror, organization, repository},
};

/// An entry of the chart, from the start of its name to the end of what is behind it.
struct Place<'n> {
    span: Span,
    region: Option<Arc<str>>,
    named: Named<'n>,
}

/// What an entry is called in its region.
#[derive(Clone, Copy)]
enum Named<'n> {
    Organization(&'n str),
    Repository(&'n str, &'n str),
    Mirror(&'n str),
}

impl Place<'_> {
    /// Without the region where the document has none that could be meant.
    fn address(&self) -> String {
        let region = self.region.clone();
        match (region, self.named) {
            (Some(region), Named::Organization(name)) => organization::address(region, name).to_string(),
            (Some(region), Named::Repository(of, name)) => repository::address(region, of, name).to_string(),
            (Some(region), Named::Mirror(name)) => {
                let (project, name) = name.split_once('/').unwrap_or((name, ""));
                mirror::address(region, project, name).to_string()
            }
            (None, Named::Organization(name)) => format!("organization {name}"),
            (None, Named::Repository(of, name)) => format!("repository {of}/{name}"),
            (None, Named::Mirror(name)) => format!("mirror {name}"),
        }
    }
}

/// Gives the findings that have no address the one of the innermost entry around them.
pub(super) fn assign(roots: &[Node<'_>], context: Context<'_>, found: &mut Diagnostics) {
    if found.iter().all(|found| found.address.is_some()) {
        return;
    }
    let places = Places::of(roots, context);
    for found in found.iter_mut().filter(|found| found.address.is_none()) {
        found.address = found.span.and_then(|span| places.around(span)).map(Place::address);
    }
}

/// Each list is sorted; entries of one list never overlap.
#[derive(Default)]
struct Places<'n> {
    organizations: Vec<Place<'n>>,
    repositories: Vec<Place<'n>>,
    mirrors: Vec<Place<'n>>,
}

impl<'n> Places<'n> {
    fn of(roots: &'n [Node<'_>], context: Context<'_>) -> Self {
        let mut places = Places::default();
        for root in roots {
            let region = match root.get("region") {
                Some(node) => context.name(Name::Region, node),
                None => context.region.map(Into::into),
            };
            let place = |entry: &Entry<'_>, named| Place { span: span(entry), region: region.clone(), named };
            for (entry, organization) in named(root.get("organizations"), Name::Organization) {
                places.organizations.push(place(entry, Named::Organization(organization)));
                let repositories = named(entry.1.get("repositories"), Name::Repository);
                let named = repositories.map(|(entry, name)| place(entry, Named::Repository(organization, name)));
                places.repositories.extend(named);
            }
            let mirrors = named(root.get("mirrors"), Name::Mirror);
            places.mirrors.extend(mirrors.map(|(entry, name)| place(entry, Named::Mirror(name))));
        }
        for list in [&mut places.organizations, &mut places.repositories, &mut places.mirrors] {
            list.sort_by_key(|place| (place.span.file, place.span.start));
        }
        places
    }

    fn around(&self, span: Span) -> Option<&Place<'n>> {
        [&self.repositories, &self.mirrors, &self.organizations].into_iter().find_map(|places| innermost(places, span))
    }
}

/// The entries under valid names: nothing else can have an address.
fn named<'n, 's>(
    node: Option<&'n Node<'s>>,
    name: Name,
) -> impl Iterator<Item = (&'n Entry<'s>, &'n str)> + use<'n, 's> {
    let entries = node.and_then(Node::as_mapping).unwrap_or_default().iter();
    entries.map(|entry| (entry, &*entry.0.text)).filter(move |(_, text)| names::is_valid(name, text))
}

fn innermost<'p, 'n>(places: &'p [Place<'n>], span: Span) -> Option<&'p Place<'n>> {
    let behind = places.partition_point(|place| (place.span.file, place.span.start) <= (span.file, span.start));
    let place = places.get(behind.checked_sub(1)?)?;
    (place.span.file == span.file && span.start < place.span.end).then_some(place)
}

/// A value stands behind its key, and ends before it where there is none. Of an alias it is the alias that counts.
fn span((key, node): &Entry<'_>) -> Span {
    Span { end: node.span.end.max(key.span.end), ..key.span }
}
