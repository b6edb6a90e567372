//! Reads the resources that requests refer to by an id: looks up the ids that the chart omits, then
//! reads each resource.
//!
//! The service's search matches fuzzily, so the whole list is read and names are compared here,
//! exactly. The list has no total, so a resource that a list of several pages lacks is looked for
//! in a second read of the list.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::{
    observe::{Observation, observe},
    pages::{self, Listed},
};
use crate::{
    address::Address,
    kind::{Candidate, Kind, Listing, Subject},
    state::{Chart, Live, ReadFailure, RemoteId},
    transport::{client::Client, trace::Trace},
};

/// How often the list is read at most. It is read again only if something is missing in it.
const MAX_READS: usize = 2;

/// Reads all resources of the kind that the chart declares in a region.
pub(super) async fn read(
    client: &Arc<Client>,
    kind: &'static Kind,
    chart: &Chart,
    region: &Arc<str>,
) -> Live {
    let mut live = Live::default();
    let wanted = chart
        .resources
        .keys()
        .filter(|address| address.kind() == kind && address.region() == region);
    let wanted: BTreeMap<Address, Option<RemoteId>> = wanted
        .map(|address| {
            let id = chart.terms.get(address).and_then(|terms| terms.id);
            (address.clone(), id)
        })
        .collect();
    let mut lists = Lists {
        client,
        kind,
        region,
        reads: Vec::new(),
    };
    let without_id: Vec<&Address> = wanted
        .iter()
        .filter(|(_, id)| id.is_none())
        .map(|(address, _)| address)
        .collect();
    let found = lists
        .read_until(|lists| {
            without_id
                .iter()
                // An ambiguous name is an error, which another read of the list cannot resolve.
                .all(|address| lists.look_up(address) != Ok(None))
        })
        .await;
    // Without the list no id is known, so that nothing can be read.
    if let Err(failure) = found {
        live.failures.push(failure);
        return live;
    }
    let mut known = BTreeMap::new();
    for (address, id) in &wanted {
        match id.map_or_else(|| lists.look_up(address), |id| Ok(Some(id))) {
            Ok(id) => {
                live.reads.ids.insert(address.clone());
                known.extend(id.map(|id| (address.clone(), id)));
            }
            Err(failure) => live.failures.push(failure),
        }
    }
    live.failures.extend(shared(&known));
    let missing = read_each(client, &known, &mut live).await;
    // "Not found" means either a repository that is not a mirror yet or no repository; only the
    // list shows which. If every id is in the chart and each is a mirror, the list is never read.
    let unanswered = missing.iter().filter_map(|address| known.get(address));
    let listed = lists
        .read_until(|lists| unanswered.clone().all(|id| lists.contain(*id)))
        .await;
    if let Err(failure) = listed {
        live.failures.push(failure);
        live.reads.ids.retain(|address| !missing.contains(address));
    }
    live.ids = known
        .into_iter()
        // A listed repository that is not a mirror keeps its id, so that it can become one.
        .filter(|(address, id)| !missing.contains(address) || lists.contain(*id))
        .collect();
    live
}

/// Objects with their ids; several may have one name.
pub(super) type Named = BTreeMap<Address, Vec<RemoteId>>;

/// All candidates for a kind in a region.
pub(super) async fn candidates(
    client: &Arc<Client>,
    kind: &'static Kind,
    region: &Arc<str>,
) -> Result<Named, ReadFailure> {
    let mut lists = Lists {
        client,
        kind,
        region,
        reads: Vec::new(),
    };
    lists.read_until(|lists| !lists.reads.is_empty()).await?;
    let mut named = Named::new();
    for candidate in lists.reads.iter().flat_map(|read| &read.items) {
        let parts = std::iter::once(region.clone())
            .chain(candidate.key.iter().map(|part| Arc::from(part.as_str())));
        let parts: Vec<Arc<str>> = parts.collect();
        if parts.len() == kind.key.len() {
            let ids = named.entry(Address::new(kind, parts)).or_default();
            if !ids.contains(&candidate.id) {
                ids.push(candidate.id);
            }
        }
    }
    Ok(named)
}

/// The candidates, from one or two reads of the list.
struct Lists<'a> {
    client: &'a Arc<Client>,
    kind: &'static Kind,
    region: &'a Arc<str>,
    reads: Vec<Listed<Candidate>>,
}

impl Lists<'_> {
    /// Reads the list until it is enough. A second read can only help with several pages: a single
    /// page is complete.
    async fn read_until(&mut self, is_enough: impl Fn(&Self) -> bool) -> Result<(), ReadFailure> {
        let Listing::PerId {
            page_size,
            request,
            decode,
        } = self.kind.listing
        else {
            return Ok(());
        };
        while !is_enough(self) && self.reads.last().is_none_or(|read| read.pages > 1) {
            if self.reads.len() == MAX_READS {
                break;
            }
            let list = pages::List {
                subject: format!(
                    "list of candidates for a {} in {}",
                    self.kind.name, self.region
                ),
                page_size: Some(page_size),
                request: &|window| request(self.region, window),
                decode: &decode,
            };
            let listed = pages::read(&mut { self.client }, &list).await?;
            self.reads.push(listed);
        }
        Ok(())
    }

    /// The id of that name in the first read that contains it.
    fn look_up(&self, address: &Address) -> Result<Option<RemoteId>, ReadFailure> {
        for read in &self.reads {
            let found = look_up(address, &read.items)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn contain(&self, id: RemoteId) -> bool {
        let mut items = self.reads.iter().flat_map(|read| &read.items);
        items.any(|candidate| candidate.id == id)
    }
}

/// The id of the candidate with that name, which must be unique.
fn look_up(address: &Address, candidates: &[Candidate]) -> Result<Option<RemoteId>, ReadFailure> {
    let is_meant = |candidate: &&Candidate| {
        // The key of a candidate has no region, because a list is always of one region.
        candidate.key.len() + 1 == address.parts().len()
            && candidate
                .key
                .iter()
                .zip(&address.parts()[1..])
                .all(|(one, other)| **one == **other)
    };
    let hits: Vec<RemoteId> = candidates
        .iter()
        .filter(is_meant)
        .map(|candidate| candidate.id)
        .collect();
    match hits[..] {
        [] => Ok(None),
        [id] => Ok(Some(id)),
        _ => {
            let ids: Vec<String> = hits.iter().map(ToString::to_string).collect();
            let message = format!(
                "{} objects have this name, with the ids {}",
                hits.len(),
                ids.join(", ")
            );
            let hint = id_field(address).map(|id| format!("set `{id}` to the right one"));
            Err(ReadFailure {
                subject: format!("id of {address}"),
                message,
                hint,
            })
        }
    }
}

/// The key of the id in a chart.
fn id_field(address: &Address) -> Option<&'static str> {
    address.kind().lookup().map(|lookup| lookup.id.name)
}

/// Two entries for one object would undo each other's changes.
fn shared(known: &BTreeMap<Address, RemoteId>) -> Vec<ReadFailure> {
    let mut first = BTreeMap::new();
    let mut failures = Vec::new();
    for (address, id) in known {
        if let Some(other) = first.insert(*id, address) {
            let message = format!("{id} is also the id of {other}");
            let hint =
                id_field(address).map(|id| format!("remove one of the two, or correct its `{id}`"));
            failures.push(ReadFailure {
                subject: format!("id of {address}"),
                message,
                hint,
            });
        }
    }
    failures
}

/// Reads each, and returns those that the service does not know by that id.
async fn read_each(
    client: &Arc<Client>,
    known: &BTreeMap<Address, RemoteId>,
    live: &mut Live,
) -> BTreeSet<Address> {
    let mut reads = JoinSet::new();
    for (address, id) in known {
        let (client, address, id) = (client.clone(), address.clone(), Some(*id));
        reads.spawn(async move {
            let read = observe(
                &client,
                Subject {
                    address: &address,
                    id,
                },
                &Trace::default(),
            )
            .await;
            (address, read)
        });
    }
    let mut missing = BTreeSet::new();
    for (address, read) in reads.join_all().await {
        match read {
            Ok(Observation {
                live: found,
                is_known: true,
                now,
                contents: None,
            }) => {
                live.clock = live.clock.max(now);
                live.resources
                    .extend(found.map(|resource| (address, resource)));
            }
            Ok(_) => drop(missing.insert(address)),
            Err(failure) => {
                live.reads.ids.remove(&address);
                live.failures.push(failure);
            }
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::mirror;

    fn candidates(rows: &[(u64, &[&str])]) -> Vec<Candidate> {
        let candidate = |(id, key): &(u64, &[&str])| Candidate {
            id: RemoteId::try_from(*id).unwrap(),
            key: key.iter().map(|part| (*part).to_owned()).collect(),
        };
        rows.iter().map(candidate).collect()
    }

    #[test]
    fn a_name_means_one_repository_or_none() {
        let rows: [(u64, &[&str]); 7] = [
            (1, &["platform", "app"]),
            (2, &["platform", "app2"]),
            (3, &["Platform", "app"]),
            (4, &["platform", "group/app"]),
            (5, &["other", "app"]),
            (6, &[]),
            (7, &["other", "app"]),
        ];
        let found = |project: &str, name: &str| {
            look_up(&mirror::address("r", project, name), &candidates(&rows))
        };
        assert_eq!(found("platform", "app"), Ok(RemoteId::try_from(1).ok()));
        assert_eq!(
            found("platform", "group/app"),
            Ok(RemoteId::try_from(4).ok())
        );
        assert_eq!(found("platform", "ap"), Ok(None));
        let failure = found("other", "app").unwrap_err();
        assert_eq!(failure.subject, "id of mirror r/other/app");
        assert_eq!(
            failure.message,
            "2 objects have this name, with the ids 5, 7"
        );
        assert_eq!(
            failure.hint.as_deref(),
            Some("set `repository_id` to the right one")
        );
    }
}
