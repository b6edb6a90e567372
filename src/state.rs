//! The two states that a plan compares: desired, from files, and live, from the API.
//!
//! Values only. Reading files is `config`'s work, asking the API is `refresh`'s, comparing is
//! `diff`'s.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    address::Address,
    diagnostics::{Source, Span},
    kind::{Kind, fact::Facts},
    mask::{Foreign, Hidden, Mask},
    pattern::{Names, Pattern},
    time::Age,
    time::Date,
    time::{Moment, Stamp},
    wire::Service,
};

pub use crate::risk::Consent;

/// Values by attribute name, in the order of the kind.
pub type Attributes = IndexMap<&'static str, Value>;

/// What the chart says, resolved: inheritance and targets are applied, nothing is looked up any
/// more.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// What its author calls it.
    pub name: Option<Arc<str>>,
    /// The only account that it is for.
    pub account: Option<Arc<str>>,
    pub resources: BTreeMap<Address, DesiredResource>,
    /// The regions of all documents, also of those that declare nothing.
    pub regions: BTreeSet<Arc<str>>,
    /// What happens to repositories that no file lists, for each declared organization.
    pub unlisted: BTreeMap<Address, UnlistedPolicy>,
    pub protect: Vec<Protection>,
    /// What a run leaves alone; a chart as it was read has none.
    pub left_out: Vec<Pattern>,
    /// In the order of the documents. Only `drift` looks at them.
    pub accept: Vec<Acceptance>,
    pub limits: Limits,
    /// The endpoints that documents name, by service and region.
    pub endpoints: BTreeMap<(Service, Arc<str>), ChartEndpoint>,
    /// What is behind the masks of attributes; a chart as it was read has none.
    pub hidden: BTreeMap<Address, Hidden>,
    /// What is said beside their attributes of resources that have a number.
    pub terms: BTreeMap<Address, Terms>,
    pub stamp: ChartStamp,
}

impl Chart {
    /// Masks what this run must not show.
    pub fn hide(&mut self, mask: &Mask) {
        for (address, desired) in &mut self.resources {
            let Presence::Present(attributes) = &mut desired.presence else {
                continue;
            };
            // Resources that inherit the same values share them.
            if !address.kind().masked(mask, attributes).is_empty() {
                let hidden = address.kind().hide(mask, Arc::make_mut(attributes));
                self.hidden.insert(address.clone(), hidden);
            }
        }
        for acceptance in &mut self.accept {
            acceptance.reason = mask.text(&acceptance.reason).into_owned();
        }
    }

    /// What the first segment of a pattern can be.
    pub fn names(&self) -> Names<'_> {
        let top = |address: &'_ Address| address.kind().parent.is_none();
        let tops = self.resources.keys().filter(|address| top(address)).rev();
        Names {
            regions: &self.regions,
            tops: tops
                .map(|address| (&*address.parts()[1], address.kind()))
                .collect(),
            characters: OnceCell::new(),
        }
    }
}

/// An endpoint that a document names; it is judged where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartEndpoint {
    pub url: Arc<str>,
    pub source: Source,
    pub span: Span,
}

/// Which texts made the chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartStamp {
    /// As the user named them, in the order they were read.
    pub files: Vec<String>,
    /// SHA-256 over names and contents, in hexadecimal.
    pub digest: String,
    /// What people call it: its own name, else what the command line names first. Plans of 1.0 hold
    /// none.
    #[serde(default)]
    pub name: String,
    /// The only account that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What the chart says of one resource.
#[derive(Debug, Clone)]
pub struct DesiredResource {
    pub presence: Presence,
    pub source: Source,
    pub children: Children,
}

/// The kinds of which a chart says all that lives in a resource, each with the place where it does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Children(Vec<(&'static Kind, Source)>);

impl Children {
    /// Where the chart says all of that kind, if it does.
    pub fn of(&self, kind: &Kind) -> Option<&Source> {
        self.0
            .iter()
            .find(|(other, _)| *other == kind)
            .map(|(_, source)| source)
    }

    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> + use<'_> {
        self.0.iter().map(|(kind, _)| *kind)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(&'static Kind, Source)> for Children {
    fn from_iter<I: IntoIterator<Item = (&'static Kind, Source)>>(items: I) -> Children {
        Children(items.into_iter().collect())
    }
}

/// Whether a resource shall exist.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// With these values; attributes that are not in here are unmanaged. Resources that inherit all
    /// of them share them.
    Present(Arc<Attributes>),
    Absent,
}

impl DesiredResource {
    pub fn is_absent(&self) -> bool {
        self.presence == Presence::Absent
    }
}

/// What the chart says beside the attributes of a resource that has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Without it, the repository is looked up by its name.
    pub id: Option<RemoteId>,
    /// When a run is due; without it, never.
    pub max_age: Option<Age>,
    pub credentials: Option<LoginSource>,
    pub span: Span,
}

/// The number that a service gave a resource: an identifier of its own, which people neither choose
/// nor remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct RemoteId(u32);

/// The largest number of a repository.
pub const LARGEST_REMOTE_ID: u64 = 2_147_483_647;

impl TryFrom<u64> for RemoteId {
    type Error = String;

    fn try_from(number: u64) -> Result<RemoteId, String> {
        let known = u32::try_from(number)
            .ok()
            .filter(|_| (1..=LARGEST_REMOTE_ID).contains(&number));
        known
            .map(RemoteId)
            .ok_or_else(|| format!("a repository's id is from 1 to {LARGEST_REMOTE_ID}"))
    }
}

impl From<RemoteId> for u64 {
    fn from(number: RemoteId) -> u64 {
        number.0.into()
    }
}

impl std::fmt::Display for RemoteId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Where the two halves of a login are read from, right before it is needed. Names and paths, no
/// values: a plan holds it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginSource {
    pub username: SecretSource,
    pub password: SecretSource,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// In this variable of the environment.
    Env(String),
    /// In this file, which holds nothing else.
    File(String),
}

/// What happens to a live repository of a declared organization that no file lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlistedPolicy {
    Ignore,
    Report,
    /// Says so on the line of this source.
    Delete(Source),
}

/// Nothing that matches is ever deleted or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// Of the document that it stands in.
    pub region: Arc<str>,
    pub pattern: Pattern,
    pub span: Span,
}

/// A difference there is known, and does not count until the day is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Of the document that it stands in.
    pub region: Arc<str>,
    pub pattern: Pattern,
    pub pattern_span: Span,
    /// The last day that it holds.
    pub until: Date,
    pub reason: String,
    pub source: Source,
    /// Of the last day.
    pub span: Span,
}

/// How much one apply may remove before it is stopped, and what the chart consents to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub deletes: usize,
    /// Of an organization's repositories, where it has ten or more.
    pub delete_percent: usize,
    /// Standing consent, in the grammar of `--allow`.
    pub allow: Vec<Consent>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            deletes: 10,
            delete_percent: 30,
            allow: Vec::new(),
        }
    }
}

/// What the API showed.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub resources: BTreeMap<Address, LiveResource>,
    /// The numbers of the repositories that the chart's mirrors are in, whether they are mirrors
    /// already or not. One that is asked for and not in here does not exist.
    pub ids: BTreeMap<Address, RemoteId>,
    /// What the clock of the service said at the end, where it told.
    pub clock: Option<Moment>,
    /// The account that the repositories of a region belong to, where the answers tell.
    pub accounts: BTreeMap<Arc<str>, String>,
    /// What could not be read; one entry makes every conclusion from the rest unknown.
    pub failures: Vec<ReadFailure>,
}

impl Live {
    /// Everything that lives in a resource, however deep.
    pub fn inside<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Address> {
        let behind = self
            .resources
            .range((Bound::Excluded(address), Bound::Unbounded))
            .map(|(other, _)| other);
        let near = behind.take_while(|other| other.parts().starts_with(address.parts()));
        // Two kinds may have keys that look alike.
        near.filter(|other| {
            std::iter::successors(other.parent(), Address::parent).any(|parent| parent == *address)
        })
    }
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveResource {
    /// With secrets masked.
    pub attributes: Attributes,
    /// What is behind the masks.
    pub hidden: Hidden,
    /// How much is in it, where the API tells or was asked for it.
    pub facts: Facts,
    /// How fresh it is, if it can be run.
    pub runs: Option<Box<RunState>>,
    /// The number of the repository that the answer is about, where it tells.
    pub id: Option<u64>,
    /// Why nothing but its name is known: its entry in a list is not what the API describes.
    pub malformed: Option<Box<str>>,
}

/// What the service tells of the runs of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunState {
    /// In the service's own word.
    pub status: Option<Foreign>,
    pub last_attempt: Option<Stamp>,
    pub last_success: Option<Stamp>,
    pub failures: u64,
    pub last_error: Option<Foreign>,
}

impl RunState {
    /// What the service says of the last attempt, if it failed. An error may stay after a success,
    /// so it counts only if the attempt is the younger one. A success that lies ahead of `now` is
    /// no evidence.
    pub fn failure(&self, now: Option<Moment>) -> Option<&Foreign> {
        let is_past = |stamp: &&Stamp| now.is_none_or(|now| !stamp.moment.is_ahead_of(now));
        let has_failed = match (
            &self.last_attempt,
            self.last_success.as_ref().filter(is_past),
        ) {
            (Some(attempt), Some(success)) => attempt.moment > success.moment,
            (None, Some(_)) => self.failures > 0,
            (_, None) => true,
        };
        self.last_error.as_ref().filter(|_| has_failed)
    }
}

/// A read that brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFailure {
    /// What was read: an address, or the list of a region.
    pub subject: String,
    pub message: String,
    pub hint: Option<String>,
}

/// All of one kind that lives in a resource, and why it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub parent: Address,
    pub kind: &'static Kind,
    pub failure: ReadFailure,
}
