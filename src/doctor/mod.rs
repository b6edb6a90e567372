//! What a checkup of the surroundings of a chart shows: lines that are each fine, a warning, a
//! failure, or a note that something cannot be known.
//!
//! Pure: from what was seen to lines. `refresh::checkup` looks, `render::doctor` prints.

mod region;
mod rights;
pub mod seen;
mod setup;
mod targets;

use std::{borrow::Cow, sync::Arc};

use self::seen::{Problem, Seen, Why};
use crate::{
    kind::{Listing, REGISTRY},
    state::Chart,
};

/// The clock may be off by this much before a warning, and before signatures are refused (auth:
/// section 1). In seconds.
const NOTICED: u64 = 60;
const REFUSED: u64 = 15 * 60;

/// The outcome of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Ok,
    /// It cannot be known, or was not looked at.
    Note,
    Warning,
    Failure,
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Ok, Status::Note, Status::Warning, Status::Failure];

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Warning => "warning",
            Status::Failure => "failure",
        }
    }
}

/// What a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section {
    /// This machine: the chart and the credentials.
    Setup,
    Region(Arc<str>),
    /// The places that rules copy to.
    Targets,
    /// What `apply` needs.
    Rights,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub section: Section,
    /// One of [`checks`].
    pub check: &'static str,
    /// What was checked, if the check is about several things.
    pub subject: Option<String>,
    pub status: Status,
    /// A clause, or the error of a service.
    pub message: Cow<'static, str>,
    /// What to do, or what it means.
    pub hint: Option<Cow<'static, str>>,
}

/// All lines, in the order in which they are printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub lines: Vec<Line>,
    /// The account, if exactly one is known.
    pub account: Option<String>,
}

impl Report {
    pub fn count(&self, status: Status) -> usize {
        let lines = self.lines.iter();
        lines.filter(|line| line.status == status).count()
    }

    pub fn has_failed(&self) -> bool {
        self.count(Status::Failure) > 0
    }
}

/// The names of all checks.
pub fn checks() -> impl Iterator<Item = &'static str> {
    let by_id = REGISTRY
        .iter()
        .filter(|kind| matches!(kind.listing, Listing::PerId { .. }));
    CHECKS.into_iter().chain(by_id.map(|kind| kind.name))
}

const CHART: &str = "chart";
const CREDENTIALS: &str = "credentials";
const SETTINGS: &str = "settings";
const REGION_NAME: &str = "region-name";
const ENDPOINT: &str = "endpoint";
const CLOCK: &str = "clock";
const ACCOUNT: &str = "account";
const PROJECT: &str = "project";
const QUOTA: &str = "quota";
const IMAGE_SYNC: &str = "image-sync";
const READ: &str = "read";
const WRITE: &str = "write";
const OWN_LEVEL: &str = "own-level";
const TARGET: &str = "target";

const CHECKS: [&str; 14] = [
    CHART,
    CREDENTIALS,
    SETTINGS,
    REGION_NAME,
    ENDPOINT,
    CLOCK,
    ACCOUNT,
    PROJECT,
    QUOTA,
    IMAGE_SYNC,
    READ,
    WRITE,
    OWN_LEVEL,
    TARGET,
];

/// The report of what was seen.
pub fn examine(chart: &Chart, seen: &Seen) -> Report {
    let mut lines = setup::lines(chart, seen);
    for (name, region) in &seen.regions {
        lines.extend(region::lines(chart, seen, name, region));
    }
    lines.extend(targets::lines(seen));
    lines.extend(rights::line(chart, seen));
    let mut accounts: Vec<&String> = seen
        .regions
        .values()
        .filter_map(|region| region.account.value())
        .collect();
    accounts.sort();
    accounts.dedup();
    let account = match accounts[..] {
        [only] => Some(only.clone()),
        _ => None,
    };
    Report { lines, account }
}

impl Line {
    fn new(
        section: &Section,
        check: &'static str,
        status: Status,
        message: impl Into<Cow<'static, str>>,
    ) -> Line {
        Line {
            section: section.clone(),
            check,
            subject: None,
            status,
            message: message.into(),
            hint: None,
        }
    }

    fn of(self, subject: impl Into<String>) -> Line {
        let subject = Some(subject.into());
        Line { subject, ..self }
    }

    fn hint(self, hint: impl Into<Cow<'static, str>>) -> Line {
        let hint = Some(hint.into());
        Line { hint, ..self }
    }

    /// The line of a problem.
    fn problem(section: &Section, check: &'static str, status: Status, it: &Problem) -> Line {
        Line {
            hint: it.hint.clone().map(Cow::Owned),
            ..Line::new(section, check, status, it.message.clone())
        }
    }
}

/// What is wrong with the clock, if signatures are refused because of it.
fn wrong_clock(seen: &Seen) -> Option<String> {
    let ahead = seen.regions.values().filter_map(seen::Region::ahead);
    let ahead = ahead.max_by_key(|seconds| seconds.unsigned_abs())?;
    (ahead.unsigned_abs() > REFUSED).then(|| off(ahead))
}

/// `1h 2m behind the service's`
fn off(ahead: i64) -> String {
    let time = duration(ahead.unsigned_abs());
    match ahead {
        1.. => format!("{time} behind the service's"),
        _ => format!("{time} ahead of the service's"),
    }
}

/// `1h 2m`
fn duration(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    format!("{:#}", jiff::SignedDuration::from_secs(seconds))
}

/// The refusal of the credentials, if any service refused them.
fn refusal(seen: &Seen) -> Option<&Problem> {
    seen.regions.values().find_map(|region| {
        let readings = region.readings.iter().filter_map(|it| it.found.problem());
        let mut all = [
            region.account.problem(),
            region.project.problem(),
            region.tops.problem(),
        ]
        .into_iter()
        .flatten()
        .chain(readings);
        all.find(|it| it.why == Why::Unauthorized)
    })
}

#[cfg(test)]
mod tests;
