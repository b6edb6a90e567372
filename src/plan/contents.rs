//! Changes that let the service delete what a parent contains, such as a new retention: what they
//! can delete, and what a plan has to read to count it.

use std::collections::BTreeSet;

use super::{
    Action, Change, Stays,
    risk::{Risk, RiskClass},
};
use crate::{
    address::{Address, Ascending},
    diff,
    kind::collects::{Count, Reach},
    state::{Attributes, Chart, Live, Presence},
    text::{counted, escaped},
    time::Moment,
};

/// How many names the evidence shows.
const MOST_NAMED: usize = 5;

/// The longest name that is shown whole, in characters.
const LONGEST_NAME: usize = 64;

/// What an action can delete. `None` for kinds that delete nothing of their parent, and for actions
/// that only end that.
pub(super) fn reach(address: &Address, action: &Action, held: Option<u64>) -> Option<Reach> {
    let collects = address.kind().collects?;
    match action {
        Action::Create { after, .. } => Some((collects.reach)(None, after, held)),
        Action::Update { before, after, .. } | Action::Replace { before, after, .. } => {
            Some((collects.reach)(Some(before), after, held))
        }
        Action::Delete { .. } | Action::Run { .. } => None,
    }
}

/// The number of things in the parent. A parent that does not exist yet is empty.
fn held(address: &Address, live: &Live) -> Option<u64> {
    let parent = address.parent()?;
    match live.resources.get(&parent) {
        Some(found) => parent.kind().held(found),
        None => Some(0),
    }
}

/// The parents of which the contents have to be listed before the changes of their children can be
/// judged.
pub(crate) fn to_count(chart: &Chart, live: &Live) -> BTreeSet<(Address, Address)> {
    let mut found = Ascending::new(&live.resources);
    let mut wanted = BTreeSet::new();
    for (address, desired) in &chart.resources {
        let kind = address.kind();
        let (Some(collects), Presence::Present(desired)) = (kind.collects, &desired.presence)
        else {
            continue;
        };
        let before = found.get(address).map(|found| &found.attributes);
        let after = match before {
            Some(live) if diff::fields(kind, desired, live).is_empty() => continue,
            Some(live) => diff::overlay(kind, desired, live),
            None => diff::creation(kind, desired),
        };
        if (collects.reach)(before, &after, held(address, live)) == Reach::Now {
            wanted.extend(address.parent().map(|parent| (parent, address.clone())));
        }
    }
    wanted
}

/// What the resource with these attributes would delete now.
pub(crate) fn count(
    address: &Address,
    after: &Attributes,
    live: &Live,
    now: Moment,
) -> Option<Count> {
    let items = live.contents.get(&address.parent()?)?;
    Some((address.kind().collects?.count)(after, items, now))
}

/// Adds risk and precondition to the changes that can let the service delete something. Returns
/// those that would delete more than this part of what there is, in percent.
pub(super) fn judge(
    changes: &mut [Change],
    live: &Live,
    percent: usize,
    now: Moment,
) -> BTreeSet<Address> {
    let mut large = BTreeSet::new();
    for change in changes {
        let address = &change.address;
        let Some(collects) = address.kind().collects else {
            continue;
        };
        match reach(address, &change.action, held(address, live)) {
            None | Some(Reach::Nothing) => {}
            Some(Reach::Later) => change.precondition.stays = Some(Stays::All),
            Some(Reach::Now) => {
                let after = change.action.after();
                let count = after.and_then(|after| count(address, after, live, now));
                // Without the list, all of them may go.
                if count.as_ref().is_none_or(|count| is_large(count, percent)) {
                    large.insert(address.clone());
                }
                // Harmless as long as nothing is pushed meanwhile.
                if count.as_ref().is_some_and(|count| count.is_harmless) {
                    change.precondition.stays = Some(Stays::All);
                    continue;
                }
                let mut evidence = evidence(count.as_ref(), collects.list.words);
                if large.contains(address) {
                    evidence += &format!(" (more than `limits.collect_percent: {percent}`)");
                }
                change.risks.push(Risk {
                    class: RiskClass::Collects,
                    evidence,
                });
                change.precondition.stays = Some(match count {
                    Some(count) => Stays::Named(count.staying),
                    None => Stays::All,
                });
            }
        }
    }
    large
}

fn is_large(count: &Count, percent: usize) -> bool {
    count.going.len() * 100 > count.all() * percent
}

/// `41 of 63 tags would go now, by our own count; the service decides: v1, v2 and 39 more`.
fn evidence(count: Option<&Count>, words: (&str, &str)) -> String {
    let Some(count) = count else {
        return format!("an unknown number of {} would go", words.1);
    };
    let all = counted(count.all(), words);
    let own = "would go now, by our own count; the service decides";
    if count.going.is_empty() {
        return format!("none of {all} {own}");
    }
    format!(
        "{} of {all} {own}: {}",
        count.going.len(),
        some_of(&count.going)
    )
}

/// The first names of items, and how many more there are.
pub(super) fn some_of(names: &[String]) -> String {
    let first: Vec<String> = names
        .iter()
        .take(MOST_NAMED)
        .map(|name| shown(name))
        .collect();
    let more = match names.len() - first.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", first.join(", "))
}

/// The name of an item, which is a text of somebody who pushed it.
fn shown(name: &str) -> String {
    let mut letters = name.chars();
    let start: String = letters.by_ref().take(LONGEST_NAME).collect();
    let cut = if letters.next().is_some() { "..." } else { "" };
    format!("{}{cut}", escaped(&start))
}
