//! The two states that a plan compares: desired (from files) and live (from the API).
//!
//! Values only. `config` reads files, `refresh` reads the API, `diff` compares.

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
    copies::{Copies, Target},
    diagnostics::{Source, Span},
    kind::{Item, Kind, REGISTRY, copying::Job, fact::Facts},
    mask::{Foreign, Hidden, Mask},
    pattern::{Names, Pattern},
    time::Age,
    time::Date,
    time::{Moment, Stamp},
    wire::Service,
};

pub use crate::risk::Consent;

/// Values by attribute name, in the kind's order.
pub type Attributes = IndexMap<&'static str, Value>;

/// The resolved chart: inheritance and targets are applied.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    /// Its `name`.
    pub name: Option<Arc<str>>,
    /// Its `account`: a plan for another one is stopped.
    pub account: Option<Arc<str>>,
    /// The users whose permissions are never changed.
    pub operators: BTreeSet<Arc<str>>,
    pub resources: BTreeMap<Address, DesiredResource>,
    /// The regions of all documents, including empty ones.
    pub regions: BTreeSet<Arc<str>>,
    /// The place of each region: of the `region` of its first document.
    pub region_sources: BTreeMap<Arc<str>, Source>,
    /// The `unlisted` policy of each declared organization.
    pub unlisted: BTreeMap<Address, UnlistedPolicy>,
    /// What happens to organizations that no file names, by region.
    pub unlisted_tops: BTreeMap<Arc<str>, TopPolicy>,
    pub protect: Vec<Protection>,
    /// The patterns of `--exclude`. Empty in a chart as read.
    pub left_out: Vec<Pattern>,
    /// The patterns of `--backfill`. Empty in a chart as read.
    pub backfill: Vec<Pattern>,
    /// In the order of the documents. Only used by `drift`.
    pub accept: Vec<Acceptance>,
    pub limits: Limits,
    /// The endpoints in documents, by service and region.
    pub endpoints: BTreeMap<(Service, Arc<str>), ChartEndpoint>,
    /// The secrets behind masked attributes. Empty in a chart as read.
    pub hidden: BTreeMap<Address, Hidden>,
    /// The other keys of entries of kinds with a looked-up id.
    pub terms: BTreeMap<Address, Terms>,
    pub stamp: ChartStamp,
}

impl Chart {
    /// Masks the secrets of this invocation.
    pub fn hide(&mut self, mask: &Mask) {
        for (address, desired) in &mut self.resources {
            let Presence::Present(attributes) = &mut desired.presence else {
                continue;
            };
            // Resources that inherit the same attributes share them, so each is masked once.
            if !address.kind().masked(mask, attributes).is_empty() {
                let hidden = address.kind().hide(mask, Arc::make_mut(attributes));
                self.hidden.insert(address.clone(), hidden);
            }
        }
        for acceptance in &mut self.accept {
            acceptance.reason = mask.text(&acceptance.reason).into_owned();
        }
    }

    /// The services that are asked, each with a region: those of what is declared, and of
    /// organizations that are watched.
    pub fn places(&self) -> BTreeSet<(Service, Arc<str>)> {
        let place = |address: &Address| (address.kind().service, address.region().clone());
        let mut places: BTreeSet<_> = self.resources.keys().map(place).collect();
        for kind in REGISTRY.iter().filter(|kind| kind.holds_unlisted()) {
            let regions = self.unlisted_tops.keys();
            let watched = regions.filter(|region| self.watches(region));
            places.extend(watched.map(|region| (kind.service, region.clone())));
        }
        places
    }

    /// Whether organizations of the region that no file names are findings.
    fn watches(&self, region: &str) -> bool {
        let policy = self.unlisted_tops.get(region);
        policy.is_some_and(|policy| policy.notice != Notice::Ignored)
    }

    /// Reports organizations that no file names wherever the chart does not say otherwise, but only
    /// in regions whose organizations are read anyway.
    pub fn report_unlisted_tops(&mut self) {
        let has_list = |address: &&Address| address.kind().lookup().is_none();
        let regions = self.resources.keys().filter(has_list);
        for region in regions.map(Address::region) {
            if let (false, Some(source)) = (
                self.unlisted_tops.contains_key(region),
                self.region_sources.get(region),
            ) {
                let default = TopPolicy {
                    notice: Notice::Reported,
                    source: source.clone(),
                    is_default: true,
                };
                self.unlisted_tops.insert(region.clone(), default);
            }
        }
    }

    /// The names that the first segment of a pattern can have.
    pub fn names(&self) -> Names<'_> {
        let top = |address: &'_ Address| address.kind().parent.is_none();
        // Reversed: of several entries with one name the map keeps the last, and the first in
        // address order shall win.
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

/// An endpoint in a document. Checked where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartEndpoint {
    pub url: Arc<str>,
    pub source: Source,
    pub span: Span,
}

/// Identifies the texts of a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartStamp {
    /// As given by the user, in reading order.
    pub files: Vec<String>,
    /// SHA-256 over names and contents, in hexadecimal.
    pub digest: String,
    /// Its `name`, else the first `-f`. Format 1.0 has none.
    #[serde(default)]
    pub name: String,
    /// Its `account`: a plan for another one is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// The desired state of one resource.
#[derive(Debug, Clone)]
pub struct DesiredResource {
    pub presence: Presence,
    pub source: Source,
    pub children: Children,
}

/// The kinds for which the chart has a complete list of children, with the source of each list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Children(Vec<(&'static Kind, Source)>);

impl Children {
    /// The source of the complete list of that kind, if there is one.
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

/// Whether a resource must exist.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// With these attributes; others are unmanaged. Resources that inherit all of them share one
    /// map, which saves memory in large charts.
    Present(Arc<Attributes>),
    Absent,
}

impl DesiredResource {
    pub fn is_absent(&self) -> bool {
        self.presence == Presence::Absent
    }
}

/// The keys of an entry that are not attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// `None`: the id is looked up by name.
    pub id: Option<RemoteId>,
    /// The largest age of the last success. `None`: never run.
    pub max_age: Option<Age>,
    pub credentials: Option<LoginSource>,
    pub span: Span,
}

/// An id that a service assigned to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct RemoteId(u32);

/// The largest id of a repository.
pub(crate) const LARGEST_REMOTE_ID: u64 = 2_147_483_647;

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

/// Where a login is read from, right before it is used. It has only names and paths, so plans may
/// contain it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginSource {
    pub username: SecretSource,
    pub password: SecretSource,
}

/// Where a secret is read from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// This environment variable.
    Env(String),
    /// This file, which contains nothing else.
    File(String),
}

/// What happens to unlisted repositories of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnlistedPolicy {
    Ignore,
    Report,
    /// Reported, and `drift` fails because of them.
    Forbid,
    /// Because of the line of this source.
    Delete(Source),
}

/// The `unlisted` of a region: what happens to organizations that no file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopPolicy {
    pub notice: Notice,
    /// Where it is written, else the region's place.
    pub source: Source,
    /// The chart does not say it.
    pub is_default: bool,
}

/// Whether something unlisted is a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    Ignored,
    Reported,
    /// Reported, and `drift` fails because of it.
    Forbidden,
}

impl Notice {
    /// The word in a chart.
    pub fn word(self) -> &'static str {
        match self {
            Notice::Ignored => "ignore",
            Notice::Reported => "report",
            Notice::Forbidden => "forbid",
        }
    }

    pub fn from_word(word: &str) -> Option<Notice> {
        [Notice::Ignored, Notice::Reported, Notice::Forbidden]
            .into_iter()
            .find(|notice| notice.word() == word)
    }
}

/// A pattern of `protect`: what it covers is never deleted or replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// The region of its document.
    pub region: Arc<str>,
    pub pattern: Pattern,
    pub span: Span,
}

/// An entry of `accept`: what it covers does not count until the day has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The region of its document.
    pub region: Arc<str>,
    pub pattern: Pattern,
    pub pattern_span: Span,
    /// Set if it covers findings of this code only.
    pub code: Option<&'static str>,
    /// The last day on which it is valid.
    pub until: Date,
    pub reason: String,
    pub source: Source,
    /// The place of `until`.
    pub span: Span,
}

/// How much one apply may delete, and the chart's consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub deletes: usize,
    /// Percentage of an organization's repositories, from ten repositories on.
    pub delete_percent: usize,
    /// Percentage of a repository's tags that a retention may delete without a number in the
    /// consent.
    pub collect_percent: usize,
    /// The chart's consent, in the grammar of `--allow`.
    pub allow: Vec<Consent>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            deletes: 10,
            delete_percent: 30,
            collect_percent: 50,
            allow: Vec::new(),
        }
    }
}

/// The live state.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub resources: BTreeMap<Address, LiveResource>,
    /// The ids of the chart's git repositories, mirrors or not. A repository that is not in here
    /// does not exist.
    pub ids: BTreeMap<Address, RemoteId>,
    /// The last time on the service's clock, if a response had one.
    pub clock: Option<Moment>,
    /// The ids of persons whom the chart names and no list contains, by region and name.
    pub persons: BTreeMap<(Arc<str>, Arc<str>), String>,
    /// The resources of which a list of their region says that they have children of a kind.
    pub holders: BTreeMap<&'static Kind, BTreeSet<Address>>,
    /// The account by region, if the lists show it.
    pub accounts: BTreeMap<Arc<str>, String>,
    /// What resources contain, where a plan has to count it.
    pub contents: BTreeMap<Address, Vec<Item>>,
    /// The newest jobs of each parent that was asked for them: one page, the newest first.
    pub jobs: BTreeMap<Address, Vec<Job>>,
    /// The parents whose jobs could not be read. For findings alone they are no failures.
    pub unread_jobs: BTreeMap<Address, ReadFailure>,
    /// The tags of sources and targets, where they are compared.
    pub copies: Copies,
    /// Whether the organizations exist that rules copy to and the chart does not declare.
    pub targets: BTreeMap<Address, Target>,
    /// The parents whose jobs are judged: others are read only to explain what is missing.
    pub judged_jobs: BTreeSet<Address>,
    /// What could not be read. One entry makes the plan unknown.
    pub failures: Vec<ReadFailure>,
    /// What was read, so that what is not in here is known not to exist.
    pub reads: Reads,
}

/// What was read to its end, whether or not it contained anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reads {
    /// Whole lists of a region: of resources, or of those that have children of a kind.
    pub lists: BTreeSet<(&'static Kind, Arc<str>)>,
    /// The children of one kind of one resource.
    pub children: BTreeSet<(Address, &'static Kind)>,
    /// The resources of which the id is known, or is known not to exist.
    pub ids: BTreeSet<Address>,
    /// The persons who were looked up, by region and name.
    pub persons: BTreeSet<(Arc<str>, Arc<str>)>,
    /// The time on the service's clock at the last list, if a response had one.
    pub at: Option<Moment>,
}

impl Live {
    /// The user who created the resource, or the nearest ancestor of which that is known.
    pub fn creator(&self, address: &Address) -> Option<&str> {
        self.standing(address, |standing| standing.creator.as_deref())
    }

    /// What the caller may do with the nearest ancestor of which that is known.
    pub fn right_above(&self, address: &Address) -> Option<u64> {
        self.standing(&address.parent()?, |standing| standing.right)
    }

    fn standing<'a, T: 'a>(
        &'a self,
        address: &Address,
        of: impl Fn(&'a Standing) -> Option<T>,
    ) -> Option<T> {
        std::iter::successors(Some(address.clone()), Address::parent)
            .find_map(|address| of(self.resources.get(&address)?.standing.as_deref()?))
    }

    /// All descendants of a resource.
    pub fn inside<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Address> {
        // The order is by key, so that descendants directly follow, and the rest is not visited.
        let behind = self
            .resources
            .range((Bound::Excluded(address), Bound::Unbounded))
            .map(|(other, _)| other);
        let near = behind.take_while(|other| other.parts().starts_with(address.parts()));
        // Keys of different kinds may have the same prefix.
        near.filter(|other| {
            std::iter::successors(other.parent(), Address::parent).any(|parent| parent == *address)
        })
    }
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveResource {
    /// With masked secrets.
    pub attributes: Attributes,
    /// The secrets behind the masks.
    pub hidden: Hidden,
    /// How many things it contains, if the API returned it.
    pub facts: Facts,
    /// The state of its runs, if it can be run.
    pub runs: Option<Box<RunState>>,
    /// The id in the response, if there is one.
    pub id: Option<u64>,
    /// What the response says about persons.
    pub standing: Option<Box<Standing>>,
    /// Whether the service says that it is no longer in force.
    pub is_expired: bool,
    /// Why only its name is known: its list item is undecodable.
    pub malformed: Option<Box<str>>,
}

/// What a response says about persons beside the resource itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// The name of the user who created it.
    pub creator: Option<Arc<str>>,
    /// What the caller may do with it in all, as the service's number.
    pub right: Option<u64>,
    /// It belongs to the caller.
    pub is_callers: bool,
}

/// The state of the runs of a resource, as the service returns it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunState {
    /// The service's own word.
    pub status: Option<Foreign>,
    pub last_attempt: Option<Stamp>,
    pub last_success: Option<Stamp>,
    pub failures: u64,
    pub last_error: Option<Foreign>,
}

impl RunState {
    /// The error of the last attempt, if it failed. The service may keep an old error after a
    /// success, so it counts only if the attempt is newer. A success ahead of `now` does not count.
    pub fn failure(&self, now: Option<Moment>) -> Option<&Foreign> {
        let is_past = |stamp: &&Stamp| now.is_none_or(|now| !stamp.moment.is_ahead_of(now));
        let has_failed = match (
            &self.last_attempt,
            self.last_success.as_ref().filter(is_past),
        ) {
            (Some(attempt), Some(success)) => attempt.moment > success.moment,
            // Without the time of an attempt, only the count shows whether it failed.
            (None, Some(_)) => self.failures > 0,
            (_, None) => true,
        };
        self.last_error.as_ref().filter(|_| has_failed)
    }
}

/// A read without a usable response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFailure {
    /// What was read: an address, or the list of a region.
    pub subject: String,
    pub message: String,
    pub hint: Option<String>,
}

/// Children of one kind that are unknown, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub parent: Address,
    pub kind: &'static Kind,
    pub failure: ReadFailure,
}
