//! Where the entries of a chart stand, and what they inherit: for a command that edits its text.
//!
//! Only of charts without errors. The desired state itself is decoded elsewhere.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    children::{reference, referred},
    context::Context,
    inherit::{find, resolve},
    layer::Layer,
    tree::Node,
};
use crate::{
    address::Address,
    diagnostics::Span,
    kind::{Kind, REGISTRY},
    names::Name,
    state::Attributes,
};

/// One place that describes a named resource. An organization may have several.
#[derive(Debug)]
pub struct Entry<'n, 's> {
    /// The place of its name.
    pub key: Span,
    pub node: &'n Node<'s>,
    /// The number of its document.
    pub document: usize,
}

/// One of the shared definitions that items refer to by name.
struct Definition<'n, 's> {
    kind: &'static Kind,
    name: &'n str,
    /// What an item that refers to it has as its last parts.
    parts: Vec<Arc<str>>,
    node: &'n Node<'s>,
}

/// All entries, and the defaults around them.
pub struct Entries<'n, 's> {
    context: Context<'n>,
    of: BTreeMap<Address, Vec<Entry<'n, 's>>>,
    /// The defaults of each document.
    documents: Vec<Layer<'n, 's>>,
    chart: Layer<'n, 's>,
    tops: BTreeMap<Address, Layer<'n, 's>>,
    shared: Vec<Definition<'n, 's>>,
}

impl std::fmt::Debug for Entries<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries").finish_non_exhaustive()
    }
}

impl<'n, 's> Entries<'n, 's> {
    pub fn of(roots: &'n [Node<'s>], context: Context<'n>) -> Entries<'n, 's> {
        let defaults = |key: &str| roots.iter().find_map(|root| root.get(key));
        let mut entries = Entries {
            context,
            of: BTreeMap::new(),
            documents: Vec::new(),
            chart: Layer::of(defaults("chart_defaults")),
            tops: BTreeMap::new(),
            shared: Vec::new(),
        };
        for (document, root) in roots.iter().enumerate() {
            entries.documents.push(Layer::of(root.get("defaults")));
            let region = match root.get("region") {
                Some(node) => context.name(Name::Region, node),
                None => context.region.map(Arc::from),
            };
            if let Some(region) = region {
                entries.gather(root, None, &[region], document);
            }
            entries.share(root);
        }
        entries
    }

    /// Adds the entries in a node, recursively.
    fn gather(
        &mut self,
        node: &'n Node<'s>,
        parent: Option<&'static Kind>,
        above: &[Arc<str>],
        document: usize,
    ) {
        let kinds = REGISTRY.iter().copied();
        for kind in kinds.filter(|kind| kind.parent == parent && kind.place.name().is_some()) {
            let held = node.get(kind.place.key.name).and_then(Node::as_mapping);
            for (key, node) in held.unwrap_or_default() {
                let Some(address) = kind.named(above.iter().cloned(), &key.text) else {
                    continue;
                };
                if let Some(defaults) = node.get("defaults").filter(|_| parent.is_none()) {
                    self.tops.insert(address.clone(), Layer::of(Some(defaults)));
                }
                self.gather(node, Some(kind), address.parts(), document);
                self.of.entry(address).or_default().push(Entry {
                    key: key.span,
                    node,
                    document,
                });
            }
        }
    }

    /// Adds the shared definitions of a document.
    fn share(&mut self, root: &'n Node<'s>) {
        for kind in REGISTRY.iter().copied() {
            let shared = kind.place.shared.and_then(|key| root.get(key.name));
            let own = kind.key.len() - kind.parent.map_or(0, |parent| parent.key.len());
            for (key, node) in shared.and_then(Node::as_mapping).unwrap_or_default() {
                let part = |at| self.context.text(node.get(referred(kind, at)?)?);
                let parts: Option<Vec<Arc<str>>> =
                    (0..own).map(|at| part(at).map(Arc::from)).collect();
                self.shared.extend(parts.map(|parts| Definition {
                    kind,
                    name: &key.text,
                    parts,
                    node,
                }));
            }
        }
    }

    /// The places of an entry.
    pub fn at(&self, address: &Address) -> &[Entry<'n, 's>] {
        self.of.get(address).map_or(&[], Vec::as_slice)
    }

    /// The named children of a resource that stand in one of its places.
    pub fn inside<'e>(
        &'e self,
        parent: &'e Address,
        kind: &'static Kind,
    ) -> impl Iterator<Item = (&'e Address, &'e Entry<'n, 's>)> {
        let of = self.of.range(parent.clone()..);
        let near = of.take_while(|(address, _)| address.parts().starts_with(parent.parts()));
        let of_kind = near.filter(move |(address, _)| address.kind() == kind);
        of_kind.flat_map(|(address, entries)| entries.iter().map(move |entry| (address, entry)))
    }

    /// What an item of a list, or an entry, has without any keys of its own. `shared` is the name of
    /// the definition that it refers to.
    pub fn inherited(
        &self,
        kind: &'static Kind,
        place: (&Address, usize),
        shared: Option<&str>,
    ) -> Attributes {
        let named = self
            .shared
            .iter()
            .find(|it| it.kind == kind && Some(it.name) == shared);
        let mut layers: Vec<Layer<'_, '_>> = named
            .into_iter()
            .map(|it| Layer::entry(kind, it.node))
            .collect();
        layers.extend(self.above(place));
        resolve(&layers, kind, self.context)
    }

    /// Whether an entry inherits the children of a kind, which have no names.
    pub fn inherits(&self, kind: &'static Kind, place: (&Address, usize)) -> bool {
        let parent = kind.parent.unwrap_or(kind);
        find(&self.above(place), parent, kind.place.key.name).is_some()
    }

    /// The defaults of what is in an organization, as far as a document shows them.
    fn above(&self, (address, document): (&Address, usize)) -> [Layer<'n, 's>; 3] {
        let tops = std::iter::successors(Some(address.clone()), Address::parent);
        let top = tops.last().and_then(|top| self.tops.get(&top));
        [
            top.copied().unwrap_or_default(),
            self.documents.get(document).copied().unwrap_or_default(),
            self.chart,
        ]
    }

    /// How an item writes its own part of the address: by the name of a shared definition, if one
    /// has the same parts. The name comes second.
    pub fn spelled(&self, address: &Address) -> (Vec<(&'static str, String)>, Option<&'n str>) {
        let kind = address.kind();
        let above = kind.parent.map_or(0, |parent| parent.key.len());
        let parts = &address.parts()[above..];
        let named = reference(kind).and_then(|(one, _)| {
            let mut shared = self.shared.iter().filter(|it| it.kind == kind);
            let found = shared.find(|it| it.parts == parts)?;
            Some((vec![(one, found.name.to_owned())], Some(found.name)))
        });
        let own = kind.key[above..].iter().copied();
        let spelled = own.zip(parts.iter().map(ToString::to_string));
        named.unwrap_or_else(|| (spelled.collect(), None))
    }
}
