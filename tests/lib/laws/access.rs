//! Permissions: a second computation of what a list of users means, for random lists and callers.
//!
//! The creator and the operators keep what they have, and the plan does not depend on its caller.

use std::collections::{BTreeMap, BTreeSet};

use portolan::{
    emulator::{Effect, Fault, Grant, State},
    plan::{Outcome, Plan, document::PlanDocument},
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
    sample::select,
};

use super::{
    done,
    grants::{self, LEVELS},
    site::{Deletion, Site},
};
use crate::law::{Verdict, law};

const REGION: &str = "cn-north-4";
const USERS: [&str; 5] = ["ada", "bob", "ci-bot", "Cyd L.", "dan.x"];

/// A list by user; `None` is not managed.
type List = Option<BTreeMap<&'static str, u8>>;

/// Two lists, of the organization and of its repository, as the chart wants them and as they are.
#[derive(Debug, Clone)]
struct Case {
    wanted: [List; 2],
    is_inherited: bool,
    live: [BTreeMap<&'static str, u8>; 2],
    operators: BTreeSet<&'static str>,
    creator: &'static str,
    /// Whether the organization and its repository exist.
    exists: bool,
    /// How the chart writes the ids.
    states_ids: bool,
}

fn list() -> impl Strategy<Value = BTreeMap<&'static str, u8>> {
    btree_map(
        select(&USERS[..]),
        select(LEVELS.map(|(_, number)| number).to_vec()),
        0..=4,
    )
}

fn case() -> impl Strategy<Value = Case> {
    (
        [
            proptest::option::weighted(0.8, list()),
            proptest::option::weighted(0.8, list()),
        ],
        any::<bool>(),
        [list(), list()],
        btree_set(select(&USERS[..]), 0..=2),
        select(vec!["root", "ada", "bob"]),
        proptest::bool::weighted(0.8),
        any::<bool>(),
    )
        .prop_map(
            |(mut wanted, is_inherited, live, operators, creator, exists, states_ids)| {
                for list in wanted.iter_mut().flatten() {
                    list.retain(|user, _| !operators.contains(user));
                    // A lower level of the creator stops the plan.
                    if let Some(level) = list.get_mut(creator) {
                        *level = 7;
                    }
                }
                Case {
                    wanted,
                    is_inherited,
                    live,
                    operators,
                    creator,
                    exists,
                    states_ids,
                }
            },
        )
}

fn granted(list: &BTreeMap<&str, u8>) -> Vec<Grant> {
    let grant = |(user, auth): (&&str, &u8)| Grant {
        user: (*user).to_owned(),
        auth: *auth,
    };
    list.iter().map(grant).collect()
}

impl Case {
    fn state(&self) -> State {
        let mut state = State::new("emulator");
        state.caller = "root".to_owned();
        for user in USERS.iter().chain(["root", "eve"].iter()) {
            state.users.insert((*user).to_owned(), String::new());
        }
        if self.exists {
            state.ensure_repository(REGION, "team", "web");
            let team = state.organization_mut(REGION, "team").unwrap();
            team.creator = self.creator.to_owned();
            team.access = granted(&self.live[0]);
            team.access.retain(|grant| grant.user != self.creator);
            let web = team.repositories.get_mut("web").unwrap();
            web.access = granted(&self.live[1]);
        }
        state
    }

    fn yaml(&self, ids: &State) -> String {
        let item = |(user, level): (&&str, &u8)| {
            let (word, _) = LEVELS[LEVELS.iter().position(|(_, it)| it == level).unwrap()];
            let id = if self.states_ids {
                format!(", user_id: '{}'", ids.user_id(user))
            } else {
                String::new()
            };
            format!("{{ user: '{user}', level: {word}{id} }}")
        };
        let lists = self.wanted.each_ref().map(|list| {
            list.as_ref().map_or_else(String::new, |list| {
                let items: Vec<String> = list.iter().map(item).collect();
                format!("access: [ {} ]", items.join(", "))
            })
        });
        // Without a permission of its own, an administrator is an operator.
        let operators: Vec<&str> = self.operators.iter().copied().chain(["root"]).collect();
        let (inherited, own) = match self.is_inherited {
            true => (lists[1].as_str(), ""),
            false => ("", lists[1].as_str()),
        };
        format!(
            "version: 1\nregion: {REGION}\noperators: [ {} ]\n\
            limits: {{ allow: [ admits, deletes ] }}\n\
            defaults: {{ repository: {{ {inherited} }} }}\norganizations:\n  team:\n    {}\n    \
            repositories: {{ web: {{ {own} }} }}\n",
            operators.join(", "),
            if lists[0].is_empty() {
                "unlisted: report"
            } else {
                &lists[0]
            },
        )
    }

    /// What one apply leaves.
    fn after(&self, creator: &str) -> [BTreeMap<String, u8>; 2] {
        [0, 1].map(|at| {
            let live: BTreeMap<&str, u8> = match (self.exists, at) {
                (false, _) => BTreeMap::new(),
                (true, 0) => {
                    let others = self.live[0].iter().filter(|(user, _)| **user != creator);
                    others.map(|(user, level)| (*user, *level)).collect()
                }
                (true, _) => self.live[1].clone(),
            };
            let Some(wanted) = &self.wanted[at] else {
                return owned(&live);
            };
            let is_kept = |user: &str| self.operators.contains(user) || user == creator;
            let wanted = wanted.iter().map(|(user, level)| (*user, *level));
            let after = grants::after(wanted, &granted(&live), is_kept);
            after.into_iter().map(|it| (it.user, it.auth)).collect()
        })
    }
}

fn owned(list: &BTreeMap<&str, u8>) -> BTreeMap<String, u8> {
    list.iter()
        .map(|(user, level)| ((*user).to_owned(), *level))
        .collect()
}

fn held(state: &State) -> [BTreeMap<String, u8>; 2] {
    let lists = [
        &state.organization(REGION, "team").unwrap().access,
        &state.repository(REGION, "team", "web").unwrap().access,
    ];
    lists.map(|list| list.iter().map(|it| (it.user.clone(), it.auth)).collect())
}

fn text(plan: &Plan) -> String {
    serde_json::to_string(&PlanDocument::new(plan, Vec::new())).unwrap()
}

#[test]
fn one_apply_makes_each_list_true_and_keeps_creator_and_operators() {
    law(case(), |case| {
        let site = Site::new(&case.state(), Deletion::Images);
        let yaml = case.yaml(&site.state());
        let plan = site.plan(&yaml);
        prop_assert_eq!(&plan.failures, &[], "{}", yaml);
        prop_assert_eq!(&plan.stopped, &[], "{}", yaml);
        let fates = site.apply(&plan);
        prop_assert!(
            fates.iter().all(done),
            "{}\n{:#?}\n{:#?}",
            yaml,
            plan.changes,
            fates
        );
        grants::losses_come_last(&site.writes())?;
        let creator = if case.exists { case.creator } else { "root" };
        prop_assert_eq!(held(&site.state()), case.after(creator), "{}", yaml);
        let again = site.plan(&yaml);
        prop_assert_eq!(
            again.outcome(),
            Outcome::NoChanges,
            "{}\n{:#?}",
            yaml,
            again.changes
        );
        Ok(())
    });
}

/// Neither the list of a user who is an operator, nor that of the creator, nor that of somebody
/// with a permission of their own on the repository makes another plan.
#[test]
fn the_plan_does_not_depend_on_its_caller() {
    law((case(), select(&USERS[..])), |(case, other)| {
        let mut case = case;
        case.exists = true;
        let mut state = case.state();
        // What everybody may do anyway hides their own permissions.
        state.organization_mut(REGION, "team").unwrap().auth = 0;
        let site = Site::new(&state, Deletion::Images);
        let yaml = case.yaml(&site.state());
        let plan_as = |caller: &str| {
            site.emulator.edit(|state| state.caller = caller.to_owned());
            site.plan(&yaml)
        };
        let (one, other) = (plan_as(case.creator), plan_as(other));
        prop_assert_eq!(&one.failures, &[]);
        // A caller who may not read the list, or whose permissions are mixed, gets no plan.
        if other.outcome() != Outcome::Unknown {
            prop_assert_eq!(text(&one), text(&other), "{}", yaml);
        }
        Ok(())
    });
}

#[test]
fn who_keeps_a_permission_has_one_at_every_moment() {
    law((case(), vec(0..6_usize, 0..3)), |(case, cuts)| {
        let site = Site::new(&case.state(), Deletion::Images);
        let yaml = case.yaml(&site.state());
        let plan = site.plan(&yaml);
        for skip in cuts {
            let cut = Fault::new(Effect::CutAfter).skip(skip).times(1);
            site.emulator.inject(cut);
        }
        let before = held_if_there(&case, &site.state());
        site.apply(&plan);
        site.emulator.clear_faults();
        never_less(&before, &held_if_there(&case, &site.state()), &case)?;
        // Another apply finishes.
        let again = site.plan(&yaml);
        let fates = site.apply(&again);
        prop_assert!(fates.iter().all(done), "{:#?}\n{:#?}", again.changes, fates);
        prop_assert_eq!(site.plan(&yaml).outcome(), Outcome::NoChanges);
        Ok(())
    });
}

fn held_if_there(case: &Case, state: &State) -> [BTreeMap<String, u8>; 2] {
    if case.exists {
        held(state)
    } else {
        [BTreeMap::new(), BTreeMap::new()]
    }
}

/// Whoever has a permission before and in the chart has the lower of both, at least.
fn never_less(
    before: &[BTreeMap<String, u8>; 2],
    now: &[BTreeMap<String, u8>; 2],
    case: &Case,
) -> Verdict {
    for (at, wanted) in case.wanted.iter().enumerate() {
        for (user, had) in &before[at] {
            let is_kept = case.operators.contains(user.as_str()) || user == case.creator;
            let least = match wanted {
                Some(list) if !is_kept => list
                    .get(user.as_str())
                    .map_or(0, |level| (*level).min(*had)),
                _ => *had,
            };
            let has = now[at].get(user).copied().unwrap_or_default();
            prop_assert!(
                has >= least,
                "{} of {} has {}, not {}",
                user,
                at,
                has,
                least
            );
        }
    }
    Ok(())
}
