//! Which findings a comparison of sources and targets has: those of a second computation, which
//! knows the tags, the jobs and the chart of a random world, and no answer of the service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use portolan::emulator::{self, JobStatus, State, SyncRule, Tag};
use proptest::{prelude::*, sample::subsequence};

use super::{
    mirrors,
    site::{Deletion, Site},
};
use crate::law::law;

const HOME: &str = "cn-north-4";
const ABROAD: &str = "cn-east-3";
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// Ages in seconds, on both sides of each bound: half an hour, the days of a policy, and a month.
const AGES: [i64; 6] = [
    MINUTE,
    29 * MINUTE,
    31 * MINUTE,
    3 * DAY,
    29 * DAY,
    31 * DAY,
];

/// Five, because a finding names up to five.
const TAGS: [&str; 5] = ["v1", "v10", "v2", "latest", "a"];

/// Tags with their ages.
type Tags = BTreeMap<&'static str, i64>;

/// One repository with one rule.
#[derive(Debug, Clone)]
struct Case {
    /// Region and organization.
    target: (&'static str, &'static str),
    source: Tags,
    copies: Tags,
    /// What only the target has.
    others: Vec<i64>,
    /// Tag, whether it was copied, and how long ago.
    jobs: Vec<(&'static str, JobStatus, i64)>,
    policy: Option<Policy>,
}

/// A retention of the chart at the target.
#[derive(Debug, Clone, Copy)]
enum Policy {
    Tags(usize),
    Days(i64),
}

#[derive(Debug, Clone)]
struct World {
    cases: Vec<Case>,
    /// The organizations that exist, beside that of the sources.
    places: Vec<(&'static str, &'static str)>,
}

const PLACES: [(&str, &str); 3] = [(ABROAD, "dr"), (ABROAD, "us"), (HOME, "local")];

fn tags() -> impl Strategy<Value = Tags> {
    let some = subsequence(TAGS.to_vec(), 0..=TAGS.len());
    let ages = prop::collection::vec(prop::sample::select(AGES.to_vec()), TAGS.len());
    (some, ages).prop_map(|(names, ages)| names.into_iter().zip(ages).collect())
}

fn case() -> impl Strategy<Value = Case> {
    let status = prop::sample::select(vec![
        JobStatus::Success,
        JobStatus::Existed,
        JobStatus::Failed,
        JobStatus::Cancel,
    ]);
    let age = || prop::sample::select(AGES.to_vec());
    let job = (prop::sample::select(TAGS.to_vec()), status, age());
    let policy = prop_oneof![
        3 => Just(None),
        1 => (1..4_usize).prop_map(|number| Some(Policy::Tags(number))),
        1 => Just(Some(Policy::Days(7))),
    ];
    let case = (
        prop::sample::select(PLACES.to_vec()),
        tags(),
        tags(),
        prop::collection::vec(age(), 0..2),
        prop::collection::vec(job, 0..4),
        policy,
    );
    case.prop_map(|(target, source, copies, others, jobs, policy)| Case {
        target,
        source,
        copies,
        others,
        jobs,
        policy,
    })
}

fn world() -> impl Strategy<Value = World> {
    let places = subsequence(PLACES.to_vec(), 0..=PLACES.len());
    (prop::collection::vec(case(), 1..4), places)
        .prop_map(|(cases, places)| World { cases, places })
}

fn now() -> Timestamp {
    mirrors::NOW.parse().unwrap()
}

fn ago(age: i64) -> String {
    now()
        .checked_sub(SignedDuration::from_secs(age))
        .unwrap()
        .to_string()
}

impl World {
    fn name(number: usize) -> String {
        format!("app/r{number}")
    }

    /// A place exists if the world says so, if the chart declares it, or if copies are in it.
    fn is_there(&self, place: (&str, &str)) -> bool {
        let has_copies = |case: &Case| {
            let is_empty = case.copies.is_empty() && case.others.is_empty();
            case.target == place && (!is_empty || case.policy.is_some())
        };
        self.places.contains(&place) || self.cases.iter().any(has_copies)
    }

    fn yaml(&self) -> String {
        let mut yaml =
            format!("version: 1\nregion: {HOME}\norganizations:\n  team-a:\n    repositories:\n");
        for (number, case) in self.cases.iter().enumerate() {
            let (region, organization) = case.target;
            yaml.push_str(&format!(
                "      {}: {{ sync: [ {{ target_region: {region}, target_organization: \
                {organization} }} ] }}\n",
                World::name(number)
            ));
        }
        for place in PLACES {
            let mut entries = String::new();
            for (number, case) in self.cases.iter().enumerate() {
                let policy = match case.policy.filter(|_| case.target == place) {
                    Some(Policy::Tags(number)) => format!("keep_tags: {number}"),
                    Some(Policy::Days(days)) => format!("keep_days: {days}"),
                    None => continue,
                };
                let name = World::name(number);
                entries.push_str(&format!("      {name}: {{ retention: {{ {policy} }} }}\n"));
            }
            if !entries.is_empty() {
                let (region, organization) = place;
                yaml.push_str(&format!(
                    "---\nversion: 1\nregion: {region}\norganizations:\n  {organization}:\n    \
                    repositories:\n{entries}"
                ));
            }
        }
        yaml
    }

    fn state(&self) -> State {
        let mut state = State::default();
        for (region, organization) in &self.places {
            state.ensure_organization(region, organization);
        }
        let put = |repository: &mut emulator::Repository, tags: Vec<(String, i64)>| {
            for (name, age) in tags {
                repository.tags.push(Tag {
                    pushed: ago(age),
                    ..Tag::named(&name)
                });
            }
            // In the order of their pushes.
            repository
                .tags
                .sort_by(|one, other| one.pushed.cmp(&other.pushed));
            repository.num_images = repository.tags.len() as u64;
        };
        let owned = |tags: &Tags| -> Vec<(String, i64)> {
            let tags = tags.iter();
            tags.map(|(name, age)| ((*name).to_owned(), *age)).collect()
        };
        for (number, case) in self.cases.iter().enumerate() {
            let (region, organization) = case.target;
            let name = World::name(number);
            let source = state.ensure_repository(HOME, "team-a", &name);
            put(source, owned(&case.source));
            source.sync_rules.push(SyncRule::to(region, organization));
            for (position, (tag, status, age)) in case.jobs.iter().enumerate() {
                source.jobs.push(emulator::Job {
                    id: position as u64 + 1,
                    status: *status,
                    created: ago(*age),
                    updated: ago(*age),
                    ..emulator::Job::to(tag, region, organization)
                });
            }
            let mut copies = owned(&case.copies);
            let others = case.others.iter().enumerate();
            copies.extend(others.map(|(number, age)| (format!("other{number}"), *age)));
            if !copies.is_empty() || case.policy.is_some() {
                put(state.ensure_repository(region, organization, &name), copies);
            }
        }
        state
    }

    /// Code, repository, the number of tags at the source, and the names.
    fn expected(&self) -> BTreeSet<Found> {
        let mut found = BTreeSet::new();
        for (number, case) in self.cases.iter().enumerate() {
            let name = World::name(number);
            if !self.is_there(case.target) {
                found.insert((
                    "target-organization-missing".to_owned(),
                    name,
                    0,
                    Vec::new(),
                ));
                continue;
            }
            let mut lists = BTreeMap::<&str, Vec<(i64, &str)>>::new();
            for (tag, age) in &case.source {
                let code = match () {
                    () if case.copies.contains_key(tag) => continue,
                    () if *age < 30 * MINUTE => "copies-under-way",
                    () if case.collects(tag) => continue,
                    () if case.was_copied(tag) => "copies-removed",
                    () => "copies-missing",
                };
                // The oldest first.
                lists.entry(code).or_default().push((-age, tag));
            }
            for (code, mut tags) in lists {
                tags.sort_unstable();
                let tags = tags.into_iter().map(|(_, tag)| tag.to_owned()).collect();
                found.insert((code.to_owned(), name.clone(), case.source.len(), tags));
            }
        }
        found
    }
}

type Found = (String, String, usize, Vec<String>);

impl Case {
    fn was_copied(&self, tag: &str) -> bool {
        self.jobs.iter().any(|(of, status, age)| {
            let is_success = matches!(status, JobStatus::Success | JobStatus::Existed);
            *of == tag && is_success && *age < 30 * DAY
        })
    }

    /// Whether the policy would not keep the tag, had it been copied when it was pushed.
    fn collects(&self, tag: &str) -> bool {
        let age = self.source[tag];
        match self.policy {
            None => false,
            Some(Policy::Days(days)) => age > days * DAY,
            Some(Policy::Tags(number)) => {
                let mut all: Vec<(i64, String)> = self
                    .source
                    .iter()
                    .map(|(name, age)| (-age, (*name).to_owned()))
                    .collect();
                let only_there = self.copies.iter();
                let only_there = only_there.filter(|(name, _)| !self.source.contains_key(*name));
                all.extend(only_there.map(|(name, age)| (-age, (*name).to_owned())));
                let others = self.others.iter().enumerate();
                all.extend(others.map(|(number, age)| (-age, format!("other{number}"))));
                all.sort_unstable();
                let kept = &all[all.len().saturating_sub(number)..];
                !kept.iter().any(|(_, name)| name == tag)
            }
        }
    }
}

/// What a message says: `2 of 5 tags are not there: v1, v2; ...`.
fn read(message: &str) -> (usize, Vec<String>) {
    let words: Vec<&str> = message.split(' ').collect();
    if words[1] != "of" {
        return (0, Vec::new());
    }
    let names = message.split_once(": ").unwrap().1;
    let names = names.split(';').next().unwrap();
    let names: Vec<String> = names.split(", ").map(str::to_owned).collect();
    assert_eq!(words[0].parse(), Ok(names.len()), "{message}");
    (words[2].parse().unwrap(), names)
}

#[test]
fn findings_name_exactly_the_tags_that_are_lacking() {
    law(world(), |world| {
        let site = Site::new(&world.state(), Deletion::Images);
        let plan = site.plan_comparing(&world.yaml(), &[ABROAD]);
        prop_assert!(plan.failures.is_empty(), "{:?}", plan.failures);
        let findings = plan.findings.iter();
        let about_rules = findings.filter(|it| it.address.kind().copying.is_some());
        let found: BTreeSet<Found> = about_rules
            .map(|it| {
                let (of, names) = read(&it.message);
                let name = it.address.part("repository").unwrap().to_string();
                (it.code.clone(), name, of, names)
            })
            .collect();
        prop_assert_eq!(found, world.expected(), "{}", world.yaml());
        Ok(())
    });
}
