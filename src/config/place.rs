//! Adds to each finding the address of the resource whose entry contains it.
//!
//! A separate pass over the finished findings, so that checks and lints need not carry addresses.
//! Findings in `targets` or in a document's `defaults` get no address.

use std::{iter::successors, rc::Rc, sync::Arc};

use super::{
    context::Context,
    tree::{Entry, Node},
};
use crate::{
    diagnostics::{Diagnostics, Span},
    kind::{COUNT, Kind, REGISTRY},
    names::{self, Name},
};

/// An entry of the chart, from the start of its name to the end of its value.
struct Place<'n> {
    span: Span,
    region: Option<Arc<str>>,
    kind: &'static Kind,
    named: Named<'n>,
}

/// The name of an entry, and those of its ancestors.
#[derive(Clone)]
struct Named<'n> {
    name: &'n str,
    parent: Option<Rc<Named<'n>>>,
}

impl<'n> Named<'n> {
    /// The names of the ancestors, the outermost first.
    fn ancestors(&self) -> Vec<&'n str> {
        let mut names: Vec<_> = successors(self.parent.as_deref(), |it| it.parent.as_deref())
            .map(|it| it.name)
            .collect();
        names.reverse();
        names
    }
}

impl Place<'_> {
    /// The address, without the region if the document has no valid one.
    fn address(&self) -> String {
        let (ancestors, name) = (self.named.ancestors(), self.named.name);
        let address = self.region.clone().and_then(|region| {
            let ancestors = ancestors.iter().map(|part| Arc::from(*part));
            self.kind.named([region].into_iter().chain(ancestors), name)
        });
        address.map_or_else(
            || {
                format!(
                    "{} {}",
                    self.kind.name,
                    [ancestors.as_slice(), &[name]].concat().join("/")
                )
            },
            |address| address.to_string(),
        )
    }
}

/// Adds the address of the innermost enclosing entry to each finding without an address.
pub(super) fn assign(roots: &[Node<'_>], context: Context<'_>, found: &mut Diagnostics) {
    // A chart without findings is the usual case, and the places need a walk over the whole tree.
    if found.iter().all(|found| found.address.is_some()) {
        return;
    }
    let places = Places::of(roots, context);
    for found in found.iter_mut().filter(|found| found.address.is_none()) {
        found.address = found
            .span
            .and_then(|span| places.enclosing(span))
            .map(Place::address);
    }
}

/// The entries of each kind, by the kind's rank. Sorted; entries of a kind never overlap.
#[derive(Default)]
struct Places<'n> {
    of_kind: [Vec<Place<'n>>; COUNT],
}

impl<'n> Places<'n> {
    fn of(roots: &'n [Node<'_>], context: Context<'_>) -> Self {
        let mut places = Places::default();
        for root in roots {
            let region = match root.get("region") {
                Some(node) => context.name(Name::Region, node),
                None => context.region.map(Into::into),
            };
            places.gather(root, None, None, region.as_ref());
        }
        for list in &mut places.of_kind {
            list.sort_by_key(|place| (place.span.file, place.span.start));
        }
        places
    }

    /// Adds the entries in a node, recursively.
    fn gather(
        &mut self,
        node: &'n Node<'_>,
        parent: Option<&'static Kind>,
        ancestor: Option<&Rc<Named<'n>>>,
        region: Option<&Arc<str>>,
    ) {
        for kind in REGISTRY
            .iter()
            .copied()
            .filter(|kind| kind.parent == parent)
        {
            let Some(name) = kind.place.name() else {
                continue;
            };
            let holds_named = kind.children().any(|child| child.place.name().is_some());
            for (entry, name) in named(node.get(kind.place.key.name), name) {
                let named = Named {
                    name,
                    parent: ancestor.cloned(),
                };
                if holds_named {
                    self.gather(&entry.1, Some(kind), Some(&Rc::new(named.clone())), region);
                }
                self.of_kind[kind.rank()].push(Place {
                    span: span(entry),
                    region: region.cloned(),
                    kind,
                    named,
                });
            }
        }
    }

    fn enclosing(&self, span: Span) -> Option<&Place<'n>> {
        // Children have a higher rank than their parents, so the innermost entry is found first.
        self.of_kind
            .iter()
            .rev()
            .find_map(|places| enclosing(places, span))
    }
}

/// The entries with valid names. Others have no address.
fn named<'n, 's>(
    node: Option<&'n Node<'s>>,
    name: Name,
) -> impl Iterator<Item = (&'n Entry<'s>, &'n str)> + use<'n, 's> {
    let entries = node.and_then(Node::as_mapping).unwrap_or_default().iter();
    entries
        .map(|entry| (entry, &*entry.0.text))
        .filter(move |(_, text)| names::is_valid(name, text))
}

fn enclosing<'p, 'n>(places: &'p [Place<'n>], span: Span) -> Option<&'p Place<'n>> {
    // The places of a kind are sorted and never overlap: only the last one that starts before the
    // span can contain it.
    let after = places
        .partition_point(|place| (place.span.file, place.span.start) <= (span.file, span.start));
    let place = places.get(after.checked_sub(1)?)?;
    (place.span.file == span.file && span.start < place.span.end).then_some(place)
}

/// From the key to the end of the value. An alias ends where it is written.
fn span((key, node): &Entry<'_>) -> Span {
    Span {
        // The parser places an absent value before its key.
        end: node.span.end.max(key.span.end),
        ..key.span
    }
}
