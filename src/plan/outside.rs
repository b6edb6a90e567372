//! Resources that end by themselves, and those that only a list of their region shows.

use std::collections::BTreeMap;

use super::{Change, Finding, finding};
use crate::{
    address::Address,
    kind::Kind,
    state::{Attributes, Chart, DesiredResource, Live, LiveResource, Presence},
    text::visible,
    time::{Deadline, Moment},
};

/// Whether the chart's deadline and the live one have passed: nothing is left to change. What has
/// ended and is gone is not created again.
pub(super) fn is_over(
    address: &Address,
    desired: &DesiredResource,
    found: Option<&LiveResource>,
    now: Moment,
) -> bool {
    let kind = address.kind();
    let Presence::Present(wanted) = &desired.presence else {
        return false;
    };
    has_passed(kind, wanted, now) && found.is_none_or(|found| has_ended(kind, found, now))
}

/// The note of a change of something that has ended: it is in force again then.
pub(super) fn revival(
    change: &Change,
    found: Option<&LiveResource>,
    now: Moment,
) -> Option<String> {
    let kind = change.address.kind();
    let end = kind.deadline()?.name;
    let moves = change.fields.iter().any(|field| field.name == end);
    let is_revived = moves && change.action.after().is_some() && has_ended(kind, found?, now);
    is_revived.then(|| "it has expired; this change puts it in force again".to_owned())
}

/// Whether a live resource is no longer in force.
fn has_ended(kind: &Kind, found: &LiveResource, now: Moment) -> bool {
    found.is_expired || has_passed(kind, &found.attributes, now)
}

fn has_passed(kind: &Kind, attributes: &Attributes, now: Moment) -> bool {
    deadline(kind, attributes)
        .and_then(|text| text.parse::<Deadline>().ok())
        .is_some_and(|deadline| deadline.has_passed(now))
}

fn deadline<'a>(kind: &Kind, attributes: &'a Attributes) -> Option<&'a str> {
    attributes.get(kind.deadline()?.name)?.as_str()
}

/// The findings about both, in no order.
pub(super) fn of(chart: &Chart, live: &Live, now: Moment) -> Vec<Finding> {
    let mut findings: Vec<Finding> = expired(chart, live, now).collect();
    findings.extend(undeclared(chart, live));
    findings.extend(doubtful(chart, live));
    findings
}

/// Declared resources that have ended, and that no change of the plan revives.
fn expired<'a>(
    chart: &'a Chart,
    live: &'a Live,
    now: Moment,
) -> impl Iterator<Item = Finding> + 'a {
    chart
        .resources
        .iter()
        .filter_map(move |(address, desired)| {
            let kind = address.kind();
            let name = kind.deadline()?.name;
            let Presence::Present(wanted) = &desired.presence else {
                return None;
            };
            let end = visible(deadline(kind, wanted)?);
            let message = match live.resources.get(address) {
                None if has_passed(kind, wanted, now) => {
                    format!("its `{name}` {end} has passed, so it is not created again")
                }
                Some(found) if has_ended(kind, found, now) => {
                    let is_same = |live| kind.is_same(name, wanted.get(name)?, live).then_some(());
                    let is_kept = found.attributes.get(name).and_then(is_same).is_some();
                    if !is_kept && !has_passed(kind, wanted, now) {
                        return None;
                    }
                    format!("it has expired (`{name}` {end}), and is left as it is")
                }
                _ => return None,
            };
            let finding = Finding::new(finding::EXPIRED_SHARE, address, message);
            Some(finding.at(Some(&desired.source)))
        })
}

/// Resources with children of a kind that their entry says nothing about, in declared parents.
fn undeclared<'a>(chart: &'a Chart, live: &'a Live) -> impl Iterator<Item = Finding> + 'a {
    let holders = live
        .holders
        .iter()
        .flat_map(|(kind, holders)| holders.iter().map(move |holder| (*kind, holder)));
    holders.filter_map(|(kind, holder)| {
        let parent = chart.resources.get(&holder.parent()?)?;
        let own = chart.resources.get(holder);
        // What goes takes its children along.
        let is_silent = !parent.is_absent()
            && own.is_none_or(|own| !own.is_absent() && own.children.of(kind).is_none());
        let (about, key) = (kind.parents()?.about, kind.place.key.name);
        let message = format!("{about}, and the chart has no `{key}` for it");
        let source = own.map_or(&parent.source, |own| &own.source);
        let finding = Finding::new(finding::UNDECLARED_SHARE, holder, message);
        is_silent.then(|| finding.at(Some(source)))
    })
}

/// Complete lists of the chart whose live counterpart may be incomplete.
fn doubtful<'a>(chart: &'a Chart, live: &'a Live) -> impl Iterator<Item = Finding> + 'a {
    let mut counts = BTreeMap::<(Address, &Kind), usize>::new();
    for address in live.resources.keys() {
        if let (Some(_), Some(parent)) = (address.kind().parents(), address.parent()) {
            *counts.entry((parent, address.kind())).or_default() += 1;
        }
    }
    counts.into_iter().filter_map(|((parent, kind), count)| {
        let longest = kind.parents()?.longest;
        let source = chart.resources.get(&parent)?.children.of(kind)?;
        let message = format!(
            "the service lists {longest} at most: what is not in its list and not in `{}` is not \
            seen",
            kind.place.key.name
        );
        let finding = Finding::new(finding::UNDECLARED_SHARE, &parent, message);
        (count >= longest).then(|| finding.at(Some(source)))
    })
}
