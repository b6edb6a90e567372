//! The health of copies: rules whose newest jobs failed or hang.
//!
//! The service says neither why a job failed nor what a job copied, so only the newest one of each
//! item counts.

use std::collections::BTreeMap;

use super::{
    Change, Finding,
    contents::some_of,
    copies::{self, Route},
    finding::{SYNC_FAILED, SYNC_STUCK},
    jobs,
};
use crate::{
    address::Address,
    copies::Held,
    diagnostics::Diagnostic,
    kind::{
        Item, ItemList,
        copying::{Job, JobStatus},
    },
    state::{Chart, Live},
    text::counted,
    time::Moment,
};

/// How long a job may wait and run, in seconds.
const PATIENCE: i64 = 6 * 3600;

/// The jobs of one rule that did not copy their items, in the order of the items' names.
#[derive(Default)]
struct Bad<'a> {
    /// Failed, timed out or cancelled.
    ended: Vec<&'a Job>,
    /// Waiting or running for too long.
    open: Vec<&'a Job>,
}

/// The findings about the jobs that were read, without what the plan copies.
pub(super) fn findings(
    chart: &Chart,
    live: &Live,
    changes: &[Change],
    now: Moment,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (rule, mut bad) in bad(chart, live, now) {
        let Some(route) = Route::of(rule) else {
            continue;
        };
        let planned = copies::planned(changes, rule);
        let at = |job: &&Job| look(&route, &job.item, live);
        for jobs in [&mut bad.ended, &mut bad.open] {
            jobs.retain(|job| !planned.contains(&job.item));
            jobs.retain(|job| !matches!(at(job), At::Same | At::NotAtSource));
        }
        let source = chart.resources.get(rule).map(|desired| &desired.source);
        let is_withheld = copies::is_withheld(changes, rule);
        let what = |jobs: &[&Job]| advice(&route, jobs, live, is_withheld);
        let both = [
            failed(&route, &bad.ended, &what),
            stuck(&route, &bad.open, &what),
        ];
        findings.extend(both.into_iter().flatten().map(|it| it.at(source)));
    }
    findings
}

/// The rules of the chart of which the newest jobs did not copy something.
fn bad<'a>(chart: &Chart, live: &'a Live, now: Moment) -> BTreeMap<&'a Address, Bad<'a>> {
    let mut bad = BTreeMap::<&Address, Bad<'_>>::new();
    let judged = live.judged_jobs.iter();
    for jobs in judged.filter_map(|parent| live.jobs.get(parent)) {
        for ((rule, _), job) in jobs::newest(jobs) {
            let is_declared = chart.resources.get(rule).is_some_and(|it| !it.is_absent());
            // Only a live rule copies, and one that the chart does not have is about to go.
            if !is_declared || !live.resources.contains_key(rule) {
                continue;
            }
            match job.status {
                JobStatus::Success | JobStatus::Existed => {}
                JobStatus::Failed | JobStatus::TimedOut | JobStatus::Cancelled => {
                    bad.entry(rule).or_default().ended.push(job);
                }
                JobStatus::Waiting | JobStatus::Running | JobStatus::Other(_) => {
                    if is_stuck(job, now) {
                        bad.entry(rule).or_default().open.push(job);
                    }
                }
            }
        }
    }
    bad
}

/// The sources and targets of which the items are not known yet, and show whether a bad job still
/// matters; each with the list to read.
pub(crate) fn to_list(chart: &Chart, live: &Live) -> BTreeMap<Address, &'static ItemList> {
    // Without a clock every open job may be stuck.
    let now = live.clock.unwrap_or(Moment(i64::MAX));
    let mut lists = BTreeMap::new();
    for route in bad(chart, live, now).into_keys().filter_map(Route::of) {
        let ends = [route.source, route.copy].into_iter();
        let unknown = ends.filter(|of| items(of, live).is_none());
        lists.extend(unknown.map(|of| (of, route.copying.list)));
    }
    lists
}

/// Where an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    /// It is gone: nothing is left to copy.
    NotAtSource,
    /// The target has it, and it is the same.
    Same,
    /// The target has something else of this name, or nobody knows.
    Other,
    /// The target lacks it, or could not be read.
    Missing,
}

fn look(route: &Route<'_>, name: &str, live: &Live) -> At {
    let find = |of: &Address| {
        let mut items = items(of, live)?.iter();
        Some(items.find(|item| item.name == name))
    };
    match (find(&route.source), find(&route.copy).flatten()) {
        (Some(None), _) => At::NotAtSource,
        (_, None) => At::Missing,
        (Some(Some(source)), Some(copy)) if source.digest.is_some() => {
            match source.digest == copy.digest {
                true => At::Same,
                false => At::Other,
            }
        }
        _ => At::Other,
    }
}

/// The items with their digests.
fn items<'l>(of: &Address, live: &'l Live) -> Option<&'l [Item]> {
    match live.copies.held.get(of) {
        Some(Held::Listed(items)) => Some(items),
        _ => live.contents.get(of).map(Vec::as_slice),
    }
}

/// By the time of its creation: a change of the status alone copies nothing.
fn is_stuck(job: &Job, now: Moment) -> bool {
    let since = job.created.or(job.updated);
    since.is_some_and(|since| now.0.saturating_sub(since.0) > PATIENCE)
}

/// A user has cancelled the copy on purpose, so the finding does not count.
fn failed(route: &Route<'_>, jobs: &[&Job], advice: &Advice<'_>) -> Option<Finding> {
    let since = |job: &Job| job.updated.or(job.created);
    let words = ("was not copied", "were not copied");
    Some(Finding {
        counts: jobs.iter().any(|job| job.status != JobStatus::Cancelled),
        ..Finding::new(
            SYNC_FAILED,
            route.rule,
            message(route, jobs, since, words, advice)?,
        )
    })
}

fn stuck(route: &Route<'_>, jobs: &[&Job], advice: &Advice<'_>) -> Option<Finding> {
    let since = |job: &Job| job.created.or(job.updated);
    let words = ("has not been copied", "have not been copied");
    Some(Finding {
        counts: true,
        ..Finding::new(
            SYNC_STUCK,
            route.rule,
            message(route, jobs, since, words, advice)?,
        )
    })
}

/// What to do about jobs, each text with its separator.
type Advice<'a> = dyn Fn(&[&Job]) -> String + 'a;

/// `3 tags were not copied since 2026-01-02T03:04:10Z (2 failed, 1 timeout): v1, v2, v3`, and what
/// to do. `None` without jobs.
fn message(
    route: &Route<'_>,
    jobs: &[&Job],
    since: impl Fn(&Job) -> Option<Moment>,
    (one, many): (&str, &str),
    advice: &Advice<'_>,
) -> Option<String> {
    if jobs.is_empty() {
        return None;
    }
    let since = jobs.iter().filter_map(|job| since(job)).min();
    let since = since.map_or_else(String::new, |since| format!(" since {since}"));
    let mut statuses = BTreeMap::<&str, usize>::new();
    for job in jobs {
        *statuses.entry(job.status.word()).or_default() += 1;
    }
    let statuses = statuses
        .iter()
        .map(|(word, count)| format!("{count} {word}"));
    let statuses: Vec<String> = statuses.collect();
    let names: Vec<String> = jobs.iter().map(|job| job.item.clone()).collect();
    Some(format!(
        "{} {}{since} ({}): {}{}",
        counted(jobs.len(), route.copying.list.words),
        if jobs.len() == 1 { one } else { many },
        statuses.join(", "),
        some_of(&names),
        advice(jobs),
    ))
}

/// What to do. A backfill copies only what the target lacks by name, and nothing for a rule whose
/// change is withheld.
fn advice(route: &Route<'_>, jobs: &[&Job], live: &Live, is_withheld: bool) -> String {
    let at = |job: &&&Job| look(route, &job.item, live) == At::Other;
    let others = jobs.iter().filter(at).count();
    let attribute = route.copying.overwrites;
    let rule = live.resources.get(route.rule);
    let value = rule.and_then(|rule| rule.attributes.get(attribute)?.as_bool());
    let overwrites = value == Some(true);
    let backfill = format!(
        "`apply --backfill '{}'` copies",
        route.source.parts().join("/")
    );
    if others == jobs.len() {
        let content = "the target has other content of that name, which";
        return match overwrites {
            true => format!("; {content} no backfill overwrites: push it again"),
            false => format!(
                "; {content} neither a backfill nor the rule overwrites: set `{attribute}: true` \
                and push it again, or delete it there, and {backfill} it"
            ),
        };
    }
    let neither = if overwrites {
        ""
    } else {
        ", and neither does the rule"
    };
    match others {
        _ if is_withheld => String::new(),
        0 => format!("; {backfill} what is missing there"),
        others => format!(
            "; {backfill} what is missing there; it does not overwrite the {others} with other \
            content{neither}"
        ),
    }
}

/// The codes for which a plan with this live state does not look everywhere.
pub(crate) fn not_looked_for(live: &Live) -> Vec<&'static str> {
    let is_read = |parent| live.jobs.contains_key(parent);
    let judged = &live.judged_jobs;
    match !judged.is_empty() && judged.iter().all(is_read) {
        true => Vec::new(),
        false => vec![SYNC_FAILED, SYNC_STUCK],
    }
}

/// A warning, if jobs could not be read. Where a backfill needs them, the plan is unknown as well.
pub(crate) fn unread(live: &Live) -> Option<Diagnostic> {
    let unread = &live.unread_jobs;
    let (first, failure) = unread.first_key_value()?;
    let others = match unread.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "the sync jobs of {first}{others} could not be read: {}",
        failure.message
    );
    let found = Diagnostic::warning("jobs-not-read", message);
    Some(match &failure.hint {
        Some(hint) => found.hint(hint.clone()),
        None => found,
    })
}
