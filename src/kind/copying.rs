//! Kinds whose resources copy what their parent contains to another place, such as sync rules.
//!
//! A rule copies only what is pushed after its creation. The service copies the rest on request, in
//! jobs, and only the contents of the other place prove that something arrived.

use super::{ItemList, Page, Undecodable, Window};
use crate::{
    address::Address,
    mask::Foreign,
    time::Moment,
    wire::{Request, Response},
};

/// How the resources of a kind copy.
#[derive(Debug)]
pub struct Copying {
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
