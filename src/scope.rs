//! Ownership: which live resources that the chart does not name are the chart's business.
//!
//! Decided before anything is compared, from the two states alone. A resource that is nobody's business here
//! never reaches the diff.

use std::collections::BTreeSet;

use crate::{
    address::Address,
    diagnostics::Source,
    kind::{repository, sync_rule},
    pattern::Pattern,
    state::{Chart, Live, UnlistedPolicy},
};

/// The part of the world that a run is about; everything, unless somebody chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only what one of these covers; all, if there are none.
    pub targets: Vec<Pattern>,
    /// Nothing that one of these covers.
    pub excludes: Vec<Pattern>,
}

impl Selection {
    pub fn is_partial(&self) -> bool {
        !(self.targets.is_empty() && self.excludes.is_empty())
    }

    pub fn holds(&self, address: &Address) -> bool {
        let covers = |pattern: &Pattern| pattern.covers(address);
        (self.targets.is_empty() || self.targets.iter().any(covers)) && !self.excludes.iter().any(covers)
    }

    /// The chart without what was not chosen. What a chosen resource lives in stays: without it there is nothing
    /// to make the resource in.
    #[must_use]
    pub fn narrow(&self, chart: &Chart) -> Chart {
        let mut narrowed = chart.clone();
        if self.is_partial() {
            let mut needed = BTreeSet::new();
            for address in chart.resources.keys().filter(|address| self.holds(address)) {
                needed.insert(address.clone());
                let mut parent = address.parent();
                while let Some(address) = parent {
                    parent = address.parent();
                    needed.insert(address);
                }
            }
            narrowed
                .resources
                .retain(|address, desired| needed.contains(address) && (self.holds(address) || !desired.is_absent()));
        }
        narrowed
    }
}

/// A live resource that is not in the chart, though the chart speaks of what it lives in.
#[derive(Debug, Clone, PartialEq)]
pub struct Surplus<'a> {
    pub address: &'a Address,
    pub disposition: Disposition<'a>,
}

/// What is to happen to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Disposition<'a> {
    /// An unlisted repository is told of, and stays.
    Report,
    /// An unlisted repository goes, as this line says.
    DeleteUnlisted(&'a Source),
    /// A rule goes: the list on this line is the whole truth.
    DeleteUndeclared(&'a Source),
    /// It lives in an organization that shall go.
    Blocks,
}

/// The repositories that rules of the chart make the service create: the same name in the target.
pub fn expected_copies(chart: &Chart) -> BTreeSet<Address> {
    let copy = |rule: &Address| {
        let part = |name| rule.part(name).cloned();
        Some(repository::address(part("target_region")?, part("target_organization")?, part("repository")?))
    };
    let rules = chart.resources.keys().filter(|address| address.kind().name == sync_rule::SYNC_RULE.name);
    rules.filter_map(copy).collect()
}

/// Everything live that the chart does not name but must decide about, in address order. `copies` are those of
/// the whole chart, however little of it was chosen.
pub fn surplus<'a>(chart: &'a Chart, copies: &BTreeSet<Address>, live: &'a Live) -> Vec<Surplus<'a>> {
    let undeclared = live.resources.keys().filter(|address| !chart.resources.contains_key(address));
    undeclared
        .filter_map(|address| Some(Surplus { address, disposition: disposition(chart, copies, address)? }))
        .collect()
}

fn disposition<'a>(chart: &'a Chart, copies: &BTreeSet<Address>, address: &Address) -> Option<Disposition<'a>> {
    let parent = address.parent()?;
    let declared = chart.resources.get(&parent)?;
    if address.kind().name == sync_rule::SYNC_RULE.name {
        // Rules go along with a repository that goes.
        let list = declared.children.as_ref().filter(|_| !declared.is_absent())?;
        return Some(Disposition::DeleteUndeclared(list));
    }
    if declared.is_absent() {
        return Some(Disposition::Blocks);
    }
    if copies.contains(address) {
        return None;
    }
    match chart.unlisted.get(&parent)? {
        UnlistedPolicy::Ignore => None,
        UnlistedPolicy::Report => Some(Disposition::Report),
        UnlistedPolicy::Delete(source) => Some(Disposition::DeleteUnlisted(source)),
    }
}

/// The repositories whose rules must be read: they exist, stay, and their rules are managed.
pub fn with_managed_rules(chart: &Chart, live: &Live) -> Vec<Address> {
    let wanted = chart.resources.iter().filter(|(address, desired)| {
        desired.children.is_some() && !desired.is_absent() && live.resources.contains_key(address)
    });
    wanted.map(|(address, _)| address.clone()).collect()
}
