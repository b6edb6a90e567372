//! The plan: a value that can be printed, saved, compared and applied.
//!
//! `apply` decides nothing: each change contains what is sent, the precondition to check right
//! before, and whether it may run at all. [`build`] makes a plan, [`document`] writes it to a file.

mod abroad;
pub(crate) mod backfill;
pub mod build;
pub mod by_id;
mod change;
pub mod cloud;
pub(crate) mod contents;
pub(crate) mod copies;
pub mod document;
pub mod finding;
pub(crate) mod health;
pub(crate) mod jobs;
pub mod limits;
pub mod order;
mod outside;
pub(crate) mod persons;
mod precondition;
pub mod risk;
mod run;
mod saved;
mod scope_file;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::{
    finding::Finding,
    precondition::{Precondition, Stays},
    run::{Copies, Fetch, Run},
};
use crate::{
    address::Address,
    diagnostics::Source,
    diff::FieldChange,
    kind::{Subject, Verb},
    mask::Hidden,
    plan::risk::{Risk, RiskClass},
    scope::Selection,
    state::{Attributes, ChartStamp, ReadFailure},
    wire::Service,
};

/// The changes that make the live state equal to the desired one, and what else the comparison
/// found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// In address order.
    pub changes: Vec<Change>,
    /// The number of managed resources that need no change.
    pub unchanged: usize,
    pub unlisted: Vec<Unlisted>,
    /// In address order. None if the plan is unknown.
    pub findings: Vec<Finding>,
    /// Deletions that `--target` or `--exclude` leaves out, because it leaves out a child.
    pub kept: Vec<Kept>,
    /// Attributes that the chart sets, the API does not return, and this plan does not send.
    pub uncompared: Vec<Uncompared>,
    /// The reasons to apply nothing. Usually empty.
    pub stopped: Vec<Stop>,
    /// What could not be read. If not empty, the plan is unknown and has no changes.
    pub failures: Vec<ReadFailure>,
    /// What a plan from a snapshot lacks. If not empty, the plan is unknown, but has the rest.
    pub gaps: Vec<Gap>,
    pub chart: ChartStamp,
    pub scope: Scope,
}

/// What a plan is about. A saved plan is applied only where this is the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub regions: Vec<String>,
    /// The base URL of each service in each region. IAM is included if it was asked for the
    /// account's name.
    pub endpoints: BTreeMap<(Service, String), String>,
    /// The account's name by region, if a service returned it.
    pub account: BTreeMap<String, String>,
    /// The selected part of the chart.
    pub selection: Selection,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub address: Address,
    pub action: Action,
    /// For display only.
    pub reason: Reason,
    pub risks: Vec<Risk>,
    /// The attributes that differ, in the kind's order. For a create and a delete: all.
    pub fields: Vec<FieldChange>,
    /// The line of the chart that caused the change.
    pub source: Option<Source>,
    pub withheld: Option<Withheld>,
    pub precondition: Precondition,
    /// Further remarks for the reader.
    pub notes: Vec<String>,
    /// The secrets behind the masks of the chart's values. Never written to a file.
    pub hidden: Hidden,
}

impl Change {
    /// Whether a reviewer must see it on a row of its own: it deletes, exposes, grants or shares
    /// something, or is withheld.
    pub fn is_grave(&self) -> bool {
        self.withheld.is_some()
            || matches!(self.action, Action::Delete { .. } | Action::Replace { .. })
            || self.risks.iter().any(|risk| risk.class.is_grave())
    }

    /// How requests refer to the resource.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            address: &self.address,
            id: self.precondition.id.map(|(_, id)| id),
        }
    }

    /// The `actions` of the JSON document. A replace is listed as delete and create, so that a
    /// search for `delete` finds it.
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

/// What a change does. `after` is complete: exactly what is sent. `then` is the run that follows.
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
    /// Delete, then create. `before` is restored if the create is refused.
    Replace {
        before: Attributes,
        after: Attributes,
        then: Option<Box<Run>>,
    },
    Delete {
        before: Attributes,
    },
    /// Runs the resource, which has these attributes, without a change.
    Run {
        attributes: Attributes,
        run: Box<Run>,
    },
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

    /// The run that this action is, or ends with.
    pub fn run(&self) -> Option<&Run> {
        match self {
            Action::Create { then, .. }
            | Action::Update { then, .. }
            | Action::Replace { then, .. } => then.as_deref(),
            Action::Run { run, .. } => Some(run),
            Action::Delete { .. } => None,
        }
    }

    /// Its name in the tables of kinds.
    pub fn verb(&self) -> Verb {
        match self {
            Action::Create { .. } => Verb::Create,
            Action::Update { .. } => Verb::Update,
            Action::Replace { .. } => Verb::Replace,
            Action::Delete { .. } => Verb::Delete,
            Action::Run { .. } => Verb::Run,
        }
    }

    /// The symbol in front of the address.
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

/// The reason for a change. For display only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is in the chart but not in the live state.
    Missing,
    /// Attributes differ that can be changed in place.
    Differs,
    /// Attributes differ that cannot be changed in place.
    CannotBeChangedInPlace,
    /// The chart says `state: absent`.
    DeclaredAbsent,
    /// No file lists it, and its organization says `unlisted: delete`.
    Unlisted,
    /// The parent's list in the chart is complete and does not contain it. The first kind with such
    /// a list has a name of its own in documents: it was there before the others.
    #[serde(rename = "not-in-sync-list")]
    NotInFirstList,
    /// The same, for every other kind.
    NotInList,
    /// The last success is older than `max_age`.
    Stale,
    /// There was no success yet.
    NeverSucceeded,
    /// The target lacks what the rule copies.
    #[serde(rename = "tags-missing")]
    ItemsMissing,
}

/// Why a change may not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Withheld {
    Risk {
        class: RiskClass,
        /// The option that permits it.
        lift: String,
    },
    /// The pattern that protects it. No option lifts that.
    Protect { pattern: String },
    /// It is unlisted, and may be the old name of what the plan creates.
    Renamed {
        created: Address,
        /// What permits it.
        lift: String,
    },
}

/// Attributes that the chart sets and the API does not return.
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
    /// How many things it contains.
    pub held: Option<u64>,
}

/// Why a plan from a snapshot is not the whole plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// `portolan explain` must know the code; a test checks that.
    pub code: String,
    /// What is not planned. `None`: it is about the whole plan.
    pub address: Option<Address>,
    /// A clause.
    pub message: String,
    pub hint: Option<String>,
}

/// A resource that is not deleted now, and the child for which it is kept.
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
    /// What would let the plan pass.
    pub lift: Option<String>,
    /// The line of the chart that it is about, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

impl Stop {
    /// `portolan explain` must know the code; a test checks that.
    fn new(code: &str, message: String, lift: Option<String>) -> Stop {
        Stop {
            code: code.to_owned(),
            message,
            lift,
            source: None,
        }
    }

    fn at(self, source: &Source) -> Stop {
        Stop {
            source: Some(source.clone()),
            ..self
        }
    }
}

/// The result of a plan. Exit code, JSON document and text all derive from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    NoChanges,
    Changes,
    Unknown,
}

/// The counts of the summary lines. Always computed from the plan.
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
    /// Documents of format 1.0 have none.
    #[serde(default)]
    pub findings: usize,
}

impl Plan {
    pub fn outcome(&self) -> Outcome {
        // A plan for another account compares nothing.
        let is_incomplete = !(self.failures.is_empty() && self.gaps.is_empty());
        if is_incomplete || self.is_for_other_account() {
            Outcome::Unknown
        } else if self.changes.is_empty() && self.stopped.is_empty() {
            Outcome::NoChanges
        } else {
            // A stop without a change is a difference too: one that only the user can resolve.
            Outcome::Changes
        }
    }

    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            unchanged: self.unchanged,
            unlisted: self.unlisted.len(),
            findings: self.findings.len(),
            ..Summary::default()
        };
        for change in &self.changes {
            summary.count(change);
        }
        summary
    }

    /// The changes that `apply` makes.
    pub(crate) fn runnable(&self) -> impl Iterator<Item = &Change> {
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
