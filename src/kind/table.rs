//! The other parts of a kind's table: risks, lifecycle, identity, runs.

use std::sync::Arc;

use serde_json::Value;

use super::{
    Attribute, ContentList, Kind, Listing, Parents, Role, Shape, Subject, Undecodable,
    collects::Collects, copying::Copying, fact::Fact, place::ItemError,
};
use crate::{
    address::Address,
    risk::RiskClass,
    state::{Attributes, LiveResource, RemoteId, RunState},
    text::counted,
    wire::{Request, Response, secret::Login},
};

/// The value of a boolean attribute that carries a risk.
#[derive(Debug)]
pub struct Hazard {
    pub class: RiskClass,
    /// The risky value.
    pub value: bool,
    /// Whether creating a resource with this value is a risk too.
    pub on_creation: bool,
    /// Evidence from the live state, as a clause. `held` is the number of things that the resource
    /// contains.
    pub evidence: fn(held: Option<u64>) -> String,
}

/// The last parts of a key, which an address prints behind a mark.
#[derive(Debug)]
pub struct Tail {
    /// How many parts these are.
    pub parts: usize,
    /// What an address prints before them, blanks included: ` -> `.
    pub mark: &'static str,
    /// What a pattern has behind the mark, in words: `REGION/ORGANIZATION`.
    pub words: &'static str,
    /// Whether a name there can contain this character.
    pub may_contain: fn(char) -> bool,
    /// Whether the service takes two spellings that differ only in case for one name.
    pub ignores_case: bool,
}

/// The names of what resources contain.
pub type Named = Vec<(Address, Vec<Box<str>>)>;

/// The sizes of what resources contain, in bytes.
pub type Sizes = Vec<(Address, u64)>;

/// What a resource contains. A read may return its number.
#[derive(Debug)]
pub struct Holds {
    pub fact: &'static Fact,
    /// `N tags`; `None` means that the number is unknown.
    pub in_words: fn(Option<u64>) -> String,
    /// The names of the things, as a page of the list of the resources carries them. Only of
    /// resources of which the page has all names.
    pub named: fn(region: &Arc<str>, response: &Response) -> Named,
    /// Their size in bytes. Only lists for people state it: no plan depends on it.
    pub size: &'static Fact,
    /// The sizes that a page of the list of the resources states.
    pub sized: fn(region: &Arc<str>, response: &Response) -> Sizes,
}

/// For children that block their parent: it can be deleted only when it has none of these, and a
/// plan that deletes all of them is stopped.
#[derive(Debug)]
pub struct BlocksParent {
    /// The fact of the parent that counts these.
    pub fact: &'static Fact,
    /// Singular and plural: `repository`, `repositories`.
    pub words: (&'static str, &'static str),
    /// The list of those in one parent. It is read before the parent is deleted: whether the
    /// service would delete them with it is not documented.
    pub contents: ContentList,
}

impl BlocksParent {
    /// `1 repository`, `2 repositories`.
    pub fn counted(&self, number: usize) -> String {
        counted(number, self.words)
    }
}

/// What happens to a live resource that the chart does not mention, while its parent is in the
/// chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmentioned {
    /// It is left alone.
    Kept,
    /// The parent's entry decides, with `unlisted`.
    ByPolicyOfParent,
    /// It is deleted if the parent's entry has a list of these: that list is complete.
    ListIsComplete,
}

/// How requests refer to a resource.
#[derive(Debug, Clone, Copy)]
pub enum Identity {
    /// By the parts of its key.
    Key,
    /// By an id that the service assigns, and that every read of the resource returns.
    Assigned(&'static IdField),
    /// By an id from the chart, or looked up in a list of candidates.
    LookedUp(&'static Lookup),
    /// By the id of a person, which is an attribute.
    Named(&'static Naming),
}

/// For kinds about a person. Every read shows the person's id. For a new one it is in the chart, or
/// another service finds it by name.
#[derive(Debug)]
pub struct Naming {
    /// The attribute with the id.
    pub id: &'static str,
    /// The part of the key that names the person.
    pub part: &'static str,
    /// How much a person with these attributes may do.
    pub rank: fn(&Attributes) -> u64,
    /// The rank of the creator of the organization, which nobody changes.
    pub highest: u64,
    /// The rank as a chart writes it.
    pub word: fn(rank: u64) -> String,
    /// What a caller of this rank may not do, as a clause.
    pub lacks: fn(rank: u64) -> Option<&'static str>,
    pub look_up: fn(region: &Arc<str>, name: &str) -> Request,
    pub decode: fn(name: &str, response: &Response) -> Result<Option<String>, Undecodable>,
    /// What to do if the look-up fails.
    pub id_hint: &'static str,
    /// Nobody has this name.
    pub missing: Unrepairable,
    /// The chart has another id than the service.
    pub disagrees: Unrepairable,
    /// The service has the id under another name.
    pub renamed: Unrepairable,
    /// The chart gives the creator a lower rank.
    pub of_creator: Unrepairable,
    /// The chart lists one of its operators.
    pub operator: ItemError,
}

/// An id that a service assigns to its resources.
#[derive(Debug)]
pub struct IdField {
    /// Its key in documents.
    pub name: &'static str,
    /// The message for a response that has another id than the request.
    pub moved: fn(was: RemoteId, is: u64) -> String,
}

impl Naming {
    /// The id in a chart. An empty one means none.
    pub(crate) fn stated<'a>(&self, wanted: &'a Attributes) -> Option<&'a str> {
        let id = wanted.get(self.id)?.as_str()?;
        (!id.is_empty()).then_some(id)
    }
}

/// Each is one static, so identity is equality.
impl PartialEq for IdField {
    fn eq(&self, other: &IdField) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for IdField {}

/// For kinds that are attached to an object which exists already, and which requests name by its
/// id.
#[derive(Debug)]
pub struct Lookup {
    pub id: &'static IdField,
    /// The code of the diagnostic for a resource that two documents list.
    pub duplicate: &'static str,
    /// The object does not exist, so there is no id.
    pub missing: Unrepairable,
    /// The attribute without which the resource cannot be created.
    pub required: &'static str,
    pub incomplete: Unrepairable,
}

/// A difference that portolan cannot repair. It stops the plan.
#[derive(Debug)]
pub struct Unrepairable {
    pub code: &'static str,
    /// A clause that follows the address.
    pub problem: &'static str,
    /// What to do: an imperative, to which an alternative may be added.
    pub remedy: &'static str,
}

/// How a resource is run. The chart and the time of the last success decide when.
#[derive(Debug)]
pub struct Runs {
    /// The attribute with the URL that a run fetches from, and sends a login to.
    pub url: &'static str,
    /// The attribute that names credentials which the service stores.
    pub endpoint: &'static str,
    /// The attribute that is sent only with a run, and lets it overwrite.
    pub force: &'static str,
    /// The risk of a forced run, and its evidence.
    pub forced_risk: (RiskClass, &'static str),
    pub start:
        fn(subject: Subject<'_>, force: bool, endpoint: &str, login: Option<&Login>) -> Request,
    /// The id of the run in the response to a start, for support tickets.
    pub job: fn(response: &Response) -> Option<String>,
    pub is_in_flight: fn(state: &RunState) -> bool,
}

/// A risk of an action.
#[derive(Debug)]
pub struct ActionRisk {
    pub of: Verb,
    pub class: RiskClass,
    /// Evidence from the live state, or `None` if there is no risk.
    pub evidence: fn(step: Step<'_>) -> Option<String>,
}

/// What an action does to a resource, for the risks of the action.
#[derive(Debug, Clone, Copy, Default)]
pub struct Step<'a> {
    pub address: Option<&'a Address>,
    /// `None` if the resource is created.
    pub before: Option<&'a Attributes>,
    /// `None` if the resource is deleted.
    pub after: Option<&'a Attributes>,
    /// The number of things that the resource contains, or its nearest ancestor that contains any.
    pub held: Option<u64>,
}

/// Which actions a kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// Resources are created and deleted.
    Owned,
    /// As `Owned`, and a deletion takes away only what was given: `protect` does not prevent it.
    Granted,
    /// Resources are created, but the service cannot delete them.
    Attached,
}

impl Lifecycle {
    /// The actions that a plan may contain, beside a run.
    pub fn verbs(self) -> &'static [Verb] {
        match self {
            Lifecycle::Owned | Lifecycle::Granted => {
                &[Verb::Create, Verb::Update, Verb::Replace, Verb::Delete]
            }
            Lifecycle::Attached => &[Verb::Create, Verb::Update],
        }
    }
}

/// An action without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Create,
    Update,
    Replace,
    Delete,
    Run,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Replace => "replace",
            Verb::Delete => "delete",
            Verb::Run => "run",
        }
    }
}

/// What follows from the table.
impl Kind {
    /// Whether names in the last parts of the key are equal if they differ only in case.
    pub(crate) fn ignores_case(&self) -> bool {
        self.tail.is_some_and(|tail| tail.ignores_case)
    }

    /// The number of parts that an address joins with `/`.
    pub(crate) fn joined_parts(&self) -> usize {
        self.key.len() - self.tail.map_or(0, |tail| tail.parts)
    }

    /// The id that requests use, if any.
    pub fn id(&self) -> Option<&'static IdField> {
        match self.identity {
            Identity::Key | Identity::Named(_) => None,
            Identity::Assigned(id) => Some(id),
            Identity::LookedUp(lookup) => Some(lookup.id),
        }
    }

    /// How its id is looked up, if the chart may omit it.
    pub(crate) fn lookup(&self) -> Option<&'static Lookup> {
        match self.identity {
            Identity::Key | Identity::Assigned(_) | Identity::Named(_) => None,
            Identity::LookedUp(lookup) => Some(lookup),
        }
    }

    /// How a person is named, for a kind about persons.
    pub(crate) fn naming(&self) -> Option<&'static Naming> {
        match self.identity {
            Identity::Named(naming) => Some(naming),
            Identity::Key | Identity::Assigned(_) | Identity::LookedUp(_) => None,
        }
    }

    /// Whether an export reads and declares its resources. Who may do what, where images may go, and
    /// what deletes them, is left unmanaged.
    pub(crate) fn is_exported(&self) -> bool {
        self.lifecycle != Lifecycle::Granted && self.collects.is_none()
    }

    /// Whether `protect` prevents the deletion of its resources.
    pub(crate) fn is_protectable(&self) -> bool {
        self.lifecycle != Lifecycle::Granted
    }

    /// The first kind of the same name: kinds with different parents may share one.
    pub(crate) fn family(&self) -> &'static Kind {
        let mut kinds = super::REGISTRY.iter().copied();
        kinds
            .find(|kind| kind.name == self.name)
            .unwrap_or(super::first())
    }

    /// The plural of its name: `mirrors`, `repositories`, `access entries`.
    pub(crate) fn several(&self) -> String {
        match self.name.strip_suffix('y') {
            Some(stem) => format!("{stem}ies"),
            None if self.name.ends_with('s') => format!("{} entries", self.name),
            None => format!("{}s", self.name),
        }
    }

    /// `1 repository`, `2 repositories`.
    pub(crate) fn counted(&self, number: usize) -> String {
        match self.blocks_parent {
            Some(block) => block.counted(number),
            None => {
                // Readers know a rule as what the chart calls it.
                let entry = self
                    .place
                    .entry()
                    .filter(|_| self.place.key.name != self.name);
                let one = entry.map_or(self.name, |entry| entry.name);
                counted(number, (one, &format!("{one}s")))
            }
        }
    }

    /// A name that no other kind has, for the definitions of a schema.
    pub(crate) fn unique_name(&self) -> String {
        match self.parent {
            Some(parent) if self.family() != self => format!("{}_of_{}", self.name, parent.name),
            _ => self.name.to_owned(),
        }
    }

    /// The child kind of that name.
    pub(crate) fn child(&'static self, name: &str) -> Option<&'static Kind> {
        self.children().find(|child| child.name == name)
    }

    /// The child kinds that need one read for each parent.
    pub fn read_per_parent(&'static self) -> impl Iterator<Item = &'static Kind> {
        self.children().filter(|child| child.is_read_per_parent())
    }

    /// The child kind whose resources copy what a resource of this kind contains.
    pub(crate) fn copied_by(&'static self) -> Option<&'static Copying> {
        self.children().find_map(|child| child.copying)
    }

    /// The child kind because of which the service deletes what a resource of this kind contains.
    pub(crate) fn collected_by(&'static self) -> Option<&'static Collects> {
        self.children().find_map(|child| child.collects)
    }

    /// The word for the resources of this kind in an option: `rules`, `retention`.
    pub(crate) fn included_as(&self) -> String {
        match self.place.entry() {
            Some(entry) if self.place.key.name != self.name => format!("{}s", entry.name),
            _ => self.name.to_owned(),
        }
    }

    /// Whether resources are read one parent at a time.
    pub(crate) fn is_read_per_parent(&self) -> bool {
        let is_alone = matches!(self.listing, Listing::PerParent { .. } | Listing::Single);
        is_alone || self.parents().is_some()
    }

    /// The list of the parents that have resources of this kind, if there is one.
    pub(crate) fn parents(&self) -> Option<&Parents> {
        match &self.listing {
            Listing::PerListedParent { parents, .. } => Some(parents),
            _ => None,
        }
    }

    /// The attribute with the time at which a resource ends by itself.
    pub(crate) fn deadline(&self) -> Option<&'static Attribute> {
        let ends = |attribute: &&Attribute| attribute.shape == Shape::Deadline;
        self.attributes.iter().find(ends)
    }

    /// Whether two values of an attribute mean the same.
    pub(crate) fn is_same(&self, name: &str, one: &Value, other: &Value) -> bool {
        let shape = self.attribute(name).map(|attribute| attribute.shape);
        shape.map_or(one == other, |shape| shape.is_same(one, other))
    }

    /// Whether its resources stand alone and their entries decide about unlisted children.
    pub(crate) fn holds_unlisted(&'static self) -> bool {
        let by_policy = |child: &Kind| child.unmentioned == Unmentioned::ByPolicyOfParent;
        self.parent.is_none() && self.children().any(by_policy)
    }

    /// Whether a resource has one of several attributes, and this is one of them. Another one in
    /// its place needs a new resource.
    pub(crate) fn is_alternative(&self, attribute: &Attribute) -> bool {
        let entry = self.place.entry();
        attribute.role == Role::Foreign
            || entry.is_some_and(|entry| entry.is_alternative(attribute.name))
    }

    /// How many things a live resource contains, if the read returned it.
    pub fn held(&self, live: &LiveResource) -> Option<u64> {
        live.facts.get(self.holds?.fact)
    }
}
