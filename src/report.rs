//! The report: the outcome of each change of a plan. `apply` builds it, the renderers show it.

use std::fmt;

use serde::Serialize;

use crate::{
    address::Address,
    diagnostics::View,
    plan::{
        Action, Change, Outcome, Plan,
        cloud::EndpointDocument,
        document::{FORMAT_VERSION, PlanDocument},
    },
    state::LiveResource,
    wire::Try,
};

/// The outcome of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Made. `verified` if a read afterwards showed it.
    Applied { verified: bool },
    /// Nothing was sent: the check showed that the object was already as planned.
    AsPlanned,
    /// Not made, or not as planned.
    Failed {
        message: String,
        hint: Option<String>,
        restored: bool,
        job: Option<String>,
    },
    /// A mirror was run, after its change if there was one. The job id is for support tickets: it
    /// cannot be queried.
    Ran { job: Option<String>, end: RunEnd },
    /// A mirror was not run because another client's run is in progress. Without a problem, waiting
    /// was not wanted.
    InProgress { problem: Option<String> },
    /// Not tried, because the change of this address failed.
    Skipped { because: Address },
    /// Not started, because the apply ended early.
    NotAttempted,
    /// In the plan, but not allowed to run.
    Withheld,
}

/// The result of a mirror run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    Succeeded,
    /// Waiting was not wanted.
    NotAwaited,
    /// The result is unknown, for this reason.
    Unknown(String),
    /// Waiting was not wanted, and the change that the run belongs to is left to a later apply.
    PutOff,
}

/// The outcome of one change, with its requests and observations.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub fate: Fate,
    /// Every request that was sent for it, in order. A request for several changes is listed with
    /// each.
    pub tries: Vec<Try>,
    /// Whether a write was sent, successful or not.
    pub wrote: bool,
    /// Whether another client had already made the change, so that only its run was made.
    pub was_made: bool,
    /// The observation before the write. `None` if there was none.
    pub before: Option<Seen>,
    /// The last observation after the write.
    pub after: Option<Seen>,
    /// Why there is no such observation, if a read failed.
    pub unread: Option<String>,
    /// What became of each item of a run that copies.
    pub copied: Option<Box<Copied>>,
}

/// What became of the items of a run that copies. Each is in one of these lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// At the target now.
    pub copied: Vec<String>,
    /// What was sent although it is not in the plan: it was pushed meanwhile.
    pub added: Vec<String>,
    /// Not at the target.
    pub failed: Vec<NotCopied>,
    /// Sent, and not at the target yet.
    pub in_progress: Vec<String>,
    /// Left to the next run.
    pub not_sent: Vec<String>,
    /// Not at the source any more.
    pub gone: Vec<String>,
}

/// One item that was not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotCopied {
    #[serde(rename = "tag")]
    pub item: String,
    pub problem: String,
}

/// An observation: `None` if the object did not exist. Boxed, because every record has two of
/// these.
pub(crate) type Seen = Option<Box<LiveResource>>;

impl From<Fate> for Record {
    /// Nothing was sent.
    fn from(fate: Fate) -> Record {
        Record {
            fate,
            tries: Vec::new(),
            wrote: false,
            was_made: false,
            before: None,
            after: None,
            unread: None,
            copied: None,
        }
    }
}

impl Record {
    /// Why it is not known whether the change is as planned, if there is a reason.
    pub(crate) fn doubt(&self) -> Option<&str> {
        match &self.fate {
            Fate::Applied { verified: false } => self.unread.as_deref(),
            Fate::Ran {
                end: RunEnd::Unknown(problem),
                ..
            } => Some(problem),
            Fate::InProgress { problem } => problem.as_deref(),
            _ => None,
        }
    }
}

impl Fate {
    /// Whether only a part of a run was made, and the change itself is left to a later apply.
    pub(crate) fn is_put_off(&self) -> bool {
        matches!(
            self,
            Fate::Ran {
                end: RunEnd::PutOff,
                ..
            }
        )
    }

    /// Whether its result was not awaited.
    pub(crate) fn is_open(&self) -> bool {
        matches!(
            self,
            Fate::Ran {
                end: RunEnd::NotAwaited | RunEnd::PutOff,
                ..
            } | Fate::InProgress { problem: None }
        )
    }

    /// Whether the change certainly succeeded, or is in progress and waiting was not wanted.
    pub fn is_done(&self) -> bool {
        matches!(
            self,
            Fate::Applied { verified: true }
                | Fate::AsPlanned
                | Fate::Ran {
                    end: RunEnd::Succeeded | RunEnd::NotAwaited | RunEnd::PutOff,
                    ..
                }
                | Fate::InProgress { problem: None }
        )
    }
}

/// Why an apply ended early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// A signal, such as that of Ctrl-C.
    Signal,
    /// `--timeout` is over. The text names the limit.
    Late(String),
    /// The service refused the credentials, so nothing more was sent.
    Credentials,
    /// The credentials have ended, and there are no new ones.
    Spent,
    /// A change failed, and `--fail-fast` was given.
    Failure,
}

impl Halt {
    /// The code for scripts.
    fn reason(&self) -> &'static str {
        match self {
            Halt::Signal => "interrupted",
            Halt::Late(_) => "timeout",
            Halt::Credentials => "credentials-refused",
            Halt::Spent => "credentials-ended",
            Halt::Failure => "fail-fast",
        }
    }
}

/// The reasons for an early end in documents.
pub(crate) const REASONS: [&str; 5] = [
    "interrupted",
    "timeout",
    "credentials-refused",
    "credentials-ended",
    "fail-fast",
];

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Halt::Signal => f.write_str("stopped by a signal, such as Ctrl-C"),
            Halt::Late(late) => write!(f, "stopped: {late}"),
            Halt::Credentials => f.write_str("stopped: the service refused the credentials"),
            Halt::Spent => f.write_str("stopped: the credentials ended, and could not be renewed"),
            Halt::Failure => f.write_str("stopped by `--fail-fast` after the first failure"),
        }
    }
}

/// The reason for an early end, in a document.
#[derive(Debug, Clone, Serialize)]
pub struct EndedEarly {
    reason: &'static str,
    message: String,
}

/// The outcome of a plan's changes, in the plan's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Report<'a> {
    pub plan: &'a Plan,
    pub records: Vec<Record>,
    /// Whether anything could be sent. Not if the whole plan was refused.
    pub refused: Option<String>,
    /// Why the apply ended early.
    pub halt: Option<Halt>,
    /// Whether there is a plan. Without one, "no changes" would be wrong.
    pub is_known: bool,
}

/// The result of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplyOutcome {
    /// The live state equals the chart.
    Complete,
    /// Something is left to do, or unknown.
    Incomplete,
    /// Nothing was sent.
    Refused,
}

/// The numbers of added, changed and deleted resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    pub added: usize,
    pub changed: usize,
    pub destroyed: usize,
    #[serde(skip_serializing_if = "is_none")]
    pub run: usize,
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

impl Report<'_> {
    pub fn outcome(&self) -> ApplyOutcome {
        if self.refused.is_some() {
            ApplyOutcome::Refused
        } else if self.fates().all(|(_, fate)| fate.is_done()) {
            ApplyOutcome::Complete
        } else {
            ApplyOutcome::Incomplete
        }
    }

    /// Why the apply ended early. `None` if everything was done nevertheless.
    pub(crate) fn early_end(&self) -> Option<&Halt> {
        self.halt
            .as_ref()
            .filter(|_| self.outcome() == ApplyOutcome::Incomplete)
    }

    /// The same for a document.
    pub fn ended_early(&self) -> Option<EndedEarly> {
        self.early_end().map(|halt| EndedEarly {
            reason: halt.reason(),
            message: halt.to_string(),
        })
    }

    /// Each change with its outcome.
    pub fn fates(&self) -> impl Iterator<Item = (&Change, &Fate)> {
        self.plan
            .changes
            .iter()
            .zip(self.records.iter().map(|record| &record.fate))
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (change, record) in self.plan.changes.iter().zip(&self.records) {
            let fate = &record.fate;
            // Verified or not: the numbers are those of writes that the service accepted.
            if !matches!(fate, Fate::Applied { .. } | Fate::Ran { .. }) {
                continue;
            }
            counts.run += usize::from(matches!(fate, Fate::Ran { .. }));
            if fate.is_put_off() || record.was_made {
                continue;
            }
            match change.action {
                Action::Create { .. } => counts.added += 1,
                Action::Update { .. } => counts.changed += 1,
                Action::Replace { .. } => {
                    counts.added += 1;
                    counts.destroyed += 1;
                }
                Action::Delete { .. } => counts.destroyed += 1,
                Action::Run { .. } => {}
            }
        }
        counts
    }

    /// The plan of the changes that are left. Includes changes that did not stick or were not
    /// tried, but not those that were made and could not be read back.
    pub fn residual(&self) -> Plan {
        let made = |fate: &Fate| {
            matches!(fate, Fate::Applied { .. }) || fate.is_done() && !fate.is_put_off()
        };
        let left = self
            .fates()
            .filter(|(_, fate)| !made(fate))
            .map(|(change, _)| change.clone());
        let mut plan = Plan {
            changes: left.collect(),
            ..self.plan.clone()
        };
        // What was done needs no change any more, so that the counts still add up to the whole
        // chart.
        plan.unchanged += self.plan.changes.len() - plan.changes.len();
        plan
    }

    /// The document of the plan, or of what is left.
    pub(crate) fn plan_document(&self, plan: &Plan, diagnostics: Vec<View>) -> PlanDocument {
        let mut document = PlanDocument::new(plan, diagnostics);
        if !self.is_known {
            document.outcome = Outcome::Unknown;
        }
        document
    }

    /// The report as a JSON document. Diagnostics are in it and in its plan.
    pub fn document(&self, diagnostics: Vec<View>) -> ReportDocument {
        let plan = self.plan_document(self.plan, diagnostics);
        let mut document = ReportDocument {
            format_version: FORMAT_VERSION,
            document: "report",
            outcome: self.outcome(),
            refused: self.refused.clone(),
            ended_early: self.ended_early(),
            account: plan.account.clone(),
            endpoints: plan.endpoints.clone(),
            applied: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            not_attempted: Vec::new(),
            diagnostics: plan.diagnostics.clone(),
            plan,
        };
        for (change, record) in self.plan.changes.iter().zip(&self.records) {
            let (address, actions) = (change.address.clone(), change.verbs());
            let tags = record.copied.clone();
            match record.fate.clone() {
                Fate::Applied { .. }
                | Fate::AsPlanned
                | Fate::Ran { .. }
                | Fate::InProgress { .. } => document.applied.push(Applied::new(change, record)),
                Fate::Failed {
                    message,
                    hint,
                    restored,
                    job,
                } => {
                    document.failed.push(Failed {
                        address,
                        actions,
                        message,
                        hint,
                        restored,
                        job_id: job,
                        tags,
                    });
                }
                Fate::Skipped { because } => document.skipped.push(Skipped {
                    address,
                    actions,
                    because,
                }),
                Fate::NotAttempted => document
                    .not_attempted
                    .push(NotAttempted { address, actions }),
                // It is in the plan of the same document, with the reason.
                Fate::Withheld => {}
            }
        }
        document
    }
}

/// The document of `apply --format json`.
#[derive(Debug, Serialize)]
pub struct ReportDocument {
    pub format_version: &'static str,
    /// The name of its schema.
    pub document: &'static str,
    pub outcome: ApplyOutcome,
    /// Why nothing was sent, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Why the apply ended early, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<EndedEarly>,
    pub account: Option<String>,
    pub endpoints: Vec<EndpointDocument>,
    pub plan: PlanDocument,
    pub applied: Vec<Applied>,
    pub failed: Vec<Failed>,
    pub skipped: Vec<Skipped>,
    pub not_attempted: Vec<NotAttempted>,
    pub diagnostics: Vec<View>,
}

#[derive(Debug, Serialize)]
pub struct Applied {
    pub address: Address,
    pub actions: &'static [&'static str],
    pub verified: bool,
    /// False if it was already as planned.
    pub written: bool,
    /// Why a read could not verify it, if one failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Box<Copied>>,
}

impl Applied {
    fn new(change: &Change, record: &Record) -> Applied {
        let fate = &record.fate;
        let job_id = match fate {
            Fate::Ran { job, .. } => job.clone(),
            _ => None,
        };
        Applied {
            address: change.address.clone(),
            actions: change.verbs(),
            verified: fate.is_done() && !fate.is_open(),
            written: matches!(fate, Fate::Applied { .. } | Fate::Ran { .. }),
            message: record.doubt().map(str::to_owned),
            job_id,
            tags: record.copied.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
pub struct Failed {
    pub address: Address,
    pub actions: &'static [&'static str],
    pub message: String,
    pub hint: Option<String>,
    pub restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Box<Copied>>,
}

#[derive(Debug, Serialize)]
pub struct Skipped {
    pub address: Address,
    pub actions: &'static [&'static str],
    pub because: Address,
}

#[derive(Debug, Serialize)]
pub struct NotAttempted {
    pub address: Address,
    pub actions: &'static [&'static str],
}
