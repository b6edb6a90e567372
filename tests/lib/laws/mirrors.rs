//! Mirrors in random worlds: in the chart, live, and expected after an apply.
//!
//! The repositories always exist, because portolan cannot create them, and the clock is stopped:
//! every run ends at once.

use std::collections::BTreeMap;

use portolan::emulator::{Branches, Entry, Mirror, State};
use proptest::{collection::btree_map, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::chart::{Chart, REGIONS, Setting};

/// When everything happens.
pub(crate) const NOW: &str = "2026-11-21T08:00:00Z";

const PROJECT: &str = "platform";
const NAMES: [&str; 3] = ["app", "lib", "group/app"];
const URLS: [&str; 2] = [
    "https://git.example.com/a.git",
    "https://git.example.com/b.git",
];
const ENDPOINTS: [&str; 2] = ["", "b3dc4fb4-5f42-4b3a-9f6e-8f6d1f1f0c11"];

/// The values of one mirror in the chart. The `url` is always set: without it an ordinary
/// repository could not become a mirror.
#[derive(Debug, Clone)]
pub(crate) struct Entries {
    url: &'static str,
    branches: Setting<&'static str>,
    scheduled: Setting<bool>,
    endpoint: Setting<&'static str>,
    max_age: Setting<&'static str>,
}

/// The mirrors of one document.
pub(crate) type Mirrors = BTreeMap<&'static str, Entries>;

pub(crate) fn mirrors() -> impl Strategy<Value = Mirrors> {
    let setting = |value: BoxedStrategy<&'static str>| {
        prop_oneof![2 => Just(Setting::Missing),
            1 => Just(Setting::Null), 3 => value.prop_map(Setting::Is)]
    };
    let scheduled = prop_oneof![2 => Just(Setting::Missing), 1 => Just(Setting::Null),
        3 => any::<bool>().prop_map(Setting::Is)];
    let entry = (
        select(&URLS[..]),
        setting(select(vec!["all", "default"]).boxed()),
        scheduled,
        setting(select(&ENDPOINTS[..]).boxed()),
        setting(select(vec!["6h", "1d"]).boxed()),
    );
    let entry = entry.prop_map(|(url, branches, scheduled, endpoint, max_age)| Entries {
        url,
        branches,
        scheduled,
        endpoint,
        max_age,
    });
    btree_map(select(&NAMES[..]), entry, 0..=2)
}

/// Every repository in every region: an ordinary one, or a mirror that was last run at one time or
/// another.
pub(crate) fn live() -> impl Strategy<Value = Vec<Option<Mirror>>> {
    let times = vec![
        "2026-11-21T07:00:00Z",
        "2026-11-20T23:10:00Z",
        "2026-11-01T00:00:00Z",
    ];
    let mirror = (
        select(&URLS[..]),
        any::<bool>(),
        select(&ENDPOINTS[..]),
        option::of(select(times)),
    );
    let mirror = mirror.prop_map(|(url, scheduled, endpoint, success)| Mirror {
        scheduled,
        endpoint_uuid: endpoint.to_owned(),
        last_successful_update_at: success.map(|time| time.parse().unwrap()),
        last_ended_at: success.map(|time| time.parse().unwrap()),
        next_scheduled_at: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        ..Mirror::of(url)
    });
    proptest::collection::vec(option::weighted(0.7, mirror), NAMES.len() * REGIONS.len())
}

/// Puts them into the state, under numbers that are the same in every world.
pub(crate) fn settle(state: &mut State, mirrors: Vec<Option<Mirror>>) {
    let places = REGIONS
        .iter()
        .flat_map(|region| NAMES.iter().map(move |name| (*region, *name)));
    for ((at, (region, name)), mirror) in places.enumerate().zip(mirrors) {
        state.ensure_git_repository(region, PROJECT, name);
        let repository = state.git_repository_mut(region, PROJECT, name).unwrap();
        repository.id = 1000 + u32::try_from(at).unwrap();
        repository.mirror = mirror.map(|mirror| Mirror {
            id: 2000 + repository.id,
            ..mirror
        });
    }
}

/// The project and the repository that a request is about.
pub(crate) fn subject(entry: &Entry) -> Option<Vec<String>> {
    let number: usize = entry
        .path
        .strip_prefix("/v4/repositories/")?
        .split('/')
        .next()?
        .parse()
        .ok()?;
    let name = NAMES[(number - 1000) % NAMES.len()];
    Some(vec![
        entry.region.clone(),
        PROJECT.to_owned(),
        name.to_owned(),
    ])
}

/// The key of a document.
pub(crate) fn value(mirrors: &Mirrors) -> Value {
    let entries = mirrors.iter().map(|(name, entry)| {
        let mut value = Map::from_iter([("url".to_owned(), json!(entry.url))]);
        let texts = [
            ("branches", &entry.branches),
            ("endpoint", &entry.endpoint),
            ("max_age", &entry.max_age),
        ];
        for (key, setting) in texts {
            super::chart::put(&mut value, key, setting, |text| json!(text));
        }
        super::chart::put(&mut value, "scheduled", &entry.scheduled, |on| json!(on));
        (format!("{PROJECT}/{name}"), Value::Object(value))
    });
    Value::Object(entries.collect())
}

/// Address, schedule, endpoint, branches where they are known, and the last success, as far as an
/// apply decides them.
type Shape = (String, bool, String, Option<Branches>, Option<String>);

/// All mirrors of a state.
pub(crate) fn shapes(state: &State) -> BTreeMap<(String, String), Shape> {
    let mut shapes = BTreeMap::new();
    for (region, content) in &state.regions {
        let repositories = content
            .projects
            .values()
            .flat_map(|project| &project.repositories);
        for (name, mirror) in
            repositories.filter_map(|(name, it)| Some((name, it.mirror.as_ref()?)))
        {
            let success = mirror
                .last_successful_update_at
                .map(|time| time.to_string());
            let shape = (
                mirror.url.clone(),
                mirror.scheduled,
                mirror.endpoint_uuid.clone(),
                Some(mirror.branches),
                success,
            );
            shapes.insert((region.clone(), name.clone()), shape);
        }
    }
    shapes
}

/// The mirrors after an apply.
pub(crate) fn after(chart: &Chart, before: &State) -> BTreeMap<(String, String), Shape> {
    let mut all = shapes(before);
    for (document, (name, entry)) in chart
        .documents
        .iter()
        .flat_map(|document| document.mirrors.iter().map(move |entry| (document, entry)))
    {
        let place = (document.region.to_owned(), (*name).to_owned());
        let old = all.get(&place).cloned();
        let (_, scheduled, endpoint, branches, success) = old.clone().unwrap_or((
            String::new(),
            false,
            String::new(),
            Some(Branches::All),
            None,
        ));
        let is = |setting: &Setting<&'static str>| match setting {
            Setting::Is(value) => Some(*value),
            Setting::Missing | Setting::Null => None,
        };
        let scheduled = if let Setting::Is(scheduled) = entry.scheduled {
            scheduled
        } else {
            scheduled
        };
        let endpoint = is(&entry.endpoint).map_or(endpoint, str::to_owned);
        let configured = |(url, on, uuid, ..): &Shape| {
            *url == entry.url && *on == scheduled && *uuid == endpoint
        };
        let changes = !old.as_ref().is_some_and(configured);
        // The branches are sent only with another change.
        let branches = match is(&entry.branches) {
            _ if !changes => branches,
            Some("default") => Some(Branches::Default),
            _ => Some(Branches::All),
        };
        let hours = is(&entry.max_age).map(|age| if age == "6h" { 6 } else { 24 });
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let is_due = |hours: i64| {
            let age = |time: &String| now.duration_since(time.parse().unwrap()).as_secs();
            changes || success.as_ref().is_none_or(|time| age(time) > hours * 3600)
        };
        let success = if hours.is_some_and(is_due) {
            Some(now.to_string())
        } else {
            success
        };
        all.insert(
            place,
            (entry.url.to_owned(), scheduled, endpoint, branches, success),
        );
    }
    all
}
