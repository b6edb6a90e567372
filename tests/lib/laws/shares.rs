//! Random sharing with other accounts, and what becomes of it: the second computation.

use std::collections::BTreeMap;

use portolan::emulator::{Share, State};
use proptest::{collection::btree_map, prelude::*, sample::select};
use serde_json::{Value, json};

use super::chart::{DESCRIPTIONS, Setting, setting};

/// By account. The service may write its name in other case.
pub(crate) type Shares = BTreeMap<&'static str, Wanted>;

/// The accounts of charts, and of live states.
const OF_CHARTS: [&str; 3] = ["partner-co", "audit-co", "Third"];
const LIVE: [&str; 4] = ["partner-co", "AUDIT-CO", "third", "other"];

/// What a chart may say, what is sent for it, and another text of a service that means the same.
const ENDS: [(&str, &str, &str); 3] = [
    ("2099-12-31", "2100-01-01T00:00:00Z", "2099-12-31T16:00:00Z"),
    ("forever", "forever", "forever"),
    (
        "2098-06-30T20:00:00+08:00",
        "2098-06-30T12:00:00Z",
        "2098-06-30T12:00:00Z",
    ),
];

/// A live one that has passed.
const PASSED: &str = "2020-01-02T00:00:00Z";

#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    until: (&'static str, &'static str, &'static str),
    description: Setting<&'static str>,
}

pub(crate) fn wanted() -> impl Strategy<Value = Setting<Shares>> {
    let one = (select(&ENDS[..]), setting(select(&DESCRIPTIONS[..])))
        .prop_map(|(until, description)| Wanted { until, description });
    setting(btree_map(select(&OF_CHARTS[..]), one, 0..=3))
}

pub(crate) fn live() -> impl Strategy<Value = Vec<Share>> {
    let ends: Vec<&str> = ENDS
        .iter()
        .flat_map(|(_, sent, same)| [*sent, *same])
        .chain([PASSED])
        .collect();
    let one = (select(ends), select(&DESCRIPTIONS[..]));
    btree_map(select(&LIVE[..]), one, 0..=2).prop_map(|all| {
        let share = |(account, (deadline, description)): (&str, (&str, &str))| Share {
            deadline: deadline.to_owned(),
            description: description.to_owned(),
            ..Share::with(account)
        };
        all.into_iter().map(share).collect()
    })
}

pub(crate) fn value(shares: &Shares) -> Value {
    let item = |(account, wanted): (&&str, &Wanted)| {
        let mut item = json!({ "account": account, "until": wanted.until.0 });
        match wanted.description {
            Setting::Missing => {}
            Setting::Null => item["description"] = Value::Null,
            Setting::Is(text) => item["description"] = json!(text),
        }
        item
    };
    shares.iter().map(item).collect()
}

/// The shares after an apply. Written ones have no time.
pub(crate) fn after(wanted: &Shares, before: &[Share]) -> Vec<Share> {
    let one = |(account, wanted): (&&str, &Wanted)| {
        let kept = before
            .iter()
            .find(|share| share.account.eq_ignore_ascii_case(account));
        let (_, sent, same) = wanted.until;
        let mut share = kept.cloned().unwrap_or_else(|| Share {
            created: String::new(),
            ..Share::with(account)
        });
        let is_equal = kept.is_some() && [sent, same].contains(&share.deadline.as_str());
        if !is_equal {
            sent.clone_into(&mut share.deadline);
        }
        if let Setting::Is(text) = wanted.description {
            text.clone_into(&mut share.description);
        }
        if kept != Some(&share) {
            share.updated = String::new();
        }
        share
    };
    wanted.iter().map(one).collect()
}

/// Gives every share the spelling of charts.
pub(crate) fn respell(state: &mut State) {
    for region in state.regions.values_mut() {
        for organization in region.organizations.values_mut() {
            for repository in organization.repositories.values_mut() {
                for share in &mut repository.shares {
                    let same = |name: &&&str| name.eq_ignore_ascii_case(&share.account);
                    if let Some(name) = OF_CHARTS.iter().find(same) {
                        share.account = (*name).to_owned();
                    }
                }
            }
        }
    }
}
