//! How live resources of a kind are found, and what one answer of a list holds.

use std::sync::Arc;

use super::Undecodable;
use crate::{
    address::Address,
    mask::Mask,
    state::{LiveResource, RemoteId},
    wire::{Request, Response},
};

/// How live resources of a kind are found.
#[derive(Debug)]
pub enum Listing {
    /// All of a region: in one answer, or so many a page at most. Pages overlap or shrink when
    /// somebody writes meanwhile.
    PerRegion {
        page_size: Option<usize>,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
    },
    /// One answer for each resource of the parent kind.
    PerParent {
        request: fn(parent: &Address) -> Request,
        decode: fn(parent: &Address, response: &Response) -> Result<Page, Undecodable>,
    },
    /// At most one for each resource of the parent kind, and so with the parent's key. The read of
    /// it is its list too.
    Single,
    /// One answer for each resource that the chart names, under a number. The number stands in the
    /// chart, or in a list of all that could be meant.
    PerNumber {
        page_size: usize,
        request: fn(region: &Arc<str>, window: Window) -> Request,
        decode: fn(response: &Response) -> Result<Page<Candidate>, Undecodable>,
    },
}

/// The list of what lives in a resource, in pages.
#[derive(Debug, Clone, Copy)]
pub struct Contents {
    pub page_size: usize,
    /// May show more than what lives in there.
    pub request: fn(of: &Address, window: Window) -> Request,
    pub decode: fn(region: &Arc<str>, response: &Response) -> Result<Page, Undecodable>,
}

/// Something that a resource of the chart could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub number: RemoteId,
    /// The parts of the key behind the region.
    pub key: Vec<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub offset: usize,
    pub limit: usize,
}

impl Window {
    /// The beginning of a list.
    pub fn first(limit: usize) -> Window {
        Window { offset: 0, limit }
    }

    /// The offset behind it.
    pub fn end(self) -> usize {
        self.offset.saturating_add(self.limit)
    }
}

/// What one list answer holds.
#[derive(Debug)]
pub struct Page<T = (Address, LiveResource)> {
    pub items: Vec<T>,
    /// How many items the answer held, strange ones included: what decides whether another page
    /// follows.
    pub length: usize,
    /// How many the service says there are in all.
    pub total: Option<usize>,
    /// The account that the items belong to, where the answer tells.
    pub account: Option<String>,
    /// Why the answer may not be the whole truth.
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
    /// The same with the secrets of the items masked.
    pub fn hidden(mut self, mask: &Mask) -> Page {
        for (address, live) in &mut self.items {
            live.hidden = address.kind().hide(mask, &mut live.attributes);
        }
        self
    }
}
