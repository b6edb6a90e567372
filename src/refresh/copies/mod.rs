//! Reads what sources and targets of rules contain, as far as a comparison needs it.
//!
//! The lists of parents carry names, so most rules cost no request. The list of the items is read
//! where a name is missing, or where the names are not complete. What cannot be read is recorded
//! as unread, and fails nothing: only the plan knows what depends on it.

mod abroad;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

pub(super) use self::{
    abroad::{Abroad, Seen},
    names::Names,
};
use super::{RefreshOptions, contents, gather, jobs, targets::Own};
use crate::{
    address::Address,
    copies::Held,
    kind::{ItemList, Kind},
    plan::{
        backfill,
        copies::{self, Route, routes},
    },
    progress::Tally,
    state::{Chart, Live},
    transport::client::Client,
};

/// Collects the names of the compared sources and targets from the lists of the chart's regions.
pub(super) fn names(part: &Chart, options: &RefreshOptions) -> Names {
    let routes = compared(part, options);
    Names::of(
        routes
            .flat_map(|route| [route.source, route.copy])
            .collect(),
    )
}

fn compared<'c>(
    part: &'c Chart,
    options: &'c RefreshOptions,
) -> impl Iterator<Item = Route<'c>> + 'c {
    routes(part).filter(|route| options.copies.holds(route.rule))
}

/// Reads the rest: the lists of items that are needed.
pub(super) async fn read(
    client: &Arc<Client>,
    (chart, part): (&Chart, &Chart),
    options: &RefreshOptions,
    (own, several): (&Own<'_>, &[(&'static Kind, Arc<str>)]),
    (names, mut seen): (&Names, Seen),
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut found = names.take();
    found.append(&mut seen.names);
    let mut uncertain = BTreeMap::<(&'static Kind, Arc<str>), BTreeSet<Address>>::new();
    for route in compared(part, options) {
        let is_own = |it: &Address| own.contains(&(it.kind().service, it.region()));
        for it in [route.source, route.copy] {
            if !is_own(&it) || found.contains_key(&it) {
                continue;
            }
            let list = (it.kind(), it.region().clone());
            if live.resources.contains_key(&it) {
                // Its list had several pages, and it was asked for by itself.
                found.insert(it, None);
            } else if several.contains(&list) && !part.resources.contains_key(&it) {
                uncertain.entry(list).or_default().insert(it);
            } else {
                seen.absent.push(it);
            }
        }
    }
    for ((kind, region), some) in uncertain {
        let some = some.into_iter().collect();
        abroad::confirm(client, kind, &region, some, &mut seen).await;
    }
    found.append(&mut seen.names);
    let absent = seen.absent.into_iter();
    live.copies
        .held
        .extend(absent.map(|it| (it, Held::Named(Vec::new()))));
    live.copies.unread.append(&mut seen.unread);
    let mut unnamed = BTreeSet::new();
    for (it, names) in found {
        match names {
            Some(names) => drop(live.copies.held.insert(it, Held::Named(names))),
            None => drop(unnamed.insert(it)),
        }
    }
    list(client, lists(part, options, &unnamed), live, tally).await;
    // Now that it is known what is missing.
    let wanted = copies::to_list(chart, &options.copies, live);
    list(client, lists(part, options, &wanted), live, tally).await;
    let asked = copies::to_ask(chart, (&options.copies, &backfill::compared(part)), live);
    jobs::read(client, asked, live, tally).await;
}

/// The lists of the items of these sources and targets.
fn lists(
    part: &Chart,
    options: &RefreshOptions,
    of: &BTreeSet<Address>,
) -> BTreeMap<Address, &'static ItemList> {
    let mut lists = BTreeMap::new();
    for route in compared(part, options) {
        let own = [route.source, route.copy].into_iter();
        lists.extend(
            own.filter(|it| of.contains(it))
                .map(|it| (it, route.copying.list)),
        );
    }
    lists
}

async fn list(
    client: &Arc<Client>,
    lists: BTreeMap<Address, &'static ItemList>,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut reads = JoinSet::new();
    for (it, of) in lists {
        let client = client.clone();
        reads.spawn(async move {
            let items = contents::list(&mut &client, &it, of).await;
            (it, items)
        });
    }
    for (it, items) in gather(reads, tally).await {
        match items {
            Ok(mut listed) => {
                live.clock = live.clock.max(listed.now);
                listed.items.sort_by(|one, other| one.name.cmp(&other.name));
                live.copies.held.insert(it, Held::Listed(listed.items));
            }
            Err(failure) => {
                live.copies.held.remove(&it);
                live.copies.unread.insert(it, failure.message);
            }
        }
    }
}
