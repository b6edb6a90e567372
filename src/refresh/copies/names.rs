//! Collects the names of items from the pages of lists, where a comparison needs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{address::Address, kind::Kind, state::LiveResource, wire::Response};

/// The names by what contains them. `None` where a page does not have all of them.
pub(in crate::refresh) type Found = BTreeMap<Address, Option<Vec<Box<str>>>>;

/// The names of the items of these resources.
#[derive(Debug, Default)]
pub(in crate::refresh) struct Names {
    wanted: BTreeSet<Address>,
    found: Mutex<Found>,
}

impl Names {
    pub(in crate::refresh) fn of(wanted: BTreeSet<Address>) -> Names {
        Names {
            wanted,
            found: Mutex::default(),
        }
    }

    /// Takes the names from a page of the list of such resources. A later page that has a resource
    /// again is newer.
    pub(in crate::refresh) fn page(
        &self,
        kind: &Kind,
        region: &Arc<str>,
        response: &Response,
        items: &[(Address, LiveResource)],
    ) {
        // Otherwise nothing of the response is kept or decoded.
        let (false, Some(holds)) = (self.wanted.is_empty(), kind.holds) else {
            return;
        };
        let mut names: BTreeMap<Address, Vec<Box<str>>> =
            (holds.named)(region, response).into_iter().collect();
        let wanted = items.iter().filter(|(it, _)| self.wanted.contains(it));
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.extend(wanted.map(|(it, _)| (it.clone(), names.remove(it))));
    }

    /// What was found so far.
    pub(in crate::refresh) fn take(&self) -> Found {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *found)
    }
}
