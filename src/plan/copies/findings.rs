//! The findings about copies: targets that do not exist, and tags that they lack.

use std::collections::BTreeSet;

use super::{Lack, Route, lack_of, routes};
use crate::{
    address::Address,
    copies::Target,
    plan::{
        Change, Finding, Run,
        contents::some_of,
        finding::{COPIES_MISSING, COPIES_REMOVED, COPIES_UNDER_WAY, TARGET_MISSING},
    },
    state::{Chart, Live},
    text::counted,
    time::Moment,
};

/// The findings of every rule whose target was looked at or compared.
pub(in crate::plan) fn of(
    chart: &Chart,
    live: &Live,
    changes: &[Change],
    now: Moment,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for route in routes(chart) {
        if live.targets.get(&route.place) == Some(&Target::Missing) {
            found.push(target_missing(&route));
            // Of course nothing was copied there.
            continue;
        }
        let lack = lack_of(&route, chart, live, now);
        if let Some(lack) = lack.filter(|lack| !lack.is_empty()) {
            let lack = unplanned(lack, changes, route.rule);
            found.extend(lacking(&route, &lack, is_withheld(changes, route.rule)));
        }
    }
    for finding in &mut found {
        let desired = chart.resources.get(&finding.address);
        finding.source = desired.map(|desired| desired.source.clone());
    }
    found
}

/// What is lacking and not copied by the plan: a finding is what no change would mend.
fn unplanned(mut lack: Lack, changes: &[Change], rule: &Address) -> Lack {
    let planned = planned(changes, rule);
    for list in [&mut lack.missing, &mut lack.removed, &mut lack.under_way] {
        list.retain(|item| !planned.contains(item));
    }
    lack
}

/// What the plan copies for a rule.
pub(in crate::plan) fn planned<'c>(changes: &'c [Change], rule: &Address) -> BTreeSet<&'c String> {
    let change = change_of(changes, rule).filter(|change| change.withheld.is_none());
    let copies = change.and_then(|change| change.action.run().and_then(Run::copies));
    copies.into_iter().flat_map(|it| &it.items).collect()
}

/// Whether the change of a rule is withheld. Then its run is withheld too, also with `--backfill`.
pub(in crate::plan) fn is_withheld(changes: &[Change], rule: &Address) -> bool {
    change_of(changes, rule).is_some_and(|change| change.withheld.is_some())
}

fn change_of<'c>(changes: &'c [Change], rule: &Address) -> Option<&'c Change> {
    let change = changes.binary_search_by(|change| change.address.cmp(rule));
    change.ok().map(|at| &changes[at])
}

/// The codes that were not looked for at every rule.
pub(in crate::plan) fn not_looked_for(chart: &Chart, live: &Live) -> Vec<&'static str> {
    let mut codes = Vec::new();
    let is_seen = |route: &Route<'_>| {
        let target = live.targets.get(&route.place);
        matches!(target, Some(Target::There | Target::Missing))
            || chart.resources.contains_key(&route.place)
    };
    if !routes(chart).all(|route| is_seen(&route)) {
        codes.push(TARGET_MISSING);
    }
    // The time only moves tags from one of the three to another.
    let now = live.clock.unwrap_or(Moment(i64::MAX));
    if !routes(chart).all(|route| lack_of(&route, chart, live, now).is_some()) {
        codes.extend([COPIES_MISSING, COPIES_REMOVED, COPIES_UNDER_WAY]);
    }
    // Only jobs tell it.
    if routes(chart).any(|route| live.unread_jobs.contains_key(&route.source)) {
        codes.push(COPIES_REMOVED);
    }
    codes
}

fn target_missing(route: &Route<'_>) -> Finding {
    let message = format!(
        "{} does not exist: the service accepts such a rule, and copies nothing; create it",
        route.place
    );
    Finding {
        counts: true,
        ..Finding::new(TARGET_MISSING, route.rule, message)
    }
}

fn lacking(route: &Route<'_>, lack: &Lack, is_withheld: bool) -> Vec<Finding> {
    let words = route.copying.list.words;
    let remedy = |message: String, again: &str| match is_withheld {
        true => message,
        false => format!(
            "{message}; `apply --backfill '{}'` copies them{again}",
            route.source.parts().join("/")
        ),
    };
    let of = counted(lack.of, words);
    let one = |names: &[String], one: &str, several: &str| {
        let verb = if names.len() == 1 { one } else { several };
        format!("{} of {of} {verb}: {}", names.len(), some_of(names))
    };
    let missing = one(&lack.missing, "is not there", "are not there");
    let removed = one(
        &lack.removed,
        "was copied and is gone again",
        "were copied and then deleted there",
    );
    let under_way = one(&lack.under_way, "is under way", "are under way");
    let found = [
        (COPIES_MISSING, &lack.missing, remedy(missing, "")),
        (COPIES_REMOVED, &lack.removed, remedy(removed, " again")),
        (COPIES_UNDER_WAY, &lack.under_way, under_way),
    ];
    found
        .into_iter()
        .filter(|(_, names, _)| !names.is_empty())
        .map(|(code, _, message)| Finding {
            counts: code == COPIES_MISSING,
            ..Finding::new(code, route.rule, message)
        })
        .collect()
}
