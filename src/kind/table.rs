//! What the table of a kind says of it beside its key, its attributes and its place.

use super::{Contents, Kind, Listing, Subject, fact::Fact};
use crate::{
    risk::RiskClass,
    state::{LiveResource, RemoteId, RunState},
    wire::{Request, Response, secret::Login},
};

/// A value of an attribute that may do harm, for attributes that are on or off.
#[derive(Debug)]
pub struct Hazard {
    pub class: RiskClass,
    /// Taking this value is the risk.
    pub value: bool,
    /// Whether a resource that is created with it is one as well.
    pub of_creation: bool,
    /// What the live state says about it, as half a sentence, from how much the resource holds.
    pub evidence: fn(held: Option<u64>) -> String,
}

/// What a resource holds, of which a read may bring the number.
#[derive(Debug)]
pub struct Holds {
    pub fact: &'static Fact,
    /// `N tags`; nothing is a number that is not known.
    pub in_words: fn(Option<u64>) -> String,
}

/// What fills the resource that it lives in: that one is deleted only when nothing of this is left,
/// and to lose all of it is a reason to stop.
#[derive(Debug)]
pub struct Fills {
    /// Of what it fills: the number of these.
    pub fact: &'static Fact,
    /// `repository`, and several of them.
    pub words: (&'static str, &'static str),
    /// The list of what lives in one parent. Whether the service deletes that along is not
    /// documented.
    pub contents: Contents,
}

impl Fills {
    /// `1 repository`, `2 repositories`.
    pub fn counted(&self, number: usize) -> String {
        if number == 1 {
            format!("1 {}", self.words.0)
        } else {
            format!("{number} {}", self.words.1)
        }
    }
}

/// What happens to a live resource that the chart does not mention, though it mentions what that
/// lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmentioned {
    /// Nothing.
    Left,
    /// What the parent's entry says of them.
    ByPolicyOfParent,
    /// It goes, where the parent's entry holds a list: that is the whole truth.
    ListIsWhole,
}

/// What requests name the resources of a kind by.
#[derive(Debug, Clone, Copy)]
pub enum Identity {
    /// The parts of the key.
    Key,
    /// A number that the service gives, and that every read of the resource brings.
    Told(&'static Id),
    /// A number that the chart says, or a list of all that could be meant.
    LookedUp(&'static Numbered),
}

/// A number that a service gives its resources.
#[derive(Debug)]
pub struct Id {
    /// What documents call it.
    pub name: &'static str,
    /// What happened if one number was asked for, and the answer is about the other one.
    pub moved: fn(was: RemoteId, is: u64) -> String,
}

/// Each id is one static, and so only equal to itself.
impl PartialEq for Id {
    fn eq(&self, other: &Id) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Id {}

/// What a kind is whose resources are made in something that exists already, and that only its
/// number names.
#[derive(Debug)]
pub struct Numbered {
    pub id: &'static Id,
    /// Nothing has the name, and so there is no number.
    pub missing: Lack,
    /// The attribute without which nothing can be made there.
    pub needs: &'static str,
    pub needless: Lack,
}

/// A difference that portolan cannot repair, and so a reason to stop.
#[derive(Debug)]
pub struct Lack {
    pub code: &'static str,
    /// Behind the address.
    pub problem: &'static str,
    /// What to do, as the first half of a sentence.
    pub remedy: &'static str,
}

/// How a resource is run: when that is due, the chart and the time of the last success say.
#[derive(Debug)]
pub struct Runs {
    /// The attribute that says where a run gets from, and so where a login goes.
    pub from: &'static str,
    /// The attribute that names stored credentials.
    pub endpoint: &'static str,
    /// The attribute that is sent with runs alone, and lets one overwrite.
    pub force: &'static str,
    /// What a forced run risks, with its evidence.
    pub forced: (RiskClass, &'static str),
    pub start:
        fn(subject: Subject<'_>, force: bool, endpoint: &str, login: Option<&Login>) -> Request,
    /// What the answer to a start calls the run, for a ticket.
    pub job: fn(response: &Response) -> Option<String>,
    pub is_in_flight: fn(state: &RunState) -> bool,
}

/// A risk of an action.
#[derive(Debug)]
pub struct ActionRisk {
    pub of: Verb,
    pub class: RiskClass,
    /// What the live state says about it, from how much the resource holds. Nothing, if there is no
    /// risk.
    pub evidence: fn(held: Option<u64>) -> Option<String>,
}

/// What can become of the resources of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// They are created and deleted.
    Owned,
    /// They are created, and the service offers no way to delete them.
    Attached,
}

impl Lifecycle {
    /// What a plan can do to them, beside a run.
    pub fn verbs(self) -> &'static [Verb] {
        match self {
            Lifecycle::Owned => &[Verb::Create, Verb::Update, Verb::Replace, Verb::Delete],
            Lifecycle::Attached => &[Verb::Create, Verb::Update],
        }
    }
}

/// What a change does to a resource.
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
    /// The number that requests name it by, if they do.
    pub fn id(&self) -> Option<&'static Id> {
        match self.identity {
            Identity::Key => None,
            Identity::Told(id) => Some(id),
            Identity::LookedUp(numbered) => Some(numbered.id),
        }
    }

    /// How its number is found out, if no read of its own brings it.
    pub fn numbered(&self) -> Option<&'static Numbered> {
        match self.identity {
            Identity::Key | Identity::Told(_) => None,
            Identity::LookedUp(numbered) => Some(numbered),
        }
    }

    /// The kinds that live in it and that only a read for each resource shows.
    pub fn read_alone(&'static self) -> impl Iterator<Item = &'static Kind> {
        self.children().filter(|child| child.is_read_alone())
    }

    /// Whether each resource of the parent kind needs a read of its own to show what of this kind
    /// lives in it.
    pub fn is_read_alone(&self) -> bool {
        matches!(self.listing, Listing::PerParent { .. } | Listing::Single)
    }

    /// How much a live resource holds, where the read brought that.
    pub fn held(&self, live: &LiveResource) -> Option<u64> {
        live.facts.get(self.holds?.fact)
    }
}
