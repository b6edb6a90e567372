//! Reads what a repository contains, where a change would let the service delete some of it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use tokio::task::JoinSet;

use super::{
    clock, gather,
    pages::{self, List, Reader},
};
use crate::{
    address::Address,
    kind::{Item, ItemList, collects::Collects},
    plan::contents,
    progress::Tally,
    state::{Chart, Live, ReadFailure},
    text::escaped,
    time::Moment,
    transport::client::Client,
};

impl pages::Item for Item {
    type Name = String;

    fn name(&self) -> String {
        escaped(&self.name)
    }

    fn agrees(&self, other: &Self) -> bool {
        self == other
    }
}

/// Lists the contents of each parent that a plan has to count, or of every one, side by side.
pub(super) async fn read(
    client: &Arc<Client>,
    part: &Chart,
    all: bool,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let counted = contents::to_count(part, live).into_iter();
    let counted = counted.filter_map(|(parent, child)| Some((parent, child.kind().collects?)));
    let mut wanted: BTreeMap<Address, &Collects> = counted.collect();
    if all {
        let every = live.resources.keys();
        let every = every.filter_map(|it| Some((it.clone(), it.kind().collected_by()?)));
        wanted.extend(every);
    }
    let mut reads = JoinSet::new();
    for (parent, collects) in wanted {
        let client = client.clone();
        reads.spawn(async move {
            let items = list(&mut &client, &parent, collects.list).await;
            (parent, items)
        });
    }
    for (parent, items) in gather(reads, tally).await {
        match items {
            Ok(listed) => {
                // Ages are counted by the service's clock.
                live.clock = live.clock.max(listed.now);
                live.contents.insert(parent, listed.items);
            }
            Err(failure) => live.failures.push(failure),
        }
    }
}

/// All items of one parent.
pub(crate) struct Contents {
    pub(crate) items: Vec<Item>,
    /// The time on the service's clock.
    pub(crate) now: Option<Moment>,
}

/// Lists the items of one parent.
pub(crate) async fn list(
    reader: &mut impl Reader,
    parent: &Address,
    of: &ItemList,
) -> Result<Contents, ReadFailure> {
    let now = Mutex::new(None);
    let list = List {
        subject: format!("{} of {parent}", of.words.1),
        page_size: Some(of.page_size),
        request: &|window| (of.request)(parent, window),
        decode: &|response| {
            if let Ok(mut now) = now.lock() {
                *now = (*now).max(clock(response));
            }
            (of.decode)(response)
        },
    };
    let items = pages::read(reader, &list).await?.items;
    let now = now.into_inner().unwrap_or_default();
    Ok(Contents { items, now })
}
