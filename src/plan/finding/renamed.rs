//! Resources that may have been renamed: one that the plan creates, and one that no file lists.
//!
//! The service cannot rename, so what the old one contains stays behind. Whether a person meant a
//! new name cannot be known; names that are alike are a hint.

use std::{collections::BTreeMap, sync::Arc};

use super::{Finding, MAYBE_RENAMED};
use crate::{
    address::Address,
    kind::{Kind, Unmentioned},
    plan::{Action, Change, Plan, Reason, Withheld},
    state::{Chart, Live, Notice},
};

/// The largest edit distance between names that are alike.
const MOST_EDITS: usize = 3;

/// How many pairs of one parent are compared by their edit distance, which takes quadratic time.
/// Beyond it only equal last segments are alike.
const MOST_PAIRS: usize = 250_000;

/// By the address of what is unlisted: what was perhaps created in its place.
pub(in crate::plan) type Renamed = BTreeMap<Address, Address>;

/// What may be one resource under two names. Compared are resources of one kind in one parent, and
/// those without a parent in one region.
pub(in crate::plan) fn find(plan: &Plan, chart: &Chart, tops: &[&Address]) -> Renamed {
    let mut groups = Groups::default();
    let may_be_unlisted = |kind: &'static Kind| {
        kind.unmentioned == Unmentioned::ByPolicyOfParent || kind.holds_unlisted()
    };
    for change in &plan.changes {
        let address = &change.address;
        match change.action {
            Action::Create { .. } if may_be_unlisted(address.kind()) => {
                groups.around(address).created.push(address);
            }
            Action::Delete { .. } if change.reason == Reason::Unlisted => {
                groups.around(address).unlisted.push(address);
            }
            _ => {}
        }
    }
    for unlisted in &plan.unlisted {
        let address = &unlisted.address;
        groups.around(address).unlisted.push(address);
    }
    for top in tops {
        let policy = chart.unlisted_tops.get(top.region());
        if policy.is_none_or(|policy| policy.notice != Notice::Ignored) {
            let group = groups.around(top);
            group.unlisted.push(top);
            // Other people's organizations stand beside the chart's: being the only one means
            // nothing unless the chart cares about them.
            group.is_foreign = policy.is_none_or(|policy| policy.is_default);
        }
    }
    let groups = groups.0.values();
    groups.flat_map(Group::pairs).collect()
}

/// By kind, and the key of the parent or the region.
#[derive(Default)]
struct Groups<'a>(BTreeMap<(usize, &'a [Arc<str>]), Group<'a>>);

impl<'a> Groups<'a> {
    fn around(&mut self, address: &'a Address) -> &mut Group<'a> {
        let parts = address.parts();
        let around = &parts[..parts.len().saturating_sub(1)];
        self.0.entry((address.kind().rank(), around)).or_default()
    }
}

/// What is created and what is unlisted, side by side.
#[derive(Default)]
struct Group<'a> {
    created: Vec<&'a Address>,
    unlisted: Vec<&'a Address>,
    /// Whether the only pair is no hint.
    is_foreign: bool,
}

impl Group<'_> {
    fn pairs(&self) -> Vec<(Address, Address)> {
        let is_only = self.created.len() == 1 && self.unlisted.len() == 1 && !self.is_foreign;
        let compares = self.created.len().saturating_mul(self.unlisted.len()) <= MOST_PAIRS;
        let mut segments = BTreeMap::<&str, &Address>::new();
        for created in self.created.iter().rev() {
            segments.insert(last_segment(name(created)), created);
        }
        let nearest = |old: &Address| {
            let by_edits = |created: &&&Address| edits(name(old), name(created));
            let near = self
                .created
                .iter()
                .filter(|_| compares)
                .filter_map(|created| Some((by_edits(&created)?, *created)))
                .min();
            near.map(|(_, created)| created)
                .or_else(|| segments.get(last_segment(name(old))).copied())
                .or_else(|| self.created.first().copied().filter(|_| is_only))
        };
        self.unlisted
            .iter()
            .filter_map(|old| Some(((*old).clone(), nearest(old)?.clone())))
            .collect()
    }
}

fn name(address: &Address) -> &str {
    address.parts().last().map_or("", |name| name)
}

fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The edit distance, if the names are alike. Names that share nothing are not, however short they
/// are: three edits make any name of three characters from any other.
fn edits(one: &str, other: &str) -> Option<usize> {
    // The difference in length is a lower bound of the distance.
    if one.len().abs_diff(other.len()) > MOST_EDITS {
        return None;
    }
    let longest = one.len().max(other.len());
    Some(strsim::levenshtein(one, other)).filter(|edits| *edits <= MOST_EDITS && *edits < longest)
}

/// The findings about them.
pub(in crate::plan) fn findings(
    renamed: &Renamed,
    chart: &Chart,
    live: &Live,
) -> impl Iterator<Item = Finding> {
    renamed.iter().map(|(old, created)| {
        let found = live.resources.get(old);
        let content = old.kind().holds.zip(found).map_or_else(
            || "what is in it stays".to_owned(),
            |(holds, found)| match old.kind().held(found) {
                Some(0) => "it stays".to_owned(),
                Some(1) => format!("its {} stays", (holds.in_words)(Some(1))),
                number => format!("its {} stay", (holds.in_words)(number)),
            },
        );
        let message = format!(
            "perhaps renamed to {created}, which is created; the service cannot rename, so \
            {content} behind"
        );
        let source = chart.resources.get(created).map(|desired| &desired.source);
        Finding::new(MAYBE_RENAMED, old, message).at(source)
    })
}

/// Why a deletion is withheld that may be the old name of something new.
pub(in crate::plan) fn withheld(change: &Change, renamed: &Renamed) -> Option<Withheld> {
    let is_deletion = change.reason == Reason::Unlisted;
    let created = renamed.get(&change.address).filter(|_| is_deletion)?;
    Some(Withheld::Renamed {
        created: created.clone(),
        lift: "an entry with `state: absent`".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_if_few_edits_lead_from_one_to_the_other() {
        for (one, other, expected) in [
            ("frontend", "front-end", Some(1)),
            ("web", "web-v2", Some(3)),
            ("web", "web-api", None),
            ("web", "api", None),
            ("web", "wep", Some(1)),
            ("a", "b", None),
            ("a", "ab", Some(1)),
            ("web/front", "web/back", None),
        ] {
            assert_eq!(edits(one, other), expected, "{one} {other}");
        }
    }
}
