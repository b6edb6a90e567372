//! The receipt of an apply: what was sent for each change, what was there before and after, and
//! what is left to do.
//!
//! Pure. It holds no times: whoever keeps receipts knows when they came. Events are the same
//! entries as they happen, a line each.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::{
    address::Address,
    diagnostics::View,
    kind::{Kind, fact::Facts},
    plan::{
        Change, Plan, Scope, Summary,
        cloud::EndpointDocument,
        document::{FORMAT_VERSION, PlanDocument},
    },
    report::{ApplyOutcome, Counts, EndedEarly, Fate, Record, Report, RunEnd, Seen},
    state::ChartStamp,
    wire::Try,
};

/// What identifies the plan that was applied.
#[derive(Debug, Clone, Serialize)]
pub struct PlanStamp {
    /// The digest that its file has, or would have.
    pub id: String,
    pub chart: ChartStamp,
    pub scope: Scope,
}

/// The document of `apply --receipt`.
#[derive(Debug, Serialize)]
pub struct Receipt {
    format_version: &'static str,
    /// The name of its schema.
    document: &'static str,
    tool: String,
    plan: PlanStamp,
    account: Option<String>,
    endpoints: Vec<EndpointDocument>,
    outcome: ApplyOutcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_early: Option<EndedEarly>,
    resources: Counts,
    changes: Vec<Entry>,
    /// The plan with what is not done.
    residual: PlanDocument,
    diagnostics: Vec<View>,
}

/// What became of one change.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    address: Address,
    actions: &'static [&'static str],
    status: &'static str,
    /// Whether a read afterwards showed what the plan wants.
    verified: bool,
    /// Whether a write was sent.
    written: bool,
    /// Whether the old values are back after a replacement that was refused.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Address>,
    /// Of a mirror's run, for a ticket: nothing can be asked about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    /// How many requests were sent for it.
    attempts: usize,
    request_ids: Vec<String>,
    requests: Vec<Try>,
    before: Option<SeenDocument>,
    after: Option<SeenDocument>,
}

/// An object as a read showed it.
#[derive(Debug, Clone, Serialize)]
struct SeenDocument {
    exists: bool,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    attributes: IndexMap<&'static str, Value>,
    /// How much is in it.
    #[serde(flatten)]
    held: Facts,
}

/// What the stream is called.
pub const EVENTS: &str = "events";

/// One line of `apply --events`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// What is about to be applied.
    Plan {
        format_version: &'static str,
        document: &'static str,
        plan: PlanStamp,
        summary: Summary,
    },
    /// A change is about to be made.
    Started {
        address: Address,
        actions: &'static [&'static str],
    },
    /// A change came to its end.
    Finished(Entry),
    /// What was written was read again.
    Checked(Entry),
    /// The run is over.
    Ended {
        outcome: ApplyOutcome,
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ended_early: Option<EndedEarly>,
        resources: Counts,
    },
}

impl PlanStamp {
    pub fn new(id: String, plan: &Plan) -> PlanStamp {
        PlanStamp {
            id,
            chart: plan.chart.clone(),
            scope: plan.scope.clone(),
        }
    }
}

impl Receipt {
    pub fn new(report: &Report<'_>, plan: PlanStamp, diagnostics: Vec<View>) -> Receipt {
        let entries = report.plan.changes.iter().zip(&report.records);
        Receipt {
            format_version: FORMAT_VERSION,
            document: "receipt",
            tool: format!("portolan {}", env!("CARGO_PKG_VERSION")),
            account: plan.scope.account_name().map(str::to_owned),
            endpoints: plan.scope.endpoint_documents(),
            plan,
            outcome: report.outcome(),
            refused: report.refused.clone(),
            ended_early: report.ended_early(),
            resources: report.counts(),
            changes: entries
                .map(|(change, record)| Entry::new(change, record))
                .collect(),
            residual: report.plan_document(&report.residual(), Vec::new()),
            diagnostics,
        }
    }
}

impl Line {
    /// How a run ended.
    pub fn ended(report: &Report<'_>) -> Line {
        Line::Ended {
            outcome: report.outcome(),
            refused: report.refused.clone(),
            ended_early: report.ended_early(),
            resources: report.counts(),
        }
    }
}

impl Entry {
    pub fn new(change: &Change, record: &Record) -> Entry {
        let kind = change.address.kind();
        let mut entry = Entry {
            address: change.address.clone(),
            actions: change.verbs(),
            status: status(&record.fate),
            verified: record.fate.is_done() && !record.fate.is_open(),
            written: record.wrote,
            restored: false,
            message: None,
            hint: None,
            because: None,
            job_id: None,
            attempts: record.tries.len(),
            request_ids: record
                .tries
                .iter()
                .filter_map(|one| one.request_id.clone())
                .collect(),
            requests: record.tries.clone(),
            before: record
                .before
                .as_ref()
                .map(|seen| SeenDocument::new(kind, seen)),
            after: record
                .after
                .as_ref()
                .map(|seen| SeenDocument::new(kind, seen)),
        };
        match record.fate.clone() {
            Fate::Failed {
                message,
                hint,
                restored,
                job,
            } => {
                (entry.message, entry.hint, entry.restored) = (Some(message), hint, restored);
                entry.job_id = job;
            }
            Fate::Ran { job, end } => {
                entry.job_id = job;
                entry.message = if let RunEnd::Unknown(said) = end {
                    Some(said)
                } else {
                    None
                };
            }
            Fate::InProgress { problem } => entry.message = problem,
            Fate::Skipped { because } => entry.because = Some(because),
            Fate::Applied { .. } | Fate::AsPlanned | Fate::NotAttempted | Fate::Withheld => {}
        }
        entry
    }
}

fn status(fate: &Fate) -> &'static str {
    match fate {
        Fate::Applied { .. } | Fate::Ran { .. } => "applied",
        Fate::AsPlanned | Fate::InProgress { .. } => "as_planned",
        Fate::Failed { .. } => "failed",
        Fate::Skipped { .. } => "skipped",
        Fate::NotAttempted => "not_attempted",
        Fate::Withheld => "withheld",
    }
}

/// Every status that an entry can have.
pub const STATUSES: [&str; 6] = [
    "applied",
    "as_planned",
    "failed",
    "skipped",
    "not_attempted",
    "withheld",
];

impl SeenDocument {
    fn new(kind: &Kind, seen: &Seen) -> SeenDocument {
        let Some(live) = seen else {
            return SeenDocument {
                exists: false,
                attributes: IndexMap::new(),
                held: Facts::default(),
            };
        };
        let held = kind
            .holds
            .and_then(|holds| Some(holds.fact.count(live.facts.get(holds.fact)?)));
        SeenDocument {
            exists: true,
            attributes: live.attributes.clone(),
            held: held.unwrap_or_default(),
        }
    }
}
