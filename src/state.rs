//! The two states that a plan compares: desired, from files, and live, from the API.
//!
//! Values only. Reading files is `config`'s work, asking the API is `refresh`'s, comparing is `diff`'s.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::{
    address::Address,
    date::Date,
    diagnostics::{Source, Span},
    pattern::Pattern,
};

/// Values by attribute name, in the order of the kind.
pub type Attributes = IndexMap<&'static str, Value>;

/// What the chart says, resolved: inheritance and targets are applied, nothing is looked up any more.
#[derive(Debug, Clone, Default)]
pub struct Chart {
    pub resources: BTreeMap<Address, DesiredResource>,
    /// The regions of all documents, also of those that declare nothing.
    pub regions: BTreeSet<Arc<str>>,
    /// What happens to repositories that no file lists, for each declared organization.
    pub unlisted: BTreeMap<Address, UnlistedPolicy>,
    pub protect: Vec<Protection>,
    /// In the order of the documents. Only `drift` looks at them.
    pub accept: Vec<Acceptance>,
    pub limits: Limits,
    /// The endpoint of each region whose document names one.
    pub endpoints: BTreeMap<Arc<str>, ChartEndpoint>,
    pub stamp: ChartStamp,
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
}

/// What the chart says of one resource.
#[derive(Debug, Clone)]
pub struct DesiredResource {
    pub presence: Presence,
    pub source: Source,
    /// Where the list of the resource's children stands, if that list is the whole truth about them.
    pub children: Option<Source>,
}

/// Whether a resource shall exist.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// With these values; attributes that are not in here are unmanaged.
    Present(Attributes),
    Absent,
}

impl DesiredResource {
    pub fn is_absent(&self) -> bool {
        self.presence == Presence::Absent
    }
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
    pub region: Arc<str>,
    pub pattern: Pattern,
}

/// A difference there is known, and does not count until the day is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub region: Arc<str>,
    pub pattern: Pattern,
    /// The last day that it holds.
    pub until: Date,
    pub reason: String,
    pub source: Source,
    pub span: Span,
}

impl Acceptance {
    pub fn covers(&self, address: &Address) -> bool {
        *address.region() == self.region && self.pattern.covers_within_region(address)
    }
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
        Limits { deletes: 10, delete_percent: 30, allow: Vec::new() }
    }
}

/// Consent to a class of risk: to any number of changes, or to at most so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    pub class: crate::plan::risk::RiskClass,
    pub most: Option<usize>,
}

/// What the API showed.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub resources: BTreeMap<Address, LiveResource>,
    /// The account that the repositories of a region belong to, where the answers tell.
    pub accounts: BTreeMap<Arc<str>, String>,
    /// What could not be read; one entry makes every conclusion from the rest unknown.
    pub failures: Vec<ReadFailure>,
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LiveResource {
    pub attributes: Attributes,
    /// How many images a repository holds, where the API tells.
    pub num_images: Option<u64>,
    /// How many repositories an organization holds, where it was asked for.
    pub num_repositories: Option<u64>,
}

/// A read that brought no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadFailure {
    /// What was read: an address, or the list of a region.
    pub subject: String,
    pub message: String,
    pub hint: Option<String>,
}
