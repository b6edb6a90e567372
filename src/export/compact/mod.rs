//! A chart as a person would write it: common values in `defaults`, repeated destinations under a
//! name, and no key that says what is inherited anyway.
//!
//! Pure. Decoding the documents gives the same desired state: only the way of saying it is chosen
//! here. How a value is quoted and where lines break is the renderer's.

mod defaults;
mod items;
mod slots;
mod style;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{
    slots::{slots, values},
    style::{CHART_DEFAULTS, DEFAULTS, Style, Table},
};
use super::tree::Node;
use crate::{
    address::Address,
    config::grammar::VERSION,
    kind::{Kind, REGISTRY},
    state::Chart,
};

/// The name of the file with what all others share. No organization can have it.
const SHARED_FILE: &str = "_chart";

/// How the documents are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One file, with a document for each region.
    One,
    /// A file for each organization, and one for what they share.
    Split,
}

/// A file of a chart.
#[derive(Debug)]
pub struct File {
    /// Without its ending. `None`: the only one.
    pub name: Option<String>,
    pub documents: Vec<Node>,
    /// What it is about. The first file is about everything else too.
    pub tops: BTreeSet<Address>,
}

/// The files of a chart whose resources are all present. Only resources count: a chart of the live
/// state has nothing else.
pub fn files(chart: &Chart, layout: Layout) -> Vec<File> {
    let places = places(chart, layout);
    let style = Style::choose(chart, &places);
    let mut files: Vec<File> = Vec::new();
    for (at, place) in places.iter().enumerate() {
        let document = style.document(chart, place, at);
        if files.last().is_none_or(|file| file.name != place.file) {
            files.push(File {
                name: place.file.clone(),
                documents: Vec::new(),
                tops: BTreeSet::new(),
            });
        }
        if let Some(file) = files.last_mut() {
            file.documents.push(document);
            file.tops
                .extend(place.tops.iter().map(|top| (*top).clone()));
        }
    }
    files
}

/// A document, before it is written.
struct Place<'c> {
    file: Option<String>,
    region: &'c Arc<str>,
    tops: Vec<&'c Address>,
}

fn places(chart: &Chart, layout: Layout) -> Vec<Place<'_>> {
    let tops = chart.resources.keys();
    let tops = tops.filter(|address| address.kind().parent.is_none());
    let file = |top: &Address| match layout {
        Layout::One => None,
        Layout::Split if top.kind().lookup().is_some() => {
            Some(format!("_{}", top.kind().place.key.name))
        }
        Layout::Split => Some(own_name(top)),
    };
    let mut places = BTreeMap::<(Option<String>, &Arc<str>), Vec<&Address>>::new();
    for top in tops {
        places
            .entry((file(top), top.region()))
            .or_default()
            .push(top);
    }
    let mut places: Vec<Place<'_>> = places
        .into_iter()
        .map(|((file, region), tops)| Place { file, region, tops })
        .collect();
    if let (Layout::Split, Some(region)) = (layout, chart.regions.first()) {
        places.insert(
            0,
            Place {
                file: Some(SHARED_FILE.to_owned()),
                region,
                tops: Vec::new(),
            },
        );
    }
    places
}

/// The name of an entry in its mapping.
fn own_name(address: &Address) -> String {
    let above = address.kind().parent.map_or(1, |parent| parent.key.len());
    address.parts()[above..].join("/")
}

/// What a document asks of the checks: the errors that its values would be.
type Waivers = BTreeSet<&'static str>;

impl Style<'_> {
    fn document(&self, chart: &Chart, place: &Place<'_>, at: usize) -> Node {
        let mut waivers = Waivers::new();
        let mut groups = vec![vec![
            ("version".to_owned(), Node::Scalar(VERSION.into())),
            ("region".to_owned(), Node::Scalar((&**place.region).into())),
        ]];
        if at == 0 {
            groups.extend(self.definitions());
        }
        let mut defaults = Vec::new();
        if let Some(level) = self.chart_level.filter(|_| at == 0) {
            defaults.extend(self.defaults(CHART_DEFAULTS, Some(level), true, &mut waivers));
        }
        let own = self.of_document[at];
        let is_all = at == 0 && self.chart_level.is_none();
        defaults.extend(self.defaults(DEFAULTS, own, is_all, &mut waivers));
        groups.push(defaults);
        let kinds = REGISTRY.iter().filter(|kind| kind.parent.is_none());
        for kind in kinds {
            let tops = place.tops.iter().filter(|top| top.kind() == *kind);
            let entries: Vec<(String, Node)> = tops
                .map(|top| (own_name(top), self.top(chart, top, &mut waivers)))
                .collect();
            if !entries.is_empty() {
                let entries = Node::Entries(apart(entries));
                groups.push(vec![(kind.place.key.name.to_owned(), entries)]);
            }
        }
        if !waivers.is_empty() {
            let codes = waivers.into_iter().map(|code| Node::Scalar(code.into()));
            let allow = vec![("allow".to_owned(), Node::List(codes.collect()))];
            groups.push(vec![("lints".to_owned(), Node::Fields(allow))]);
        }
        groups.retain(|group| !group.is_empty());
        Node::Entries(groups)
    }

    /// The definitions of all kinds, a group each.
    fn definitions(&self) -> impl Iterator<Item = Vec<(String, Node)>> {
        self.items.iter().filter_map(|(kind, items)| {
            let definitions = items.definitions();
            let key = kind.place.shared?.name.to_owned();
            (!definitions.is_empty()).then(|| vec![(key, Node::lines(definitions))])
        })
    }

    /// The `defaults` of a level. `is_all`: also what holds for the items of all lists.
    fn defaults(
        &self,
        key: &str,
        level: Option<usize>,
        is_all: bool,
        waivers: &mut Waivers,
    ) -> Option<(String, Node)> {
        let mut sections = Vec::new();
        for table in &self.tables {
            let values = level.into_iter().flat_map(|level| table.set_at(level));
            let fields: Vec<(String, Node)> = values
                .map(|(slot, value)| {
                    waivers.extend(slots::waived(slot, value));
                    (slot.name.to_owned(), self.node(slot, value))
                })
                .collect();
            sections.extend(section(table.kind, fields));
        }
        for (kind, items) in self.items.iter().filter(|_| is_all) {
            let fields = items.defaults.iter();
            let fields = fields.map(|(name, value)| (name.clone(), Node::of(value)));
            sections.extend(section(kind, fields.collect()));
        }
        (!sections.is_empty()).then(|| (key.to_owned(), Node::lines(sections)))
    }

    /// The entry of a top-level resource.
    fn top(&self, chart: &Chart, top: &Address, waivers: &mut Waivers) -> Node {
        let mut fields = Vec::new();
        if let Some(level) = self.of_top.get(top) {
            fields.extend(self.defaults(DEFAULTS, Some(*level), false, waivers));
        }
        let own = slots(top.kind());
        for (slot, value) in own.iter().zip(values(chart, top, &own)) {
            if let Some(value) = value {
                waivers.extend(slots::waived(slot, &value));
                fields.push((slot.name.to_owned(), self.node(slot, &value)));
            }
        }
        for table in &self.tables {
            let entries = table.entries_below(top).map(|(address, values)| {
                (own_name(address), self.entry(table, top, values, waivers))
            });
            let entries: Vec<(String, Node)> = entries.collect();
            if !entries.is_empty() {
                let key = table.kind.place.key.name.to_owned();
                fields.push((key, Node::Entries(grouped(entries))));
            }
        }
        match fields.is_empty() {
            true => Node::Nothing,
            // With entries of its own, each has its line.
            false if self.of_top.contains_key(top) => Node::lines(fields),
            false => Node::Fields(fields),
        }
    }

    /// An entry, without what it inherits.
    fn entry(
        &self,
        table: &Table<'_>,
        top: &Address,
        values: &[Option<usize>],
        waivers: &mut Waivers,
    ) -> Node {
        let mut fields = Vec::new();
        for (slot, value) in table.differing(self.of_top.get(top).copied(), values, self) {
            waivers.extend(value.and_then(|value| slots::waived(slot, value)));
            let node = value.map_or(Node::Scalar(().into()), |value| self.node(slot, value));
            fields.push((slot.name.to_owned(), node));
        }
        match fields.is_empty() {
            true => Node::Nothing,
            false => Node::Fields(fields),
        }
    }
}

/// The section of a kind in `defaults`.
fn section(kind: &Kind, fields: Vec<(String, Node)>) -> Option<(String, Node)> {
    let key = kind.place.defaults?.name.to_owned();
    (!fields.is_empty()).then(|| (key, Node::Fields(fields)))
}

/// Entries with something in them stand apart from each other.
fn apart(entries: Vec<(String, Node)>) -> Vec<Vec<(String, Node)>> {
    let mut groups: Vec<Vec<(String, Node)>> = Vec::new();
    let is_large = |node: &Node| matches!(node, Node::Entries(_));
    for entry in entries {
        let is_near = |group: &Vec<(String, Node)>| {
            group
                .last()
                .is_some_and(|last| !is_large(&last.1) && !is_large(&entry.1))
        };
        match groups.last_mut().filter(|group| is_near(group)) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups
}

/// Entries whose names begin with the same segment, as groups; before them those that are alone.
fn grouped(entries: Vec<(String, Node)>) -> Vec<Vec<(String, Node)>> {
    let mut alone = Vec::new();
    let mut groups = BTreeMap::<String, Vec<(String, Node)>>::new();
    for (name, node) in entries {
        match name.split_once('/') {
            Some((group, _)) => groups
                .entry(group.to_owned())
                .or_default()
                .push((name, node)),
            None => alone.push((name, node)),
        }
    }
    let (single, several): (Vec<_>, Vec<_>) =
        groups.into_values().partition(|group| group.len() == 1);
    alone.extend(single.into_iter().flatten());
    alone.sort_by(|one, other| one.0.cmp(&other.0));
    let alone = (!alone.is_empty()).then_some(alone);
    alone.into_iter().chain(several).collect()
}
