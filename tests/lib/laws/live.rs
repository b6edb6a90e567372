//! Random live states, whose names overlap with those of the charts, and the possible edits of
//! another client.

use std::collections::BTreeMap;

use portolan::emulator::{Grant, Repository, State, SyncRule};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::{Index, select},
};

use super::{
    chart::{CATEGORIES, Chart, DESCRIPTIONS, ORGANIZATIONS, REGIONS, REPOSITORIES, place},
    expected, grants, mirrors, retentions, shares,
};

/// An organization that no chart declares, and one of another account.
const UNDECLARED: &str = "undeclared";
const THEIRS: &str = "theirs";

/// Any live state.
pub(crate) fn state() -> impl Strategy<Value = State> {
    let mut names = ORGANIZATIONS.to_vec();
    names.extend([UNDECLARED, THEIRS]);
    let mut repositories = REPOSITORIES.to_vec();
    repositories.extend(["extra", "web/extra"]);
    let repositories = btree_map(select(repositories), repository(), 0..=5);
    let organization = (repositories, grants::creator(), grants::live());
    let organizations = btree_map((select(&REGIONS[..]), select(names)), organization, 0..=6);
    let parts = (organizations, mirrors::live(), grants::creator());
    parts.prop_map(|(organizations, mirrors, caller)| {
        let mut state = State::new("emulator");
        mirrors::settle(&mut state, mirrors);
        grants::settle(&mut state, caller);
        for ((region, name), (repositories, creator, access)) in organizations {
            let organization = state.ensure_organization(region, name);
            organization.owner = (name == THEIRS).then(|| "somebody".to_owned());
            creator.clone_into(&mut organization.creator);
            organization.access = access;
            organization.access.retain(|grant| grant.user != creator);
            let named = |(name, repository): (&str, _)| (name.to_owned(), repository);
            organization.repositories = repositories.into_iter().map(named).collect();
        }
        state
    })
}

pub(crate) fn repository() -> impl Strategy<Value = Repository> {
    let rules = btree_map(
        place(),
        (any::<bool>(), proptest::bool::weighted(0.8)),
        0..=3,
    );
    let images = prop_oneof![Just(0), 1..5_u64];
    let policies = vec(retentions::retention(), 0..=1);
    (
        any::<bool>(),
        select(&CATEGORIES[..]),
        select(&DESCRIPTIONS[..]),
        images,
        rules,
        shares::live(),
        grants::live(),
        policies,
    )
        .prop_map(
            |(is_public, category, description, num_images, rules, shares, access, policies)| {
                Repository {
                    is_public,
                    category: category.to_owned(),
                    description: description.to_owned(),
                    num_images,
                    retentions: policies.iter().map(retentions::Retention::live).collect(),
                    sync_rules: rules
                        .into_iter()
                        .map(|(place, (overrides, auto))| rule(place, overrides, auto))
                        .collect(),
                    shares,
                    access,
                    ..Repository::default()
                }
            },
        )
}

fn rule((region, organization): (&str, &str), overrides: bool, auto: bool) -> SyncRule {
    SyncRule {
        overrides,
        auto,
        ..SyncRule::to(region, organization)
    }
}

/// Removes what prevents the deletion of an organization: portolan would stop.
pub(crate) fn without_blockers(mut state: State, chart: &Chart) -> State {
    for document in &chart.documents {
        for (name, _) in document
            .organizations
            .iter()
            .filter(|(_, organization)| organization.absent)
        {
            let Some(organization) = state.organization_mut(document.region, name) else {
                continue;
            };
            let entries = chart
                .documents
                .iter()
                .filter(|other| other.region == document.region);
            let entries = entries.filter_map(|other| other.organizations.get(name));
            let listed: BTreeMap<_, _> = entries.flat_map(|entry| &entry.repositories).collect();
            organization
                .repositories
                .retain(|repository, _| listed.contains_key(&repository.as_str()));
        }
    }
    state
}

/// Removes what the chart may rename: it would stay, until the next apply.
pub(crate) fn without_renames(mut state: State, chart: &Chart) -> State {
    loop {
        // What is left may be the only pair then.
        let found = expected::renamed(chart, &state);
        let names = found.into_iter();
        let names: Vec<[String; 3]> = names
            .map(|(region, organization, name)| [region, organization, name].map(str::to_owned))
            .collect();
        if names.is_empty() {
            return state;
        }
        for [region, organization, name] in names {
            if let Some(organization) = state.organization_mut(&region, &organization) {
                organization.repositories.remove(&name);
            }
        }
    }
}

/// An edit of another client; the index selects the object.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    DeleteOrganization(Index),
    DeleteRepository(Index),
    DeleteRule(Index),
    TogglePublic(Index),
    Describe(Index),
    Push(Index),
    ToggleRetention(Index),
    ToggleOverride(Index),
    AddRule(Index, (&'static str, &'static str)),
    Unshare(Index),
    Prolong(Index),
    /// A permission on a repository, and one on an organization.
    Grant(Index, Grant),
    GrantAbove(Index, Grant),
    Revoke(Index),
    RevokeAbove(Index),
    AddRepository(Index, &'static str, Box<Repository>),
}

pub(crate) fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let pick = any::<Index>;
    vec(
        prop_oneof![
            1 => pick().prop_map(Edit::DeleteOrganization),
            2 => pick().prop_map(Edit::DeleteRepository),
            2 => pick().prop_map(Edit::DeleteRule),
            3 => pick().prop_map(Edit::TogglePublic),
            2 => pick().prop_map(Edit::Describe),
            2 => pick().prop_map(Edit::Push),
            2 => pick().prop_map(Edit::ToggleRetention),
            3 => pick().prop_map(Edit::ToggleOverride),
            1 => pick().prop_map(Edit::Unshare),
            1 => pick().prop_map(Edit::Prolong),
            1 => (pick(), grants::others()).prop_map(|(at, grant)| Edit::Grant(at, grant)),
            1 => (pick(), grants::others()).prop_map(|(at, grant)| Edit::GrantAbove(at, grant)),
            1 => pick().prop_map(Edit::Revoke),
            1 => pick().prop_map(Edit::RevokeAbove),
            2 => (pick(), place()).prop_map(|(at, place)| Edit::AddRule(at, place)),
            2 => (pick(), select(&REPOSITORIES[..]), repository())
                .prop_map(|(at, name, repository)| Edit::AddRepository(at, name, Box::new(repository))),
        ],
        1..6,
    )
}

impl Edit {
    pub(crate) fn perform(&self, state: &mut State) {
        let organizations: Vec<(String, String)> = state
            .regions
            .iter()
            .flat_map(|(region, content)| {
                content
                    .organizations
                    .keys()
                    .map(|name| (region.clone(), name.clone()))
            })
            .collect();
        let of = |at: &Index| (!organizations.is_empty()).then(|| at.get(&organizations).clone());
        match self {
            Edit::DeleteOrganization(at) => {
                let Some((region, name)) = of(at) else { return };
                state
                    .regions
                    .entry(region)
                    .or_default()
                    .organizations
                    .remove(&name);
            }
            Edit::AddRepository(at, name, repository) => {
                let Some((region, organization)) = of(at) else {
                    return;
                };
                let repositories = &mut state
                    .ensure_organization(&region, &organization)
                    .repositories;
                repositories
                    .entry((*name).to_owned())
                    .or_insert_with(|| (**repository).clone());
            }
            Edit::GrantAbove(at, grant) => {
                let Some((region, name)) = of(at) else { return };
                let organization = state.ensure_organization(&region, &name);
                grants::set(&mut organization.access, grant);
            }
            Edit::RevokeAbove(at) => {
                let Some((region, name)) = of(at) else { return };
                let _ = state.ensure_organization(&region, &name).access.pop();
            }
            Edit::Grant(at, grant) => {
                with(at, state, |repository| {
                    grants::set(&mut repository.access, grant);
                });
            }
            Edit::Revoke(at) => with(at, state, |repository| drop(repository.access.pop())),
            Edit::DeleteRepository(at) => {
                let all = state
                    .regions
                    .values_mut()
                    .flat_map(|region| region.organizations.values_mut());
                let mut all: Vec<_> = all
                    .filter(|organization| !organization.repositories.is_empty())
                    .collect();
                let Some(organization) = pick(at, &mut all) else {
                    return;
                };
                let names: Vec<String> = organization.repositories.keys().cloned().collect();
                organization.repositories.remove(at.get(&names));
            }
            Edit::TogglePublic(at) => with(at, state, |repository| repository.is_public ^= true),
            Edit::Describe(at) => with(at, state, |repository| repository.description.push('!')),
            Edit::Push(at) => with(at, state, |repository| repository.num_images += 1),
            Edit::ToggleRetention(at) => {
                let id = state.counters.id + 1;
                state.counters.id = id;
                with(at, state, |repository| {
                    if repository.retentions.pop().is_none() {
                        let policy = retentions::Retention::least().live();
                        repository
                            .retentions
                            .push(portolan::emulator::Retention { id, ..policy });
                    }
                });
            }
            Edit::DeleteRule(at) => with(at, state, |repository| drop(repository.sync_rules.pop())),
            Edit::Unshare(at) => with(at, state, |repository| drop(repository.shares.pop())),
            Edit::Prolong(at) => with(at, state, |repository| {
                for share in &mut repository.shares {
                    "2101-01-01T00:00:00Z".clone_into(&mut share.deadline);
                }
            }),
            Edit::ToggleOverride(at) => with(at, state, |repository| {
                repository
                    .sync_rules
                    .iter_mut()
                    .for_each(|rule| rule.overrides ^= true);
            }),
            Edit::AddRule(at, to) => with(at, state, |repository| {
                if !repository
                    .sync_rules
                    .iter()
                    .any(|rule| rule.is_to(to.0, to.1))
                {
                    repository.sync_rules.push(rule(*to, false, true));
                }
            }),
        }
    }
}

fn pick<'a, T>(at: &Index, all: &'a mut [T]) -> Option<&'a mut T> {
    if all.is_empty() {
        None
    } else {
        Some(at.get_mut(all))
    }
}

fn with(at: &Index, state: &mut State, change: impl FnOnce(&mut Repository)) {
    let organizations = state
        .regions
        .values_mut()
        .flat_map(|region| region.organizations.values_mut());
    let mut all: Vec<&mut Repository> = organizations
        .flat_map(|organization| organization.repositories.values_mut())
        .collect();
    if let Some(repository) = pick(at, &mut all) {
        change(repository);
    }
}
