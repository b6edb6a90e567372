//! What a checkup saw: values that `refresh` and `commands` fill in, and from which the lines of the
//! report follow.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    address::Address,
    copies::Target,
    kind::Kind,
    state::LiveResource,
    wire::{Service, host::EndpointKind},
};

/// Everything that was seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub chart: ChartSeen,
    pub credentials: Credentials,
    /// A variable of another tool that would change the account there, and is not read here.
    pub ignored: Option<&'static str>,
    /// What is wrong with the settings of this machine, such as a file of certificates.
    pub settings: Vec<Problem>,
    /// The variable that names a proxy for the services, if one is set.
    pub proxy: Option<&'static str>,
    pub regions: BTreeMap<Arc<str>, Region>,
    /// The places that rules copy to.
    pub targets: BTreeMap<Address, Target>,
}

/// The chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ChartSeen {
    Read {
        files: String,
        resources: usize,
    },
    /// It has errors, so it cannot be used.
    Broken,
    /// There is none here. The region of the command line is looked at, if there is one.
    #[default]
    None,
}

/// The credentials of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// The command ended before they were looked for.
    #[default]
    NotLookedFor,
    /// The emulator in this process needs none.
    NotNeeded,
    /// There are none, or they cannot be used, and why.
    Unusable(String),
    Found {
        /// What they are, in words.
        what: String,
        /// For how many seconds they are used, if they end and that is known.
        left: Option<u64>,
        /// Whether they are obtained anew when they end.
        is_renewed: bool,
        /// Whether they end, which is sometimes all that is known.
        ends: bool,
    },
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub why: Why,
    pub message: String,
    pub hint: Option<String>,
}

/// The class of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The service does not accept the credentials.
    Unauthorized,
    /// The credentials lack a permission.
    Forbidden,
    /// There was no answer.
    NoAnswer,
    /// Nothing was sent, because of another problem.
    NotSent,
    Other,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Looked<T> {
    At(T),
    Failed(Problem),
    /// It was not asked for, and why, as a clause.
    NotAt(&'static str),
    /// It does not matter here.
    Needless,
}

impl<T> Looked<T> {
    pub fn value(&self) -> Option<&T> {
        match self {
            Looked::At(value) => Some(value),
            _ => None,
        }
    }

    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Looked::Failed(problem) => Some(problem),
            _ => None,
        }
    }
}

/// One region.
#[derive(Debug, Clone)]
pub struct Region {
    pub endpoints: BTreeMap<Service, Endpoint>,
    pub account: Looked<String>,
    pub project: Looked<String>,
    pub quotas: Looked<Vec<Quota>>,
    pub gates: Looked<BTreeMap<String, bool>>,
    /// The resources without a parent, such as organizations.
    pub tops: Looked<BTreeMap<Address, LiveResource>>,
    pub readings: Vec<Reading>,
    /// What requests name by an id, such as mirrors.
    pub objects: Vec<(Address, Looked<Object>)>,
}

impl Default for Region {
    fn default() -> Region {
        Region {
            endpoints: BTreeMap::new(),
            account: Looked::Needless,
            project: Looked::Needless,
            quotas: Looked::Needless,
            gates: Looked::Needless,
            tops: Looked::Needless,
            readings: Vec::new(),
            objects: Vec::new(),
        }
    }
}

impl Region {
    /// How far the service's clock is ahead of this machine's, in seconds; the largest difference.
    pub fn ahead(&self) -> Option<i64> {
        let all = self.endpoints.values().filter_map(|it| it.ahead);
        all.max_by_key(|seconds| seconds.unsigned_abs())
    }
}

/// The endpoint of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub kind: EndpointKind,
    /// None for the emulator in this process.
    pub host: Option<String>,
    pub reached: Reached,
    pub ahead: Option<i64>,
}

/// Whether an endpoint answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// With this status.
    Answered(u16),
    No(Problem),
    /// The endpoint itself is not known or not usable.
    Nowhere(String),
}

/// Whether the caller may read something.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The plural of what is read.
    pub what: String,
    /// Whether a plan needs it in any case.
    pub is_needed: bool,
    pub found: Looked<()>,
}

/// An object that requests name by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    There,
    /// What it will be attached to is there.
    Attachable,
    Missing(&'static Kind),
}

/// How many things of a kind the account may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub key: String,
    /// None: there is no limit.
    pub limit: Option<u64>,
    pub used: u64,
}
