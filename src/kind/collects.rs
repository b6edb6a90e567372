//! Kinds whose resources let the service delete what their parent contains, such as old images.
//!
//! The service does not say what it would delete. So a plan counts it from the list of the
//! contents, and `apply` counts again right before the write.

use super::{Item, ItemList};
use crate::{diagnostics::Diagnostic, state::Attributes, time::Moment};

/// How the resources of a kind delete what their parent contains.
#[derive(Debug)]
pub struct Collects {
    /// What a change can delete, as far as the two states show it without the list. `before` is
    /// `None` for a new resource. `held` is the number of items in the parent, if it is known.
    pub reach: fn(before: Option<&Attributes>, after: &Attributes, held: Option<u64>) -> Reach,
    /// The list of the items in the parent.
    pub list: &'static ItemList,
    /// What a resource with these attributes would delete now.
    pub count: fn(after: &Attributes, items: &[Item], now: Moment) -> Count,
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
    /// What may go in place of another, because both are of the same or of unknown age.
    pub instead: Vec<String>,
    /// Nothing of it can go before something else comes.
    pub is_harmless: bool,
}

impl Count {
    /// The number of items.
    pub(crate) fn all(&self) -> usize {
        self.staying.len() + self.going.len() + self.doubtful.len() + self.instead.len()
    }
}
