//! How the items of a list are written: by the name of a definition where one is worth it, and
//! without the attributes that `defaults` give all of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::slots::record;
use crate::{
    export::tree::{Node, field_length},
    kind::{
        Kind, Role,
        place::{KeyRule, Record},
    },
    names,
};

/// The parts of a key that a definition stands for.
type Destination = Vec<String>;

/// How the items of one kind are written.
#[derive(Debug)]
pub(super) struct Items {
    kind: &'static Kind,
    /// The defaults of all items.
    pub defaults: Map<String, Value>,
    named: BTreeMap<Destination, Named>,
}

#[derive(Debug)]
struct Named {
    name: String,
    /// What the definition says beside the destination.
    attributes: Map<String, Value>,
}

/// An item, and how often it is written.
pub(super) type Use<'v> = (&'v Map<String, Value>, usize);

impl Items {
    /// Chooses names and defaults for these items. `sources` are names that the names of
    /// definitions need not repeat the beginning of.
    pub(super) fn choose(kind: &'static Kind, uses: &[Use<'_>], sources: &[&str]) -> Items {
        let mut counts = BTreeMap::<Destination, usize>::new();
        for (item, count) in uses {
            *counts.entry(destination(kind, item)).or_default() += count;
        }
        let is_referred = reference(kind).is_some() && kind.place.shared.is_some();
        counts.retain(|parts, count| is_referred && !parts.is_empty() && *count > 1);
        let names = definition_names(counts.keys(), sources);
        let mut items = Items {
            kind,
            defaults: Map::new(),
            named: BTreeMap::new(),
        };
        for (parts, name) in counts.into_keys().zip(names) {
            let attributes = Map::new();
            items.named.insert(parts, Named { name, attributes });
        }
        for name in inherited(kind) {
            items.settle(name, uses);
        }
        items
    }

    /// Finds the values of one attribute in the defaults and in the definitions with which the
    /// items are the shortest.
    fn settle(&mut self, attribute: &'static str, uses: &[Use<'_>]) {
        let candidates: BTreeSet<String> = uses
            .iter()
            .filter_map(|(item, _)| item.get(attribute).map(Value::to_string))
            .collect();
        let mut best: Option<(usize, Option<Value>, Vec<Value>)> = None;
        let candidates = candidates
            .iter()
            .filter_map(|text| serde_json::from_str::<Value>(text).ok());
        for default in std::iter::once(None).chain(candidates.map(Some)) {
            let (length, own) = self.with_default(attribute, default.as_ref(), uses);
            if best.as_ref().is_none_or(|(least, ..)| length < *least) {
                best = Some((length, default, own));
            }
        }
        let Some((_, default, own)) = best else {
            return;
        };
        for (named, value) in self.named.values_mut().zip(own) {
            if !value.is_null() {
                named.attributes.insert(attribute.to_owned(), value);
            }
        }
        if let Some(default) = default {
            self.defaults.insert(attribute.to_owned(), default);
        }
    }

    /// The length of all that is written about an attribute, and the value of each definition;
    /// `null`: it has none.
    fn with_default(
        &self,
        attribute: &str,
        default: Option<&Value>,
        uses: &[Use<'_>],
    ) -> (usize, Vec<Value>) {
        let mut length = default.map_or(0, |value| {
            let key = self.kind.place.defaults.map_or("", |key| key.name);
            key.len() + field_length(attribute, &Node::of(value)) + "  : {  }\n".len()
        });
        let mut of_named = BTreeMap::<&Destination, Vec<(Option<&Value>, usize)>>::new();
        for (item, count) in uses {
            let value = item.get(attribute);
            match self.named.get_key_value(&destination(self.kind, item)) {
                Some((parts, _)) => of_named.entry(parts).or_default().push((value, *count)),
                None => length += written(attribute, value, default) * count,
            }
        }
        let mut own = Vec::new();
        for parts in self.named.keys() {
            let values = of_named.remove(parts).unwrap_or_default();
            let all = |given: Option<&Value>| -> usize {
                values
                    .iter()
                    .map(|(value, count)| written(attribute, *value, given) * count)
                    .sum()
            };
            let (mut least, mut chosen) = (all(default), Value::Null);
            for value in values.iter().filter_map(|(value, _)| *value) {
                let with = written(attribute, Some(value), default) + all(Some(value));
                if with < least {
                    (least, chosen) = (with, value.clone());
                }
            }
            length += least;
            own.push(chosen);
        }
        (length, own)
    }

    /// An item as it is written.
    pub(super) fn node(&self, item: &Map<String, Value>) -> Node {
        let parts = destination(self.kind, item);
        let named = self.named.get(&parts);
        let mut fields: Vec<(String, Node)> = Vec::new();
        if let (Some(named), Some(key)) = (named, reference(self.kind)) {
            fields.push((key.to_owned(), Node::Scalar(named.name.clone().into())));
        } else {
            let own = own_parts(self.kind);
            let key = own.iter().filter_map(|name| item.get_key_value(*name));
            fields.extend(key.map(|(name, part)| (name.clone(), Node::of(part))));
        }
        for attribute in self.kind.in_chart() {
            let value = item.get(attribute.name);
            let of_named = named.and_then(|named| named.attributes.get(attribute.name));
            let given = of_named.or_else(|| self.defaults.get(attribute.name));
            if value != given {
                let node = value.map_or(Node::Scalar(Value::Null), Node::of);
                fields.push((attribute.name.to_owned(), node));
            }
        }
        Node::Fields(fields)
    }

    /// The definitions, by name.
    pub(super) fn definitions(&self) -> Vec<(String, Node)> {
        let mut definitions: Vec<(String, Node)> = self
            .named
            .iter()
            .map(|(parts, named)| {
                let record = record(self.kind.place.shared.map(|key| key.form));
                let keys = record.into_iter().flat_map(Record::keys);
                let keys = keys.filter(|key| key.required).map(|key| key.name);
                let place = keys
                    .zip(parts)
                    .map(|(key, part)| (key.to_owned(), Node::Scalar(part.as_str().into())));
                let own = named.attributes.iter();
                let own = own.map(|(name, value)| (name.clone(), Node::of(value)));
                (named.name.clone(), Node::Fields(place.chain(own).collect()))
            })
            .collect();
        definitions.sort_by(|one, other| one.0.cmp(&other.0));
        definitions
    }
}

/// The length of an attribute in an item to which others give a value.
fn written(attribute: &str, value: Option<&Value>, given: Option<&Value>) -> usize {
    if value == given {
        return 0;
    }
    field_length(
        attribute,
        &value.map_or(Node::Scalar(Value::Null), Node::of),
    )
}

/// The attributes that the items of a kind can inherit.
fn inherited(kind: &'static Kind) -> impl Iterator<Item = &'static str> {
    let record = record(kind.place.defaults.map(|key| key.form));
    let keys: Vec<&'static str> = record
        .into_iter()
        .flat_map(Record::keys)
        .map(|key| key.name)
        .collect();
    let is_chosen = |role: Role| !matches!(role, Role::Fixed(_) | Role::Foreign);
    kind.in_chart()
        .filter(move |attribute| is_chosen(attribute.role) && keys.contains(&attribute.name))
        .map(|attribute| attribute.name)
}

/// The key that refers to a definition.
fn reference(kind: &Kind) -> Option<&'static str> {
    match kind.place.entry()?.key_rule {
        KeyRule::Instead(one, _) => Some(one),
        _ => None,
    }
}

/// The parts of the key behind those of the parent.
fn own_parts(kind: &Kind) -> &'static [&'static str] {
    let above = kind.parent.map_or(1, |parent| parent.key.len());
    &kind.key[above..]
}

fn destination(kind: &Kind, item: &Map<String, Value>) -> Destination {
    let parts = own_parts(kind).iter();
    parts
        .filter_map(|name| item.get(*name)?.as_str())
        .map(str::to_owned)
        .collect()
}

/// A name for each destination: its last part, without the beginning that all names share, and with
/// the others where two are equal.
fn definition_names<'d>(
    destinations: impl Iterator<Item = &'d Destination> + Clone,
    sources: &[&str],
) -> Vec<String> {
    let last = |parts: &'d Destination| parts.last().map_or("", String::as_str);
    let all: Vec<&str> = destinations
        .clone()
        .map(last)
        .chain(sources.iter().copied())
        .collect();
    let shared = shared_beginning(&all);
    let rest = |parts: &'d Destination| last(parts).get(shared..).filter(|rest| rest.len() > 1);
    // A single letter says nothing.
    let is_short = destinations.clone().all(|parts| rest(parts).is_some());
    let short = |parts: &'d Destination| {
        let rest = rest(parts).filter(|_| is_short);
        valid(rest.unwrap_or(last(parts)))
    };
    let mut counts = BTreeMap::<String, usize>::new();
    for parts in destinations.clone() {
        *counts.entry(short(parts)).or_default() += 1;
    }
    let mut names = BTreeSet::new();
    let unique = |parts: &'d Destination| {
        let name = short(parts);
        let mut name = match counts.get(&name) {
            Some(1) | None => name,
            Some(_) => valid(&[&[name], &parts[..parts.len() - 1]].concat().join("-")),
        };
        while !names.insert(name.clone()) {
            name.push_str("-2");
        }
        name
    };
    destinations.map(unique).collect()
}

/// How much all of the names begin with, in whole words between hyphens.
fn shared_beginning(all: &[&str]) -> usize {
    let Some(first) = all.iter().max_by_key(|name| name.len()) else {
        return 0;
    };
    let ends = first.match_indices('-').map(|(at, _)| at);
    let begins = |name: &&str, end: usize| {
        name.get(..end) == first.get(..end) && matches!(name.as_bytes().get(end), Some(b'-') | None)
    };
    ends.take_while(|end| all.iter().all(|name| begins(name, *end)))
        .last()
        .map_or(0, |end| end + 1)
}

/// A name that a definition may have.
fn valid(text: &str) -> String {
    let is_part = |character: char| {
        let mut buffer = [0; 4];
        names::is_valid(names::Name::Target, character.encode_utf8(&mut buffer))
    };
    let replaced = |character| if is_part(character) { character } else { '-' };
    text.chars().map(replaced).collect()
}
