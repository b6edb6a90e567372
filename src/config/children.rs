//! Decodes children without a name, such as the rules of a `sync` list, and looks up their targets.

use std::{cell::Cell, collections::BTreeMap};

use serde_json::Value;

use super::{
    check::similar_to,
    context::Output,
    grammar::{Form, KeyRule},
    inherit::{Inherited, find, length, resolve},
    layer::{Layer, is_section},
    tree::{self, Node},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Diagnostics, Source, Span},
    kind::{Kind, Preset, Role},
    names::{self, Name},
    state::{Attributes, Children, DesiredResource, Presence},
};

/// The `targets` of a chart.
#[derive(Debug, Default)]
pub struct Targets<'n, 's> {
    named: BTreeMap<String, Target<'n, 's>>,
    /// How many more names may be compared with mistyped ones.
    comparisons: Cell<usize>,
}

/// How many names are compared with mistyped ones in all. Without the bound, the hints of a chart
/// with many targets and many wrong names would take longer than decoding it.
const MOST_COMPARISONS: usize = 20_000;

/// How many names one hint lists.
const MOST_LISTED: usize = 10;

impl Targets<'_, '_> {
    /// The hint for an unknown name.
    fn hint(&self, typed: &str) -> String {
        // Once used up, it stays at zero: all later hints only list names.
        let left = self.comparisons.get().checked_sub(self.named.len());
        self.comparisons.set(left.unwrap_or(0));
        let meant = left.and_then(|_| similar_to(typed, self.named.keys().map(String::as_str)));
        if let Some(meant) = meant {
            return format!("did you mean `{meant}`?");
        }
        let listed: Vec<String> = self
            .named
            .keys()
            .take(MOST_LISTED)
            .map(|name| format!("`{}`", tree::name(name)))
            .collect();
        match self.named.len() - listed.len() {
            _ if listed.is_empty() => "the chart has no `targets`".to_owned(),
            0 => format!("the chart's targets are {}", listed.join(", ")),
            more => format!(
                "the chart's targets are {} and {more} more",
                listed.join(", ")
            ),
        }
    }
}

/// One of the `targets`.
#[derive(Debug)]
pub(crate) struct Target<'n, 's> {
    node: &'n Node<'s>,
    span: Span,
}

/// Collects the targets of all documents; the same name twice is an error.
pub fn targets<'n, 's>(roots: &'n [Node<'s>], found: &mut Diagnostics) -> Targets<'n, 's> {
    let mut targets = BTreeMap::new();
    let entries = roots
        .iter()
        .filter_map(|root| root.get("targets")?.as_mapping())
        .flatten();
    for (key, node) in entries {
        let target = Target {
            node,
            span: key.span,
        };
        if let Some(first) = targets
            .get(&*key.text)
            .map(|first: &Target<'_, '_>| first.span)
        {
            found.push(
                Diagnostic::error(
                    "duplicate-target",
                    format!("target `{}` is defined twice", tree::name(&key.text)),
                )
                .at(key.span)
                .related(first, "first defined here"),
            );
        } else {
            targets.insert(key.text.to_string(), target);
        }
    }
    Targets {
        named: targets,
        comparisons: Cell::new(MOST_COMPARISONS),
    }
}

/// The children of one kind in a resource, which have no names: a list, or a single child.
pub(super) struct Nameless<'n, 's> {
    pub(super) kind: &'static Kind,
    pub(super) node: &'n Node<'s>,
    /// The defaults that the children inherit.
    pub(super) layers: [Layer<'n, 's>; 4],
}

impl<'n, 's> Nameless<'n, 's> {
    /// All children of the kind, or `None` if they are not managed.
    fn items(&self) -> Option<&'n [Node<'s>]> {
        match self.kind.place.key.form {
            Form::Single(..) if self.node.as_mapping().is_some() => {
                Some(std::slice::from_ref(self.node))
            }
            // The word means that there is no child, so an existing one is deleted.
            Form::Single(_, Some(word)) => (self.node.as_str() == Some(word)).then_some(&[]),
            Form::List(_) => self.node.as_list(),
            _ => None,
        }
    }
}

/// Decodes the nameless children of a resource. Returns the place of each list that is managed.
pub(super) fn of_entry(
    parent: &Address,
    inherited: &Inherited<'_, '_>,
    targets: &Targets<'_, '_>,
    out: &mut Output<'_>,
) -> Children {
    let kinds = parent
        .kind()
        .children()
        .filter(|child| child.place.name().is_none());
    let nameless = kinds.filter_map(|kind| {
        let node = inherited.find(parent.kind(), kind.place.key.name)?;
        Some(Nameless {
            kind,
            node,
            layers: inherited.layers,
        })
    });
    nameless
        .filter_map(|children| Some((children.kind, decode(parent, &children, targets, out)?)))
        .collect()
}

/// Decodes the nameless children of one kind. Returns the place of their list, or `None` if they
/// are not managed.
pub(super) fn decode(
    parent: &Address,
    nameless: &Nameless<'_, '_>,
    targets: &Targets<'_, '_>,
    out: &mut Output<'_>,
) -> Option<Source> {
    let (kind, node) = (nameless.kind, nameless.node);
    let mut seen = BTreeMap::<Address, Span>::new();
    let mut ids = BTreeMap::<String, Span>::new();
    for item in nameless.items()? {
        // Counted before the item is checked: a list of invalid items can be inherited often too.
        if !out.allowance.grant(text_length(item)) {
            out.refuse(node.span);
            break;
        }
        let Some((address, attributes)) = child(nameless, parent, item, targets, out) else {
            continue;
        };
        if let Some(first) = seen.insert(address.clone(), item.span) {
            out.found.extend(twice(kind, item.span, first));
            continue;
        }
        let id = kind.naming().and_then(|naming| naming.stated(&attributes));
        if let Some(id) = id
            && let Some(first) = ids.insert(id.to_owned(), item.span)
        {
            out.found.extend(twice(kind, item.span, first));
            continue;
        }
        let source = out.context.source(item.span);
        let presence = Presence::Present(out.shared(attributes));
        let desired = DesiredResource {
            presence,
            source,
            children: Children::default(),
        };
        // With an unknown region, the lints could not compare the item with others.
        if names::is_valid(Name::Region, address.region()) {
            out.items.push((address.clone(), item.span));
        }
        out.chart.resources.insert(address, desired);
    }
    Some(out.context.source(node.span))
}

/// The error for the second of two items that are about the same.
fn twice(kind: &Kind, span: Span, first: Span) -> Option<Diagnostic> {
    let error = kind.place.item_errors?.duplicate.error();
    let hint = "remove one of the two";
    Some(
        error
            .at(span)
            .hint(hint)
            .related(first, "first defined here"),
    )
}

/// The length of all texts in an item.
fn text_length(item: &Node<'_>) -> usize {
    let entries = item
        .as_mapping()
        .filter(|_| is_section(item))
        .unwrap_or_default();
    entries.iter().map(|(_, node)| length(node)).sum()
}

fn child<'n, 's>(
    nameless: &Nameless<'n, 's>,
    parent: &Address,
    item: &'n Node<'s>,
    targets: &Targets<'n, 's>,
    out: &mut Output<'_>,
) -> Option<(Address, Attributes)> {
    if !is_section(item) {
        return None;
    }
    let kind = nameless.kind;
    let own = &kind.key[parent.parts().len()..];
    let target = match reference(kind) {
        Some((one, others)) => match item.get(one) {
            Some(node) => Some(named_target((one, others), node, item, targets, out)?),
            None => None,
        },
        None => None,
    };
    // Without all parts there is no address, so the item cannot be kept for other checks either.
    if target.is_none() && own.iter().any(|name| item.get(name).is_none()) {
        out.found
            .extend(incomplete(kind, own).map(|found| found.at(item.span)));
        return None;
    }
    let mut key = Vec::with_capacity(kind.key.len());
    key.extend_from_slice(parent.parts());
    for (position, name) in own.iter().enumerate() {
        let node = match target {
            Some(target) => target.get(referred(kind, position)?)?,
            None => item.get(name)?,
        };
        key.push(out.context.name(*kind.names.get(key.len())?, node)?);
    }
    let address = Address::new(kind, key);
    if let Some(naming) = kind.naming()
        && let (Some(person), Some(node)) = (address.part(naming.part), item.get(naming.part))
        && out.chart.operators.contains(person)
    {
        let hint = "remove the user from this list, or from `operators`";
        out.found
            .push(naming.operator.error().at(node.span).hint(hint));
    }
    // In order of precedence: the item, its target, then the inherited layers.
    let mut layers = vec![Layer::entry(kind, item)];
    layers.extend(target.map(|target| Layer::entry(kind, target)));
    layers.extend(&nameless.layers);
    let mut attributes = resolve(&layers, kind, out.context);
    unify_id(kind, &mut attributes);
    add_empty(kind, &mut attributes, &layers);
    add_fixed(kind, &mut attributes, &layers, item, &mut out.found);
    Some((address, attributes))
}

/// The id of a person in the form of the service, which has neither dashes nor capitals.
fn unify_id(kind: &Kind, attributes: &mut Attributes) {
    let Some(id) = kind.naming().and_then(|it| attributes.get_mut(it.id)) else {
        return;
    };
    if let Some(text) = id.as_str() {
        *id = text.replace('-', "").to_ascii_lowercase().into();
    }
}

/// The key that names a target, and the keys that it replaces.
pub(super) fn reference(kind: &Kind) -> Option<(&'static str, &'static [&'static str])> {
    match kind.place.entry()?.key_rule {
        KeyRule::Instead(one, others) => Some((one, others)),
        _ => None,
    }
}

/// The key of a target that holds the part of the address at that position.
pub(super) fn referred(kind: &Kind, position: usize) -> Option<&'static str> {
    let Form::Dictionary(_, record) = kind.place.shared?.form else {
        return None;
    };
    record
        .keys()
        .filter(|key| key.required)
        .nth(position)
        .map(|key| key.name)
}

/// The error for an item without a target. `None` if the keys are required: then the checks
/// reported it.
fn incomplete(kind: &Kind, own: &[&str]) -> Option<Diagnostic> {
    let (one, _) = reference(kind)?;
    let parts: Vec<String> = own.iter().map(|name| format!("`{name}`")).collect();
    let hint = format!("write `{one}: NAME`, or {}", parts.join(" and "));
    Some(kind.place.item_errors?.incomplete?.error().hint(hint))
}

fn named_target<'n, 's>(
    (one, others): (&str, &[&str]),
    node: &Node<'_>,
    item: &Node<'_>,
    targets: &Targets<'n, 's>,
    out: &mut Output<'_>,
) -> Option<&'n Node<'s>> {
    let mut only = true;
    for (key, _) in others.iter().filter_map(|name| item.entry(name)) {
        only = false;
        out.found.push(
            Diagnostic::error(
                "two-targets",
                format!("`{}` cannot be combined with `{one}`", &*key.text),
            )
            .at(key.span)
            .hint("a rule has one target: keep one of the two"),
        );
    }
    let name = out.context.text(node)?;
    if !names::is_valid(Name::Target, &name) {
        return None;
    }
    if let Some(target) = targets.named.get(&name) {
        // With two targets it is unknown which one is meant, so the item is not decoded further.
        return only.then_some(target.node).filter(|node| is_section(node));
    }
    let problem = format!("there is no target `{}`", tree::name(&name));
    out.found.push(
        Diagnostic::error("unknown-target", problem)
            .at(node.span)
            .hint(targets.hint(&name)),
    );
    None
}

/// Adds the sets that no layer mentions: a set is declared whole, so an absent one is empty. `null`
/// leaves it unmanaged.
fn add_empty(kind: &Kind, attributes: &mut Attributes, layers: &[Layer<'_, '_>]) {
    let absent = kind.attributes.iter().filter(|attribute| {
        attribute.service_default == Preset::Empty && find(layers, kind, attribute.name).is_none()
    });
    for attribute in absent {
        attributes.insert(attribute.name, Preset::Empty.into());
    }
}

/// Adds the attributes with a fixed value, and reports any other value.
fn add_fixed(
    kind: &Kind,
    attributes: &mut Attributes,
    layers: &[Layer<'_, '_>],
    item: &Node<'_>,
    found: &mut Diagnostics,
) {
    // Rebuilt in the order of the table: a fixed attribute that the chart leaves out would
    // otherwise come last.
    let mut complete = Attributes::new();
    for attribute in kind.in_chart() {
        let Role::Fixed(preset) = attribute.role else {
            complete.extend(
                attributes
                    .shift_remove(attribute.name)
                    .map(|value| (attribute.name, value)),
            );
            continue;
        };
        let fixed = Value::from(preset);
        if attributes
            .get(attribute.name)
            .is_some_and(|value| *value != fixed)
        {
            let place = find(layers, kind, attribute.name);
            let words = kind.place.item_errors.and_then(|words| words.fixed);
            found.extend(words.map(|(wrong, reason)| {
                let hint = format!("{reason}: leave `{}` out", attribute.name);
                wrong
                    .error()
                    .at(place.map_or(item.span, |node| node.span))
                    .hint(hint)
            }));
        }
        // The chart's value is kept, because the error may be waived.
        complete.insert(
            attribute.name,
            attributes.get(attribute.name).cloned().unwrap_or(fixed),
        );
    }
    *attributes = complete;
}
