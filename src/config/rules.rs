//! The rules of a repository: its `sync` list with targets looked up.

use std::{cell::Cell, collections::BTreeMap};

use serde_json::Value;

use super::{
    check::similar_to,
    decode::Output,
    inherit::{Inherited, Layer, find, is_section, resolve},
    names::{self, Name},
    tree::{self, Node},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Diagnostics, Source, Span},
    kind::{Role, sync_rule},
    state::{Attributes, DesiredResource, Presence},
};

/// The named destinations of a chart.
#[derive(Debug, Default)]
pub struct Targets<'n, 's> {
    named: BTreeMap<String, Target<'n, 's>>,
    /// How many names may still be compared with mistyped ones.
    comparisons: Cell<usize>,
}

/// Names compared with mistyped ones in all. A hint is a courtesy: it may not cost more than the chart does.
const MOST_COMPARISONS: usize = 20_000;

/// Names that one hint lists.
const MOST_LISTED: usize = 10;

impl Targets<'_, '_> {
    /// What to write instead of an unknown name.
    fn hint(&self, typed: &str) -> String {
        let left = self.comparisons.get().checked_sub(self.named.len());
        self.comparisons.set(left.unwrap_or(0));
        let meant = left.and_then(|_| similar_to(typed, self.named.keys().map(String::as_str)));
        if let Some(meant) = meant {
            return format!("did you mean `{meant}`?");
        }
        let listed: Vec<String> =
            self.named.keys().take(MOST_LISTED).map(|name| format!("`{}`", tree::name(name))).collect();
        match self.named.len() - listed.len() {
            _ if listed.is_empty() => "the chart has no `targets`".to_owned(),
            0 => format!("the chart's targets are {}", listed.join(", ")),
            more => format!("the chart's targets are {} and {more} more", listed.join(", ")),
        }
    }
}

/// One named destination.
#[derive(Debug)]
pub struct Target<'n, 's> {
    node: &'n Node<'s>,
    span: Span,
}

/// Collects the targets of all documents; the same name twice is an error.
pub fn targets<'n, 's>(roots: &'n [Node<'s>], found: &mut Diagnostics) -> Targets<'n, 's> {
    let mut targets = BTreeMap::new();
    let entries = roots.iter().filter_map(|root| root.get("targets")?.as_mapping()).flatten();
    for (key, node) in entries {
        let target = Target { node, span: key.span };
        if let Some(first) = targets.get(&*key.text).map(|first: &Target<'_, '_>| first.span) {
            found.push(
                Diagnostic::error(
                    "duplicate-target",
                    format!("target `{}` stands in the chart twice", tree::name(&key.text)),
                )
                .at(key.span)
                .related(first, "first here"),
            );
        } else {
            targets.insert(key.text.to_string(), target);
        }
    }
    Targets { named: targets, comparisons: Cell::new(MOST_COMPARISONS) }
}

/// Decodes the list that decides about a repository's rules, and says where it stands; `None` if rules are not
/// managed.
pub fn decode(
    repository: &Address,
    inherited: &Inherited<'_, '_>,
    targets: &Targets<'_, '_>,
    out: &mut Output<'_>,
) -> Option<Source> {
    let list = inherited.find(repository.kind(), sync_rule::SYNC_RULE.place.key.name)?;
    let items = list.as_list()?;
    let mut seen = BTreeMap::<Address, Span>::new();
    for item in items {
        // Before anything is done: a list of wrong items is inherited as well.
        if !out.allowance.grant(text(item)) {
            out.refuse(list.span);
            break;
        }
        let Some((address, attributes)) = rule(repository, item, inherited, targets, out) else { continue };
        if let Some(first) = seen.insert(address.clone(), item.span) {
            out.found.push(
                Diagnostic::error("duplicate-rule", "two rules of this list copy to the same place")
                    .at(item.span)
                    .related(first, "first here"),
            );
            continue;
        }
        let source = out.context.source(item.span);
        let desired = DesiredResource { presence: Presence::Present(out.shared(attributes)), source, children: None };
        // Of a rule whose own region is unknown nothing can be said together with others.
        if names::is_valid(Name::Region, address.region()) {
            out.rules.push((address.clone(), item.span));
        }
        out.chart.resources.insert(address, desired);
    }
    Some(out.context.source(list.span))
}

/// How much text is written in an item that can be a rule.
fn text(item: &Node<'_>) -> usize {
    let entries = item.as_mapping().filter(|_| is_section(item)).unwrap_or_default();
    entries.iter().filter_map(|(_, node)| node.as_str()).map(str::len).sum()
}

fn rule<'n, 's>(
    repository: &Address,
    item: &'n Node<'s>,
    inherited: &Inherited<'n, 's>,
    targets: &Targets<'n, 's>,
    out: &mut Output<'_>,
) -> Option<(Address, Attributes)> {
    if !is_section(item) {
        return None;
    }
    let target = match item.get("target") {
        Some(node) => Some(named_target(node, item, targets, out)?),
        None => None,
    };
    let (region, organization) = match target {
        Some(target) => (target.get("region")?, target.get("organization")?),
        None => match (item.get("target_region"), item.get("target_organization")) {
            (Some(region), Some(organization)) => (region, organization),
            _ => {
                let hint = "write `target: NAME`, or `target_region` and `target_organization`";
                out.found.push(
                    Diagnostic::error("missing-target", "this rule does not say where it copies to")
                        .at(item.span)
                        .hint(hint),
                );
                return None;
            }
        },
    };
    let region = out.context.name(Name::Region, region)?;
    let organization = out.context.name(Name::Organization, organization)?;
    let address = sync_rule::address(repository, region, organization);
    let mut layers = vec![Layer::entry(address.kind(), item)];
    layers.extend(target.map(|target| Layer::entry(address.kind(), target)));
    layers.extend(&inherited.layers);
    let mut attributes = resolve(&layers, address.kind(), out.context);
    fix(&mut attributes, &layers, item, &mut out.found);
    Some((address, attributes))
}

fn named_target<'n, 's>(
    node: &Node<'_>,
    item: &Node<'_>,
    targets: &Targets<'n, 's>,
    out: &mut Output<'_>,
) -> Option<&'n Node<'s>> {
    let mut only = true;
    for (key, _) in ["target_region", "target_organization"].iter().filter_map(|name| item.entry(name)) {
        only = false;
        out.found.push(
            Diagnostic::error("two-targets", format!("`{}` beside `target`", &*key.text))
                .at(key.span)
                .hint("a rule copies to one place: write either"),
        );
    }
    let name = out.context.text(node)?;
    if !names::is_valid(Name::Target, &name) {
        return None;
    }
    if let Some(target) = targets.named.get(&name) {
        // Where it really copies to is not known, so nothing more is said of it.
        return only.then_some(target.node).filter(|node| is_section(node));
    }
    let problem = format!("no target is called `{}`", tree::name(&name));
    out.found.push(Diagnostic::error("unknown-target", problem).at(node.span).hint(targets.hint(&name)));
    None
}

/// Puts in what portolan always asks for, and refuses anything else.
fn fix(attributes: &mut Attributes, layers: &[Layer<'_, '_>], item: &Node<'_>, found: &mut Diagnostics) {
    let mut complete = Attributes::new();
    for attribute in sync_rule::SYNC_RULE.attributes {
        let Role::Fixed(preset) = attribute.role else {
            complete.extend(attributes.shift_remove(attribute.name).map(|value| (attribute.name, value)));
            continue;
        };
        let fixed = Value::from(preset);
        if attributes.get(attribute.name).is_some_and(|value| *value != fixed) {
            let place = find(layers, &sync_rule::SYNC_RULE, attribute.name);
            found.push(
                Diagnostic::error("auto-false", "a rule that does not copy by itself cannot be managed")
                    .at(place.map_or(item.span, |node| node.span))
                    .hint("the service may hide such rules, so the chart could never be reached: leave `auto` out"),
            );
        }
        // Somebody may have waived the error.
        complete.insert(attribute.name, attributes.get(attribute.name).cloned().unwrap_or(fixed));
    }
    *attributes = complete;
}
