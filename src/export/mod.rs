//! Converts live state to a chart. A plan of that chart is empty.
//!
//! Pure: `refresh` reads the state, `render` writes YAML. What a chart cannot express or what could
//! not be read is left out, and so keeps its live value: one unusual repository must not prevent
//! the export of the others.

pub mod compact;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    address::Address,
    diagnostics::Source,
    kind::{Kind, Listing, REGISTRY, Role, Unmentioned},
    mask, names,
    plan::persons,
    state::{
        Attributes, Chart, DesiredResource, Live, LiveResource, Presence, ReadFailure,
        UnlistedPolicy, Unread,
    },
};

/// A longer value is cut where it is named, in characters.
const LONGEST_VALUE: usize = 80;

/// Something live that is left out of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// The resource that it is, or belongs to.
    pub address: Address,
    /// An address, or an attribute of one, as text.
    pub what: String,
    pub because: String,
}

/// A chart of the live state, and what it leaves out.
#[derive(Debug, Default)]
pub struct Exported {
    pub chart: Chart,
    pub unmanaged: Vec<Unmanaged>,
}

/// The words for kinds that an export has only if it is asked for them: who may do what, where
/// images may go, and what deletes them.
pub fn optional() -> Vec<&'static str> {
    let mut words = Vec::new();
    for kind in REGISTRY.iter().filter(|kind| is_optional(kind)) {
        if !words.contains(&kind.place.key.name) {
            words.push(kind.place.key.name);
        }
    }
    words
}

/// The kinds of which an export reads the children of a resource, with those for these words.
pub fn kinds_with(words: &[&str]) -> Vec<&'static Kind> {
    let is_asked = |kind: &Kind| words.contains(&kind.place.key.name);
    REGISTRY
        .iter()
        .copied()
        .filter(|kind| kind.is_read_per_parent() && (kind.is_exported() || is_asked(kind)))
        .collect()
}

fn is_optional(kind: &Kind) -> bool {
    kind.is_read_per_parent() && !kind.is_exported()
}

/// Declares every live resource as it is, including rules: an empty list declares that there are
/// none. `kinds` are those whose lists were read, `unread` lists that could not be read,
/// `malformed` undecodable resources.
pub fn chart(
    live: &Live,
    kinds: &[&'static Kind],
    unread: &[Unread],
    malformed: &BTreeMap<Address, ReadFailure>,
) -> Exported {
    let mut exported = Exported::default();
    for (address, failure) in malformed {
        exported.leave(address, address.to_string(), failure.message.clone());
    }
    let mut unknown = Unknown::new();
    for unread in unread {
        exported.leave_list(&unread.parent, unread.kind, unread.failure.message.clone());
        unknown.insert((unread.parent.clone(), unread.kind.rank()));
    }
    // A list in a chart is complete. So if one rule cannot be written, the list is left out: with
    // the others alone, the chart would delete that rule.
    for (address, problem) in unwritable(live) {
        if let Some(parent) = address.parent()
            // One entry for each list, however many of its names are bad.
            && unknown.insert((parent.clone(), address.kind().rank()))
        {
            exported.leave_list(&parent, address.kind(), format!("{address}: {problem}"));
        }
    }
    let lists = Lists { kinds, unknown };
    let mut left_out: BTreeSet<Address> = BTreeSet::new();
    for (address, resource) in &live.resources {
        let parent = address.parent();
        if is_listed(address)
            && !parent
                .as_ref()
                .is_some_and(|it| lists.have(it, address.kind()))
        {
            continue;
        }
        // Parents come before their children, so the set is complete when a child is reached.
        if parent
            .as_ref()
            .is_some_and(|parent| left_out.contains(parent))
        {
            left_out.insert(address.clone());
        } else if let Some(problem) = bad_name(address) {
            left_out.insert(address.clone());
            exported.leave(address, address.to_string(), problem);
        } else if !is_kept(live, address) {
            exported.declare(address, resource, &lists);
        }
    }
    exported.chart.regions = exported
        .chart
        .resources
        .keys()
        .map(|address| address.region().clone())
        .collect();
    exported
}

/// Lists that are left out, by parent and the rank of their kind.
type Unknown = BTreeSet<(Address, usize)>;

/// The lists that a chart of the live state has.
struct Lists<'k> {
    kinds: &'k [&'static Kind],
    unknown: Unknown,
}

impl Lists<'_> {
    fn have(&self, parent: &Address, kind: &'static Kind) -> bool {
        self.kinds.contains(&kind) && !self.unknown.contains(&(parent.clone(), kind.rank()))
    }

    /// The kinds for which a resource gets a complete list.
    fn of(&self, parent: &Address) -> impl Iterator<Item = &'static Kind> {
        parent
            .kind()
            .children()
            .filter(|child| child.unmentioned == Unmentioned::ListIsComplete)
            .filter(|child| self.have(parent, child))
    }
}

impl Exported {
    fn leave(&mut self, address: &Address, what: String, because: String) {
        let address = address.clone();
        self.unmanaged.push(Unmanaged {
            address,
            what,
            because,
        });
    }

    fn leave_list(&mut self, parent: &Address, kind: &Kind, because: String) {
        self.leave(parent, format!("{} of {parent}", several(kind)), because);
    }

    fn declare(&mut self, address: &Address, resource: &LiveResource, lists: &Lists<'_>) {
        let nowhere = Source {
            file: "live".into(),
            line: 1,
            column: 1,
        };
        if address.kind().holds_unlisted() {
            self.chart
                .unlisted
                // With `delete`, the next plan would delete what is created after the export.
                .insert(address.clone(), UnlistedPolicy::Report);
        }
        // A chart names persons, and ids only where a name is not enough.
        let id = address.kind().naming().map(|naming| naming.id);
        let mut attributes = Attributes::new();
        for (name, value) in &resource.attributes {
            match (
                address.kind().attribute(name),
                unsayable(address, name, value),
            ) {
                (_, Some(problem)) => self.leave(address, format!("{name} of {address}"), problem),
                (Some(attribute), None) if id != Some(*name) => {
                    attributes.insert(name, attribute.shape.in_short(value));
                }
                _ => {}
            }
        }
        let desired = DesiredResource {
            presence: Presence::Present(attributes.into()),
            source: nowhere.clone(),
            children: lists
                .of(address)
                .map(|kind| (kind, nowhere.clone()))
                .collect(),
        };
        self.chart.resources.insert(address.clone(), desired);
    }
}

/// Why a chart cannot have a value.
fn unsayable(address: &Address, name: &str, value: &Value) -> Option<String> {
    if mask::is_masked(value) {
        // A chart must not contain a secret.
        return Some("it contains a URL with a login, or a secret of this invocation".to_owned());
    }
    let attribute = address.kind().attribute(name);
    let is_sayable = attribute
        .is_some_and(|attribute| attribute.role != Role::Foreign && attribute.shape.accepts(value));
    (!is_sayable).then(|| {
        let text = value.to_string();
        let shown: String = text.chars().take(LONGEST_VALUE).collect();
        let cut = if shown.len() < text.len() { "..." } else { "" };
        let shown = crate::text::visible(&shown);
        format!("a chart cannot have the value {shown}{cut}")
    })
}

/// The listed resources that no chart can have, and why.
fn unwritable(live: &Live) -> Vec<(&Address, String)> {
    let listed = live.resources.iter();
    let listed = listed.filter(|(address, _)| is_listed(address) && !is_kept(live, address));
    let mut found: Vec<(&Address, String)> = listed
        .filter_map(|(address, resource)| {
            let problem = bad_name(address)
                .or_else(|| lacking(address, resource))
                .or_else(|| abroad(live, address));
            Some((address, problem?))
        })
        .collect();
    // A plan of the list would be another one for another user, so there is none.
    found.extend(persons::mixed(live).map(|(address, _)| (address, persons::MIXED.to_owned())));
    found
}

/// Why an item could not be written: a value without which it means nothing, or something else.
fn lacking(address: &Address, resource: &LiveResource) -> Option<String> {
    let kind = address.kind();
    resource.attributes.iter().find_map(|(name, value)| {
        let attribute = kind.attribute(name)?;
        let is_needed = attribute.is_required_in_chart() || kind.is_alternative(attribute);
        unsayable(address, name, value).filter(|_| is_needed)
    })
}

/// Why an item that names another account could not be written.
fn abroad(live: &Live, address: &Address) -> Option<String> {
    let rules = address.kind().place.item_errors?.abroad?;
    let parent = address.parent()?;
    let attribute = parent.kind().exposing()?;
    let is_public = live
        .resources
        .get(&parent)?
        .attributes
        .get(attribute.name)?;
    (*is_public == Value::Bool(true)).then(|| rules.public.problem.to_owned())
}

/// Whether it belongs to the creator, who keeps it whatever a chart says.
fn is_kept(live: &Live, address: &Address) -> bool {
    let naming = address.kind().naming();
    let person = naming.and_then(|naming| address.part(naming.part));
    person.is_some_and(|person| live.creator(address) == Some(person))
}

/// Whether it belongs to a complete list.
fn is_listed(address: &Address) -> bool {
    address.kind().unmentioned == Unmentioned::ListIsComplete
}

/// The plural of the entries' name in the chart: `rules`.
fn several(kind: &Kind) -> String {
    let one = kind.place.entry().map_or(kind.name, |entry| entry.name);
    if matches!(kind.listing, Listing::Single) {
        one.to_owned()
    } else {
        format!("{one}s")
    }
}

/// The problem with a name in an address that a chart may not have.
fn bad_name(address: &Address) -> Option<String> {
    let kind = address.kind();
    let problem = |name, text: &str| {
        format!(
            "`{}` is not a valid name in a chart: expected {}",
            crate::text::visible(text),
            names::rule(name)
        )
    };
    let mut parts = kind.names.iter().zip(address.parts());
    let of_part = parts.find(|(name, text)| !names::is_valid(**name, text));
    if let Some((name, text)) = of_part {
        return Some(problem(*name, text));
    }
    // The parts behind those form one name, which must not be read as others.
    let name = kind.place.name()?;
    let above = kind.parent.map_or(1, |parent| parent.key.len());
    let text = address.parts()[above..].join("/");
    let parents = address.parts()[..above].iter().cloned();
    let is_same = kind.named(parents, &text).as_ref() == Some(address);
    (!is_same || !names::is_valid(name, &text)).then(|| problem(name, &text))
}
