//! Chooses the names of definitions and the values of `defaults`, which depend on each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    Place,
    defaults::{self, Column, Level, Setting, Settings},
    items::Items,
    own_name,
    slots::{Slot, items_of, slots, values},
};
use crate::{
    address::Address,
    export::tree::{Node, field_length},
    kind::{Kind, REGISTRY, place::Record},
    state::Chart,
};

pub(super) const DEFAULTS: &str = "defaults";
pub(super) const CHART_DEFAULTS: &str = "chart_defaults";

/// How often names and defaults are chosen in turn.
const ROUNDS: usize = 3;

/// Everything that is chosen.
pub(super) struct Style<'c> {
    levels: Vec<Level>,
    /// The level of what holds for the whole chart, if it has several documents.
    pub chart_level: Option<usize>,
    /// The level of each document, if it has one.
    pub of_document: Vec<Option<usize>>,
    /// The level of each top-level resource that can have `defaults`.
    pub of_top: BTreeMap<&'c Address, usize>,
    pub tables: Vec<Table<'c>>,
    pub items: BTreeMap<&'static Kind, Items>,
}

/// The entries of one kind, which have names and inherit.
pub(super) struct Table<'c> {
    pub kind: &'static Kind,
    slots: Vec<Slot>,
    /// In the order of addresses: each entry, and for each slot the index of its value.
    entries: Vec<(&'c Address, Vec<Option<usize>>)>,
    /// The values of each slot.
    values: Vec<Vec<Value>>,
    /// For each slot, what each level says. Empty before it is chosen.
    settings: Settings,
}

impl<'c> Style<'c> {
    pub(super) fn choose(chart: &'c Chart, places: &[Place<'c>]) -> Style<'c> {
        let named = REGISTRY
            .iter()
            .filter(|kind| kind.place.name().is_some() && kind.parent.is_some_and(has_defaults));
        let mut style = Style {
            levels: Vec::new(),
            chart_level: None,
            of_document: Vec::new(),
            of_top: BTreeMap::new(),
            tables: named.map(|kind| Table::of(chart, kind)).collect(),
            items: BTreeMap::new(),
        };
        style.add_levels(places);
        let tops = style.of_top.keys().copied().map(own_name);
        let sources: BTreeSet<String> = tops.collect();
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        for _ in 0..ROUNDS {
            style.name_items(&sources);
            style.set_defaults();
        }
        style.name_items(&sources);
        style
    }

    fn add_levels(&mut self, places: &[Place<'c>]) {
        // A file of one organization has that organization's `defaults` instead of its own.
        let is_split = places.first().is_some_and(|place| place.file.is_some());
        if places.len() > 1 {
            self.chart_level = Some(self.level(None, CHART_DEFAULTS, 0));
        }
        for place in places {
            let own = (!is_split).then(|| self.level(self.chart_level, DEFAULTS, 0));
            self.of_document.push(own);
            for top in place.tops.iter().filter(|top| has_defaults(top.kind())) {
                let level = self.level(own.or(self.chart_level), DEFAULTS, 4);
                self.of_top.insert(top, level);
            }
        }
    }

    fn level(&mut self, parent: Option<usize>, key: &str, indent: usize) -> usize {
        let section = self
            .tables
            .iter()
            .filter_map(|table| table.kind.place.defaults);
        let section = section.map(|key| key.name.len()).max().unwrap_or_default();
        let opening = 2 * indent + key.len() + section + ":\n  : {  }\n".len() - ", ".len();
        self.levels.push(Level { parent, opening });
        self.levels.len() - 1
    }

    /// Chooses how items are written, from how often each is written now.
    fn name_items(&mut self, sources: &[&str]) {
        let mut items = BTreeMap::new();
        for table in &self.tables {
            for (at, slot) in table.slots.iter().enumerate() {
                let Some(child) = slot.child else { continue };
                let counts = table.written(at, self);
                let mut uses: Vec<(&Map<String, Value>, usize)> = Vec::new();
                for (value, count) in table.values[at].iter().zip(counts) {
                    let used = items_of(child, value).filter(|_| count > 0);
                    uses.extend(used.map(|item| (item, count)));
                }
                items.insert(child, Items::choose(child, &uses, sources));
            }
        }
        self.items = items;
    }

    fn set_defaults(&mut self) {
        let choose = |table: &Table<'_>| {
            let columns = (0..table.slots.len()).map(|at| table.column(at, self));
            defaults::choose(&self.levels, &columns.collect::<Vec<Column>>())
        };
        let chosen: Vec<Settings> = self.tables.iter().map(choose).collect();
        for (table, settings) in self.tables.iter_mut().zip(chosen) {
            table.settings = settings;
        }
    }

    /// The value of a key as it is written.
    pub(super) fn node(&self, slot: &Slot, value: &Value) -> Node {
        let plain = Map::new();
        let item = |kind: &'static Kind, value: &Value| {
            let item = value.as_object().unwrap_or(&plain);
            match self.items.get(kind) {
                Some(items) => items.node(item),
                None => Items::choose(kind, &[], &[]).node(item),
            }
        };
        match (slot.child, value) {
            (Some(kind), Value::Array(list)) => {
                Node::List(list.iter().map(|value| item(kind, value)).collect())
            }
            (Some(kind), Value::Object(_)) => item(kind, value),
            _ => Node::of(value),
        }
    }

    /// What a level says or inherits about a slot.
    fn given(&self, settings: &[Setting], level: Option<usize>) -> Option<usize> {
        let above = std::iter::successors(level, |at| self.levels[*at].parent);
        above
            .filter_map(|at| match settings.get(at) {
                Some(Setting::Is(value)) => Some(*value),
                _ => None,
            })
            .next()
    }
}

impl<'c> Table<'c> {
    fn of(chart: &'c Chart, kind: &'static Kind) -> Table<'c> {
        let slots = slots(kind);
        let mut known: Vec<BTreeMap<String, usize>> = vec![BTreeMap::new(); slots.len()];
        let mut all: Vec<Vec<Value>> = vec![Vec::new(); slots.len()];
        let mut entries = Vec::new();
        for address in chart.resources.keys().filter(|it| it.kind() == kind) {
            let mut row = Vec::with_capacity(slots.len());
            for (at, value) in values(chart, address, &slots).into_iter().enumerate() {
                row.push(value.map(|value| {
                    *known[at].entry(value.to_string()).or_insert_with(|| {
                        all[at].push(value);
                        all[at].len() - 1
                    })
                }));
            }
            entries.push((address, row));
        }
        let settings = vec![Vec::new(); slots.len()];
        Table {
            kind,
            slots,
            entries,
            values: all,
            settings,
        }
    }

    /// The entries below a top-level resource.
    pub(super) fn entries_below(
        &self,
        top: &Address,
    ) -> impl Iterator<Item = &(&'c Address, Vec<Option<usize>>)> {
        let start = self.entries.partition_point(|(address, _)| *address < top);
        let parts = top.parts().to_vec();
        self.entries[start..]
            .iter()
            .take_while(move |(address, _)| address.parts().starts_with(&parts))
    }

    /// What a level says itself.
    pub(super) fn set_at(&self, level: usize) -> impl Iterator<Item = (&Slot, &Value)> {
        let rows = self.slots.iter().zip(&self.settings).zip(&self.values);
        rows.filter_map(
            move |((slot, settings), values)| match settings.get(level) {
                Some(Setting::Is(value)) => Some((slot, &values[*value])),
                _ => None,
            },
        )
    }

    /// The slots of an entry that differ from what it inherits. `None`: not managed.
    pub(super) fn differing<'a>(
        &'a self,
        level: Option<usize>,
        values: &[Option<usize>],
        style: &Style<'_>,
    ) -> Vec<(&'a Slot, Option<&'a Value>)> {
        let slots = self.slots.iter().enumerate().zip(values);
        slots
            .filter(|((at, _), value)| **value != style.given(&self.settings[*at], level))
            .map(|((at, slot), value)| (slot, value.map(|value| &self.values[at][value])))
            .collect()
    }

    /// How often each value of a slot is written, in entries and in `defaults`.
    fn written(&self, at: usize, style: &Style<'_>) -> Vec<usize> {
        let mut counts = vec![0; self.values[at].len()];
        let settings = &self.settings[at];
        for (address, values) in &self.entries {
            let given = style.given(settings, style.level_of(address));
            if let Some(value) = values[at].filter(|value| Some(*value) != given) {
                counts[value] += 1;
            }
        }
        for setting in settings {
            if let Setting::Is(value) = setting {
                counts[*value] += 1;
            }
        }
        counts
    }

    fn column(&self, at: usize, style: &Style<'_>) -> Column {
        let slot = &self.slots[at];
        let is_default = |value: &Value| {
            let is_special = slot.is_remark && value.as_str().is_some_and(|text| !text.is_empty());
            slot.is_inherited && !is_special
        };
        let entries = self.entries.iter();
        Column {
            entries: entries
                .filter_map(|(address, values)| Some((style.level_of(address)?, values[at])))
                .collect(),
            lengths: self.values[at]
                .iter()
                .map(|value| field_length(slot.name, &style.node(slot, value)))
                .collect(),
            is_default: self.values[at].iter().map(is_default).collect(),
            stop: field_length(slot.name, &Node::Scalar(Value::Null)),
        }
    }
}

impl Style<'_> {
    /// The level that an entry inherits from.
    fn level_of(&self, address: &Address) -> Option<usize> {
        self.of_top.get(&address.parent()?).copied()
    }
}

/// Whether the entries of a kind can have `defaults`.
fn has_defaults(kind: &'static Kind) -> bool {
    let mut keys = kind.place.entry().into_iter().flat_map(Record::keys);
    keys.any(|key| key.name == DEFAULTS)
}
