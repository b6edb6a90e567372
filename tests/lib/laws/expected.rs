//! The expected world after an apply: a second implementation of inheritance and everything else,
//! from the values behind the chart and the raw state. It shares no code with what it checks.

use std::collections::{BTreeMap, BTreeSet};

use portolan::emulator::{Grant, Organization, Repository, State, SyncRule};

use super::{
    chart::{self, Chart, Defaults, Place, Rule, Setting, Values},
    grants::{self, Grants},
    retentions::{self, Retention},
    shares::{self, Shares},
};

/// The desired values of one repository; `None` is not managed.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) is_public: Option<bool>,
    pub(crate) category: Option<&'static str>,
    pub(crate) description: Option<&'static str>,
    /// By place: whether the rule overwrites.
    pub(crate) rules: Option<BTreeMap<Place, Option<bool>>>,
    pub(crate) shares: Option<Shares>,
    pub(crate) access: Option<Grants>,
    pub(crate) retention: Option<Option<Retention>>,
}

/// A region, an organization and a repository.
pub(crate) type Name = (&'static str, &'static str, &'static str);

/// The first layer with a value decides; `null` ends the search without a value.
fn decided<T: Clone>(layers: &[Option<&Setting<T>>]) -> Option<T> {
    for layer in layers.iter().flatten() {
        match layer {
            Setting::Missing => {}
            Setting::Null => return None,
            Setting::Is(value) => return Some(value.clone()),
        }
    }
    None
}

fn wanted(
    chart: &Chart,
    values: Option<&Values>,
    organization: Option<&Defaults>,
    document: Option<&Defaults>,
) -> Wanted {
    let layers = [
        values,
        organization.map(|layer| &layer.repository),
        document.map(|layer| &layer.repository),
    ];
    let places = chart.targets.clone().map(|(place, _)| place);
    let overrides = |rule: &Rule| {
        let target = match rule.to {
            super::chart::To::Named(index) => Some(&chart.targets[index].1),
            super::chart::To::Place(_) => None,
        };
        let defaults = [organization, document].map(|layer| layer.map(|layer| &layer.overrides));
        decided(&[Some(&rule.overrides), target, defaults[0], defaults[1]])
    };
    Wanted {
        is_public: decided(&layers.map(|layer| layer.map(|values| &values.is_public))),
        category: decided(&layers.map(|layer| layer.map(|values| &values.category))),
        description: decided(&layers.map(|layer| layer.map(|values| &values.description))),
        retention: decided(&layers.map(|layer| layer.map(|values| &values.retention))),
        access: decided(&layers.map(|layer| layer.map(|values| &values.access))),
        rules: decided(&layers.map(|layer| layer.map(|values| &values.sync))).map(|rules| {
            rules
                .iter()
                .map(|rule| (rule.place(&places), overrides(rule)))
                .collect()
        }),
        shares: decided(&[values.map(|values| &values.share)]),
    }
}

/// Every repository of the chart; `None` is `state: absent`.
fn repositories(chart: &Chart) -> BTreeMap<Name, Option<Wanted>> {
    let mut all = BTreeMap::new();
    for document in &chart.documents {
        for (organization, entry) in &document.organizations {
            // An organization's defaults hold in all documents of its region.
            let same = chart
                .documents
                .iter()
                .filter(|other| other.region == document.region);
            let defaults = same
                .filter_map(|other| other.organizations.get(organization)?.defaults.as_ref())
                .next_back();
            for (name, repository) in &entry.repositories {
                let wanted =
                    |values| Some(wanted(chart, values, defaults, document.defaults.as_ref()));
                let wanted = match repository {
                    chart::Repository::Absent => None,
                    chart::Repository::Bare => wanted(None),
                    chart::Repository::Present(values) => wanted(Some(values)),
                };
                all.insert((document.region, *organization, *name), wanted);
            }
        }
    }
    all
}

/// The policies that the chart gives to repositories.
pub(crate) fn policies(chart: &Chart) -> Vec<(Name, Retention)> {
    let policy = |(name, wanted): (Name, Option<Wanted>)| Some((name, wanted?.retention??));
    repositories(chart).into_iter().filter_map(policy).collect()
}

/// The lists of permissions of organizations.
fn lists(chart: &Chart) -> BTreeMap<Place, &Grants> {
    let mut lists = BTreeMap::new();
    for document in &chart.documents {
        for (name, entry) in &document.organizations {
            if let Setting::Is(list) = &entry.access {
                lists.insert((document.region, *name), list);
            }
        }
    }
    lists
}

/// How many resources the chart declares as present.
pub(crate) fn resources(chart: &Chart) -> usize {
    let entries = chart.documents.iter().flat_map(|document| {
        let entries = document.organizations.iter();
        entries.map(|(name, entry)| ((document.region, *name), entry))
    });
    let absent: BTreeSet<Place> = entries
        .clone()
        .filter(|(_, entry)| entry.absent)
        .map(|(name, _)| name)
        .collect();
    let organizations: BTreeSet<Place> = entries
        .map(|(name, _)| name)
        .filter(|name| !absent.contains(name))
        .collect();
    let repositories = repositories(chart);
    let rules = |wanted: &Wanted| {
        let shares = wanted.shares.as_ref().map_or(0, BTreeMap::len);
        let retention = wanted.retention.as_ref().is_some_and(Option::is_some);
        let rules = wanted.rules.as_ref().map_or(0, BTreeMap::len);
        let access = wanted.access.as_ref().map_or(0, BTreeMap::len);
        1 + rules + shares + access + usize::from(retention)
    };
    let mirrors: usize = chart
        .documents
        .iter()
        .map(|document| document.mirrors.len())
        .sum();
    let access: usize = lists(chart).values().map(|list| list.len()).sum();
    organizations.len()
        + access
        + repositories.values().flatten().map(rules).sum::<usize>()
        + mirrors
}

/// Whether one of the patterns that these charts protect with matches the repository, and whether
/// it matches a rule of such a repository to an organization. `None` is a rule to any organization.
fn covers(pattern: &str, (organization, name): (&str, &str), target: Option<&str>) -> (bool, bool) {
    let to = |wanted: &str| target.is_none_or(|target| target == wanted);
    match pattern {
        "alpha/**" => (organization == "alpha", false),
        "*/web/*" => (name.starts_with("web/") && !name[4..].contains('/'), false),
        "**/b" => (name == "b" || name.ends_with("/b"), to("b")),
        "beta" => (organization == "beta", false),
        "alpha/a" => (organization == "alpha" && name == "a", false),
        "gamma/*" => (organization == "gamma" && !name.contains('/'), false),
        "**/beta" => (name == "beta" || name.ends_with("/beta"), to("beta")),
        "alpha/a/*/gamma" => (false, organization == "alpha" && name == "a" && to("gamma")),
        other => panic!("what does {other} cover?"),
    }
}

/// Whether a rule to an organization is protected, while the repository itself is not.
pub(crate) fn rule_is_protected(
    chart: &Chart,
    repository: (&str, &str),
    target: Option<&str>,
) -> bool {
    let covered = || {
        chart
            .protect
            .iter()
            .map(|pattern| covers(pattern, repository, target))
    };
    covered().all(|(itself, _)| !itself) && covered().any(|(_, rule)| rule)
}

/// The live repositories that are to go.
fn going<'a>(chart: &Chart, before: &'a State) -> BTreeSet<(&'a str, &'a str, &'a str)> {
    let wanted = repositories(chart);
    let rules = wanted.iter().flat_map(|((_, _, name), wanted)| {
        let rules = wanted
            .iter()
            .filter_map(|wanted| wanted.rules.as_ref())
            .flat_map(BTreeMap::keys);
        rules.map(|(region, organization)| (*region, *organization, *name))
    });
    let copies: BTreeSet<(&str, &str, &str)> = rules.collect();
    let deletes = |region: &str, name: &str| {
        let entries = chart
            .documents
            .iter()
            .filter(|document| document.region == region);
        let mut entries = entries.filter_map(|document| document.organizations.get(name));
        entries.clone().all(|entry| !entry.absent)
            && entries.any(|entry| entry.unlisted == Some("delete"))
    };
    let mut going = BTreeSet::new();
    for (region, content) in &before.regions {
        for (organization, content) in content
            .organizations
            .iter()
            .filter(|(_, content)| content.owner.is_none())
        {
            for name in content.repositories.keys() {
                let place = (region.as_str(), organization.as_str(), name.as_str());
                let declared = wanted.get(&place);
                let is_absent = declared.is_some_and(Option::is_none);
                let is_unlisted =
                    declared.is_none() && !copies.contains(&place) && deletes(region, organization);
                if is_absent || is_unlisted {
                    going.insert(place);
                }
            }
        }
    }
    going
}

/// The unlisted live repositories that may have been renamed to one that the chart creates, among
/// those that `unlisted: delete` would delete.
pub(crate) fn renamed<'a>(
    chart: &Chart,
    before: &'a State,
) -> BTreeSet<(&'a str, &'a str, &'a str)> {
    let wanted = repositories(chart);
    let unlisted: BTreeSet<_> = going(chart, before)
        .into_iter()
        .filter(|place| !wanted.contains_key(place))
        .collect();
    let is_renamed = |&(region, organization, name): &(&str, &str, &str)| {
        let beside = |place: &(&str, &str, &str)| (place.0, place.1) == (region, organization);
        let created: Vec<&str> = wanted
            .iter()
            .filter(|(place, wanted)| {
                let is_there = before.repository(place.0, place.1, place.2).is_some();
                beside(place) && wanted.is_some() && !is_there
            })
            .map(|(place, _)| place.2)
            .collect();
        let others = unlisted.iter().filter(|place| beside(place)).count();
        (created.len() == 1 && others == 1) || created.iter().any(|new| are_alike(name, new))
    };
    unlisted.iter().copied().filter(is_renamed).collect()
}

fn are_alike(one: &str, other: &str) -> bool {
    let last = |name: &str| name.split('/').next_back().map(str::to_owned);
    let (one_letters, other_letters): (Vec<char>, Vec<char>) =
        (one.chars().collect(), other.chars().collect());
    let edits = distance(&one_letters, &other_letters);
    let longest = one_letters.len().max(other_letters.len());
    last(one) == last(other) || (edits <= 3 && edits < longest)
}

/// How many letters have to be added, removed or replaced.
fn distance(one: &[char], other: &[char]) -> usize {
    let ([first, one_rest @ ..], [second, other_rest @ ..]) = (one, other) else {
        return one.len() + other.len();
    };
    if first == second {
        return distance(one_rest, other_rest);
    }
    let nearest = [
        distance(one_rest, other),
        distance(one, other_rest),
        distance(one_rest, other_rest),
    ];
    1 + nearest.into_iter().min().unwrap_or(0)
}

/// The number of requests of a plan: two lists for each region; one for each existing repository
/// that stays and has managed rules, or is deleted while a rule of it could be protected; one for
/// each of them with a managed retention, and one for its tags if that could delete any; one list
/// for each region with mirrors, and one request for each of them; one list for each region with
/// sharing, and one request for each shared repository that declares it; one for each existing list
/// of permissions, and one for each user whose id only IAM has, in each region.
pub(crate) fn reads(chart: &Chart, before: &State) -> usize {
    let speaking = chart
        .documents
        .iter()
        .filter(|document| !document.organizations.is_empty());
    let regions: BTreeSet<&str> = speaking.map(|document| document.region).collect();
    let mine = |region: &str, name: &str| {
        before
            .organization(region, name)
            .is_some_and(|found| found.owner.is_none())
    };
    let repositories = repositories(chart);
    let managed = repositories
        .iter()
        .filter(|((region, organization, name), wanted)| {
            let is_managed = wanted.as_ref().is_some_and(|wanted| wanted.rules.is_some());
            is_managed
                && mine(region, organization)
                && before.repository(region, organization, name).is_some()
        });
    let policies = repositories
        .iter()
        .filter_map(|((region, organization, name), wanted)| {
            let wanted = wanted.as_ref()?.retention.as_ref()?;
            let found = before.repository(region, organization, name)?;
            mine(region, organization).then(|| {
                let counts = wanted
                    .as_ref()
                    .is_some_and(|wanted| wanted.may_delete(found));
                1 + usize::from(counts)
            })
        });
    let policies: usize = policies.sum();
    let mirroring = chart
        .documents
        .iter()
        .filter(|document| !document.mirrors.is_empty());
    let mirrored: BTreeSet<&str> = mirroring.clone().map(|document| document.region).collect();
    let mirrors: usize = mirroring.map(|document| document.mirrors.len()).sum();
    let held = going(chart, before)
        .into_iter()
        .filter(|(_, organization, name)| rule_is_protected(chart, (organization, name), None));
    let sharing = repositories.iter().filter(|(_, wanted)| {
        wanted
            .as_ref()
            .is_some_and(|wanted| wanted.shares.is_some())
    });
    let lists: BTreeSet<&str> = sharing.clone().map(|((region, ..), _)| *region).collect();
    let shared = sharing.filter(|((region, organization, name), _)| {
        let found = before.repository(region, organization, name);
        mine(region, organization) && found.is_some_and(|found| !found.shares.is_empty())
    });
    let of_shares = lists.len() + shared.count();
    2 * regions.len()
        + managed.count()
        + policies
        + held.count()
        + mirrored.len()
        + mirrors
        + of_shares
        + reads_of_access(chart, before, &repositories)
}

fn reads_of_access(
    chart: &Chart,
    before: &State,
    repositories: &BTreeMap<Name, Option<Wanted>>,
) -> usize {
    let mut reads = 0;
    let mut unknown = BTreeSet::new();
    let mut read =
        |region: &'static str, organization: &str, list: &Grants, held: Option<&Vec<Grant>>| {
            let found = before.organization(region, organization);
            let creator = found.map(|found| found.creator.as_str());
            reads += usize::from(held.is_some());
            for (user, wanted) in list {
                let is_held = held.is_some_and(|held| held.iter().any(|grant| grant.user == *user));
                if !(wanted.states_id || is_held || creator == Some(*user)) {
                    unknown.insert((region, *user));
                }
            }
        };
    for ((region, organization), list) in lists(chart) {
        let held = before.organization(region, organization);
        read(region, organization, list, held.map(|held| &held.access));
    }
    for ((region, organization, name), wanted) in repositories {
        let Some(list) = wanted.as_ref().and_then(|wanted| wanted.access.as_ref()) else {
            continue;
        };
        let held = before.repository(region, organization, name);
        read(region, organization, list, held.map(|held| &held.access));
    }
    reads + unknown.len()
}

/// The state after an apply. New objects have the id 0, and written ones have no time of update.
pub(crate) fn after(chart: &Chart, before: &State) -> State {
    let mut state = before.clone();
    let wanted = repositories(chart);
    let copies: BTreeSet<(&str, &str, &str)> = wanted
        .iter()
        .flat_map(|((_, _, name), wanted)| {
            let rules = wanted
                .iter()
                .filter_map(|wanted| wanted.rules.as_ref())
                .flat_map(BTreeMap::keys);
            rules.map(|(region, organization)| (*region, *organization, *name))
        })
        .collect();
    let caller = state.caller().to_owned();
    for document in &chart.documents {
        for (name, entry) in &document.organizations {
            let organizations = &mut state
                .regions
                .entry(document.region.to_owned())
                .or_default()
                .organizations;
            let organization =
                organizations
                    .entry((*name).to_owned())
                    .or_insert_with(|| Organization {
                        creator: caller.clone(),
                        ..Organization::default()
                    });
            if entry.unlisted == Some("delete") {
                organization.repositories.retain(|repository, _| {
                    let name = (document.region, *name, repository.as_str());
                    wanted.contains_key(&name) || copies.contains(&name)
                });
            }
        }
    }
    for ((region, organization, name), wanted) in &wanted {
        let repositories = &mut state.ensure_organization(region, organization).repositories;
        match wanted {
            None => drop(repositories.remove(*name)),
            Some(wanted) => apply(
                wanted,
                repositories.entry((*name).to_owned()).or_insert_with(fresh),
            ),
        }
        let Some(list) = wanted.as_ref().and_then(|wanted| wanted.access.as_ref()) else {
            continue;
        };
        let organization = state.ensure_organization(region, organization);
        let creator = organization.creator.clone();
        if let Some(repository) = organization.repositories.get_mut(*name) {
            repository.access = permissions(chart, list, &repository.access, &creator);
        }
    }
    for ((region, name), list) in lists(chart) {
        let organization = state.ensure_organization(region, name);
        organization.access = permissions(chart, list, &organization.access, &organization.creator);
    }
    for document in &chart.documents {
        for (name, _) in document
            .organizations
            .iter()
            .filter(|(_, entry)| entry.absent)
        {
            state
                .regions
                .entry(document.region.to_owned())
                .or_default()
                .organizations
                .remove(*name);
        }
    }
    comparable(state, before)
}

/// The creator and the operators keep what they have.
fn permissions(chart: &Chart, list: &Grants, before: &[Grant], creator: &str) -> Vec<Grant> {
    let wanted = list.iter().map(|(user, wanted)| (*user, wanted.auth));
    let is_kept = |user: &str| user == creator || chart.operators.contains(user);
    grants::after(wanted, before, is_kept)
}

fn fresh() -> Repository {
    Repository {
        created: String::new(),
        updated: String::new(),
        ..Repository::default()
    }
}

fn apply(wanted: &Wanted, repository: &mut Repository) {
    let old = repository.clone();
    repository.is_public = wanted.is_public.unwrap_or(old.is_public);
    repository.category = wanted.category.map_or(old.category.clone(), str::to_owned);
    repository.description = wanted
        .description
        .map_or(old.description.clone(), str::to_owned);
    if *repository != old {
        repository.updated = String::new();
    }
    if let Some(wanted) = &wanted.shares {
        repository.shares = shares::after(wanted, &old.shares);
    }
    if let Some(retention) = &wanted.retention {
        match retention {
            None => repository.retentions.clear(),
            Some(retention) => retention.replace(repository),
        }
    }
    let Some(rules) = &wanted.rules else { return };
    repository.sync_rules.clear();
    for ((region, organization), overrides) in rules {
        let kept = old
            .sync_rules
            .iter()
            .find(|rule| rule.is_to(region, organization));
        let overrides = overrides
            .or(kept.map(|rule| rule.overrides))
            .unwrap_or(false);
        let fits = kept.filter(|rule| rule.auto && rule.overrides == overrides);
        let (created, updated) = (String::new(), String::new());
        let rule = SyncRule {
            overrides,
            created,
            updated,
            ..SyncRule::to(region, organization)
        };
        repository.sync_rules.push(fits.cloned().unwrap_or(rule));
    }
}

/// The state without ids of new objects, times of written ones, and the order of rules.
pub(crate) fn comparable(mut state: State, before: &State) -> State {
    let beginning = Repository::default().updated;
    let old = |id: &mut u64| *id = if *id > before.counters.id { 0 } else { *id };
    let untouched = |time: &mut String| {
        if *time != beginning {
            time.clear();
        }
    };
    for organization in state
        .regions
        .values_mut()
        .flat_map(|region| region.organizations.values_mut())
    {
        old(&mut organization.id);
        grants::sort(&mut organization.access);
        for repository in organization.repositories.values_mut() {
            old(&mut repository.id);
            grants::sort(&mut repository.access);
            retentions::comparable(repository, &mut |id| old(id));
            untouched(&mut repository.created);
            untouched(&mut repository.updated);
            for rule in &mut repository.sync_rules {
                old(&mut rule.id);
                untouched(&mut rule.created);
                untouched(&mut rule.updated);
            }
            let place =
                |rule: &SyncRule| (rule.remote_region.clone(), rule.remote_organization.clone());
            repository.sync_rules.sort_by_key(place);
            for share in &mut repository.shares {
                untouched(&mut share.created);
                untouched(&mut share.updated);
            }
            repository
                .shares
                .sort_by_key(|share| share.account.to_lowercase());
        }
    }
    // Mirrors are compared for themselves.
    state
        .regions
        .values_mut()
        .for_each(|region| region.projects.clear());
    state
        .regions
        .retain(|_, region| !region.organizations.is_empty());
    state.counters = portolan::emulator::Counters::default();
    state
}

/// The state without any ids and times: to compare applies that took different requests.
pub(crate) fn anonymous(state: State) -> State {
    let mut state = comparable(state, &State::default());
    for organization in state
        .regions
        .values_mut()
        .flat_map(|region| region.organizations.values_mut())
    {
        for repository in organization.repositories.values_mut() {
            (repository.created, repository.updated) = (String::new(), String::new());
            for rule in &mut repository.sync_rules {
                (rule.created, rule.updated) = (String::new(), String::new());
            }
        }
    }
    state
}
