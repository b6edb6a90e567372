//! Says of each finding which resource it is in, by where it stands.
//!
//! A pass of its own over the finished findings, so that neither the checks nor the lints carry
//! addresses along. What stands in `targets` or in a document's `defaults` is in no resource.

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

/// An entry of the chart, from the start of its name to the end of what is behind it.
struct Place<'n> {
    span: Span,
    region: Option<Arc<str>>,
    kind: &'static Kind,
    named: Named<'n>,
}

/// What an entry is called in its region.
#[derive(Clone)]
struct Named<'n> {
    name: &'n str,
    inside: Option<Rc<Named<'n>>>,
}

impl<'n> Named<'n> {
    /// The names of what it is in, the outermost first.
    fn above(&self) -> Vec<&'n str> {
        let mut names: Vec<_> = successors(self.inside.as_deref(), |it| it.inside.as_deref())
            .map(|it| it.name)
            .collect();
        names.reverse();
        names
    }
}

impl Place<'_> {
    /// Without the region where the document has none that could be meant.
    fn address(&self) -> String {
        let (above, name) = (self.named.above(), self.named.name);
        let address = self.region.clone().and_then(|region| {
            let above = above.iter().map(|part| Arc::from(*part));
            self.kind.named([region].into_iter().chain(above), name)
        });
        address.map_or_else(
            || {
                format!(
                    "{} {}",
                    self.kind.name,
                    [above.as_slice(), &[name]].concat().join("/")
                )
            },
            |address| address.to_string(),
        )
    }
}

/// Gives the findings that have no address the one of the innermost entry around them.
pub(super) fn assign(roots: &[Node<'_>], context: Context<'_>, found: &mut Diagnostics) {
    if found.iter().all(|found| found.address.is_some()) {
        return;
    }
    let places = Places::of(roots, context);
    for found in found.iter_mut().filter(|found| found.address.is_none()) {
        found.address = found
            .span
            .and_then(|span| places.around(span))
            .map(Place::address);
    }
}

/// A list for each kind, by rank. Each is sorted; entries of one list never overlap.
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

    /// Takes in the entries in a node, and those in them.
    fn gather(
        &mut self,
        node: &'n Node<'_>,
        parent: Option<&'static Kind>,
        inside: Option<&Rc<Named<'n>>>,
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
                    inside: inside.cloned(),
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

    fn around(&self, span: Span) -> Option<&Place<'n>> {
        self.of_kind
            .iter()
            .rev()
            .find_map(|places| innermost(places, span))
    }
}

/// The entries under valid names: nothing else can have an address.
fn named<'n, 's>(
    node: Option<&'n Node<'s>>,
    name: Name,
) -> impl Iterator<Item = (&'n Entry<'s>, &'n str)> + use<'n, 's> {
    let entries = node.and_then(Node::as_mapping).unwrap_or_default().iter();
    entries
        .map(|entry| (entry, &*entry.0.text))
        .filter(move |(_, text)| names::is_valid(name, text))
}

fn innermost<'p, 'n>(places: &'p [Place<'n>], span: Span) -> Option<&'p Place<'n>> {
    let behind = places
        .partition_point(|place| (place.span.file, place.span.start) <= (span.file, span.start));
    let place = places.get(behind.checked_sub(1)?)?;
    (place.span.file == span.file && span.start < place.span.end).then_some(place)
}

/// A value stands behind its key, and ends before it where there is none. Of an alias it is the
/// alias that counts.
fn span((key, node): &Entry<'_>) -> Span {
    Span {
        end: node.span.end.max(key.span.end),
        ..key.span
    }
}
