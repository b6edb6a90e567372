//! One request to copy, and its jobs.
//!
//! The answer to the request proves nothing (swr-next: A5). The newest job before the request, and
//! the newest job of each item afterwards, show what it did. A request without an answer is
//! repeated only if the jobs show no effect. What is being copied already is not sent again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use super::{Copier, Problem};
use crate::{
    kind::{
        Window,
        copying::{Job, JobStatus},
    },
    plan::jobs::newest,
    time::Moment,
    transport::client::{Admission, CallError, Failed, Purpose, Retries},
    wire::{Request, Response, error::Class},
};

/// How often the jobs are read before an item without one counts as left alone by the service.
const QUIET_READS: u32 = 5;

/// How often they are read for the effect of a request without an answer, and how often such a
/// request is sent.
const READS: u32 = 4;
const STARTS: u32 = 3;

/// A job that is older may hang, so its item is sent again.
const HANGS_AFTER_SECONDS: i64 = 6 * 60 * 60;

/// The most pages of jobs that are read at once: a repository with many rules has many jobs.
const MOST_PAGES: usize = 10;

/// The newest job of each item, since the batch began.
pub(super) type Seen = BTreeMap<String, JobStatus>;

/// How a batch ended.
pub(super) enum End {
    /// Waiting was not wanted.
    Started,
    /// The service refused, or could not be asked.
    Refused(Problem),
    /// `stalled`: nothing moved for too long, or the apply was stopped.
    Watched { seen: Seen, stalled: bool },
}

/// What watching the jobs showed.
enum Watched {
    Ended(End),
    /// None of the items that were sent has a job.
    NoEffect,
}

pub(super) struct Batch<'b, 'a> {
    copier: &'b Copier<'a>,
    items: &'b [String],
    /// The id from which on a job of an item counts.
    since: BTreeMap<String, u64>,
    /// What is being copied already.
    followed: BTreeSet<String>,
}

impl<'b, 'a> Batch<'b, 'a> {
    pub(super) fn new(copier: &'b Copier<'a>, items: &'b [String]) -> Batch<'b, 'a> {
        Batch {
            copier,
            items,
            since: BTreeMap::new(),
            followed: BTreeSet::new(),
        }
    }

    /// Makes the batch. Returns also whether a request to copy was sent.
    pub(super) async fn make(mut self) -> (End, bool) {
        let mut throttled = Retries::default();
        let (mut starts, mut sent) = (0, false);
        loop {
            let failed = match self.start().await {
                Ok(was_sent) => {
                    sent |= was_sent;
                    None
                }
                Err(Failure::Read(problem)) => return (End::Refused(problem), sent),
                Err(Failure::Sent(failed)) => Some(*failed),
            };
            let is_doubtful = match &failed {
                None if self.copier.env.options.wait.is_none() => return (End::Started, sent),
                None => false,
                Some((_, failed)) if failed.error.is_doubtful() => true,
                Some((request, failed)) => {
                    let client = self.copier.env.client;
                    if failed.error.class() == Some(Class::Throttled)
                        && throttled.wait(client, request, failed).await
                    {
                        continue;
                    }
                    return (End::Refused(told(&failed.error)), sent);
                }
            };
            sent |= is_doubtful;
            starts += 1;
            match self.watch(is_doubtful).await {
                Watched::Ended(end) => return (end, sent),
                // A 500 is repeated only once: it is rarely transient (swr-api: section 15).
                Watched::NoEffect => {
                    if let Some((_, failed)) = failed {
                        let is_error = failed.error.class() == Some(Class::ServerError);
                        if starts >= STARTS || is_error && starts > 1 {
                            return (End::Refused(told(&failed.error)), sent);
                        }
                    }
                }
            }
        }
    }

    /// Reads the newest jobs, and then asks to copy what none of them copies. Both requests are
    /// admitted together. Returns whether anything was sent.
    async fn start(&mut self) -> Result<bool, Failure> {
        let copier = self.copier;
        let (client, copying) = (copier.env.client, copier.copying);
        let rule = &copier.change.address;
        let all = (copying.start)(rule, self.items);
        let first = self.page(0);
        let mut retries = Retries::default();
        let (jobs, now, mut admission) = loop {
            let admitted = client.admit(&first, &[&all]).await;
            let mut admission = admitted.map_err(|error| unread(&error))?;
            match self.known(&mut admission).await {
                Ok(Ok((jobs, now))) => break (jobs, now, admission),
                Ok(Err(problem)) => return Err(Failure::Read(problem)),
                Err(failed) => {
                    drop(admission);
                    if !retries.wait(client, &first, &failed).await {
                        return Err(unread(&failed.error));
                    }
                }
            }
        };
        self.begin(&jobs, now);
        let open = self.items.iter();
        let open: Vec<String> = open
            .filter(|item| !self.followed.contains(*item))
            .cloned()
            .collect();
        if open.is_empty() {
            return Ok(false);
        }
        let request = (copying.start)(rule, &open);
        match admission
            .send(&request, &[], Purpose::Work, copier.trace)
            .await
        {
            Ok(_) => Ok(true),
            Err(failed) => Err(Failure::Sent(Box::new((request, failed)))),
        }
    }

    /// The jobs from before the request, and the time. A repository has one list for all its
    /// rules, so the jobs of this one may be behind the first page.
    async fn known(
        &self,
        admission: &mut Admission<'_>,
    ) -> Result<Result<(Vec<Job>, Moment), Problem>, Failed> {
        let copier = self.copier;
        let (mut jobs, mut now) = (Vec::new(), copier.env.options.now);
        for number in 0..MOST_PAGES {
            let response = admission
                .send(&self.page(number), &[], Purpose::Check, copier.trace)
                .await?;
            now = clock(&response).unwrap_or(now);
            let page = match self.decode(&response) {
                Ok(page) => page,
                Err(problem) => return Ok(Err(problem)),
            };
            let is_last =
                page.len() < copier.copying.jobs_page || page.iter().any(|job| !is_young(job, now));
            jobs.extend(page);
            let newest = newest(&jobs);
            let rule = &copier.change.address;
            let is_known = |item: &String| newest.contains_key(&(rule, item.as_str()));
            if is_last || self.items.iter().all(is_known) {
                break;
            }
        }
        Ok(Ok((jobs, now)))
    }

    /// Takes the jobs from before the request.
    fn begin(&mut self, jobs: &[Job], now: Moment) {
        let first = jobs.iter().map(|job| job.id).max().unwrap_or(0) + 1;
        self.since.clear();
        self.followed.clear();
        let newest = newest(jobs);
        for item in self.items {
            let job = newest.get(&(&self.copier.change.address, item.as_str()));
            let is_followed = |job: &&&Job| job.status.is_open() && is_young(job, now);
            match job.filter(is_followed) {
                Some(job) => {
                    self.since.insert(item.clone(), job.id);
                    self.followed.insert(item.clone());
                }
                None => drop(self.since.insert(item.clone(), first)),
            }
        }
    }

    /// Reads the jobs until each item has one that ended.
    async fn watch(&self, is_doubtful: bool) -> Watched {
        let options = &self.copier.env.options;
        let wait = options.wait.unwrap_or_default();
        let (mut pause, mut seen) = (options.pace.first, Seen::new());
        let (mut moved, mut quiet) = (Instant::now(), 0);
        loop {
            let stop = self.copier.env.stop;
            let is_over = stop.is_asked() || (options.wait.is_some() && moved.elapsed() >= wait);
            if is_over && (quiet > 0 || !seen.is_empty()) {
                let stalled = true;
                return Watched::Ended(End::Watched { seen, stalled });
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // One more read shows how far it is.
                () = stop.asked(), if !is_over => {}
            }
            pause = (pause * 3 / 2).min(options.pace.longest);
            quiet += 1;
            if let Ok(jobs) = self.jobs().await {
                let now = self.newest(&jobs);
                if now != seen {
                    (moved, quiet) = (Instant::now(), 0);
                    seen = now;
                    let ended = seen.values().filter(|job| job.has_copied()).count();
                    self.copier.tell_with(ended);
                }
            }
            let sent = self.items.iter();
            let mut sent = sent.filter(|item| !self.followed.contains(*item));
            let has_job = |item: &String| seen.contains_key(item);
            if is_doubtful && quiet >= READS && !sent.any(has_job) {
                return Watched::NoEffect;
            }
            let is_open = seen.values().any(JobStatus::is_open);
            let lacks_none = self.items.iter().all(has_job);
            if !is_open && (lacks_none || quiet >= QUIET_READS) {
                let stalled = false;
                return Watched::Ended(End::Watched { seen, stalled });
            }
            // With `--no-wait` a request without an answer is followed until it shows an effect.
            if options.wait.is_none() && !seen.is_empty() {
                return Watched::Ended(End::Started);
            }
        }
    }

    /// The newest job of each item since the batch began.
    fn newest(&self, jobs: &[Job]) -> Seen {
        let rule = &self.copier.change.address;
        let counts = |job: &&Job| {
            let since = self.since.get(&job.item);
            job.rule == *rule && since.is_some_and(|since| job.id >= *since)
        };
        let mut newest = BTreeMap::<&String, &Job>::new();
        for job in jobs.iter().filter(counts) {
            let known = newest.entry(&job.item).or_insert(job);
            if job.id > known.id {
                *known = job;
            }
        }
        let statuses = newest.into_iter();
        statuses
            .map(|(item, job)| (item.clone(), job.status.clone()))
            .collect()
    }

    /// The jobs since the batch began.
    async fn jobs(&self) -> Result<Vec<Job>, Problem> {
        let copier = self.copier;
        let (limit, least) = (copier.copying.jobs_page, self.since.values().min());
        let mut jobs = Vec::new();
        for number in 0..MOST_PAGES {
            let request = self.page(number);
            let answer = copier.env.client.read_traced(&request, copier.trace).await;
            let page = self.decode(&answer.map_err(|error| told(&error))?)?;
            let is_last = page.len() < limit
                || page
                    .iter()
                    .any(|job| least.is_none_or(|least| job.id < *least));
            jobs.extend(page);
            if is_last {
                break;
            }
        }
        Ok(jobs)
    }

    fn page(&self, number: usize) -> Request {
        let copying = self.copier.copying;
        let window = Window {
            offset: number * copying.jobs_page,
            limit: copying.jobs_page,
        };
        (copying.jobs)(&self.copier.source, window)
    }

    fn decode(&self, response: &Response) -> Result<Vec<Job>, Problem> {
        let page = (self.copier.copying.decode_jobs)(&self.copier.source, response);
        let page = page.map_err(|error| (error.to_string(), None))?;
        Ok(page.items)
    }
}

/// Why a batch could not be started.
enum Failure {
    /// The jobs could not be read, so nothing was sent.
    Read(Problem),
    Sent(Box<(Request, Failed)>),
}

fn unread(error: &CallError) -> Failure {
    let (message, hint) = told(error);
    Failure::Read((format!("cannot read the jobs: {message}"), hint))
}

fn told(error: &CallError) -> Problem {
    (error.to_string(), error.hint().map(Cow::into_owned))
}

/// Whether a job may still do something.
fn is_young(job: &Job, now: Moment) -> bool {
    let created = job.created.unwrap_or(now);
    now.0.saturating_sub(created.0) < HANGS_AFTER_SECONDS
}

fn clock(response: &Response) -> Option<Moment> {
    Moment::of_http(response.date.as_deref()?)
}
