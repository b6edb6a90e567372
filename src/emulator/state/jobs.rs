//! The jobs that copy tags to other regions.
//!
//! A job is kept in the repository that it copies from, and goes with it. When and how it ends is
//! decided outside: here is what is known about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Repository, beginning};

/// One job: a copy of one tag to one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Ascending in the order of creation; 0 is replaced by the next free id.
    #[serde(default)]
    pub id: u64,
    /// The name of the tag, which the repository need not have.
    pub tag: String,
    /// `remoteRegionId`.
    pub remote_region: String,
    /// `remoteNamespace`.
    pub remote_organization: String,
    /// Whether an image of the same tag is replaced.
    #[serde(default, rename = "override")]
    pub overrides: bool,
    /// Its status.
    #[serde(default)]
    pub status: JobStatus,
    /// When its status changes; none if it has ended, or never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// UTC, RFC 3339.
    #[serde(default = "beginning")]
    pub created: String,
    /// When its status changed last.
    #[serde(default = "beginning")]
    pub updated: String,
}

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It has not begun.
    Waiting,
    /// It has begun.
    Running,
    /// The tag was copied.
    #[default]
    Success,
    /// It was not.
    Failed,
    /// It took too long.
    Timeout,
    /// Somebody or something ended it.
    Cancel,
    /// The target has a tag of that name already.
    Existed,
}

/// How a job ends that does not copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnding {
    /// With that status.
    Failed,
    /// With that status.
    Timeout,
    /// With that status.
    Cancel,
    /// Never: it stays running.
    Hang,
}

impl Job {
    /// An ended job with the defaults of a hand-written file.
    pub fn to(tag: &str, region: &str, organization: &str) -> Self {
        Self {
            id: 0,
            tag: tag.to_owned(),
            remote_region: region.to_owned(),
            remote_organization: organization.to_owned(),
            overrides: false,
            status: JobStatus::default(),
            next: None,
            created: beginning(),
            updated: beginning(),
        }
    }
}

impl JobStatus {
    /// The word of the API.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
            Self::Cancel => "cancel",
            Self::Existed => "existed",
        }
    }
}

impl Repository {
    /// When the status of one of its jobs changes next.
    pub(in super::super) fn next_job(&self) -> Option<Timestamp> {
        self.jobs.iter().filter_map(|job| job.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::read, *};

    fn state(job: &str) -> Result<super::super::State, String> {
        read(&format!(
            r#"{{ "regions": {{ "r": {{ "organizations": {{ "o": {{ "repositories": {{ "a": {{
                "jobs": [{job}] }} }} }} }} }} }} }}"#
        ))
    }

    #[test]
    fn a_hand_written_job_needs_a_tag_and_a_target() {
        let target = r#""tag": "v1", "remote_region": "s", "remote_organization": "o""#;
        let state = state(&format!(
            r#"{{ {target} }}, {{ {target}, "id": 7, "override": true, "status": "waiting",
                "next": "2026-01-02T03:04:05Z" }}"#
        ))
        .unwrap();
        let jobs = &state.repository("r", "o", "a").unwrap().jobs;
        let expected = Job {
            id: 8,
            ..Job::to("v1", "s", "o")
        };
        assert_eq!((&jobs[0], state.counters.jobs), (&expected, 8));
        assert_eq!(jobs[1].status, JobStatus::Waiting);
        assert_eq!(state.next_job(), jobs[1].next);
        // Ids of jobs are not those of repositories.
        assert_eq!(state.counters.id, 2);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(read(&text), Ok(state));
    }

    #[test]
    fn another_status_is_refused() {
        let job = r#"{ "tag": "v1", "remote_region": "s", "remote_organization": "o",
            "status": "done" }"#;
        assert!(state(job).unwrap_err().contains("unknown variant `done`"));
        assert!(
            state(r#"{ "tag": "v1" }"#)
                .unwrap_err()
                .contains("remote_region")
        );
    }
}
