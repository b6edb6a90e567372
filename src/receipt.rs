//! The receipt of an apply: the requests of each change, its observations before and after, and
//! what is left to do.
//!
//! Pure. It has no times, so that it is reproducible: the archive of receipts adds them. Events are
//! the same entries, one line each as they happen.

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
    report::{ApplyOutcome, Copied, Counts, EndedEarly, Fate, Record, Report, Seen},
    state::ChartStamp,
    wire::Try,
};

/// Identifies the applied plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanStamp {
    /// The digest of its file, saved or not.
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
    /// The plan of the changes that are left.
    residual: PlanDocument,
    diagnostics: Vec<View>,
}

/// The outcome of one change.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    address: Address,
    actions: &'static [&'static str],
    status: &'static str,
    /// Whether a read afterwards showed the planned state.
    verified: bool,
    /// Whether a write was sent.
    written: bool,
    /// Whether the old object was restored after a refused replacement.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<Address>,
    /// The job id of a mirror run, for support tickets: it cannot be queried.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<String>,
    /// What became of the tags of a rule's run.
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<Box<Copied>>,
    /// The number of requests for it.
    attempts: usize,
    request_ids: Vec<String>,
    requests: Vec<Try>,
    before: Option<SeenDocument>,
    after: Option<SeenDocument>,
}

/// An observation.
#[derive(Debug, Clone, Serialize)]
struct SeenDocument {
    exists: bool,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    attributes: IndexMap<&'static str, Value>,
    /// How many things it contains.
    #[serde(flatten)]
    held: Facts,
}

/// The name of the stream.
pub(crate) const EVENTS: &str = "events";

/// One line of `apply --events`.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Line {
    /// The apply begins.
    Plan {
        format_version: &'static str,
        document: &'static str,
        plan: PlanStamp,
        summary: Summary,
    },
    /// A change begins.
    Started {
        address: Address,
        actions: &'static [&'static str],
    },
    /// A change ended.
    Finished(Entry),
    /// A written object was read back.
    Checked(Entry),
    /// The apply ended.
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
            // The receipt itself has the diagnostics.
            residual: report.plan_document(&report.residual(), Vec::new()),
            diagnostics,
        }
    }
}

impl Line {
    /// The last line.
    pub(crate) fn ended(report: &Report<'_>) -> Line {
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
            message: record.doubt().map(str::to_owned),
            hint: None,
            because: None,
            job_id: None,
            tags: record.copied.clone(),
            attempts: record.tries.len(),
            request_ids: record
                .tries
                .iter()
                // A request without a complete answer has no id.
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
            Fate::Ran { job, .. } => {
                entry.job_id = job;
            }
            Fate::Skipped { because } => entry.because = Some(because),
            Fate::Applied { .. }
            | Fate::AsPlanned
            | Fate::InProgress { .. }
            | Fate::NotAttempted
            | Fate::Withheld => {}
        }
        entry
    }
}

fn status(fate: &Fate) -> &'static str {
    match fate {
        Fate::Applied { .. } | Fate::Ran { .. } => "applied",
        // Nothing was sent in either case.
        Fate::AsPlanned | Fate::InProgress { .. } => "as_planned",
        Fate::Failed { .. } => "failed",
        Fate::Skipped { .. } => "skipped",
        Fate::NotAttempted => "not_attempted",
        Fate::Withheld => "withheld",
    }
}

/// The possible statuses of an entry.
pub(crate) const STATUSES: [&str; 6] = [
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
