//! Kinds whose resources let the service delete what their parent contains, such as old images.
//!
//! The service does not say what it would delete. So a plan counts it from the list of the
//! contents, and `apply` counts again right before the write.

use super::{Page, Undecodable, Window};
use crate::{
    address::Address,
    diagnostics::Diagnostic,
    state::Attributes,
    time::Moment,
    wire::{Request, Response},
};

/// How the resources of a kind delete what their parent contains.
#[derive(Debug)]
pub struct Collects {
    /// What a change can delete, as far as the two states show it without the list. `before` is
    /// `None` for a new resource. `held` is the number of items in the parent, if it is known.
    pub reach: fn(before: Option<&Attributes>, after: &Attributes, held: Option<u64>) -> Reach,
    /// The largest page of the list.
    pub page_size: usize,
    /// The list of the items in the parent.
    pub request: fn(parent: &Address, window: Window) -> Request,
    pub decode: fn(response: &Response) -> Result<Page<Item>, Undecodable>,
    /// What a resource with these attributes would delete now.
    pub count: fn(after: &Attributes, items: &[Item], now: Moment) -> Count,
    /// Singular and plural of the items: `tag`, `tags`.
    pub words: (&'static str, &'static str),
    /// What is probably not meant in an entry of the chart.
    pub doubts: fn(entry: &Attributes) -> Vec<Diagnostic>,
}

/// What a change can delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nothing that would stay without the change.
    Nothing,
    /// Nothing of what is there now.
    Later,
    /// Maybe something that is there now. Only the list of the items shows how much.
    Now,
}

/// One item that a parent contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    /// When it was last written. `None` if the service gives no readable time.
    pub since: Option<Moment>,
}

/// The items of a parent, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// What would go, the oldest first. Where the rules of the service are not documented: under
    /// the reading by which most goes.
    pub going: Vec<String>,
    /// What would stay under every reading, sorted.
    pub staying: Vec<String>,
    /// What would go only under the other reading.
    pub doubtful: Vec<String>,
}

impl Count {
    /// Whether the item exists.
    pub(crate) fn is_there(&self, name: &str) -> bool {
        let is = |other: &String| other == name;
        self.staying
            .binary_search_by(|other| other.as_str().cmp(name))
            .is_ok()
            || self.going.iter().any(is)
            || self.doubtful.iter().any(is)
    }

    /// The number of items.
    pub(crate) fn all(&self) -> usize {
        self.staying.len() + self.going.len() + self.doubtful.len()
    }
}
