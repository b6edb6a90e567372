//! The plan: a value that can be printed, saved, compared and applied.
//!
//! It is so specific that `apply` decides nothing: each change carries what is sent, what must hold
//! right before it is sent, and whether it may run at all. How a plan is made is in [`build`]; how
//! it is written to a file in [`document`].

pub mod build;
pub mod by_id;
mod change;
pub mod cloud;
pub mod document;
pub mod limits;
pub mod order;
mod precondition;
pub mod risk;
mod saved;
mod scope_file;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::precondition::Precondition;
use crate::{
    address::Address,
    diagnostics::Source,
    diff::FieldChange,
    kind::{Subject, Verb},
    mask::Hidden,
    plan::risk::{Risk, RiskClass},
    scope::Selection,
    state::{Attributes, ChartStamp, LoginSource, ReadFailure},
    time::Age,
    wire::Service,
};

/// The changes that make the live state equal to the desired one, and what was found on the way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In address order.
    pub changes: Vec<Change>,
    /// How many managed resources are as the chart wants them.
    pub unchanged: usize,
    pub unlisted: Vec<Unlisted>,
    /// Deletions that this run leaves out, because it leaves out something that lives there.
    pub kept: Vec<Kept>,
    /// What the chart says and the API does not tell, where the plan does not write it either.
    pub uncompared: Vec<Uncompared>,
    /// Why nothing of this may be applied; empty for an ordinary plan.
    pub stopped: Vec<Stop>,
    /// What could not be read. Not empty: the plan is unknown and holds no changes.
    pub failures: Vec<ReadFailure>,
    pub chart: ChartStamp,
    pub scope: Scope,
}

/// What a plan speaks of; a saved plan is refused elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub regions: Vec<String>,
    /// The base URL that each service was read from in each region. IAM is in it where it was asked
    /// for the account's name.
    pub endpoints: BTreeMap<(Service, String), String>,
    /// The account's name by region, where a service shows it.
    pub account: BTreeMap<String, String>,
    /// The part of the world that the plan speaks of.
    pub selection: Selection,
}

/// One step towards the desired state.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// For people; `apply` never looks at it.
    pub reason: Reason,
    pub risks: Vec<Risk>,
    /// The differing attributes in the order of the kind; for a create and a delete, all of them.
    pub fields: Vec<FieldChange>,
    /// The line that decided the change.
    pub source: Option<Source>,
    pub withheld: Option<Withheld>,
    pub precondition: Precondition,
    /// What a reader should know beside the values.
    pub notes: Vec<String>,
    /// What is behind the masks of the chart's values. No file holds it.
    pub hidden: Hidden,
}

impl Change {
    /// Whether a reviewer must see it for itself: something goes, is exposed, or may not run.
    pub fn is_grave(&self) -> bool {
        self.withheld.is_some()
            || matches!(self.action, Action::Delete { .. } | Action::Replace { .. })
            || self
                .risks
                .iter()
                .any(|risk| matches!(risk.class, RiskClass::Exposes | RiskClass::OneWay))
    }

    /// As requests name it.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            address: &self.address,
            id: self.precondition.id.map(|(_, id)| id),
        }
    }

    /// The verbs of the JSON document; a replace is a delete and a create, so that looking for
    /// `delete` finds it.
    pub fn verbs(&self) -> &'static [&'static str] {
        match &self.action {
            Action::Create { then: None, .. } => &["create"],
            Action::Create { .. } => &["create", "run"],
            Action::Update { then: None, .. } => &["update"],
            Action::Update { .. } => &["update", "run"],
            Action::Replace { then: None, .. } => &["delete", "create"],
            Action::Replace { .. } => &["delete", "create", "run"],
            Action::Delete { .. } => &["delete"],
            Action::Run { .. } => &["run"],
        }
    }
}

/// What a change does. `after` is complete: exactly what is sent. `then` follows, of a resource
/// that shall be fresh.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Create {
        after: Attributes,
        then: Option<Box<Run>>,
    },
    Update {
        before: Attributes,
        after: Attributes,
        then: Option<Box<Run>>,
    },
    /// Delete, then create; `before` is what is restored if the create is refused.
    Replace {
        before: Attributes,
        after: Attributes,
        then: Option<Box<Run>>,
    },
    Delete {
        before: Attributes,
    },
    /// Nothing is changed: the resource, which has these values, is run.
    Run {
        attributes: Attributes,
        run: Box<Run>,
    },
}

/// One run of a resource, complete: exactly what is sent, but for the secrets, which are read right
/// before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// For people; `apply` never looks at it.
    pub because: String,
    /// The last success that the plan knows of. Another one that is no older than the following
    /// makes the run needless.
    pub last_success: Option<String>,
    pub max_age: Age,
    pub force: bool,
    /// The service endpoint that holds credentials; empty for none.
    pub endpoint: String,
    pub credentials: Option<LoginSource>,
}

impl Action {
    pub fn before(&self) -> Option<&Attributes> {
        match self {
            Action::Create { .. } => None,
            Action::Update { before, .. }
            | Action::Replace { before, .. }
            | Action::Delete { before } => Some(before),
            Action::Run { attributes, .. } => Some(attributes),
        }
    }

    pub fn after(&self) -> Option<&Attributes> {
        match self {
            Action::Delete { .. } => None,
            Action::Create { after, .. }
            | Action::Update { after, .. }
            | Action::Replace { after, .. } => Some(after),
            Action::Run { attributes, .. } => Some(attributes),
        }
    }

    /// The run that it is, or that follows it.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Action::Create { then, .. }
            | Action::Update { then, .. }
            | Action::Replace { then, .. } => then.as_deref(),
            Action::Run { run, .. } => Some(run),
            Action::Delete { .. } => None,
        }
    }

    /// What kinds call it in their tables.
    pub fn verb(&self) -> Verb {
        match self {
            Action::Create { .. } => Verb::Create,
            Action::Update { .. } => Verb::Update,
            Action::Replace { .. } => Verb::Replace,
            Action::Delete { .. } => Verb::Delete,
            Action::Run { .. } => Verb::Run,
        }
    }

    /// What people see in front of the address.
    pub fn symbol(&self) -> &'static str {
        match self {
            Action::Create { .. } => "+",
            Action::Update { .. } => "~",
            Action::Replace { .. } => "-/+",
            Action::Delete { .. } => "-",
            Action::Run { .. } => ">",
        }
    }
}

/// Why a change is there. Display only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is in the chart and not in the live state.
    Missing,
    /// Attributes differ, and can be changed in place.
    Differs,
    /// Attributes differ, and cannot be changed in place.
    CannotBeChangedInPlace,
    /// The chart says `state: absent`.
    DeclaredAbsent,
    /// No file lists it, and its organization says `unlisted: delete`.
    Unlisted,
    /// The chart says all that shall be there of its kind, and does not say it. Documents have the
    /// word of the first such kind.
    #[serde(rename = "not-in-sync-list")]
    Undeclared,
    /// The mirror has no success as young as the chart asks for.
    Stale,
    /// The mirror had no success yet.
    NeverSucceeded,
}

/// Why a change may not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Withheld {
    Risk {
        class: RiskClass,
        /// The option that would let it run.
        lift: String,
    },
    /// The pattern that protects it; nothing lifts that.
    Protect { pattern: String },
}

/// Attributes that the chart manages and the API does not tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uncompared {
    pub address: Address,
    pub attributes: Vec<String>,
}

/// A live repository of a declared organization that no file lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    from = "document::UnlistedDocument",
    into = "document::UnlistedDocument"
)]
pub struct Unlisted {
    pub address: Address,
    /// How much is in it.
    pub held: Option<u64>,
}

/// What shall go and stays for now, with what it is kept for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub address: Address,
    pub inside: Address,
}

/// A reason to apply nothing at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    pub code: String,
    pub message: String,
    /// The option or key that would let the plan pass.
    pub lift: Option<String>,
}

impl Stop {
    /// The code is one of those that `portolan explain` knows.
    fn new(code: &str, message: String, lift: Option<String>) -> Stop {
        Stop {
            code: code.to_owned(),
            message,
            lift,
        }
    }
}

/// What a plan comes to, in one word; the exit code, the JSON document and the text all follow from
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    NoChanges,
    Changes,
    Unknown,
}

/// The counts of the summary lines; derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    pub add: usize,
    pub change: usize,
    pub destroy: usize,
    pub run: usize,
    pub unchanged: usize,
    pub withheld: usize,
    pub unlisted: usize,
}

impl Plan {
    pub fn outcome(&self) -> Outcome {
        if !self.failures.is_empty() || self.is_elsewhere() {
            Outcome::Unknown
        } else if self.changes.is_empty() && self.stopped.is_empty() {
            Outcome::NoChanges
        } else {
            Outcome::Changes
        }
    }

    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            unchanged: self.unchanged,
            unlisted: self.unlisted.len(),
            ..Summary::default()
        };
        for change in &self.changes {
            summary.count(change);
        }
        summary
    }

    /// The changes that `apply` makes.
    pub fn runnable(&self) -> impl Iterator<Item = &Change> {
        self.changes
            .iter()
            .filter(|change| change.withheld.is_none())
    }
}

impl Summary {
    pub(crate) fn count(&mut self, change: &Change) {
        if change.withheld.is_some() {
            self.withheld += 1;
            return;
        }
        self.run += usize::from(change.action.run().is_some());
        match change.action {
            Action::Create { .. } => self.add += 1,
            Action::Update { .. } => self.change += 1,
            Action::Replace { .. } => {
                self.add += 1;
                self.destroy += 1;
            }
            Action::Delete { .. } => self.destroy += 1,
            Action::Run { .. } => {}
        }
    }
}
