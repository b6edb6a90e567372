//! Looks for declared objects that a list of several pages lacks. Pages are read at different
//! times, so an object may exist although none contains it.

use std::{collections::BTreeMap, sync::Arc};

use tokio::task::JoinSet;

use super::{gather, list_region, observe::observe};
use crate::{
    address::{Address, Ascending},
    kind::{Kind, Subject},
    progress::Tally,
    state::{Chart, Live, LiveResource, ReadFailure},
    transport::{client::Client, trace::Trace},
};

/// How many are read one by one at most. For more, reading the list again is cheaper.
const MOST_ASKED_FOR: usize = 100;

/// Looks for everything that the chart declares and lists of several pages lack, except children of
/// parents that do not exist.
pub(super) async fn look_for(
    client: &Arc<Client>,
    chart: &Chart,
    lists: &[(&'static Kind, Arc<str>)],
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut reads = JoinSet::new();
    for (kind, region) in lists {
        let of_list = |address: &&Address| address.kind() == *kind && address.region() == region;
        // The chart is sorted as well, so one pass over both finds everything.
        let mut is_live = Ascending::new(&live.resources);
        let is_possible = |address: &&Address| {
            !is_live.holds(address)
                && address
                    .parent()
                    .is_none_or(|parent| live.resources.contains_key(&parent))
        };
        let lacking: Vec<_> = chart
            .resources
            .keys()
            .filter(of_list)
            .filter(is_possible)
            .cloned()
            .collect();
        if !lacking.is_empty() {
            let (client, kind, region) = (client.clone(), *kind, region.clone());
            reads.spawn(async move { confirm(&client, kind, &region, lacking).await });
        }
    }
    for (address, found) in gather(reads, tally).await.into_iter().flatten() {
        match found {
            Ok(found) => live.resources.extend(found.map(|found| (address, found))),
            // One failure that all share is reported once.
            Err(failure) if live.failures.contains(&failure) => {}
            Err(failure) => live.failures.push(failure),
        }
    }
}

/// Reads each of these objects by itself or, if there are too many, the list again.
pub(crate) async fn confirm(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
    lacking: Vec<Address>,
) -> Vec<(Address, Result<Option<LiveResource>, ReadFailure>)> {
    if lacking.len() > MOST_ASKED_FOR {
        let again = list_region(client, kind, region).await;
        // What the second read lacks too counts as absent.
        let again = again.map(|listed| listed.items.into_iter().collect::<BTreeMap<_, _>>());
        let found = |address: &Address| {
            again
                .as_ref()
                .map(|items| items.get(address).cloned())
                .map_err(Clone::clone)
        };
        return lacking
            .into_iter()
            .map(|address| (address.clone(), found(&address)))
            .collect();
    }
    let mut reads = JoinSet::new();
    for address in lacking {
        let client = client.clone();
        reads.spawn(async move {
            let subject = Subject {
                address: &address,
                id: None,
            };
            let seen = observe(&client, subject, &Trace::default()).await;
            (address, seen.map(|seen| seen.live))
        });
    }
    reads.join_all().await
}
