//! The copies of tags to other regions (`swr-api.md`, section 7.2, and `swr-next.md`, A5 and A6).
//!
//! A push starts a job for each rule of its repository. A job waits, runs and ends at times of the
//! emulated clock. There is no timer: the next request or edit first does what is due by then, in
//! order. A copy is not a push: it starts no other job.

use std::{cmp::Reverse, collections::BinaryHeap};

use jiff::Timestamp;

use super::timestamp;
use crate::emulator::{
    message::Request,
    settings::{
        Settings,
        assumptions::{CopiedTime, MissingTarget, OtherDigest},
    },
    state::{
        Repository, State, Tag,
        draft::{Change, Draft},
        jobs::{Job, JobEnding, JobStatus},
        later,
    },
};

/// The region, the organization and the name of a repository.
pub(in super::super) type Place = [String; 3];

/// Pushes tags to a repository. False if the repository does not exist.
pub(in super::super) fn push(
    state: &mut State,
    settings: &Settings,
    now: Timestamp,
    place: &Place,
    tags: impl IntoIterator<Item = Tag>,
) -> bool {
    let mut state = Draft::of(state);
    let [region, organization, name] = place;
    let Some(repository) = state.repository(region, organization, name) else {
        return false;
    };
    let rules = repository.sync_rules.clone();
    for tag in tags {
        let pushed = tag.name.clone();
        if let Some(repository) = state.repository_mut(region, organization, name) {
            repository.put_tag(complete(repository, tag, now));
        }
        for rule in rules.iter().filter(|rule| rule.auto) {
            let job = Job {
                overrides: rule.overrides,
                ..Job::to(&pushed, &rule.remote_region, &rule.remote_organization)
            };
            start(&mut state, settings, now, place, job);
        }
    }
    true
}

/// Fills in what a push leaves out.
fn complete(repository: &Repository, tag: Tag, now: Timestamp) -> Tag {
    let digest = match tag.digest.is_empty() {
        true => repository.next_digest(&tag.name),
        false => tag.digest,
    };
    let pushed = match tag.pushed.is_empty() {
        true => timestamp(now),
        false => tag.pushed,
    };
    Tag {
        digest,
        pushed,
        ..tag
    }
}

/// Starts a job, unless its target does not exist and such a copy leaves none.
pub(super) fn start(
    state: &mut Draft<'_>,
    settings: &Settings,
    now: Timestamp,
    place: &Place,
    job: Job,
) {
    let is_ignored = settings.assumptions.missing_target == MissingTarget::NoJob;
    if is_ignored && !is_target(state, &job.remote_region, &job.remote_organization) {
        return;
    }
    let job = Job {
        status: JobStatus::Waiting,
        next: Some(later(now, settings.job_delay)),
        ..job
    };
    add(state, now, place, job);
}

/// Adds a job to the list of its repository.
pub(super) fn add(state: &mut Draft<'_>, now: Timestamp, place: &Place, job: Job) {
    let job = Job {
        id: state.next_job_id(),
        created: timestamp(now),
        updated: timestamp(now),
        ..job
    };
    let [region, organization, name] = place;
    if let Some(repository) = state.repository_mut(region, organization, name) {
        repository.jobs.push(job);
    }
}

/// Whether the account has an organization of that name.
pub(super) fn is_target(state: &State, region: &str, organization: &str) -> bool {
    let found = state.organization(region, organization);
    found.is_some_and(|organization| organization.owner.is_none())
}

/// Does what is due by `now`, and returns the previous content of the places that it changed. Each
/// job that would copy is asked for another ending.
pub(in super::super) fn advance(
    state: &mut State,
    settings: &Settings,
    now: Timestamp,
    mut ending: impl FnMut(&Place) -> Option<JobEnding>,
) -> Change {
    let mut steps = due(state, now);
    let mut state = Draft::of(state);
    while let Some(Reverse(at)) = steps.pop() {
        let next = at.make(&mut state, settings, &mut ending);
        if let Some(time) = next.filter(|next| *next <= now) {
            steps.push(Reverse(Step { time, ..at }));
        }
    }
    state.before()
}

/// The request of a manual copy from there, by which a fault selects jobs of both sorts.
pub(in super::super) fn request([region, organization, name]: &Place) -> Request {
    let name = name.replace('/', "$");
    Request {
        region: region.clone(),
        method: "POST".to_owned(),
        path: format!("/v2/manage/namespaces/{organization}/repos/{name}/sync_images"),
        ..Request::default()
    }
}

/// What is due, the earliest first. Of equal times it is the job that was created first.
fn due(state: &State, now: Timestamp) -> BinaryHeap<Reverse<Step>> {
    let mut steps = BinaryHeap::new();
    for (region, content) in &state.regions {
        for (organization, content) in &content.organizations {
            for (name, repository) in &content.repositories {
                for (position, job) in repository.jobs.iter().enumerate() {
                    let Some(time) = job.next.filter(|next| *next <= now) else {
                        continue;
                    };
                    steps.push(Reverse(Step {
                        time,
                        id: job.id,
                        place: [region, organization, name].map(Clone::clone),
                        position,
                    }));
                }
            }
        }
    }
    steps
}

/// A change of a job's status, in the order in which these are made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    time: Timestamp,
    id: u64,
    place: Place,
    /// In the list of the repository's jobs.
    position: usize,
}

impl Step {
    /// Changes the status. Returns when it changes next.
    fn make(
        &self,
        state: &mut Draft<'_>,
        settings: &Settings,
        ending: &mut impl FnMut(&Place) -> Option<JobEnding>,
    ) -> Option<Timestamp> {
        let job = self.job(state)?.clone();
        let (status, next) = match job.status {
            JobStatus::Waiting => {
                let end = later(self.time, settings.job_duration);
                (JobStatus::Running, Some(end))
            }
            JobStatus::Running => match ending(&self.place) {
                None => (self.copy(state, settings, &job), None),
                Some(JobEnding::Failed) => (JobStatus::Failed, None),
                Some(JobEnding::Timeout) => (JobStatus::Timeout, None),
                Some(JobEnding::Cancel) => (JobStatus::Cancel, None),
                Some(JobEnding::Hang) => (JobStatus::Running, None),
            },
            // It has ended. A hand-written state may say otherwise.
            ended => (ended, None),
        };
        let job = self.job(state)?;
        if job.status != status {
            job.updated = timestamp(self.time);
        }
        (job.status, job.next) = (status, next);
        next
    }

    fn job<'s>(&self, state: &'s mut Draft<'_>) -> Option<&'s mut Job> {
        let [region, organization, name] = &self.place;
        let repository = state.repository_mut(region, organization, name)?;
        repository.jobs.get_mut(self.position)
    }

    /// Copies the tag as it is now. Returns the status with which the job ends.
    fn copy(&self, state: &mut Draft<'_>, settings: &Settings, job: &Job) -> JobStatus {
        let [region, organization, name] = &self.place;
        let source = state.repository(region, organization, name);
        let Some(tag) = source.and_then(|source| source.tag(&job.tag)) else {
            return JobStatus::Failed;
        };
        let (region, organization) = (&job.remote_region, &job.remote_organization);
        if !is_target(state, region, organization) {
            return JobStatus::Failed;
        }
        let now = timestamp(self.time);
        match state.repository(region, organization, name) {
            None => {
                // What else the service chooses for it is unknown.
                let repository = Repository {
                    id: state.next_id(),
                    created: now.clone(),
                    updated: now.clone(),
                    ..Repository::default()
                };
                state.add_repository(region, organization, name, repository);
            }
            Some(target) => {
                let other = target.tag(&tag.name).filter(|_| !job.overrides);
                match (other, settings.assumptions.other_digest) {
                    (None, _) => {}
                    (Some(other), OtherDigest::Cancel) if other.digest != tag.digest => {
                        return JobStatus::Cancel;
                    }
                    (Some(_), _) => return JobStatus::Existed,
                }
            }
        }
        let pushed = match settings.assumptions.copied_time {
            CopiedTime::Copy => now,
            CopiedTime::Source => tag.pushed.clone(),
        };
        if let Some(target) = state.repository_mut(region, organization, name) {
            target.put_tag(Tag {
                pushed,
                copied: true,
                ..tag
            });
        }
        JobStatus::Success
    }
}
