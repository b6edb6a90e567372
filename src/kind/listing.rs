//! How live resources of a kind are found, and the content of one list response.

use std::sync::Arc;

use super::Undecodable;
use crate::{
    address::Address,
    mask::Mask,
    state::{LiveResource, RemoteId},
    time::Moment,
    wire::{Request, Response},
};

/// How live resources of a kind are found.
#[derive(Debug)]
pub enum Listing {
    /// All resources of a region, in one response or in pages of at most this size. Pages overlap
    /// or shrink if another client writes meanwhile.
    PerRegion {
        page_size: Option<usize>,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
    },
    /// One response for each resource of the parent kind.
    PerParent {
        request: fn(parent: &Address) -> Request,
        decode: fn(parent: &Address, response: &Response) -> Result<Page, Undecodable>,
    },
    /// One response for each resource of the parent kind that a list of the region names. Others
    /// have none, and need no request.
    PerListedParent {
        parents: Parents,
        request: fn(parent: &Address) -> Request,
        decode: fn(parent: &Address, response: &Response) -> Result<Page, Undecodable>,
    },
    /// At most one for each resource of the parent kind, so it has the parent's key. Its own read
    /// is also its list.
    Single,
    /// One response for each resource that the chart declares, by its id. The id is in the chart,
    /// or is found in a list of candidates.
    PerId {
        page_size: usize,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(response: &Response) -> Result<Page<Candidate>, Undecodable>,
    },
}

/// The paged list of the parents in a region that have resources of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Parents {
    pub page_size: usize,
    pub request: fn(region: &Arc<str>, window: Window) -> Request,
    pub decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
    /// What is true of a parent in the list, as a clause: `it is shared with other accounts`.
    pub about: &'static str,
    /// The length of a response for one parent from which on it may be incomplete.
    pub longest: usize,
}

/// The paged list of the children of one resource.
#[derive(Debug, Clone, Copy)]
pub struct ContentList {
    pub page_size: usize,
    /// May return more than that.
    pub request: fn(of: &Address, window: Window) -> Request,
    pub decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
}

/// The paged list of what a resource contains that is no managed resource, such as tags.
#[derive(Debug)]
pub struct ItemList {
    pub page_size: usize,
    pub request: fn(parent: &Address, window: Window) -> Request,
    pub decode: fn(response: &Response) -> Result<Page<Item>, Undecodable>,
    /// Singular and plural of the items: `tag`, `tags`.
    pub words: (&'static str, &'static str),
}

/// One item that a resource contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    /// When it was last written. `None` if the service gives no readable time.
    pub since: Option<Moment>,
    /// Identifies the content of the item.
    pub digest: Option<String>,
}

/// A live object that an entry of the chart could mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub id: RemoteId,
    /// The parts of the key behind the region.
    pub key: Vec<String>,
}

/// The part of a list that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub offset: usize,
    pub limit: usize,
}

impl Window {
    /// The first page of a list.
    pub fn first(limit: usize) -> Window {
        Window { offset: 0, limit }
    }

    /// The offset of the next page.
    pub fn end(self) -> usize {
        // A list without pages is requested with the largest possible limit.
        self.offset.saturating_add(self.limit)
    }
}

/// The content of one list response.
#[derive(Debug)]
pub struct Page<T = (Address, LiveResource)> {
    pub items: Vec<T>,
    /// The number of items in the response, undecodable ones included. Decides whether another page
    /// follows.
    pub length: usize,
    /// The total, as the service reports it.
    pub total: Option<usize>,
    /// The account that owns the items, if the response names it.
    pub account: Option<String>,
    /// Why the response may be incomplete.
    pub doubt: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Page<T> {
        Page {
            items: Vec::new(),
            length: 0,
            total: None,
            account: None,
            doubt: None,
        }
    }
}

impl Page {
    /// Masks the secrets of the items.
    pub fn hidden(mut self, mask: &Mask) -> Page {
        for (address, live) in &mut self.items {
            live.hidden = address.kind().hide(mask, &mut live.attributes);
        }
        self
    }
}
