//! The text is at most a tenth longer than the shortest, which is found by trying all of them.
//!
//! The measure is bytes, without comments and empty lines, and with each entry on one line, however
//! long. The shortest is a second computation: it adds the lengths of all lines for every choice of
//! defaults and targets.

use std::collections::BTreeMap;

use portolan::{
    emulator::{Repository, State, SyncRule},
    export::compact::Layout,
};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::select,
};
use serde::Deserialize as _;
use serde_json::Value;

use super::{
    super::site::{Deletion, Site},
    written,
};
use crate::law::try_on;

/// The places that rules copy to.
const TO: [(&str, &str); 2] = [("cn-east-3", "backup"), ("ap-southeast-3", "asia")];

/// Where the two organizations are: in one document, or in one each.
const PLACES: [[(&str, &str); 2]; 2] = [
    [("cn-north-4", "alpha"), ("cn-north-4", "beta")],
    [("cn-north-4", "alpha"), ("cn-south-1", "beta")],
];

/// A repository: its name, its three attributes, and its rules.
type Entry = (String, [String; 3], Vec<(usize, bool)>);

#[derive(Debug, Clone)]
struct Small {
    /// Whether the organizations share a document.
    place: usize,
    organizations: [Vec<Entry>; 2],
}

fn small() -> impl Strategy<Value = Small> {
    let attributes = (
        select(vec!["true", "false", "false"]),
        select(vec!["linux", "lang", "app_server"]),
        select(vec!["\"\"", "\"\"", "\"what it is for\""]),
    );
    let rules = prop_oneof![
        2 => vec((Just(0), any::<bool>()), 1),
        2 => Just(vec![(0, false), (1, false)]),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(one, two)| vec![(0, one), (1, two)]),
        1 => Just(vec![(1, true)]),
        1 => Just(Vec::new()),
    ];
    let attributes = attributes.prop_map(|(public, category, description)| {
        [public, category, description].map(str::to_owned)
    });
    let names = select(vec!["api", "web", "worker", "db/main", "db/copy", "x"]);
    let entries = || {
        let named = btree_map(names.clone(), (attributes.clone(), rules.clone()), 0..=3);
        named.prop_map(|all| {
            let all = all.into_iter();
            let entry = all.map(|(name, (attributes, rules))| (name.to_owned(), attributes, rules));
            entry.collect::<Vec<Entry>>()
        })
    };
    (0..PLACES.len(), entries(), entries()).prop_map(|(place, one, two)| Small {
        place,
        organizations: [one, two],
    })
}

impl Small {
    fn state(&self) -> State {
        let mut state = State::new("emulator");
        for ((region, name), entries) in PLACES[self.place].iter().zip(&self.organizations) {
            let organization = state.ensure_organization(region, name);
            for (name, [public, category, description], rules) in entries {
                let rule = |(to, overrides): &(usize, bool)| SyncRule {
                    overrides: *overrides,
                    ..SyncRule::to(TO[*to].0, TO[*to].1)
                };
                let repository = Repository {
                    is_public: public == "true",
                    category: category.clone(),
                    description: description.trim_matches('"').to_owned(),
                    sync_rules: rules.iter().map(rule).collect(),
                    ..Repository::default()
                };
                organization.repositories.insert(name.clone(), repository);
            }
        }
        state
    }

    fn entries(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let organizations = self.organizations.iter().enumerate();
        organizations.flat_map(|(at, entries)| entries.iter().map(move |entry| (at, entry)))
    }
}

/// How rules are written: the default of `override`, and for each place whether it has a name, and
/// the `override` there.
#[derive(Debug, Clone, Copy)]
struct Rules {
    default: Option<bool>,
    named: [Option<Option<bool>>; 2],
}

impl Rules {
    fn all() -> Vec<Rules> {
        let values = [None, Some(true), Some(false)];
        let names = [None, Some(None), Some(Some(true)), Some(Some(false))];
        let mut all = Vec::new();
        for default in values {
            for one in names {
                for two in names {
                    let named = [one, two];
                    all.push(Rules { default, named });
                }
            }
        }
        all
    }

    fn text(&self, rules: &[(usize, bool)]) -> String {
        let item = |(to, overrides): &(usize, bool)| {
            let (region, organization) = TO[*to];
            let mut item = match self.named[*to] {
                Some(_) => format!("target: {organization}"),
                None => format!("target_region: {region}, target_organization: {organization}"),
            };
            if self.named[*to].flatten().or(self.default) != Some(*overrides) {
                item += &format!(", override: {overrides}");
            }
            format!("{{ {item} }}")
        };
        let items: Vec<String> = rules.iter().map(item).collect();
        match items.is_empty() {
            true => "[]".to_owned(),
            false => format!("[ {} ]", items.join(", ")),
        }
    }

    /// The definitions, and the defaults but for the first line.
    fn length(&self) -> usize {
        let mut length = 0;
        for ((region, organization), named) in TO.iter().zip(self.named) {
            let Some(own) = named else { continue };
            let own = own.map_or(String::new(), |own| format!(", override: {own}"));
            length += format!(
                "  {organization}: {{ region: {region}, organization: {organization}{own} }}\n"
            )
            .len();
        }
        if length > 0 {
            length += "targets:\n".len();
        }
        let default = self
            .default
            .map(|it| format!("  sync_rule: {{ override: {it} }}\n").len());
        length + default.unwrap_or_default()
    }
}

/// Which entries have a value of their own, and which levels have a default: the first for all,
/// the others for an organization each.
type Marks = (u8, u8);

/// The least length for each.
type Lengths = BTreeMap<Marks, usize>;

fn keep(lengths: &mut Lengths, marks: Marks, length: usize) {
    let least = lengths.entry(marks).or_insert(length);
    *least = (*least).min(length);
}

/// Every choice of defaults for one key, from the texts of the entries.
fn of_key(key: &str, texts: &[(usize, String)], is_default: impl Fn(&str) -> bool) -> Lengths {
    let mut known: Vec<Option<&str>> = vec![None];
    for (_, text) in texts {
        if is_default(text) && !known.contains(&Some(text)) {
            known.push(Some(text));
        }
    }
    let field = |text: &str| key.len() + 2 + text.len() + 2;
    let mut lengths = Lengths::new();
    for first in &known {
        for one in &known {
            for two in &known {
                let levels = [*first, *one, *two];
                let mut length: usize = levels.iter().flatten().map(|text| field(text)).sum();
                let mut entries = 0;
                for (at, (organization, text)) in texts.iter().enumerate() {
                    if levels[1 + organization].or(levels[0]) != Some(text) {
                        entries |= 1 << at;
                        length += field(text);
                    }
                }
                let open = (0..3).filter(|at| levels[*at].is_some());
                keep(
                    &mut lengths,
                    (entries, open.map(|at| 1 << at).sum()),
                    length,
                );
            }
        }
    }
    lengths
}

fn both(one: &Lengths, other: &Lengths) -> Lengths {
    let mut lengths = Lengths::new();
    for ((entries, open), length) in one {
        for ((more, wider), further) in other {
            keep(
                &mut lengths,
                (entries | more, open | wider),
                length + further,
            );
        }
    }
    lengths
}

/// The length of the shortest text.
fn shortest(small: &Small) -> usize {
    let column = |at: usize| -> Vec<(usize, String)> {
        let entries = small.entries();
        entries
            .map(|(organization, entry)| (organization, entry.1[at].clone()))
            .collect()
    };
    let attributes = both(
        &of_key("is_public", &column(0), |_| true),
        &of_key("category", &column(1), |_| true),
    );
    // What a resource is for is no default.
    let attributes = both(
        &attributes,
        &of_key("description", &column(2), |text| text == "\"\""),
    );
    let lengths = Rules::all().into_iter().map(|rules| {
        let texts = small
            .entries()
            .map(|(at, entry)| (at, rules.text(&entry.2)));
        let texts: Vec<(usize, String)> = texts.collect();
        let lengths = both(&attributes, &of_key("sync", &texts, |_| true));
        let whole = lengths
            .into_iter()
            .map(|((entries, open), length)| length + frame(small, entries, open, rules));
        whole.min().unwrap()
    });
    lengths.min().unwrap()
}

/// Everything but the values: the lines of keys and names, and the braces.
fn frame(small: &Small, entries: u8, open: u8, rules: Rules) -> usize {
    let [one, two] = PLACES[small.place];
    let document = |region: &str| format!("version: 1\nregion: {region}\norganizations:\n").len();
    let is_one = one.0 == two.0;
    let mut length = rules.length() + document(one.0);
    if !is_one {
        length += document(two.0) + "---\n".len();
    }
    let key = if is_one {
        "defaults:\n"
    } else {
        "chart_defaults:\n"
    };
    if open & 1 > 0 || rules.default.is_some() {
        length += key.len();
    }
    // The last field has no comma.
    if open & 1 > 0 {
        length += "  repository: {  }\n".len() - 2;
    }
    for (at, (_, name)) in [one, two].into_iter().enumerate() {
        length += format!("  {name}:\n").len();
        if !small.organizations[at].is_empty() {
            length += "    repositories:\n".len();
        }
        if open & (2 << at) > 0 {
            length += match is_one {
                true => "    defaults:\n      repository: {  }\n".len() - 2,
                // Of the document.
                false => "defaults:\n  repository: {  }\n".len() - 2,
            };
        }
    }
    for (at, (_, entry)) in small.entries().enumerate() {
        length += format!("      {}:\n", entry.0).len();
        if entries & (1 << at) > 0 {
            length += " {  }".len() - 2;
        }
    }
    length
}

/// The length of a text in the same layout.
fn measured(text: &str) -> usize {
    let documents = serde_yaml::Deserializer::from_str(text);
    let documents: Vec<Value> = documents
        .map(|it| Value::deserialize(it).unwrap())
        .collect();
    let lengths = documents.iter().map(|document| lines(document, 0));
    lengths.sum::<usize>() + "---\n".len() * (documents.len() - 1)
}

/// The keys whose entries stand on lines of their own.
const BLOCKS: [&str; 5] = [
    "targets",
    "defaults",
    "chart_defaults",
    "organizations",
    "repositories",
];

fn lines(mapping: &Value, indent: usize) -> usize {
    let line = |(key, value): (&String, &Value)| {
        let is_block = BLOCKS.contains(&key.as_str()) || value.get("repositories").is_some();
        let rest = match value {
            Value::Null => 0,
            _ if is_block => lines(value, indent + 2),
            _ => 1 + flow(value),
        };
        indent + key.len() + ":\n".len() + rest
    };
    mapping.as_object().unwrap().iter().map(line).sum()
}

fn flow(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| key.len() + 2 + flow(value) + 2;
            "{  }".len() - 2 + fields.iter().map(field).sum::<usize>()
        }
        Value::Array(items) if items.is_empty() => "[]".len(),
        Value::Array(items) => 2 + items.iter().map(|item| flow(item) + 2).sum::<usize>(),
        Value::String(text) if text.is_empty() || text.contains(' ') => text.len() + 2,
        Value::String(text) => text.len(),
        other => other.to_string().len(),
    }
}

#[test]
fn the_text_of_a_small_export_is_about_as_short_as_possible() {
    try_on(60, small(), |small| {
        let site = Site::new(&small.state(), Deletion::Images);
        let regions: Vec<&str> = PLACES[small.place]
            .iter()
            .map(|(region, _)| *region)
            .collect();
        let regions = if small.place == 0 {
            &regions[..1]
        } else {
            &regions
        };
        let files = written(&site.export(regions, &[]), Layout::One);
        let (length, least) = (measured(&files.concat()), shortest(&small));
        prop_assert!(
            length * 10 <= least * 11,
            "{} bytes, and {} are enough:\n{}",
            length,
            least,
            files.concat()
        );
        Ok(())
    });
}
