//! Random charts, as plain values and as YAML text.
//!
//! Nothing here depends on how portolan reads a chart: `expected` uses the values, portolan the
//! text.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::{
    grants::{self, Grants},
    mirrors::{self, Mirrors, mirrors},
    retentions::{self, Retention},
    shares::{self, Shares},
};

pub(crate) const REGIONS: [&str; 2] = ["cn-north-4", "cn-east-3"];
pub(crate) const ORGANIZATIONS: [&str; 3] = ["alpha", "beta", "gamma"];
pub(crate) const REPOSITORIES: [&str; 6] = ["a", "a/b", "b", "web/front", "deep/er/x", "c-d"];
pub(crate) const CATEGORIES: [&str; 3] = ["other", "linux", "database"];
pub(crate) const DESCRIPTIONS: [&str; 4] = ["", "one", "two\nlines", "ünï: #\"x\" "];
const TARGETS: [&str; 2] = ["dr", "backup"];

/// The possible values of a key: missing, `null`, or a value.
#[derive(Debug, Clone)]
pub(crate) enum Setting<T> {
    Missing,
    Null,
    Is(T),
}

/// A region and an organization in it.
pub(crate) type Place = (&'static str, &'static str);

#[derive(Debug, Clone)]
pub(crate) enum To {
    Named(usize),
    Place(Place),
}

#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) to: To,
    pub(crate) overrides: Setting<bool>,
    pub(crate) auto: Setting<()>,
}

#[derive(Debug, Clone)]
pub(crate) struct Values {
    pub(crate) is_public: Setting<bool>,
    pub(crate) category: Setting<&'static str>,
    pub(crate) description: Setting<&'static str>,
    pub(crate) sync: Setting<Vec<Rule>>,
    /// Only of entries.
    pub(crate) share: Setting<Shares>,
    pub(crate) access: Setting<Grants>,
    /// `None`: the repository shall have none.
    pub(crate) retention: Setting<Option<Retention>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) repository: Values,
    pub(crate) overrides: Setting<bool>,
}

#[derive(Debug, Clone)]
pub(crate) enum Repository {
    Bare,
    Absent,
    Present(Values),
}

#[derive(Debug, Clone)]
pub(crate) struct Organization {
    pub(crate) absent: bool,
    pub(crate) unlisted: Option<&'static str>,
    pub(crate) access: Setting<Grants>,
    pub(crate) defaults: Option<Defaults>,
    pub(crate) repositories: BTreeMap<&'static str, Repository>,
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) region: &'static str,
    pub(crate) defaults: Option<Defaults>,
    pub(crate) organizations: BTreeMap<&'static str, Organization>,
    pub(crate) mirrors: Mirrors,
}

#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Whether each of [`TARGETS`] is declared, and its `override`.
    pub(crate) targets: [(Place, Setting<bool>); 2],
    pub(crate) documents: Vec<Document>,
    pub(crate) protect: Vec<&'static str>,
    pub(crate) operators: BTreeSet<&'static str>,
    pub(crate) allow: Vec<&'static str>,
}

/// A chart that consents to everything, so that one apply reaches it.
pub(crate) fn chart() -> impl Strategy<Value = Chart> {
    let targets = [
        (place(), setting(any::<bool>())),
        (place(), setting(any::<bool>())),
    ];
    let parts = (targets, vec(document(), 1..=3), grants::operators());
    parts.prop_map(|(targets, documents, operators)| {
        let allow = vec![
            "deletes",
            "destroys-data",
            "exposes",
            "one-way",
            "shares",
            "admits",
            "collects=1000",
        ];
        consistent(Chart {
            targets,
            documents,
            protect: Vec::new(),
            operators,
            allow,
        })
    })
}

/// A chart that protects some and consents to less.
pub(crate) fn cautious() -> impl Strategy<Value = Chart> {
    let patterns = vec![
        "alpha/**",
        "*/web/*",
        "**/b",
        "beta",
        "alpha/a",
        "gamma/*",
        "**/beta",
        "alpha/a/*/gamma",
    ];
    let protect = vec(select(patterns), 0..4);
    let allow = vec(
        select(vec![
            "destroys-data=1",
            "exposes=2",
            "exposes",
            "shares=1",
            "admits",
            "admits=1",
            "grants=1",
            "gap=0",
            "overwrites=1",
            "collects",
            "collects=1",
        ]),
        0..3,
    );
    (chart(), protect, allow).prop_map(|(chart, protect, mut allow)| {
        allow.push("deletes");
        Chart {
            protect,
            allow,
            ..chart
        }
    })
}

fn document() -> impl Strategy<Value = Document> {
    let organizations =
        proptest::collection::btree_map(select(&ORGANIZATIONS[..]), organization(), 0..=3);
    (
        select(&REGIONS[..]),
        proptest::option::of(defaults()),
        organizations,
        mirrors(),
    )
        .prop_map(|(region, defaults, organizations, mirrors)| Document {
            region,
            defaults,
            organizations,
            mirrors,
        })
}

fn organization() -> impl Strategy<Value = Organization> {
    let unlisted = proptest::option::of(select(vec!["ignore", "report", "delete", "delete"]));
    let repositories =
        proptest::collection::btree_map(select(&REPOSITORIES[..]), repository(), 0..=4);
    (
        proptest::bool::weighted(0.15),
        unlisted,
        grants::wanted(),
        proptest::option::of(defaults()),
        repositories,
    )
        .prop_map(
            |(absent, unlisted, access, defaults, repositories)| Organization {
                absent,
                unlisted,
                access,
                defaults,
                repositories,
            },
        )
}

fn repository() -> impl Strategy<Value = Repository> {
    prop_oneof![1 => Just(Repository::Bare), 1 => Just(Repository::Absent),
        5 => values().prop_map(Repository::Present)]
}

fn defaults() -> impl Strategy<Value = Defaults> {
    (values(), setting(any::<bool>())).prop_map(|(repository, overrides)| Defaults {
        repository,
        overrides,
    })
}

fn values() -> impl Strategy<Value = Values> {
    let sync = setting(vec(rule(), 0..=3));
    (
        setting(any::<bool>()),
        setting(select(&CATEGORIES[..])),
        setting(select(&DESCRIPTIONS[..])),
        sync,
        shares::wanted(),
        grants::wanted(),
        setting(proptest::option::weighted(0.8, retentions::retention())),
    )
        .prop_map(
            |(is_public, category, description, sync, share, access, retention)| Values {
                is_public,
                category,
                description,
                sync,
                share,
                access,
                retention,
            },
        )
}

fn rule() -> impl Strategy<Value = Rule> {
    let to = prop_oneof![
        (0..TARGETS.len()).prop_map(To::Named),
        place().prop_map(To::Place)
    ];
    (to, setting(any::<bool>()), setting(Just(()))).prop_map(|(to, overrides, auto)| Rule {
        to,
        overrides,
        auto,
    })
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    (
        select(vec!["cn-north-4", "cn-east-3", "cn-north-208"]),
        select(vec!["dr", "alpha", "beta"]),
    )
}

pub(crate) fn setting<S: Strategy>(value: S) -> impl Strategy<Value = Setting<S::Value>>
where
    S::Value: Clone,
{
    prop_oneof![2 => Just(Setting::Missing), 1 => Just(Setting::Null),
        3 => value.prop_map(Setting::Is)]
}

/// Removes what would be an error: duplicates, and repositories in an organization that is `state:
/// absent`.
fn consistent(mut chart: Chart) -> Chart {
    let mut seen = BTreeMap::<Place, (bool, BTreeSet<&str>)>::new();
    let mut mirrored = BTreeSet::new();
    let targets = chart.targets.clone().map(|(place, _)| place);
    for document in &mut chart.documents {
        document
            .mirrors
            .retain(|name, _| mirrored.insert((document.region, *name)));
        if let Some(defaults) = &mut document.defaults {
            unique(&mut defaults.repository, &targets);
            defaults.repository.share = Setting::Missing;
        }
        for (name, organization) in &mut document.organizations {
            let is_first = !seen.contains_key(&(document.region, *name));
            let (absent, names) = seen.entry((document.region, *name)).or_default();
            if is_first {
                *absent = organization.absent;
            }
            if !is_first || *absent {
                (organization.unlisted, organization.defaults) = (None, None);
                organization.access = Setting::Missing;
            }
            organization.absent &= is_first;
            if let Some(defaults) = &mut organization.defaults {
                unique(&mut defaults.repository, &targets);
                defaults.repository.share = Setting::Missing;
            }
            organization
                .repositories
                .retain(|repository, _| names.insert(*repository));
            for repository in organization.repositories.values_mut() {
                match repository {
                    _ if *absent => *repository = Repository::Absent,
                    Repository::Present(values) => unique(values, &targets),
                    Repository::Bare | Repository::Absent => {}
                }
            }
        }
    }
    grants::without_operators(&mut chart);
    chart
}

/// Two rules of a list may not copy to the same place.
fn unique(values: &mut Values, targets: &[Place; 2]) {
    if let Setting::Is(rules) = &mut values.sync {
        let mut places = BTreeSet::new();
        rules.retain(|rule| places.insert(rule.place(targets)));
    }
    // A public repository cannot be shared.
    if matches!(&values.share, Setting::Is(shares) if !shares.is_empty()) {
        values.is_public = Setting::Is(false);
    }
}

impl Rule {
    pub(crate) fn place(&self, targets: &[Place; 2]) -> Place {
        match self.to {
            To::Named(index) => targets[index],
            To::Place(place) => place,
        }
    }
}

impl Chart {
    /// The chart as it would be written by hand.
    pub(crate) fn yaml(&self) -> String {
        yaml(&self.values())
    }

    /// The same with keys, list items and documents in another order, and with organizations torn
    /// in two.
    pub(crate) fn permuted_yaml(&self, seed: u64) -> String {
        let mut dice = fastrand::Rng::with_seed(seed);
        let mut documents = self.values();
        for index in 0..documents.len() {
            let torn = tear(&mut documents[index], &mut dice);
            documents.extend(torn);
        }
        dice.shuffle(&mut documents);
        documents
            .iter_mut()
            .for_each(|document| shuffle(document, &mut dice));
        yaml(&documents)
    }

    /// Its documents.
    pub(crate) fn values(&self) -> Vec<Value> {
        let mut documents: Vec<Value> = self.documents.iter().map(Document::value).collect();
        let targets =
            TARGETS
                .iter()
                .zip(&self.targets)
                .map(|(name, ((region, organization), overrides))| {
                    let mut target = Map::from_iter([
                        ("region".to_owned(), json!(region)),
                        ("organization".to_owned(), json!(organization)),
                    ]);
                    put(&mut target, "override", overrides, |value| json!(value));
                    ((*name).to_owned(), Value::Object(target))
                });
        documents[0]["targets"] = Value::Object(targets.collect());
        documents[0]["limits"] =
            json!({ "deletes": 1_000_000, "delete_percent": 100, "allow": self.allow });
        for document in &mut documents {
            document["protect"] = json!(self.protect);
            document["operators"] = json!(self.operators);
        }
        documents
    }
}

impl Document {
    fn value(&self) -> Value {
        let mut document = json!({ "version": 1, "region": self.region });
        if let Some(defaults) = &self.defaults {
            document["defaults"] = defaults.value();
        }
        let organizations = self
            .organizations
            .iter()
            .map(|(name, entry)| ((*name).to_owned(), entry.value()));
        document["organizations"] = Value::Object(organizations.collect());
        document["mirrors"] = mirrors::value(&self.mirrors);
        document
    }
}

impl Organization {
    fn value(&self) -> Value {
        let mut organization = json!({});
        if self.absent {
            organization["state"] = json!("absent");
        }
        if let Some(policy) = self.unlisted {
            organization["unlisted"] = json!(policy);
        }
        match &self.access {
            Setting::Missing => {}
            Setting::Null => organization["access"] = Value::Null,
            Setting::Is(list) => organization["access"] = grants::value(list),
        }
        if let Some(defaults) = &self.defaults {
            organization["defaults"] = defaults.value();
        }
        let repositories = self
            .repositories
            .iter()
            .map(|(name, entry)| ((*name).to_owned(), entry.value()));
        organization["repositories"] = Value::Object(repositories.collect());
        organization
    }
}

impl Repository {
    fn value(&self) -> Value {
        match self {
            Repository::Bare => Value::Null,
            Repository::Absent => json!({ "state": "absent" }),
            Repository::Present(values) => values.value(),
        }
    }
}

impl Defaults {
    fn value(&self) -> Value {
        let mut rules = Map::new();
        put(&mut rules, "override", &self.overrides, |value| {
            json!(value)
        });
        json!({ "repository": self.repository.value(), "sync_rule": rules })
    }
}

impl Values {
    fn value(&self) -> Value {
        let mut values = Map::new();
        put(&mut values, "is_public", &self.is_public, |value| {
            json!(value)
        });
        put(&mut values, "category", &self.category, |value| {
            json!(value)
        });
        put(&mut values, "description", &self.description, |value| {
            json!(value)
        });
        put(&mut values, "sync", &self.sync, |rules| {
            rules.iter().map(Rule::value).collect()
        });
        put(&mut values, "share", &self.share, shares::value);
        put(&mut values, "access", &self.access, grants::value);
        put(&mut values, "retention", &self.retention, |retention| {
            retention.as_ref().map_or(json!("none"), Retention::value)
        });
        Value::Object(values)
    }
}

impl Rule {
    fn value(&self) -> Value {
        let mut rule = Map::new();
        match self.to {
            To::Named(index) => drop(rule.insert("target".to_owned(), json!(TARGETS[index]))),
            To::Place((region, organization)) => {
                rule.insert("target_region".to_owned(), json!(region));
                rule.insert("target_organization".to_owned(), json!(organization));
            }
        }
        put(&mut rule, "override", &self.overrides, |value| json!(value));
        put(&mut rule, "auto", &self.auto, |()| json!(true));
        Value::Object(rule)
    }
}

pub(crate) fn put<T>(
    map: &mut Map<String, Value>,
    key: &str,
    setting: &Setting<T>,
    value: impl Fn(&T) -> Value,
) {
    match setting {
        Setting::Missing => {}
        Setting::Null => drop(map.insert(key.to_owned(), Value::Null)),
        Setting::Is(given) => drop(map.insert(key.to_owned(), value(given))),
    }
}

fn yaml(documents: &[Value]) -> String {
    let texts: Vec<String> = documents
        .iter()
        .map(|document| serde_yaml::to_string(document).unwrap())
        .collect();
    texts.join("---\n")
}

/// Moves some repositories of some organizations to a document of their own, with the same
/// defaults.
fn tear(document: &mut Value, dice: &mut fastrand::Rng) -> Option<Value> {
    let mut torn = document.clone();
    for key in ["targets", "limits", "mirrors"] {
        torn.as_object_mut()?.shift_remove(key);
    }
    let organizations = document["organizations"].as_object_mut()?;
    torn["organizations"] = json!({});
    for (name, organization) in organizations {
        if dice.bool() {
            continue;
        }
        let repositories = organization["repositories"].as_object_mut()?;
        let (moved, kept) = std::mem::take(repositories)
            .into_iter()
            .partition(|_| dice.bool());
        *repositories = kept;
        torn["organizations"][name] = json!({ "repositories": Value::Object(moved) });
    }
    Some(torn)
}

fn shuffle(value: &mut Value, dice: &mut fastrand::Rng) {
    match value {
        Value::Array(items) => {
            dice.shuffle(items);
            items.iter_mut().for_each(|item| shuffle(item, dice));
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = std::mem::take(map).into_iter().collect();
            dice.shuffle(&mut entries);
            entries
                .iter_mut()
                .for_each(|(_, value)| shuffle(value, dice));
            map.extend(entries);
        }
        _ => {}
    }
}
