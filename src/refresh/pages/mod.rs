//! Reads lists of several pages while other clients may create and delete items.
//!
//! Pages overlap a little. The items in both show that nothing between them was skipped. Neither
//! the total nor a count can show that: a deletion and a creation leave both unchanged. The order
//! of the reads does not matter, so pages are read concurrently.

mod ahead;

use std::{collections::HashMap, fmt::Display, future::Future, hash::Hash, sync::Arc};

use self::ahead::Pages;
use super::{contradicted, failed, unreadable};
use crate::{
    address::Address,
    kind::{Candidate, Page, Undecodable, Window},
    state::{LiveResource, ReadFailure, RemoteId},
    time::Moment,
    transport::client::{CallError, Client},
    wire::{Request, Response},
};

/// How often a list is read before it fails.
const MAX_READS: usize = 3;

/// The largest number of pages. Without a total, only this bounds a list whose pages are always
/// full.
const MAX_PAGES: usize = 1_000;

/// The overlap: one item in a hundred.
const OVERLAP: usize = 100;

/// A later page shorter than this fraction of the limit does not show the service's own limit: it
/// may only be nearly empty.
const LEAST_PART: usize = 10;

/// Sends a read.
pub(crate) trait Reader: Send {
    fn read(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Response, CallError>> + Send;

    /// The client for concurrent reads, if these are possible.
    fn client(&self) -> Option<&Arc<Client>> {
        None
    }
}

impl Reader for &Arc<Client> {
    async fn read(&mut self, request: &Request) -> Result<Response, CallError> {
        Client::read(self, request).await
    }

    fn client(&self) -> Option<&Arc<Client>> {
        Some(self)
    }
}

/// An item of a list.
pub(crate) trait Item: Send {
    type Name: Ord + Hash + Clone + Display + Send;

    fn name(&self) -> Self::Name;

    /// Whether two items with the same name are equal.
    fn agrees(&self, other: &Self) -> bool;
}

impl Item for (Address, LiveResource) {
    type Name = Address;

    fn name(&self) -> Address {
        self.0.clone()
    }

    fn agrees(&self, other: &Self) -> bool {
        self.1.attributes == other.1.attributes
    }
}

impl Item for Candidate {
    type Name = RemoteId;

    fn name(&self) -> RemoteId {
        self.id
    }

    fn agrees(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// A list to read.
pub(crate) struct List<'a, T> {
    /// Its name in messages.
    pub(crate) subject: String,
    /// The largest page size. `None`: the list has no pages.
    pub(crate) page_size: Option<usize>,
    pub(crate) request: &'a (dyn Fn(Window) -> Request + Sync),
    pub(crate) decode: &'a (dyn Fn(&Response) -> Result<Page<T>, Undecodable> + Sync),
}

impl<T> List<'_, T> {
    fn page(&self, answer: Result<Response, CallError>) -> Result<Page<T>, ReadFailure> {
        let response = answer.map_err(|error| failed(self.subject.clone(), &error))?;
        (self.decode)(&response)
            .map_err(|error| unreadable(self.subject.clone(), &error, &response))
    }
}

/// The content of a list.
#[derive(Debug)]
pub struct Listed<T = (Address, LiveResource)> {
    /// Sorted by name, without duplicates.
    pub items: Vec<T>,
    /// The account that owns the items, if the responses name it.
    pub account: Option<String>,
    /// The time on the service's clock, where the reader of the list took it down.
    pub at: Option<Moment>,
    /// The number of pages. Only a list of one page shows a single point in time.
    pub pages: usize,
    /// The number of reads.
    pub readings: usize,
}

/// Reads a list, and reads it again if the pages do not match.
pub(crate) async fn read<T: Item>(
    reader: &mut impl Reader,
    list: &List<'_, T>,
) -> Result<Listed<T>, ReadFailure> {
    let mut limit = list.page_size;
    let mut doubt = String::new();
    for number in 1..=MAX_READS {
        let (reading, ended) = Reading::make(reader, list, limit.unwrap_or(usize::MAX)).await?;
        doubt = match ended {
            Ended::Whole => return Ok(reading.into_listed(number)),
            // Nothing was skipped. A service with an unstable order would never give a better
            // result.
            Ended::Moved(_) if number == MAX_READS => return Ok(reading.into_listed(number)),
            Ended::Moved(doubt) | Ended::MaybeIncomplete(doubt) => doubt,
            Ended::Short(doubt, length) => {
                // With the service's own limit, the next read does not take its pages for short
                // ones.
                limit = limit.map(|_| length);
                doubt
            }
        };
    }
    Err(contradicted(
        &list.subject,
        format!("{doubt}; it was read {MAX_READS} times"),
    ))
}

/// The result of one read of a list.
enum Ended {
    /// Complete: it contains everything that existed all the time.
    Whole,
    /// Complete, but items moved between pages.
    Moved(String),
    /// Maybe incomplete.
    MaybeIncomplete(String),
    /// A page has this length although there is more: the service's own limit may be lower than
    /// ours.
    Short(String, usize),
}

/// The pages of one read.
struct Reading<T: Item> {
    /// Hashed: services list in orders of their own, and a list may have 100,000 items.
    found: HashMap<T::Name, T>,
    account: Option<String>,
    pages: usize,
    total: Option<usize>,
    /// The last page: its offset and the names in it.
    last: (usize, Vec<T::Name>),
    moved: Option<String>,
}

impl<T: Item> Reading<T> {
    async fn make(
        reader: &mut impl Reader,
        list: &List<'_, T>,
        limit: usize,
    ) -> Result<(Reading<T>, Ended), ReadFailure> {
        let mut reading = Reading {
            found: HashMap::new(),
            account: None,
            pages: 0,
            total: None,
            last: (0, Vec::new()),
            moved: None,
        };
        let mut pages = Pages::new(limit, list.request);
        loop {
            if reading.pages == MAX_PAGES {
                let message = format!("it has more than {MAX_PAGES} pages of {limit}");
                return Err(ReadFailure {
                    subject: list.subject.clone(),
                    message,
                    hint: None,
                });
            }
            let (window, answer) = pages.next(reader, reading.total).await;
            if let Some(ended) = reading.take(window, list.page(answer)?) {
                return Ok((reading, ended));
            }
        }
    }

    /// Adds a page. Returns the result if it is the last page, or does not match the others.
    fn take(&mut self, window: Window, page: Page<T>) -> Option<Ended> {
        self.pages += 1;
        // Before the items are added: the doubt compares the page with the earlier ones only.
        if let Some(doubt) = self.doubt(window, &page) {
            return Some(Ended::MaybeIncomplete(doubt));
        }
        self.total = self.total.or(page.total);
        self.account = self.account.take().or(page.account);
        let (length, before) = (page.length, self.found.len());
        self.last = (window.offset, page.items.iter().map(Item::name).collect());
        self.found
            .extend(page.items.into_iter().map(|item| (item.name(), item)));
        if length < window.limit {
            return Some(self.end(window, length));
        }
        // A service that ignores the offset would otherwise be read up to the largest page number.
        if self.found.len() == before {
            return Some(Ended::MaybeIncomplete(format!(
                "the page at {} only repeats earlier ones",
                window.offset
            )));
        }
        // Without this check, a list whose pages are always full would not end.
        let is_over = self.total.is_some_and(|total| self.found.len() > total);
        is_over.then(|| Ended::MaybeIncomplete(self.count()))
    }

    /// Why a page does not match the earlier ones.
    fn doubt(&mut self, window: Window, page: &Page<T>) -> Option<String> {
        if let Some(doubt) = &page.doubt {
            return Some(doubt.clone());
        }
        // A different total means that something was created or deleted between the two pages.
        if let (Some(before), Some(now)) = (self.total, page.total)
            && before != now
        {
            return Some(format!("the total was {before}, then {now}"));
        }
        let mut seen = HashMap::with_capacity(page.items.len());
        for item in &page.items {
            let name = item.name();
            let other = self.found.get(&name).or_else(|| seen.get(&name).copied());
            if other.is_some_and(|other| !other.agrees(item)) {
                return Some(format!("{name} is listed twice, with different values"));
            }
            seen.insert(name, item);
        }
        let overlaps = self.pages > 1 && window.offset < self.last.0 + self.last.1.len();
        if overlaps && !seen.keys().any(|name| self.found.contains_key(name)) {
            return Some(format!(
                "the page at {} does not continue the one before",
                window.offset
            ));
        }
        if overlaps && self.has_moved(window, page) {
            self.moved = Some(format!(
                "items moved to or from the page at {}",
                window.offset
            ));
        }
        None
    }

    /// Whether the overlap of a page differs from the end of the previous one.
    fn has_moved(&self, window: Window, page: &Page<T>) -> bool {
        let (begin, names) = &self.last;
        let from = window.offset.max(*begin);
        let mut before = names[from - begin..].to_vec();
        let now = page
            .items
            .iter()
            .skip(from - window.offset)
            .take(before.len());
        let mut now: Vec<_> = now.map(Item::name).collect();
        // The order inside the overlap does not matter, only which items are in it.
        before.sort();
        now.sort();
        now != before
    }

    /// The result of a read whose last page is not full.
    fn end(&mut self, window: Window, length: usize) -> Ended {
        let Some(total) = self.total else {
            return self.whole();
        };
        if window.offset.saturating_add(length) < total {
            let shows_limit =
                window.offset == 0 || length.saturating_mul(LEAST_PART) >= window.limit;
            return match length > 0 && shows_limit {
                true => Ended::Short(self.count(), length),
                false => Ended::MaybeIncomplete(self.count()),
            };
        }
        let found = self.found.len();
        // A single page is complete whatever its total says, unless it has fewer items than that.
        match found == total || (self.pages == 1 && found > total) {
            true => self.whole(),
            false => Ended::MaybeIncomplete(self.count()),
        }
    }

    fn whole(&mut self) -> Ended {
        self.moved.take().map_or(Ended::Whole, Ended::Moved)
    }

    fn count(&self) -> String {
        let (total, found) = (self.total.unwrap_or_default(), self.found.len());
        format!("the total is {total}, but the service listed {found}")
    }

    fn into_listed(self, readings: usize) -> Listed<T> {
        let mut items: Vec<(T::Name, T)> = self.found.into_iter().collect();
        items.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let items = items.into_iter().map(|(_, item)| item).collect();
        Listed {
            items,
            account: self.account,
            at: None,
            pages: self.pages,
            readings,
        }
    }
}

/// The page after `end`. It overlaps the previous page, and its offset is a multiple of its limit,
/// as one version of the API's documents demands. So the limit may be a little below `most`.
fn following(end: usize, most: usize) -> Window {
    let latest = end.saturating_sub((most / OVERLAP).max(1));
    // A scan over all limits is cheap beside a request.
    let windows = (1..=most).map(|limit| Window {
        offset: latest / limit * limit,
        limit,
    });
    let farthest = windows
        .filter(|window| window.end() > end)
        .max_by_key(|window| window.end());
    farthest.unwrap_or(Window {
        offset: end,
        limit: most,
    })
}

#[cfg(test)]
mod tests;
