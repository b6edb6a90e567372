//! Reads lists of several pages, of which others may delete and create something between any two.
//!
//! A page begins a little before the end of the one before. What both hold shows that nothing
//! between them was skipped, which neither a total nor a count can show: a deletion and a creation
//! leave both as they were. That does not depend on which of the two was read first, so pages may
//! be read side by side.

mod ahead;

use std::{collections::BTreeMap, fmt::Display, future::Future, sync::Arc};

use self::ahead::Pages;
use super::{contradicted, failed, unreadable};
use crate::{
    address::Address,
    kind::{Candidate, Page, Undecodable, Window},
    state::{LiveResource, ReadFailure, RemoteId},
    transport::client::{CallError, Client},
    wire::{Request, Response},
};

/// How often a list is read in all before it is given up.
const READINGS: usize = 3;

/// How many pages a list may have. Without a total only this bounds pages that are always full.
const MOST_PAGES: usize = 1_000;

/// One item in a hundred of a page belongs to the page before as well.
const OVERLAP: usize = 100;

/// A later page with less than this part of what was asked for says nothing about the longest page.
const LEAST_PART: usize = 10;

/// Sends a read.
pub(crate) trait Reader: Send {
    fn read(
        &mut self,
        request: &Request,
    ) -> impl Future<Output = Result<Response, CallError>> + Send;

    /// Where it may send several side by side: through what.
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

/// What a list consists of.
pub(crate) trait Item: Send {
    type Name: Ord + Clone + Display + Send;

    fn name(&self) -> Self::Name;

    /// Whether two items of one name say the same.
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

/// A list that can be read.
pub(crate) struct List<'a, T> {
    /// How messages call it.
    pub(crate) subject: String,
    /// The most that a page may hold; `None` if one answer holds everything.
    pub(crate) page_size: Option<usize>,
    pub(crate) request: &'a (dyn Fn(Window) -> Request + Sync),
    pub(crate) decode: &'a (dyn Fn(&Response) -> Result<Page<T>, Undecodable> + Sync),
}

impl<T> List<'_, T> {
    fn page(&self, answer: Result<Response, CallError>) -> Result<Page<T>, ReadFailure> {
        let response = answer.map_err(|error| failed(self.subject.clone(), &error))?;
        (self.decode)(&response)
            .map_err(|error| unreadable(self.subject.clone(), &error, &response.request_id))
    }
}

/// What a list holds.
#[derive(Debug)]
pub struct Listed<T = (Address, LiveResource)> {
    /// Each name once, in the order of the names.
    pub items: Vec<T>,
    /// The account that the items belong to, where the answers tell.
    pub account: Option<String>,
    /// How many pages it took. Only a list of one page shows everything as it was at one time.
    pub pages: usize,
    /// How often it was read.
    pub readings: usize,
}

/// Reads a list, again where the pages do not fit together.
pub(crate) async fn read<T: Item>(
    reader: &mut impl Reader,
    list: &List<'_, T>,
) -> Result<Listed<T>, ReadFailure> {
    let mut limit = list.page_size;
    let mut doubt = String::new();
    for number in 1..=READINGS {
        let (reading, ended) = Reading::make(reader, list, limit.unwrap_or(usize::MAX)).await?;
        doubt = match ended {
            Ended::Whole => return Ok(reading.into_listed(number)),
            // Nothing was skipped. A service that orders equal names anew each time would never do
            // better.
            Ended::Moved(_) if number == READINGS => return Ok(reading.into_listed(number)),
            Ended::Moved(doubt) | Ended::Doubtful(doubt) => doubt,
            Ended::Short(doubt, length) => {
                limit = limit.map(|_| length);
                doubt
            }
        };
    }
    Err(contradicted(
        &list.subject,
        format!("{doubt}; it was read {READINGS} times"),
    ))
}

/// How one reading of a list came to its end.
enum Ended {
    /// Everything that was there all the time is in it.
    Whole,
    /// The same, but something moved from one page to another.
    Moved(String),
    /// Something may be missing.
    Doubtful(String),
    /// The service gave a page of that length and less than there is: its pages may be shorter than
    /// what was asked for.
    Short(String, usize),
}

/// The pages of one reading.
struct Reading<T: Item> {
    found: BTreeMap<T::Name, T>,
    account: Option<String>,
    pages: usize,
    total: Option<usize>,
    /// Where the last page begins, and the names in it.
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
            found: BTreeMap::new(),
            account: None,
            pages: 0,
            total: None,
            last: (0, Vec::new()),
            moved: None,
        };
        let mut pages = Pages::new(limit, list.request);
        loop {
            if reading.pages == MOST_PAGES {
                let message = format!("it has more than {MOST_PAGES} pages of {limit}");
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

    /// Takes a page in; the end, if it is the last one or shows that the pages do not fit together.
    fn take(&mut self, window: Window, page: Page<T>) -> Option<Ended> {
        self.pages += 1;
        if let Some(doubt) = self.doubt(window, &page) {
            return Some(Ended::Doubtful(doubt));
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
        if self.found.len() == before {
            return Some(Ended::Doubtful(format!(
                "the page at {} only repeats earlier ones",
                window.offset
            )));
        }
        // Otherwise pages that are always full would never end.
        let is_over = self.total.is_some_and(|total| self.found.len() > total);
        is_over.then(|| Ended::Doubtful(self.count()))
    }

    /// Why a page does not fit to those before it.
    fn doubt(&mut self, window: Window, page: &Page<T>) -> Option<String> {
        if let Some(doubt) = &page.doubt {
            return Some(doubt.clone());
        }
        if let (Some(before), Some(now)) = (self.total, page.total)
            && before != now
        {
            return Some(format!(
                "the service said that there are {before}, and then {now}"
            ));
        }
        let mut seen = BTreeMap::new();
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

    /// Whether a page begins with other items than those that end the one before.
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
        before.sort();
        now.sort();
        now != before
    }

    /// What a page that is not full ends.
    fn end(&mut self, window: Window, length: usize) -> Ended {
        let Some(total) = self.total else {
            return self.whole();
        };
        if window.offset.saturating_add(length) < total {
            let says_much = window.offset == 0 || length.saturating_mul(LEAST_PART) >= window.limit;
            return match length > 0 && says_much {
                true => Ended::Short(self.count(), length),
                false => Ended::Doubtful(self.count()),
            };
        }
        let found = self.found.len();
        match found == total || (self.pages == 1 && found > total) {
            true => self.whole(),
            false => Ended::Doubtful(self.count()),
        }
    }

    fn whole(&mut self) -> Ended {
        self.moved.take().map_or(Ended::Whole, Ended::Moved)
    }

    fn count(&self) -> String {
        let (total, found) = (self.total.unwrap_or_default(), self.found.len());
        format!("the service says there are {total}, but listed {found}")
    }

    fn into_listed(self, readings: usize) -> Listed<T> {
        let items = self.found.into_values().collect();
        Listed {
            items,
            account: self.account,
            pages: self.pages,
            readings,
        }
    }
}

/// The page behind `end`. It overlaps with what is before, and its offset is a multiple of its
/// limit, which one version of the API's page asks for: so the limit may be a little less than the
/// most.
fn following(end: usize, most: usize) -> Window {
    let latest = end.saturating_sub((most / OVERLAP).max(1));
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
