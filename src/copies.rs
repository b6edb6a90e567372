//! What is known about copies: which rules are compared with their targets, the items at sources
//! and targets, and whether the targets exist.
//!
//! Values only. `refresh` reads them, `plan::copies` compares them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{address::Address, kind::Item};

/// Which rules are compared with their targets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Wanted {
    #[default]
    Nothing,
    /// Every rule of the chart.
    All,
    /// These rules of the chart.
    Of(BTreeSet<Address>),
}

impl Wanted {
    pub fn holds(&self, rule: &Address) -> bool {
        match self {
            Wanted::Nothing => false,
            Wanted::All => true,
            Wanted::Of(rules) => rules.contains(rule),
        }
    }
}

/// The items at the sources and the targets of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// By what contains them. What does not exist contains nothing.
    pub held: BTreeMap<Address, Held>,
    /// Why it is not known what these contain, as a clause.
    pub unread: BTreeMap<Address, String>,
}

/// What a source or a target contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// The names, as the list of the parents has them. Sorted.
    Named(Vec<Box<str>>),
    /// The items, as their own list has them. Sorted by name.
    Listed(Vec<Item>),
}

impl Held {
    pub fn len(&self) -> usize {
        match self {
            Held::Named(names) => names.len(),
            Held::Listed(items) => items.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names in order.
    pub fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Held::Named(names) => Box::new(names.iter().map(|name| &**name)),
            Held::Listed(items) => Box::new(items.iter().map(|item| item.name.as_str())),
        }
    }

    pub fn contains(&self, name: &str) -> bool {
        match self {
            Held::Named(names) => names.binary_search_by(|it| (**it).cmp(name)).is_ok(),
            Held::Listed(items) => items
                .binary_search_by(|it| it.name.as_str().cmp(name))
                .is_ok(),
        }
    }
}

/// Whether the place that a rule copies to exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    There,
    /// The list of its region lacks it, and its own read says that it does not exist.
    Missing,
    /// Not known, and why, as a clause.
    NotLookedAt(Arc<str>),
}
