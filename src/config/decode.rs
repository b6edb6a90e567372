//! Turns checked documents into the desired state: resolves regions, inheritance and targets.
//!
//! Skips everything that `check` reported. A chart with errors is not used, but it is decoded as
//! far as possible, so that one command shows all errors.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry as Slot},
    sync::Arc,
};

use super::{
    allowance::Allowance,
    children::{self, Nameless, Targets},
    context::{Context, Document, Output, UNKNOWN_REGION},
    grammar::{DOCUMENT, Form},
    inherit::Inherited,
    layer::Layer,
    lint, numbered, patterns,
    tree::{self, Entry, Node, Resolved},
};
use crate::{
    address::Address,
    diagnostics::{Diagnostic, Diagnostics, Span},
    kind::{Kind, REGISTRY},
    names::{self, Name},
    state::{
        Attributes, Chart, ChartEndpoint, Children, DesiredResource, Limits, Notice, Presence,
        TopPolicy, UnlistedPolicy,
    },
    wire::Service,
};

/// A resource at the top level, such as an organization, gathered from all documents.
struct Top<'n, 's> {
    absent: bool,
    span: Span,
    unlisted: Option<(UnlistedPolicy, Span)>,
    defaults: Layer<'n, 's>,
    chart_defaults: Layer<'n, 's>,
    defaults_span: Option<Span>,
    state_span: Option<Span>,
    /// The named children, with the defaults of their documents.
    entries: Vec<(&'static Kind, &'n Entry<'s>, Layer<'n, 's>)>,
    /// The same for kinds whose children have no names. One document holds all children of a kind.
    nameless: Vec<(&'static Kind, &'n Entry<'s>, Layer<'n, 's>)>,
}

/// Checks and decodes all documents of a chart. `found` holds the parser's findings.
pub fn decode<'c>(roots: &[Node<'_>], context: Context<'c>, found: Diagnostics) -> Output<'c> {
    let mut out = Output {
        context,
        chart: Chart::default(),
        items: Vec::new(),
        found,
        allowance: Allowance::of(context.sources),
        last: Arc::default(),
    };
    for root in roots {
        super::check::check(
            root,
            Form::Record(&DOCUMENT),
            context.environment,
            &mut out.found,
        );
    }
    let targets = children::targets(roots, &mut out.found);
    let mut firsts = Firsts::default();
    let chart_defaults = Layer::of(only("chart_defaults", roots, &mut out.found, twice));
    let document = |root| document(root, chart_defaults, &mut firsts, &mut out);
    let documents: Vec<Document<'_, '_>> = roots.iter().filter_map(document).collect();
    settings(roots, &mut out);
    for kind in REGISTRY
        .iter()
        .filter(|kind| kind.parent.is_none() && kind.lookup().is_none())
    {
        // Several documents can describe the same organization, so it is gathered first.
        for (address, top) in tops(kind, &documents, &mut out) {
            decode_top(&address, &top, &targets, &mut out);
        }
    }
    numbered::decode(&documents, &mut out);
    patterns::decode(&documents, &mut out);
    out
}

/// Far more than the service has. Each region is read from its own endpoint, and all of them share
/// the requests in flight.
const MOST_REGIONS: usize = 1_000;

/// A placeholder for a missing or invalid region, so that the rest of the document is still
/// checked.
fn no_region(root: &Node<'_>) -> Arc<str> {
    // Different for each document: resources of two documents without a region must not clash.
    format!("{UNKNOWN_REGION}{:?}:{}", root.span.file, root.span.start).into()
}

/// The places of settings that several documents of a region may repeat.
#[derive(Default)]
struct Firsts {
    endpoints: BTreeMap<(Service, Arc<str>), Span>,
    unlisted: BTreeMap<Arc<str>, Span>,
}

fn document<'n, 's>(
    root: &'n Node<'s>,
    chart_defaults: Layer<'n, 's>,
    firsts: &mut Firsts,
    out: &mut Output<'_>,
) -> Option<Document<'n, 's>> {
    root.as_mapping()?;
    let region = match root.get("region") {
        Some(node) => out
            .context
            .name(Name::Region, node)
            .unwrap_or_else(|| no_region(root)),
        None => match out.context.region {
            Some(region) => Arc::from(region),
            None => {
                let hint = "add `region: ID`, or use `--region`";
                out.found.push(
                    Diagnostic::error("missing-region", "this document has no region")
                        .at(root.span)
                        .hint(hint),
                );
                no_region(root)
            }
        },
    };
    let is_new = out.chart.regions.insert(region.clone());
    if is_new {
        let place = root.get("region").map_or(root.span, |node| node.span);
        let source = out.context.source(place);
        out.chart.region_sources.insert(region.clone(), source);
    }
    // Only at the first region beyond the limit, so that the error appears once.
    if is_new && out.chart.regions.len() == MOST_REGIONS + 1 && !region.starts_with(UNKNOWN_REGION)
    {
        let problem = format!("with this document, the chart has more than {MOST_REGIONS} regions");
        out.found.push(
            Diagnostic::error("chart-too-large", problem)
                .at(root.span)
                .hint("split the chart"),
        );
    }
    // With endpoints of its own, no host name is built from the name of the region.
    if is_new && root.get("endpoints").is_none() && !region.starts_with(UNKNOWN_REGION) {
        let span = root.get("region").map(|node| node.span);
        out.found.extend(lint::region(&region, span));
    }
    for service in Service::ALL {
        if let Some(node) = root
            .get("endpoints")
            .and_then(|endpoints| endpoints.get(service.name()))
        {
            endpoint((service, region.clone()), node, &mut firsts.endpoints, out);
        }
    }
    if let Some(node) = root.get("unlisted") {
        unlisted_tops(&region, node, &mut firsts.unlisted, out);
    }
    Some(Document {
        root,
        region,
        defaults: Layer::of(root.get("defaults")),
        chart_defaults,
    })
}

/// Adds the endpoint of a service in a region. Several documents may give the same one.
fn endpoint(
    place: (Service, Arc<str>),
    node: &Node<'_>,
    endpoints: &mut BTreeMap<(Service, Arc<str>), Span>,
    out: &mut Output<'_>,
) {
    let Some(url) = out.context.text(node) else {
        return;
    };
    let endpoint = ChartEndpoint {
        url: Arc::from(url),
        source: out.context.source(node.span),
        span: node.span,
    };
    let first = *endpoints.entry(place.clone()).or_insert(node.span);
    let problem = format!(
        "another document gives region {} a different endpoint",
        place.1
    );
    match out.chart.endpoints.entry(place) {
        Slot::Vacant(slot) => drop(slot.insert(endpoint)),
        // Each document of a region may repeat the same endpoint.
        Slot::Occupied(slot) if slot.get().url == endpoint.url => {}
        Slot::Occupied(_) => out.found.push(
            Diagnostic::error("two-endpoints", problem)
                .at(node.span)
                .related(first, "first defined here"),
        ),
    }
}

/// Sets what happens to organizations of a region that no file names.
fn unlisted_tops(
    region: &Arc<str>,
    node: &Node<'_>,
    firsts: &mut BTreeMap<Arc<str>, Span>,
    out: &mut Output<'_>,
) {
    let word = out.context.text(node);
    let Some(notice) = word.as_deref().and_then(Notice::from_word) else {
        return;
    };
    let first = *firsts.entry(region.clone()).or_insert(node.span);
    let source = out.context.source(node.span);
    match out.chart.unlisted_tops.entry(region.clone()) {
        Slot::Vacant(slot) => drop(slot.insert(TopPolicy {
            notice,
            source,
            is_default: false,
        })),
        // Each document of a region may repeat the same value.
        Slot::Occupied(slot) if slot.get().notice == notice => {}
        Slot::Occupied(slot) => {
            let other = slot.get().notice.word();
            let problem = format!("another document gives region {region} `unlisted: {other}`");
            out.found.push(
                Diagnostic::error("two-unlisted", problem)
                    .at(node.span)
                    .related(first, "first defined here")
                    .hint("say it in one document of the region"),
            );
        }
    }
}

/// Decodes the settings that apply to the whole chart.
fn settings(roots: &[Node<'_>], out: &mut Output<'_>) {
    if let Some(node) = only("limits", roots, &mut out.found, |problem| {
        Diagnostic::error("duplicate-limits", problem)
    }) {
        out.chart.limits = limits(node, out.context);
    }
    let mut label = |name| {
        let node = only(name, roots, &mut out.found, twice)?;
        out.context.name(Name::Label, node)
    };
    (out.chart.name, out.chart.account) = (label("name"), label("account"));
    let operators = roots
        .iter()
        .filter_map(|root| root.get("operators")?.as_list())
        .flatten();
    for node in operators {
        out.chart
            .operators
            .extend(out.context.text(node).map(Arc::from));
    }
}

fn twice(problem: String) -> Diagnostic {
    Diagnostic::error("duplicate-chart-key", problem)
}

/// The value of a key that may appear only once in the chart.
fn only<'n, 's>(
    name: &str,
    roots: &'n [Node<'s>],
    found: &mut Diagnostics,
    twice: impl Fn(String) -> Diagnostic,
) -> Option<&'n Node<'s>> {
    let mut entries = roots.iter().filter_map(|root| root.entry(name));
    let (first, node) = entries.next()?;
    for (key, _) in entries {
        let problem = format!("`{name}` applies to the whole chart, and appears in it twice");
        found.push(
            twice(problem)
                .at(key.span)
                .related(first.span, "first defined here"),
        );
    }
    Some(node)
}

/// The entries of `limits`. What the checks refused is left out.
fn limits(node: &Node<'_>, context: Context<'_>) -> Limits {
    let number = |key, usual| match node.get(key).map(Node::resolve) {
        Some(Resolved::Number(number)) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(usual),
        _ => usual,
    };
    let consents = node.get("allow").and_then(Node::as_list);
    let usual = Limits::default();
    Limits {
        deletes: number("deletes", usual.deletes),
        delete_percent: number("delete_percent", usual.delete_percent),
        collect_percent: number("collect_percent", usual.collect_percent),
        allow: consents
            .unwrap_or_default()
            .iter()
            .filter_map(|node| context.text(node)?.parse().ok())
            .collect(),
    }
}

/// Gathers each top-level resource of a kind from all documents of its region.
fn tops<'n, 's>(
    kind: &'static Kind,
    documents: &[Document<'n, 's>],
    out: &mut Output<'_>,
) -> BTreeMap<Address, Top<'n, 's>> {
    let mut tops = BTreeMap::<Address, Top<'n, 's>>::new();
    for document in documents {
        let entries = document
            .root
            .get(kind.place.key.name)
            .and_then(Node::as_mapping)
            .unwrap_or_default();
        for (key, node) in entries {
            if !kind
                .place
                .name()
                .is_some_and(|name| names::is_valid(name, &key.text))
            {
                continue;
            }
            let Some(address) = kind.named([document.region.clone()].into_iter(), &key.text) else {
                continue;
            };
            let top = tops.entry(address).or_insert_with(|| Top {
                absent: false,
                span: key.span,
                unlisted: None,
                defaults: Layer::default(),
                chart_defaults: document.chart_defaults,
                defaults_span: None,
                state_span: None,
                entries: Vec::new(),
                nameless: Vec::new(),
            });
            gather(kind, top, node, &document.defaults, out);
        }
    }
    tops
}

fn gather<'n, 's>(
    kind: &'static Kind,
    top: &mut Top<'n, 's>,
    node: &'n Node<'s>,
    document_defaults: &Layer<'n, 's>,
    out: &mut Output<'_>,
) {
    if let Some((key, state)) = node.entry("state") {
        once("state", key.span, &mut top.state_span, &mut out.found);
        top.absent = out.context.text(state).as_deref() == Some("absent");
    }
    if let Some((key, defaults)) = node.entry("defaults") {
        once("defaults", key.span, &mut top.defaults_span, &mut out.found);
        top.defaults = Layer::of(Some(defaults));
    }
    if let Some((key, unlisted)) = node.entry("unlisted") {
        let mut first = top.unlisted.as_ref().map(|(_, span)| *span);
        once("unlisted", key.span, &mut first, &mut out.found);
        let policy = match out.context.text(unlisted).as_deref() {
            Some("ignore") => UnlistedPolicy::Ignore,
            Some("forbid") => UnlistedPolicy::Forbid,
            Some("delete") => UnlistedPolicy::Delete(out.context.source(unlisted.span)),
            // The default. An invalid value was reported, and must not delete anything.
            _ => UnlistedPolicy::Report,
        };
        top.unlisted = Some((policy, key.span));
    }
    for child in kind.children() {
        if child.place.name().is_none() {
            let Some(entry) = node.entry(child.place.key.name) else {
                continue;
            };
            let mut first = top
                .nameless
                .iter()
                .find(|(other, ..)| *other == child)
                .map(|(_, (key, _), _)| key.span);
            let is_first = first.is_none();
            once(
                child.place.key.name,
                entry.0.span,
                &mut first,
                &mut out.found,
            );
            top.nameless
                .extend(is_first.then_some((child, entry, *document_defaults)));
            continue;
        }
        for entry in node
            .get(child.place.key.name)
            .and_then(Node::as_mapping)
            .unwrap_or_default()
        {
            top.entries.push((child, entry, *document_defaults));
        }
    }
}

/// Reports a second value of a setting. It applies in all documents, so only one may have it.
fn once(name: &str, span: Span, first: &mut Option<Span>, found: &mut Diagnostics) {
    match *first {
        Some(first) => found.push(
            Diagnostic::error(
                "duplicate-setting",
                format!("`{name}` of this organization appears twice in the chart"),
            )
            .at(span)
            .related(first, "first defined here"),
        ),
        None => *first = Some(span),
    }
}

fn decode_top(
    address: &Address,
    top: &Top<'_, '_>,
    targets: &Targets<'_, '_>,
    out: &mut Output<'_>,
) {
    let source = out.context.source(top.span);
    out.found.extend(lint::name(&address.parts()[1], top.span));
    let presence = if top.absent {
        Presence::Absent
    } else {
        Presence::Present(out.shared(Attributes::new()))
    };
    let children = top
        .nameless
        .iter()
        .filter_map(|(kind, (key, node), defaults)| {
            if top.absent {
                out.found.push(beside_absent(&key.text, key.span));
                return None;
            }
            let layers = [
                Layer::default(),
                top.defaults,
                *defaults,
                top.chart_defaults,
            ];
            let nameless = Nameless { kind, node, layers };
            Some((*kind, children::decode(address, &nameless, targets, out)?))
        });
    let children = children.collect();
    out.chart.resources.insert(
        address.clone(),
        DesiredResource {
            presence,
            source,
            children,
        },
    );
    match &top.unlisted {
        // Checked here and not with the grammar: `state` may be in another document.
        Some((_, span)) if top.absent => out.found.push(beside_absent("unlisted", *span)),
        Some((policy, _)) => drop(out.chart.unlisted.insert(address.clone(), policy.clone())),
        None => drop(
            out.chart
                .unlisted
                .insert(address.clone(), UnlistedPolicy::Report),
        ),
    }
    if let Some(span) = top.defaults_span.filter(|_| top.absent) {
        out.found.push(beside_absent("defaults", span));
    }
    // By kind too: children of two kinds may have the same name.
    let mut seen = HashMap::<(usize, &str), Span>::new();
    for (kind, (key, node), document_defaults) in &top.entries {
        if !kind
            .place
            .name()
            .is_some_and(|name| names::is_valid(name, &key.text))
        {
            continue;
        }
        let Some(child) = kind.named(address.parts().iter().cloned(), &key.text) else {
            continue;
        };
        // Within one mapping the parser finds duplicates; these come from two documents.
        if let Some(first) = seen.insert((kind.rank(), &key.text), key.span) {
            let twice = format!("this {} is listed twice", kind.name);
            let twice = Diagnostic::error("duplicate-repository", twice).at(key.span);
            out.found.push(twice.related(first, "first defined here"));
            continue;
        }
        let inherited = Inherited {
            layers: [
                Layer::entry(kind, node),
                top.defaults,
                *document_defaults,
                top.chart_defaults,
            ],
        };
        let entry = Listed {
            address: &child,
            key_span: key.span,
            node,
        };
        decode_entry(&entry, top, &inherited, targets, out);
    }
}

fn beside_absent(key: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "key-beside-absent",
        format!(
            "`{}` is not allowed beside `state: absent`",
            tree::name(key)
        ),
    )
    .at(span)
    .hint("remove one of the two")
}

/// A named child of a top-level resource.
struct Listed<'e, 's> {
    address: &'e Address,
    key_span: Span,
    node: &'e Node<'s>,
}

fn decode_entry(
    entry: &Listed<'_, '_>,
    top: &Top<'_, '_>,
    inherited: &Inherited<'_, '_>,
    targets: &Targets<'_, '_>,
    out: &mut Output<'_>,
) {
    let address = entry.address;
    let source = out.context.source(entry.key_span);
    out.found
        .extend(lint::name(&address.parts()[2], entry.key_span));
    out.found
        .extend(lint::host(&address.parts()[2], entry.key_span));
    let state = entry
        .node
        .get("state")
        .and_then(|node| out.context.text(node));
    if state.as_deref() == Some("absent") {
        let others = entry
            .node
            .as_mapping()
            .unwrap_or_default()
            .iter()
            .filter(|(key, _)| &*key.text != "state");
        for (key, _) in others {
            out.found.push(beside_absent(&key.text, key.span));
        }
        let absent = DesiredResource {
            presence: Presence::Absent,
            source,
            children: Children::default(),
        };
        out.chart.resources.insert(address.clone(), absent);
        return;
    }
    if let Some(parent) = address.kind().parent.filter(|_| top.absent) {
        out.found.push(
            Diagnostic::error(
                "repository-in-absent",
                format!(
                    "this {} is in an {} with `state: absent`",
                    address.kind().name,
                    parent.name
                ),
            )
            .at(entry.key_span)
            .hint("give it `state: absent` too"),
        );
    }
    let kind = address.kind();
    // Before the attributes are resolved, which copies every inherited text.
    if !out.allowance.grant(inherited.text(kind)) {
        return out.refuse(entry.key_span);
    }
    let attributes = inherited.attributes(kind, out.context);
    let children = children::of_entry(address, inherited, targets, out);
    let desired = DesiredResource {
        presence: Presence::Present(out.shared(attributes)),
        source,
        children,
    };
    out.chart.resources.insert(address.clone(), desired);
}
