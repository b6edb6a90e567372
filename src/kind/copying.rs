//! Kinds whose resources copy what their parent contains to another place, such as sync rules.
//!
//! A rule copies only what is pushed after its creation. The service copies the rest on request, in
//! jobs, and only the contents of the other place prove that something arrived.

use super::{Attribute, ItemList, Page, Undecodable, Window};
use crate::{
    address::Address,
    mask::Foreign,
    state::Attributes,
    time::Moment,
    wire::{Request, Response},
};

/// How the resources of a kind copy.
#[derive(Debug)]
pub struct Copying {
    /// Says what happens to items that were there before the rule. Only a chart has it: it is never
    /// sent, and never differs from anything.
    pub policy: Attribute,
    /// The attribute of a rule that says whether it replaces what is at the target.
    pub overwrites: &'static str,
    /// Why an item stays missing that would not stay at the target.
    pub collected: &'static str,
    /// The feature gate of the account without which nothing is copied.
    pub gate: &'static str,
    /// The name of the items in documents.
    pub items: &'static str,
    /// The list of the items, at the source and where they arrive.
    pub list: &'static ItemList,
    /// Asks the service to copy these items. Never overwrites, whatever the rule says. The response
    /// proves nothing (swr-next: A5).
    pub start: fn(rule: &Address, items: &[String]) -> Request,
    /// The most items in one such request.
    pub batch: usize,
    /// The newest jobs of the parent, which copied its items to any place; the newest first.
    pub jobs: fn(parent: &Address, window: Window) -> Request,
    pub jobs_page: usize,
    pub decode_jobs: fn(parent: &Address, response: &Response) -> Result<Page<Job>, Undecodable>,
}

impl Copying {
    /// The policy of a rule with these attributes.
    pub(crate) fn backfill(&self, wanted: &Attributes) -> Backfill {
        let word = wanted.get(self.policy.name).and_then(|word| word.as_str());
        Backfill::ALL
            .into_iter()
            .find(|policy| Some(policy.word()) == word)
            .unwrap_or(Backfill::Never)
    }
}

/// What happens to items that were there before the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// They are not copied.
    Never,
    /// Those that are missing are copied when the rule is created or replaced.
    OnCreate,
    /// Those that are missing are copied whenever some are.
    Missing,
}

impl Backfill {
    pub(crate) const ALL: [Backfill; 3] = [Backfill::Never, Backfill::OnCreate, Backfill::Missing];

    /// The words of a chart, in the same order.
    pub const WORDS: [&str; 3] = ["never", "on-create", "missing"];

    /// The word in a chart.
    pub fn word(self) -> &'static str {
        match self {
            Backfill::Never => "never",
            Backfill::OnCreate => "on-create",
            Backfill::Missing => "missing",
        }
    }
}

/// One job: the copy of one item to one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Newer jobs have larger ids.
    pub id: u64,
    /// The rule with this target, whether or not it exists.
    pub rule: Address,
    pub item: String,
    pub status: JobStatus,
    pub created: Option<Moment>,
    /// When the status last changed.
    pub updated: Option<Moment>,
}

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobStatus {
    Waiting,
    Running,
    Success,
    /// The item was there already.
    Existed,
    Failed,
    TimedOut,
    Cancelled,
    /// A word that the documents do not have.
    Other(Foreign),
}

impl JobStatus {
    /// Whether the job may still copy something. An unknown word may mean anything, so it is
    /// waited for.
    pub fn is_open(&self) -> bool {
        matches!(
            self,
            JobStatus::Waiting | JobStatus::Running | JobStatus::Other(_)
        )
    }

    /// Whether the service says that the item is there.
    pub fn has_copied(&self) -> bool {
        matches!(self, JobStatus::Success | JobStatus::Existed)
    }

    /// The status of this word; `None` for one that the documents do not have.
    pub(crate) fn of_word(word: &str) -> Option<JobStatus> {
        Some(match word {
            "waiting" => JobStatus::Waiting,
            "running" => JobStatus::Running,
            "success" => JobStatus::Success,
            "existed" => JobStatus::Existed,
            "failed" => JobStatus::Failed,
            "timeout" => JobStatus::TimedOut,
            "cancel" => JobStatus::Cancelled,
            _ => return None,
        })
    }

    /// The word of the service.
    pub fn word(&self) -> &str {
        match self {
            JobStatus::Waiting => "waiting",
            JobStatus::Running => "running",
            JobStatus::Success => "success",
            JobStatus::Existed => "existed",
            JobStatus::Failed => "failed",
            JobStatus::TimedOut => "timeout",
            JobStatus::Cancelled => "cancel",
            JobStatus::Other(word) => word,
        }
    }
}
