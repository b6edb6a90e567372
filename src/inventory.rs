//! What is live, and whether the chart lists it: the rows of `list`.
//!
//! Pure: `refresh` reads the live state, `render` prints the rows.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::{
    address::Address,
    kind::{Kind, REGISTRY, Unmentioned, fact::Fact},
    pattern::Pattern,
    scope,
    state::{Chart, LiveResource},
};

/// Live resources, with their sizes in bytes where the service states them.
#[derive(Debug, Clone, Default)]
pub struct Stock {
    pub resources: BTreeMap<Address, LiveResource>,
    pub sizes: BTreeMap<Address, u64>,
    /// The regions of which a list could not be read: what is in an organization is unknown.
    pub unread: BTreeSet<Arc<str>>,
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    pub address: Address,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub attributes: IndexMap<&'static str, Value>,
    /// Counts of what it contains. Null where the service does not state one.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub facts: IndexMap<&'static str, Option<u64>>,
    /// Null without a chart.
    pub listed: Option<Listed>,
}

impl Row {
    pub fn fact(&self, fact: &Fact) -> Option<u64> {
        self.facts.get(fact.name).copied().flatten()
    }
}

/// What the chart says about a live resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// It has an entry.
    Declared,
    /// Its entry says that it shall not exist.
    Absent,
    /// A rule of the chart makes it.
    ExpectedCopy,
    /// Rules of the chart copy into it.
    Target,
    /// It is in a list that the chart does not manage.
    Unmanaged,
    /// No file lists it.
    Unlisted,
}

impl Listed {
    pub const ALL: [Listed; 6] = [
        Listed::Declared,
        Listed::Absent,
        Listed::ExpectedCopy,
        Listed::Target,
        Listed::Unmanaged,
        Listed::Unlisted,
    ];

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Listed::Declared => "declared",
            Listed::Absent => "absent",
            Listed::ExpectedCopy => "expected copy",
            Listed::Target => "target",
            Listed::Unmanaged => "unmanaged",
            Listed::Unlisted => "unlisted",
        }
    }
}

/// What a chart says about addresses.
struct Charted<'c> {
    chart: &'c Chart,
    copies: BTreeSet<Address>,
    /// What contains the copies.
    targets: BTreeSet<Address>,
}

impl Charted<'_> {
    fn of(chart: &Chart) -> Charted<'_> {
        let copies = scope::expected_copies(chart);
        Charted {
            chart,
            targets: copies.iter().filter_map(Address::parent).collect(),
            copies,
        }
    }

    fn listed(&self, address: &Address) -> Listed {
        if let Some(desired) = self.chart.resources.get(address) {
            return match desired.is_absent() {
                true => Listed::Absent,
                false => Listed::Declared,
            };
        }
        if self.copies.contains(address) {
            return Listed::ExpectedCopy;
        }
        if self.targets.contains(address) {
            return Listed::Target;
        }
        let kind = address.kind();
        let parent = address.parent();
        let parent = parent.and_then(|parent| self.chart.resources.get(&parent));
        let is_managed = parent.is_some_and(|parent| parent.children.of(kind).is_some());
        match kind.unmentioned {
            Unmentioned::ListIsComplete if !is_managed => Listed::Unmanaged,
            _ => Listed::Unlisted,
        }
    }
}

/// The resources without a parent, with the totals of what is in them.
pub fn tops(stock: &Stock, chart: Option<&Chart>) -> Vec<Row> {
    let charted = chart.map(Charted::of);
    let all = stock.resources.keys();
    all.filter(|address| address.kind().holds_unlisted())
        .map(|top| Row {
            facts: totals(stock, top),
            ..row(stock, top, charted.as_ref())
        })
        .collect()
}

/// The resources in others that the pattern covers, and those that contain one of them.
pub fn below(stock: &Stock, chart: Option<&Chart>, pattern: Option<&Pattern>) -> Vec<Row> {
    let charted = chart.map(Charted::of);
    let all = stock.resources.keys();
    let covered: BTreeSet<&Address> = all
        .filter(|address| pattern.is_none_or(|pattern| pattern.covers(address)))
        .collect();
    let parents: BTreeSet<Address> = covered.iter().filter_map(|it| it.parent()).collect();
    let all = stock.resources.keys();
    all.filter(|it| covered.contains(it) || parents.contains(it))
        .filter(|it| it.kind().parent.is_some())
        .map(|address| row(stock, address, charted.as_ref()))
        .collect()
}

fn row(stock: &Stock, address: &Address, charted: Option<&Charted<'_>>) -> Row {
    let found = stock.resources.get(address);
    let attributes = found.into_iter().flat_map(|found| &found.attributes);
    let mut facts = IndexMap::new();
    if let Some(holds) = address.kind().holds {
        let held = found.and_then(|found| address.kind().held(found));
        facts.insert(holds.fact.name, held);
        if !stock.sizes.is_empty() {
            facts.insert(holds.size.name, stock.sizes.get(address).copied());
        }
    }
    Row {
        address: address.clone(),
        attributes: attributes
            .map(|(name, value)| (*name, value.clone()))
            .collect(),
        facts,
        listed: charted.map(|charted| charted.listed(address)),
    }
}

/// The number of what is in a resource, and the sums over it: unknown if one of them is.
fn totals(stock: &Stock, top: &Address) -> IndexMap<&'static str, Option<u64>> {
    let mut facts = IndexMap::new();
    let Some(block) = top.kind().blocked_by() else {
        return facts;
    };
    // Sorted by key, so what is inside follows the resource itself.
    let behind = stock.resources.range(top.clone()..);
    let inside = behind.take_while(|(it, _)| it.parts().starts_with(top.parts()));
    let (mut count, mut held, mut size) = (0, Some(0), Some(0));
    let mut holds = None;
    let is_counted = |it: &Address| it.parent().as_ref() == Some(top) && it.kind().holds.is_some();
    for (it, found) in inside.filter(|(it, _)| is_counted(it)) {
        count += 1;
        held = sum(held, it.kind().held(found));
        size = sum(size, stock.sizes.get(it).copied());
        holds = it.kind().holds;
    }
    let is_read = !stock.unread.contains(top.region());
    let known = |number: Option<u64>| number.filter(|_| is_read);
    let holding = || top.kind().children().find_map(|child| child.holds);
    facts.insert(block.fact.name, known(Some(count)));
    if let Some(holds) = holds.or_else(holding) {
        facts.insert(holds.fact.name, known(held));
        if !stock.sizes.is_empty() {
            facts.insert(holds.size.name, known(size));
        }
    }
    facts
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

/// The sum of a fact over rows that have it; `None` if one of them is unknown.
pub fn total(rows: &[Row], fact: &Fact) -> Option<u64> {
    let with_it = rows.iter().filter_map(|row| row.facts.get(fact.name));
    with_it
        .copied()
        .try_fold(0_u64, |all, one| Some(all.saturating_add(one?)))
}

/// The kinds of rules: resources because of which the service copies what their parent contains.
pub fn rules() -> BTreeSet<&'static Kind> {
    let kinds = REGISTRY.iter().copied();
    kinds.filter(|kind| kind.copying.is_some()).collect()
}

/// Whether a pattern names something inside of what has no parent, and so its rules are listed
/// without being asked for.
pub fn reaches_inside(pattern: &Pattern) -> bool {
    pattern.place().split('/').count() > 2 || pattern.names_kind_of(&rules())
}
