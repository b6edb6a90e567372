//! Reads the children of resources, starting as soon as a page of a list shows their parents.
//!
//! The list may be read again afterwards, or fail. So early reads decide nothing: at the end the
//! caller names the parents that count, and other results are dropped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
};

use super::{listed_children, result};
use crate::{
    address::Address,
    kind::Kind,
    progress::Tally,
    state::{Live, LiveResource, ReadFailure, Unread},
    transport::client::Client,
};

/// One read: all children of a kind of one resource.
type Read = (Address, &'static Kind);

type Listed = Result<Vec<(Address, LiveResource)>, ReadFailure>;

/// Reads children, each once.
pub(super) struct Children {
    client: Arc<Client>,
    begun: BTreeSet<Read>,
    under_way: JoinSet<(Read, Listed)>,
    ended: Vec<(Read, Listed)>,
}

/// Watches the pages of lists for parents whose children are needed if they exist.
#[derive(Clone)]
pub(super) struct Watch {
    wanted: Arc<BTreeSet<Read>>,
    seen: UnboundedSender<Vec<Read>>,
}

impl Watch {
    pub(super) fn new(wanted: BTreeSet<Read>) -> (Watch, UnboundedReceiver<Vec<Read>>) {
        let (seen, reads) = unbounded_channel();
        (
            Watch {
                wanted: Arc::new(wanted),
                seen,
            },
            reads,
        )
    }

    pub(super) fn page(&self, items: &[(Address, LiveResource)]) {
        if self.wanted.is_empty() {
            return;
        }
        // Kinds with a list of parents of their own wait for that.
        let well = items.iter().filter(|(_, found)| found.malformed.is_none());
        let reads = well.flat_map(|(parent, _)| {
            parent
                .kind()
                .read_per_parent()
                .filter(|kind| kind.parents().is_none())
                .map(|kind| (parent.clone(), kind))
        });
        self.see(reads);
    }

    /// A page of the list of parents that have children of the kind.
    pub(super) fn holders(&self, kind: &'static Kind, items: &[(Address, LiveResource)]) {
        self.see(items.iter().map(|(parent, _)| (parent.clone(), kind)));
    }

    fn see(&self, reads: impl Iterator<Item = Read>) {
        let found: Vec<Read> = reads.filter(|read| self.wanted.contains(read)).collect();
        // The receiver is gone once all lists have ended: then the caller knows every parent.
        let _ = self.seen.send(found);
    }
}

impl Children {
    pub(super) fn new(client: &Arc<Client>) -> Children {
        Children {
            client: client.clone(),
            begun: BTreeSet::new(),
            under_way: JoinSet::new(),
            ended: Vec::new(),
        }
    }

    /// The results of all lists, each a step. Meanwhile starts the reads of children of listed
    /// parents.
    pub(super) async fn gather<T: 'static>(
        &mut self,
        mut lists: JoinSet<T>,
        mut reads: UnboundedReceiver<Vec<Read>>,
        tally: &Tally<'_>,
    ) -> Vec<T> {
        tally.expect(lists.len());
        let mut brought = Vec::with_capacity(lists.len());
        loop {
            // A branch that yields `None` is off until the next turn. Only the end of the lists
            // ends the loop; reads of children that still run then are left to `finish`.
            tokio::select! {
                Some(reads) = reads.recv() => self.begin(reads, tally),
                Some(ended) = self.under_way.join_next() => {
                    self.ended.push(result(ended));
                    tally.step();
                }
                list = lists.join_next() => {
                    let Some(list) = list else { return brought };
                    brought.push(result(list));
                    tally.step();
                }
            }
        }
    }

    /// Adds the results of these reads to the live state, and returns the failures. A parent from a
    /// list that `moved` may have been gone when its children were read, so such a failure is
    /// retried.
    pub(super) async fn finish(
        mut self,
        wanted: Vec<Read>,
        moved: &[(&'static Kind, Arc<str>)],
        live: &mut Live,
        tally: &Tally<'_>,
    ) -> Vec<Unread> {
        // A list that was read again may have shown a parent only at first.
        let has_moved = |parent: &Address| {
            moved
                .iter()
                .any(|(kind, region)| parent.kind() == *kind && parent.region() == region)
        };
        let mut doubtful: BTreeSet<Read> = self
            .begun
            .iter()
            .filter(|read| has_moved(&read.0))
            .cloned()
            .collect();
        let wanted: BTreeSet<Read> = wanted.into_iter().collect();
        self.begin(wanted.iter().cloned().collect(), tally);
        let mut unread = BTreeMap::new();
        while let Some((read, listed)) = self.next(tally).await {
            match listed {
                // An early page showed the parent, but the complete list does not.
                _ if !wanted.contains(&read) => {}
                Ok(items) => {
                    live.resources.extend(items);
                    live.reads.children.insert(read);
                }
                // Removing it makes a second failure final.
                Err(_) if doubtful.remove(&read) => {
                    self.begun.remove(&read);
                    self.begin(vec![read], tally);
                }
                Err(failure) => drop(unread.insert(read, failure)),
            }
        }
        unread
            .into_iter()
            .map(|((parent, kind), failure)| Unread {
                parent,
                kind,
                failure,
            })
            .collect()
    }

    /// Starts the reads that were not started yet.
    fn begin(&mut self, mut reads: Vec<Read>, tally: &Tally<'_>) {
        reads.retain(|read| self.begun.insert(read.clone()));
        if reads.is_empty() {
            return;
        }
        tally.expect(reads.len());
        for (parent, kind) in reads {
            let client = self.client.clone();
            self.under_way.spawn(async move {
                let listed = listed_children(&client, &parent, kind).await;
                ((parent, kind), listed)
            });
        }
    }

    async fn next(&mut self, tally: &Tally<'_>) -> Option<(Read, Listed)> {
        if let Some(ended) = self.ended.pop() {
            return Some(ended);
        }
        let ended = result(self.under_way.join_next().await?);
        tally.step();
        Some(ended)
    }
}
