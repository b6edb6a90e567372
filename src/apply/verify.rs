//! Reads again what an apply touched and compares it with the plan: what did not stick is a failure.
//!
//! Asks for lists where one list is less than many reads, and waits a little for what is not there yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::task::JoinSet;

use super::step::{is, observe};
use crate::{
    address::Address,
    kind::{Kind, Listing, REGISTRY},
    plan::Change,
    progress::{Listener, Stage, Tally},
    refresh,
    report::Fate,
    state::LiveResource,
    transport::client::Client,
};

/// How long a value may take to show, and how often it is looked for.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(4),
];

/// What was read again; an address that is not in here could not be read.
type ReadBack = BTreeMap<Address, Option<LiveResource>>;

/// Marks every applied change as verified, as one that did not stick, or leaves it unverified.
pub(super) async fn verify(
    client: &Arc<Client>,
    changes: &[&Change],
    fates: &mut [Fate],
    listener: &Arc<dyn Listener>,
) {
    let tally = Tally::new(&**listener, Stage::Checking);
    let touched: Vec<usize> = (0..changes.len()).filter(|at| matches!(fates[*at], Fate::Applied { .. })).collect();
    let addresses: Vec<&Address> = touched.iter().map(|at| &changes[*at].address).collect();
    let read = read_back(client, &addresses, &tally).await;
    let mut pending = JoinSet::new();
    for position in touched {
        let change = changes[position];
        let Some(live) = read.get(&change.address) else { continue };
        if is(live.as_ref(), change.action.after()) {
            fates[position] = Fate::Applied { verified: true };
        } else {
            let (client, change) = (client.clone(), change.clone());
            pending.spawn(async move { (position, wait_for(&client, &change).await) });
        }
    }
    for (position, fate) in refresh::gather(pending, &tally).await {
        fates[position] = fate;
    }
}

async fn read_back(client: &Arc<Client>, touched: &[&Address], tally: &Tally<'_>) -> ReadBack {
    let mut groups = BTreeMap::<(&'static str, &Arc<str>), Vec<&Address>>::new();
    for address in touched {
        groups.entry((address.kind().name, address.region())).or_default().push(address);
    }
    let mut reads = JoinSet::new();
    for ((kind, region), addresses) in groups {
        let Some(kind) = REGISTRY.iter().copied().find(|known| known.name == kind) else { continue };
        let addresses: Vec<Address> = addresses.into_iter().cloned().collect();
        match kind.listing {
            Listing::PerRegion { .. } if addresses.len() > 1 => {
                let (client, region) = (client.clone(), region.clone());
                reads.spawn(async move { by_list(&client, kind, &region, addresses).await });
            }
            Listing::PerRegion { .. } => {
                let client = client.clone();
                reads.spawn(async move { one_by_one(&client, addresses).await });
            }
            Listing::PerParent { .. } => spawn_by_parent(client, addresses, &mut reads),
        }
    }
    refresh::gather(reads, tally).await.into_iter().flatten().collect()
}

fn spawn_by_parent(client: &Arc<Client>, addresses: Vec<Address>, reads: &mut JoinSet<ReadBack>) {
    let mut by_parent = BTreeMap::<Address, Vec<Address>>::new();
    for address in addresses {
        if let Some(parent) = address.parent() {
            by_parent.entry(parent).or_default().push(address);
        }
    }
    for (parent, addresses) in by_parent {
        let client = client.clone();
        reads.spawn(async move {
            match refresh::list_children(&client, &parent).await {
                Ok(items) => found_among(items, addresses),
                Err(_) => ReadBack::new(),
            }
        });
    }
}

async fn by_list(client: &Client, kind: &'static Kind, region: &Arc<str>, addresses: Vec<Address>) -> ReadBack {
    match refresh::list_region(client, kind, region).await {
        Ok(listed) => found_among(listed.items, addresses),
        Err(_) => ReadBack::new(),
    }
}

async fn one_by_one(client: &Client, addresses: Vec<Address>) -> ReadBack {
    let mut read = ReadBack::new();
    for address in addresses {
        if let Ok(live) = observe(client, &address).await {
            read.insert(address, live);
        }
    }
    read
}

fn found_among(items: Vec<(Address, LiveResource)>, wanted: Vec<Address>) -> ReadBack {
    let wanted: BTreeSet<Address> = wanted.into_iter().collect();
    let mut found: ReadBack = wanted.iter().cloned().map(|address| (address, None)).collect();
    for (address, live) in items {
        if wanted.contains(&address) {
            found.insert(address, Some(live));
        }
    }
    found
}

async fn wait_for(client: &Client, change: &Change) -> Fate {
    let mut last = Ok(None);
    for wait in PATIENCE {
        tokio::time::sleep(wait).await;
        last = observe(client, &change.address).await;
        if last.as_ref().is_ok_and(|live| is(live.as_ref(), change.action.after())) {
            return Fate::Applied { verified: true };
        }
    }
    match last {
        Err(_) => Fate::Applied { verified: false },
        Ok(live) => Fate::Failed {
            message: format!("did not stick: {}", difference(change, live.as_ref())),
            hint: Some("somebody else may be writing; plan again".to_owned()),
            restored: false,
        },
    }
}

/// Both values of everything that is not as written.
fn difference(change: &Change, live: Option<&LiveResource>) -> String {
    match (change.action.after(), live) {
        (None, _) => "it was deleted, and is there".to_owned(),
        (Some(_), None) => "it was written, and is not there".to_owned(),
        (Some(after), Some(live)) => {
            let differs = |(name, wrote): (&&'static str, &serde_json::Value)| {
                let is = live.attributes.get(*name);
                (is != Some(wrote)).then(|| {
                    let is = is.map_or_else(|| "nothing".to_owned(), ToString::to_string);
                    format!("{name} was written as {wrote}, is {is}")
                })
            };
            after.iter().filter_map(differs).collect::<Vec<_>>().join("; ")
        }
    }
}
