//! Reads everything that an apply touched again, and compares it with the plan. What did not stick
//! is a failure.
//!
//! Reads a list where that takes fewer requests, and waits a little for values that are not visible
//! yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::task::JoinSet;

use super::observe::{did_not_stick_hint, difference, matches};
use crate::{
    address::Address,
    kind::{Kind, Listing, Subject},
    plan::{Action, Change},
    progress::{Event, Listener, Stage, Tally},
    refresh::{self, observe::observe},
    report::{Fate, Record, Seen},
    state::{LiveResource, ReadFailure, RemoteId},
    transport::{client::Client, trace::Trace},
    wire::Try,
};

/// How long a value may take to become visible, and how often it is read.
const PATIENCE: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(750),
    Duration::from_secs(2),
    Duration::from_secs(3),
    Duration::from_secs(4),
];

/// What was read back, or why a read failed.
type ReadBack = BTreeMap<Address, Result<Seen, ReadFailure>>;

/// Reads back every change that was written. An applied change becomes verified, becomes a failure
/// that did not stick, or stays unverified. A change with an unknown outcome becomes applied if it
/// is visible.
pub(super) async fn verify(
    client: &Arc<Client>,
    changes: &[&Change],
    records: &mut [Record],
    doubtful: &[bool],
    listener: &Arc<dyn Listener>,
) {
    let tally = Tally::new(&**listener, Stage::Checking);
    // Failures too: a write that was answered by an error may have had an effect.
    let touched: Vec<usize> = (0..changes.len()).filter(|at| records[*at].wrote).collect();
    let is_applied = |record: &Record| matches!(record.fate, Fate::Applied { .. });
    let before: Vec<bool> = records.iter().map(is_applied).collect();
    let mut read = read_back(
        client,
        touched.iter().map(|at| changes[*at].subject()),
        &tally,
    )
    .await;
    let mut pending = JoinSet::new();
    for position in touched {
        let (change, record) = (changes[position], &mut records[position]);
        let live = match read.remove(&change.address) {
            Some(Ok(live)) => live,
            Some(Err(failure)) => {
                record.unread = Some(failure.message);
                continue;
            }
            None => continue,
        };
        let applied = matches!(record.fate, Fate::Applied { .. });
        let was_made = applied || made_by_run(change, record);
        let is_visible = matches(
            change.address.kind(),
            live.as_deref(),
            change.action.after(),
        );
        record.after = Some(live);
        // After a definite refusal another client made it visible, so the refusal stays.
        if is_visible && (applied || doubtful[position]) {
            record.fate = Fate::Applied { verified: true };
        } else if was_made && !is_visible {
            let (client, change) = (client.clone(), change.clone());
            // The waits run side by side, so that the slowest one decides and not their sum.
            pending.spawn(async move { (position, wait_for(&client, &change).await) });
        }
    }
    for (position, waited) in refresh::gather(pending, &tally).await {
        let record = &mut records[position];
        record.fate = match waited.fate {
            Fate::Applied { .. } if made_by_run(changes[position], record) => record.fate.clone(),
            fate => fate,
        };
        record.tries.extend(waited.tries);
        (record.after, record.unread) = match waited.seen {
            Ok(seen) => (Some(seen), None),
            Err(failure) => (record.after.take(), Some(failure.message)),
        };
    }
    for ((change, record), before) in changes
        .iter()
        .zip(&*records)
        .zip(before)
        .filter(|((_, record), _)| record.wrote)
    {
        listener.on_event(&Event::Checked {
            change,
            record,
            is_news: before != is_applied(record),
        });
    }
}

/// Whether the change was made beside a run that copies. The outcome is then that of the run.
fn made_by_run(change: &Change, record: &Record) -> bool {
    let is_run = matches!(record.fate, Fate::Ran { .. }) && !record.fate.is_put_off();
    is_run && record.copied.is_some() && !matches!(change.action, Action::Run { .. })
}

/// The touched resources, with the ids that requests use.
type Touched = Vec<(Address, Option<RemoteId>)>;

async fn read_back<'a>(
    client: &Arc<Client>,
    touched: impl Iterator<Item = Subject<'a>>,
    tally: &Tally<'_>,
) -> ReadBack {
    let mut groups = BTreeMap::<(&'static Kind, &Arc<str>), Touched>::new();
    for Subject { address, id } in touched {
        let group = (address.kind(), address.region());
        groups.entry(group).or_default().push((address.clone(), id));
    }
    let mut reads = JoinSet::new();
    for ((kind, region), touched) in groups {
        let addresses =
            |touched: Touched| touched.into_iter().map(|(address, _)| address).collect();
        match kind.listing {
            // A list is at least one request, so a single object is read by itself.
            Listing::PerRegion { .. } if touched.len() > 1 => {
                let (client, region, addresses) =
                    (client.clone(), region.clone(), addresses(touched));
                reads.spawn(async move { by_list(&client, kind, &region, addresses).await });
            }
            Listing::PerRegion { .. } | Listing::PerId { .. } | Listing::Single => {
                for one in touched {
                    let client = client.clone();
                    reads.spawn(async move { one_by_one(&client, vec![one]).await });
                }
            }
            Listing::PerParent { .. } | Listing::PerListedParent { .. } => {
                spawn_by_parent(client, kind, touched, &mut reads);
            }
        }
    }
    refresh::gather(reads, tally)
        .await
        .into_iter()
        .flatten()
        .collect()
}

fn spawn_by_parent(
    client: &Arc<Client>,
    kind: &'static Kind,
    touched: Touched,
    reads: &mut JoinSet<ReadBack>,
) {
    let mut by_parent = BTreeMap::<Address, Touched>::new();
    for (address, id) in touched {
        if let Some(parent) = address.parent() {
            by_parent.entry(parent).or_default().push((address, id));
        }
    }
    for (parent, touched) in by_parent {
        let client = client.clone();
        reads.spawn(async move {
            match refresh::list_children(&client, &parent, kind).await {
                Ok(items) => found_among(
                    items,
                    touched.into_iter().map(|(address, _)| address).collect(),
                ),
                // While the parent is not visible, its children are not visible either.
                Err(_) => one_by_one(&client, touched).await,
            }
        });
    }
}

async fn by_list(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
    addresses: Vec<Address>,
) -> ReadBack {
    let listed = match refresh::list_region(client, kind, region).await {
        Ok(listed) => listed,
        Err(failure) => {
            let failed = |address| (address, Err(failure.clone()));
            return addresses.into_iter().map(failed).collect();
        }
    };
    let mut read = found_among(listed.items, addresses);
    // Pages are read at different times, so only a list of one page shows that something is absent.
    if listed.pages > 1 {
        let lacking = read
            .iter()
            .filter(|(_, seen)| matches!(seen, Ok(None)))
            .map(|(address, _)| address.clone());
        for (address, found) in refresh::confirm(client, kind, region, lacking.collect()).await {
            // Unknown is not absent: a deletion must not count as verified because a read failed.
            read.insert(address, found.map(boxed));
        }
    }
    read
}

async fn one_by_one(client: &Client, touched: Touched) -> ReadBack {
    let mut read = ReadBack::new();
    for (address, id) in touched {
        let subject = Subject {
            address: &address,
            id,
        };
        let seen = observe(client, subject, &Trace::default()).await;
        read.insert(address, seen.map(|seen| boxed(seen.live)));
    }
    read
}

fn found_among(items: Vec<(Address, LiveResource)>, wanted: Vec<Address>) -> ReadBack {
    // A set, because the list has everything in the region and may be far longer.
    let wanted: BTreeSet<Address> = wanted.into_iter().collect();
    let mut found: ReadBack = wanted
        .iter()
        .cloned()
        .map(|address| (address, Ok(None)))
        .collect();
    for (address, live) in items {
        if wanted.contains(&address) {
            found.insert(address, Ok(Some(Box::new(live))));
        }
    }
    found
}

/// The result of waiting for a value.
struct Waited {
    fate: Fate,
    tries: Vec<Try>,
    seen: Result<Seen, ReadFailure>,
}

async fn wait_for(client: &Client, change: &Change) -> Waited {
    let trace = Trace::default();
    let mut last = Ok(None);
    for wait in PATIENCE {
        tokio::time::sleep(wait).await;
        last = observe(client, change.subject(), &trace)
            .await
            .map(|seen| seen.live);
        if last
            .as_ref()
            .is_ok_and(|live| matches(change.address.kind(), live.as_ref(), change.action.after()))
        {
            return Waited {
                fate: Fate::Applied { verified: true },
                tries: trace.tries(),
                seen: last.map(boxed),
            };
        }
    }
    let fate = match &last {
        // The service accepted the write; only its result could not be read.
        Err(_) => Fate::Applied { verified: false },
        Ok(live) => Fate::Failed {
            message: format!("did not stick: {}", difference(change, live.as_ref())),
            hint: Some(did_not_stick_hint(change, live.as_ref()).to_owned()),
            restored: false,
            job: None,
        },
    };
    Waited {
        fate,
        tries: trace.tries(),
        seen: last.map(boxed),
    }
}

fn boxed(live: Option<LiveResource>) -> Seen {
    live.map(Box::new)
}
