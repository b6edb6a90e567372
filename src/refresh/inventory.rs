//! Reads what `list` shows: the lists of regions, and rules where they are asked for.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::task::JoinSet;

use super::{children::Children, gather, pages};
use crate::{
    address::Address,
    inventory::Stock,
    kind::{Kind, Listing, Page, REGISTRY, Undecodable, Window},
    pattern::Pattern,
    progress::{Listener, Stage, Tally},
    state::{Live, ReadFailure},
    transport::client::Client,
    wire::{Request, Response, Service},
};

/// What was listed.
#[derive(Debug, Default)]
pub(crate) struct Stocked {
    pub(crate) stock: Stock,
    pub(crate) live: Live,
    pub(crate) failures: Vec<ReadFailure>,
}

/// Lists these regions. `rules`: the kinds of children that are read of what the pattern covers.
pub(crate) async fn read(
    client: &Arc<Client>,
    places: &BTreeSet<(Service, Arc<str>)>,
    pattern: Option<&Pattern>,
    rules: &BTreeSet<&'static Kind>,
    listener: &dyn Listener,
) -> Stocked {
    let tally = Tally::new(listener, Stage::Reading);
    let mut lists = JoinSet::new();
    for (service, region) in places {
        let kinds = REGISTRY.iter().copied();
        for kind in kinds.filter(|kind| kind.service == *service) {
            if let Listing::PerRegion {
                page_size,
                request,
                decode,
            } = kind.listing
            {
                let (client, region) = (client.clone(), region.clone());
                let how = (page_size, request, decode);
                lists.spawn(async move {
                    let listed = list(&client, kind, how, &region).await;
                    (region, listed)
                });
            }
        }
    }
    let mut stocked = Stocked::default();
    for (region, listed) in gather(lists, &tally).await {
        match listed {
            Ok((listed, sizes)) => {
                let live = &mut stocked.live;
                live.accounts
                    .extend(listed.account.map(|account| (region, account)));
                live.resources
                    .append(&mut listed.items.into_iter().collect());
                stocked.stock.sizes.extend(sizes);
            }
            Err(failure) => {
                stocked.failures.push(failure);
                stocked.stock.unread.insert(region);
            }
        }
    }
    let parents = stocked.live.resources.keys();
    let wanted = parents
        .filter(|parent| pattern.is_none_or(|it| covers_inside(it, parent)))
        .flat_map(|parent| {
            let own = parent.kind().read_per_parent();
            own.filter(|kind| rules.contains(kind))
                .map(|kind| (parent.clone(), kind))
        })
        .collect();
    let unread = Children::new(client)
        .finish(wanted, &[], &mut stocked.live, &tally)
        .await;
    let unread = unread.into_iter().map(|unread| unread.failure);
    stocked.failures.extend(unread);
    stocked.stock.resources = std::mem::take(&mut stocked.live.resources);
    stocked
}

fn covers_inside(pattern: &Pattern, parent: &Address) -> bool {
    pattern.covers(parent) || pattern.names_children_of(parent)
}

/// How the resources of a region are listed.
type How = (
    Option<usize>,
    fn(&Arc<str>, Window) -> Request,
    fn(&Arc<str>, &Response) -> Result<Page, Undecodable>,
);

type Sized = (pages::Listed, Vec<(Address, u64)>);

async fn list(
    client: &Arc<Client>,
    kind: &'static Kind,
    (page_size, request, decode): How,
    region: &Arc<str>,
) -> Result<Sized, ReadFailure> {
    let sizes = Mutex::new(Vec::new());
    let listed = {
        let list = pages::List {
            subject: format!("{} list of {region}", kind.name),
            page_size,
            request: &|window| request(region, window),
            decode: &|response| {
                if let Some(holds) = kind.holds {
                    let mut sizes = sizes.lock().unwrap_or_else(PoisonError::into_inner);
                    sizes.append(&mut (holds.sized)(region, response));
                }
                Ok(decode(region, response)?.hidden(&response.mask))
            },
        };
        pages::read(&mut { client }, &list).await?
    };
    let sizes = sizes.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok((listed, sizes))
}
