//! What the targets of rules lack: tags of the source that were not copied, or are gone again.
//!
//! The service does not copy what exists when a rule is made, and fails in silence. Names alone
//! are compared: a tag that is there may still be an older image.

mod findings;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::findings::{is_withheld, not_looked_for, of as findings, planned};
use crate::{
    address::Address,
    copies::{Held, Wanted},
    diff,
    kind::{
        Item, Kind,
        copying::{Copying, Job},
    },
    plan::jobs,
    state::{Attributes, Chart, Live, Presence},
    time::Moment,
};

/// How long a tag is under way: a copy takes minutes.
const UNDER_WAY: i64 = 30 * 60;

/// How long ago a copy may have been made that is gone again.
const REMEMBERED: i64 = 30 * 24 * 60 * 60;

/// One rule, and what it copies from where to where.
#[derive(Debug)]
pub(crate) struct Route<'c> {
    pub(crate) rule: &'c Address,
    pub(crate) copying: &'static Copying,
    pub(crate) source: Address,
    /// What the service creates with the first copy.
    pub(crate) copy: Address,
    /// What contains the copy.
    pub(crate) place: Address,
}

impl Route<'_> {
    pub(crate) fn of(rule: &Address) -> Option<Route<'_>> {
        let kind = rule.kind();
        let copy = (kind.expected_copy?)(rule)?;
        Some(Route {
            rule,
            copying: kind.copying?,
            source: rule.parent()?,
            place: copy.parent()?,
            copy,
        })
    }
}

/// The rules of a chart.
pub(crate) fn routes(chart: &Chart) -> impl Iterator<Item = Route<'_>> {
    let rules = chart.resources.iter();
    let rules = rules.filter(|(_, desired)| !desired.is_absent());
    rules.filter_map(|(rule, _)| Route::of(rule))
}

/// What the target of one rule lacks of its source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lack {
    /// The number of tags at the source.
    pub(crate) of: usize,
    /// Old enough, not collected there, not removed there. In the order of their pushes, then by
    /// name, as all of these.
    pub(crate) missing: Vec<String>,
    /// Younger than half an hour by the service's clock.
    pub(crate) under_way: Vec<String>,
    /// Of these, those whose newest known job ended without a copy: only a backfill brings them.
    pub(crate) lost: BTreeSet<String>,
    /// Copied within thirty days, and gone again.
    pub(crate) removed: Vec<String>,
    /// A retention of the chart at the target would collect them.
    pub(crate) collected: Vec<String>,
}

impl Lack {
    /// Whether nothing is lacking that a finding names.
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.removed.is_empty() && self.under_way.is_empty()
    }
}

/// What the target of a rule lacks. `None` if that was not read.
pub(crate) fn lack(rule: &Address, chart: &Chart, live: &Live, now: Moment) -> Option<Lack> {
    lack_of(&Route::of(rule)?, chart, live, now)
}

fn lack_of(route: &Route<'_>, chart: &Chart, live: &Live, now: Moment) -> Option<Lack> {
    let [source, copy] = both(route, live)?;
    let mut lack = Lack {
        of: source.len(),
        ..Lack::default()
    };
    if !differs(source, copy) {
        return Some(lack);
    }
    let Held::Listed(items) = source else {
        return None;
    };
    let going = collected(route, chart, items, copy, now)?;
    let copied = copied(route, live, now);
    let known = live.jobs.get(&route.source).map(Vec::as_slice);
    let known = jobs::newest(known.unwrap_or_default());
    let is_lost = |item: &Item| {
        let job = known.get(&(route.rule, item.name.as_str()));
        job.is_some_and(|job| has_lost(job, item))
    };
    let mut lacking: Vec<&Item> = items.iter().filter(|it| !copy.contains(&it.name)).collect();
    lacking.sort_by(|one, other| (one.since, &one.name).cmp(&(other.since, &other.name)));
    for item in lacking {
        let list = if is_younger(item.since, UNDER_WAY, now) {
            if is_lost(item) {
                lack.lost.insert(item.name.clone());
            }
            &mut lack.under_way
        } else if going.contains(&item.name) {
            &mut lack.collected
        } else if copied.contains(&*item.name) {
            &mut lack.removed
        } else {
            &mut lack.missing
        };
        list.push(item.name.clone());
    }
    Some(lack)
}

/// Why it is not known what the target of a rule lacks, as a clause.
pub(crate) fn unread<'l>(rule: &Address, live: &'l Live) -> Option<&'l str> {
    let route = Route::of(rule)?;
    let mut reasons = [&route.copy, &route.source]
        .into_iter()
        .filter_map(|it| live.copies.unread.get(it));
    reasons.next().map(String::as_str)
}

fn both<'l>(route: &Route<'_>, live: &'l Live) -> Option<[&'l Held; 2]> {
    let held = |it: &Address| {
        let is_unread = live.copies.unread.contains_key(it);
        live.copies.held.get(it).filter(|_| !is_unread)
    };
    Some([held(&route.source)?, held(&route.copy)?])
}

/// Whether a name at the source is not at the target.
fn differs(source: &Held, copy: &Held) -> bool {
    // Most targets have exactly what their source has, and there are many.
    if let (Held::Named(source), Held::Named(copy)) = (source, copy)
        && source == copy
    {
        return false;
    }
    let mut there = copy.names().peekable();
    source.names().any(|name| {
        while there.next_if(|other| *other < name).is_some() {}
        there.peek().is_none_or(|other| *other != name)
    })
}

fn is_younger(since: Option<Moment>, seconds: i64, now: Moment) -> bool {
    since.is_some_and(|since| now.0.saturating_sub(since.0) < seconds)
}

/// The sources and targets whose items have to be listed: what is missing there has a time, and a
/// policy at the target counts.
pub(crate) fn to_list(chart: &Chart, wanted: &Wanted, live: &Live) -> BTreeSet<Address> {
    let mut lists = BTreeSet::new();
    for route in routes(chart).filter(|route| wanted.holds(route.rule)) {
        let Some([source, copy]) = both(&route, live) else {
            continue;
        };
        if !differs(source, copy) {
            continue;
        }
        if matches!(source, Held::Named(_)) {
            lists.insert(route.source.clone());
        }
        let has_policy = policy(&route, chart).is_some();
        if has_policy && !copy.is_empty() && matches!(copy, Held::Named(_)) {
            lists.insert(route.copy.clone());
        }
    }
    lists
}

/// The policy of the chart that deletes at the target.
fn policy<'c>(route: &Route<'_>, chart: &'c Chart) -> Option<(&'static Kind, &'c Attributes)> {
    let mut children = route.copy.kind().children();
    children.find_map(|kind| {
        kind.collects?;
        let address = Address::new(kind, route.copy.parts().to_vec());
        match &chart.resources.get(&address)?.presence {
            Presence::Present(attributes) => Some((kind, &**attributes)),
            Presence::Absent => None,
        }
    })
}

/// What a policy of the chart at the target would collect, had every tag been copied when it was
/// pushed. `None` if the items of the target were not read.
fn collected(
    route: &Route<'_>,
    chart: &Chart,
    items: &[Item],
    copy: &Held,
    now: Moment,
) -> Option<BTreeSet<String>> {
    let Some((kind, wanted)) = policy(route, chart) else {
        return Some(BTreeSet::new());
    };
    let collects = kind.collects?;
    let mut all = items.to_vec();
    match copy {
        Held::Listed(copies) => {
            let at_source = |it: &&Item| {
                items
                    .binary_search_by(|item| item.name.cmp(&it.name))
                    .is_err()
            };
            all.extend(copies.iter().filter(at_source).cloned());
        }
        Held::Named(names) if names.is_empty() => {}
        Held::Named(_) => return None,
    }
    let count = (collects.count)(&diff::creation(kind, wanted), &all, now);
    Some(count.going.into_iter().chain(count.doubtful).collect())
}

/// The tags that a job has copied lately. Any job shows that: a later one may have failed.
fn copied<'l>(route: &Route<'_>, live: &'l Live, now: Moment) -> BTreeSet<&'l str> {
    let jobs = live.jobs.get(&route.source).into_iter().flatten();
    let jobs = jobs.filter(|job| job.rule == *route.rule && job.status.has_copied());
    let lately = jobs.filter(|job| is_younger(job.updated.or(job.created), REMEMBERED, now));
    lately.map(|job| job.item.as_str()).collect()
}

/// Whether the job, which began after the push, ended without a copy of the item.
fn has_lost(job: &Job, item: &Item) -> bool {
    let is_later = job.created.or(job.updated) >= item.since;
    is_later && !job.status.is_open() && !job.status.has_copied()
}

/// Items of one source, each with a rule that may have copied it.
pub(crate) type Sought = BTreeSet<(Address, String)>;

/// The sources whose jobs tell what was removed, and of each the items that are missing. The rules
/// in `run` may copy what is not under way any more, which jobs tell too.
pub(crate) fn to_ask(
    chart: &Chart,
    (wanted, run): (&Wanted, &Wanted),
    live: &Live,
) -> BTreeMap<Address, Sought> {
    // Without a clock nothing is young.
    let now = live.clock.unwrap_or(Moment(i64::MAX));
    let mut asked = BTreeMap::<Address, Sought>::new();
    for route in routes(chart).filter(|route| wanted.holds(route.rule)) {
        let Some(lack) = lack_of(&route, chart, live, now) else {
            continue;
        };
        let is_doubtful = !lack.under_way.is_empty() && run.holds(route.rule);
        if is_doubtful || !lack.missing.is_empty() {
            let missing = lack.missing.into_iter();
            let sought = asked.entry(route.source).or_default();
            sought.extend(missing.map(|item| (route.rule.clone(), item)));
        }
    }
    asked
}

/// Whether these jobs, the newest of one source, tell of each item whether it was copied lately.
pub(crate) fn tell_all(jobs: &[Job], sought: &Sought, now: Option<Moment>) -> bool {
    let now = now.unwrap_or(Moment(i64::MAX));
    let since = |job: &Job| job.updated.or(job.created);
    let is_old = |job: &Job| since(job).is_some() && !is_younger(since(job), REMEMBERED, now);
    let copied = jobs.iter().filter(|job| job.status.has_copied());
    let copied: BTreeSet<(&Address, &str)> = copied.map(|job| (&job.rule, &*job.item)).collect();
    let is_told = |(rule, item): &(Address, String)| copied.contains(&(rule, item.as_str()));
    sought.iter().all(is_told) || jobs.iter().any(is_old)
}

#[cfg(test)]
mod tests;
