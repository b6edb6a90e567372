//! Random permissions of users, and what becomes of a list of them: the second computation.
//!
//! Who sends the requests is an operator, or created every organization: the plan of anybody else
//! may be unknown, and `access` tries those.

use std::collections::{BTreeMap, BTreeSet};

use portolan::emulator::{Entry, Grant, State};
use proptest::{
    collection::{btree_map, btree_set},
    prelude::*,
    sample::select,
};
use serde_json::{Value, json};

use super::chart::{Chart, Repository, Setting, Values, setting};
use crate::law::Verdict;

/// The users with their ids. The first two create organizations and send requests; a chart gives
/// them the highest level alone, because a lower one of a creator stops the plan.
pub(crate) const USERS: [(&str, &str); 5] = [
    ("root", "00000000000000000000000000000001"),
    ("ada", "00000000000000000000000000000002"),
    ("bob", "00000000000000000000000000000003"),
    ("ci-bot", "00000000000000000000000000000004"),
    ("Cyd L.", "00000000000000000000000000000005"),
];

/// How many of them create organizations.
const CREATORS: usize = 2;

/// The levels with their numbers on the wire.
pub(crate) const LEVELS: [(&str, u8); 3] = [("read", 1), ("write", 3), ("manage", 7)];

/// By user.
pub(crate) type Grants = BTreeMap<&'static str, Wanted>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) auth: u8,
    /// Whether the chart has the id too.
    pub(crate) states_id: bool,
}

fn user() -> impl Strategy<Value = &'static str> {
    select(USERS.map(|(user, _)| user).to_vec())
}

fn level() -> impl Strategy<Value = u8> {
    select(LEVELS.map(|(_, auth)| auth).to_vec())
}

pub(crate) fn creator() -> impl Strategy<Value = &'static str> {
    (0..CREATORS).prop_map(|at| USERS[at].0)
}

pub(crate) fn operators() -> impl Strategy<Value = BTreeSet<&'static str>> {
    btree_set(user(), 0..=2)
}

/// The list of a chart.
pub(crate) fn wanted() -> impl Strategy<Value = Setting<Grants>> {
    let one = (level(), any::<bool>()).prop_map(|(auth, states_id)| Wanted { auth, states_id });
    setting(btree_map(user(), one, 0..=2)).prop_map(|mut list| {
        if let Setting::Is(list) = &mut list {
            let creators = USERS.iter().take(CREATORS).map(|(user, _)| *user);
            for user in creators {
                if let Some(wanted) = list.get_mut(user) {
                    wanted.auth = 7;
                }
            }
        }
        list
    })
}

/// The list of a live state.
pub(crate) fn live() -> impl Strategy<Value = Vec<Grant>> {
    btree_map(user(), level(), 0..=2).prop_map(|list| {
        let grant = |(user, auth): (&str, u8)| Grant {
            user: user.to_owned(),
            auth,
        };
        list.into_iter().map(grant).collect()
    })
}

/// A permission of somebody who neither creates organizations nor sends requests.
pub(crate) fn others() -> impl Strategy<Value = Grant> {
    let users: Vec<&str> = USERS[CREATORS..].iter().map(|(user, _)| *user).collect();
    (select(users), level()).prop_map(|(user, auth)| Grant {
        user: user.to_owned(),
        auth,
    })
}

/// Gives a user this level.
pub(crate) fn set(list: &mut Vec<Grant>, grant: &Grant) {
    list.retain(|other| other.user != grant.user);
    list.push(grant.clone());
}

pub(crate) fn value(grants: &Grants) -> Value {
    let item = |(user, wanted): (&&str, &Wanted)| {
        let (level, _) = LEVELS
            .iter()
            .find(|(_, auth)| *auth == wanted.auth)
            .unwrap();
        let mut item = json!({ "user": user, "level": level });
        if wanted.states_id {
            item["user_id"] = json!(id(user));
        }
        item
    };
    grants.iter().map(item).collect()
}

pub(crate) fn id(user: &str) -> &'static str {
    USERS.iter().find(|(name, _)| *name == user).unwrap().1
}

/// The user of the only item in the body of a request.
pub(crate) fn user_in(body: &Value) -> Option<String> {
    let [item] = body.as_array()?.as_slice() else {
        return None;
    };
    let by_id = |given: &str| USERS.iter().find(|(_, id)| *id == given);
    let user = match item.as_str() {
        Some(id) => by_id(id)?.0,
        None => item["user_name"].as_str()?,
    };
    Some(user.to_owned())
}

/// The users of the account, and who sends the requests.
pub(crate) fn settle(state: &mut State, caller: &str) {
    caller.clone_into(&mut state.caller);
    for (user, id) in USERS {
        state.users.insert(user.to_owned(), id.to_owned());
    }
}

/// Gives a chart and a live state a caller for whom the plan is known.
pub(crate) fn of_one_caller(chart: &mut Chart, state: &mut State) {
    let caller = state.caller().to_owned();
    if chart.operators.contains(caller.as_str()) {
        return;
    }
    let organizations = state
        .regions
        .values_mut()
        .flat_map(|region| region.organizations.values_mut());
    for organization in organizations {
        caller.clone_into(&mut organization.creator);
        organization.access.retain(|grant| grant.user != caller);
    }
    // Nobody grants to oneself, and who creates an organization is no part of a plan.
    for values in values_of(chart) {
        if let Setting::Is(list) = &mut values.access {
            list.retain(|user, _| *user != caller);
        }
    }
}

/// All values of repositories in a chart, defaults included.
fn values_of(chart: &mut Chart) -> impl Iterator<Item = &mut Values> {
    chart.documents.iter_mut().flat_map(|document| {
        let defaults = document.defaults.iter_mut();
        let organizations = document.organizations.values_mut().flat_map(|entry| {
            let defaults = entry.defaults.iter_mut();
            let entries = entry.repositories.values_mut();
            let entries = entries.filter_map(|repository| match repository {
                Repository::Present(values) => Some(values),
                Repository::Bare | Repository::Absent => None,
            });
            defaults.map(|layer| &mut layer.repository).chain(entries)
        });
        defaults
            .map(|layer| &mut layer.repository)
            .chain(organizations)
    })
}

/// An operator in a list is an error.
pub(crate) fn without_operators(chart: &mut Chart) {
    let operators = chart.operators.clone();
    let remove = |list: &mut Setting<Grants>| {
        if let Setting::Is(list) = list {
            list.retain(|user, _| !operators.contains(user));
        }
    };
    values_of(chart).for_each(|values| remove(&mut values.access));
    let organizations = chart
        .documents
        .iter_mut()
        .flat_map(|document| document.organizations.values_mut());
    organizations.for_each(|organization| remove(&mut organization.access));
}

/// The list after an apply. Users who are kept have what they had, whatever the chart says.
pub(crate) fn after<'w>(
    wanted: impl IntoIterator<Item = (&'w str, u8)>,
    before: &[Grant],
    is_kept: impl Fn(&str) -> bool,
) -> Vec<Grant> {
    let kept = before.iter().filter(|grant| is_kept(&grant.user)).cloned();
    let given = wanted.into_iter().filter(|(user, _)| !is_kept(user));
    let given = given.map(|(user, auth)| Grant {
        user: user.to_owned(),
        auth,
    });
    let mut list: Vec<Grant> = kept.chain(given).collect();
    sort(&mut list);
    list
}

/// In each list, who gets or keeps a permission comes before who loses one. Who gets one in another
/// list of the organization may have to wait for that, and loses the one here only then.
pub(crate) fn losses_come_last(writes: &[Entry]) -> Verdict {
    let lists: Vec<&Entry> = writes
        .iter()
        .filter(|write| write.path.ends_with("/access"))
        .collect();
    let mut ranks = BTreeMap::<(&str, &str), Vec<usize>>::new();
    for (at, write) in lists.iter().enumerate() {
        let user = user_of(write);
        let elsewhere = |other: &&Entry| user_of(other) == user && is_beside(other, write);
        let comes = |other: &&Entry| other.method == "POST" && elsewhere(other);
        let later = lists[at..].iter().copied().find(comes);
        prop_assert!(
            write.method != "DELETE" || later.is_none(),
            "{:?} goes before it comes: {:#?}",
            user,
            writes
        );
        let changes = |other: &Entry| other.method != "DELETE" && elsewhere(&other);
        if lists.iter().copied().any(changes) {
            continue;
        }
        let methods = ["POST", "PATCH", "DELETE"];
        let rank = methods.iter().position(|method| *method == write.method);
        let list = ranks.entry((&write.region, &write.path)).or_default();
        list.push(rank.unwrap());
    }
    for (list, ranks) in ranks {
        prop_assert!(ranks.is_sorted(), "{:?}: {:#?}", list, writes);
    }
    Ok(())
}

/// The id of the only user in the body.
fn user_of(write: &Entry) -> Option<String> {
    let item = write.body.as_ref()?.as_array()?.first()?;
    let id = item.get("user_id").unwrap_or(item);
    id.as_str().map(str::to_owned)
}

/// Whether two lists are of one organization.
fn is_beside(one: &Entry, other: &Entry) -> bool {
    let organization = |write: &Entry| {
        let rest = write
            .path
            .split_once("/namespaces/")
            .map(|(_, rest)| rest.to_owned());
        rest.and_then(|rest| rest.split('/').next().map(str::to_owned))
    };
    one.path != other.path && one.region == other.region && organization(one) == organization(other)
}

/// A list is a set of users.
pub(crate) fn sort(list: &mut [Grant]) {
    list.sort_by(|one, other| one.user.cmp(&other.user));
}
