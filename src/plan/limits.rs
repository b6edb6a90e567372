//! Limits: how much one apply may delete. They hold even if each single change is allowed.
//!
//! Withheld changes do not count.

use std::collections::BTreeMap;

use super::{Action, Change, Stop, risk};
use crate::{
    address::Address,
    kind::BlocksParent,
    plan::risk::RiskClass,
    state::{Consent, Limits, Live},
    text::counted,
};

/// Smaller organizations have no percentage: one repository of three would already be above the
/// default.
const SMALLEST_FOR_PERCENT: usize = 10;

/// Every reason to stop. Consent to enough `deletes` lifts them all. Consent to fewer replaces the
/// limit of the chart, even a higher one.
pub(super) fn check(
    changes: &[Change],
    live: &Live,
    limits: &Limits,
    consents: &[Consent],
) -> Vec<Stop> {
    let deletes: Vec<&Address> = changes
        .iter()
        .filter(|change| {
            change.withheld.is_none() && matches!(change.action, Action::Delete { .. })
        })
        .map(|change| &change.address)
        .collect();
    let (limit, setting) = match risk::widest(RiskClass::Deletes, consents) {
        Some(given) if given.is_none_or(|limit| deletes.len() <= limit) => return Vec::new(),
        Some(given) => (given.unwrap_or_default(), "deletes="),
        None => (limits.deletes, "limits.deletes: "),
    };
    let lift = Some(format!("--allow deletes={}", deletes.len()));
    let mut stops = Vec::new();
    if deletes.len() > limit {
        let message = format!(
            "{}{}, more than `{setting}{limit}`",
            things(&deletes),
            replaced(changes)
        );
        stops.push(Stop::new("too-many-deletes", message, lift.clone()));
    }
    for (organization, Share { deleted, all, of }) in shares(&deletes, live) {
        // Even below the percentage limit: an organization with few repositories has no percentage.
        if deleted == all {
            let what = match all {
                1 => format!("its only {}", of.words.0),
                _ => format!("all of its {}", of.counted(all)),
            };
            let message = format!("{organization} would lose {what}");
            stops.push(Stop::new("organization-emptied", message, lift.clone()));
        } else if all >= SMALLEST_FOR_PERCENT && deleted * 100 > all * limits.delete_percent {
            let message = format!(
                "{organization} would lose {deleted} of its {}, more than \
                `limits.delete_percent: {}`",
                of.counted(all),
                limits.delete_percent
            );
            stops.push(Stop::new("too-large-a-share", message, lift.clone()));
        }
    }
    stops
}

fn things(deletes: &[&Address]) -> String {
    counted(deletes.len(), ("resource", "resources")) + " would be deleted"
}

/// The plan's summary counts replacements under `to destroy`, but limits do not. This explains the
/// difference.
fn replaced(changes: &[Change]) -> String {
    let is_replaced = |change: &&Change| {
        change.withheld.is_none() && matches!(change.action, Action::Replace { .. })
    };
    match changes.iter().filter(is_replaced).count() {
        0 => String::new(),
        1 => " (1 more is replaced and does not count)".to_owned(),
        number => format!(" ({number} more are replaced and do not count)"),
    }
}

/// How many of an organization's repositories would be deleted.
struct Share {
    deleted: usize,
    all: usize,
    of: &'static BlocksParent,
}

/// For each organization that loses repositories: how many, of how many.
fn shares(deletes: &[&Address], live: &Live) -> BTreeMap<Address, Share> {
    let mut shares = BTreeMap::<Address, Share>::new();
    for address in deletes {
        if let (Some(of), Some(parent)) = (address.kind().blocks_parent, address.parent()) {
            shares
                .entry(parent)
                .or_insert(Share {
                    deleted: 0,
                    all: 0,
                    of,
                })
                .deleted += 1;
        }
    }
    // Most plans delete nothing, and need no pass over the live state.
    if shares.is_empty() {
        return shares;
    }
    for address in live
        .resources
        .keys()
        .filter(|address| address.kind().blocks_parent.is_some())
    {
        if let Some(share) = address.parent().and_then(|parent| shares.get_mut(&parent)) {
            share.all += 1;
        }
    }
    shares
}
