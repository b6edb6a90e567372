//! Reads the resources that requests name by a number: finds the numbers that the chart does not say, then asks for each
//! resource.
//!
//! The service's search is a fuzzy one, so its list is read whole and compared here, to the letter.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::{
    failed,
    observe::{Observation, observe},
    unreadable,
};
use crate::{
    address::Address,
    kind::{Candidate, Kind, Listing, Subject},
    state::{Chart, Live, ReadFailure, RemoteId},
    transport::{client::Client, trace::Trace},
};

/// Reads all resources of the kind that the chart names in a region.
pub(super) async fn read(client: &Arc<Client>, kind: &'static Kind, chart: &Chart, region: &Arc<str>) -> Live {
    let mut live = Live::default();
    let wanted =
        chart.resources.keys().filter(|address| address.kind().name == kind.name && address.region() == region);
    let said = |address: &Address| chart.mirrors.get(address).and_then(|terms| terms.number);
    let wanted: BTreeMap<Address, Option<RemoteId>> = wanted.map(|address| (address.clone(), said(address))).collect();
    let mut candidates = None;
    if wanted.values().any(Option::is_none) {
        match list(client, kind, region).await {
            Ok(found) => candidates = Some(found),
            Err(failure) => {
                live.failures.push(failure);
                return live;
            }
        }
    }
    let mut known = BTreeMap::new();
    for (address, said) in &wanted {
        match said.map_or_else(|| look_up(address, candidates.as_deref().unwrap_or_default()), |said| Ok(Some(said))) {
            Ok(number) => known.extend(number.map(|number| (address.clone(), number))),
            Err(failure) => live.failures.push(failure),
        }
    }
    live.failures.extend(shared(&known));
    let missing = read_each(client, &known, &mut live).await;
    // A number that the service does not answer for is no mirror yet, or nothing at all: only the list knows.
    let unlisted = missing.iter().any(|address| wanted.get(address).is_some_and(Option::is_some));
    if unlisted && candidates.is_none() {
        match list(client, kind, region).await {
            Ok(found) => candidates = Some(found),
            Err(failure) => live.failures.push(failure),
        }
    }
    let there: BTreeSet<RemoteId> = candidates.iter().flatten().map(|candidate| candidate.number).collect();
    let exists = |address: &Address, number: &RemoteId| !missing.contains(address) || there.contains(number);
    live.numbers = known.into_iter().filter(|(address, number)| exists(address, number)).collect();
    live
}

/// Everything that could be meant. There is no total, so a page that is not full is the last.
async fn list(client: &Client, kind: &'static Kind, region: &Arc<str>) -> Result<Vec<Candidate>, ReadFailure> {
    let Listing::PerNumber { page_size, request, decode } = kind.listing else { return Ok(Vec::new()) };
    let subject = || format!("list of what could be a {} in {region}", kind.name);
    let mut found = BTreeMap::new();
    let mut offset = 0;
    loop {
        let response = client.read(&request(region, offset)).await.map_err(|error| failed(subject(), &error))?;
        let page = decode(&response).map_err(|error| unreadable(subject(), &error, &response.request_id))?;
        let (length, before) = (page.len(), found.len());
        // Pages overlap when something is created meanwhile.
        found.extend(page.into_iter().map(|candidate| (candidate.number, candidate)));
        if length < page_size {
            return Ok(found.into_values().collect());
        }
        if found.len() == before {
            let message = format!("the page at {offset} only repeats earlier ones");
            return Err(ReadFailure { subject: subject(), message, hint: None });
        }
        offset += page_size;
    }
}

/// The number of the one that is called so; nothing, if none is.
fn look_up(address: &Address, candidates: &[Candidate]) -> Result<Option<RemoteId>, ReadFailure> {
    let is_meant = |candidate: &&Candidate| {
        candidate.key.len() + 1 == address.parts().len()
            && candidate.key.iter().zip(&address.parts()[1..]).all(|(one, other)| **one == **other)
    };
    let hits: Vec<RemoteId> = candidates.iter().filter(is_meant).map(|candidate| candidate.number).collect();
    match hits[..] {
        [] => Ok(None),
        [number] => Ok(Some(number)),
        _ => {
            let numbers: Vec<String> = hits.iter().map(ToString::to_string).collect();
            let message = format!("{} are called so: the numbers {}", hits.len(), numbers.join(", "));
            let hint = Some("say which is meant: `repository_id`".to_owned());
            Err(ReadFailure { subject: format!("number of {address}"), message, hint })
        }
    }
}

/// Two names for one repository would undo each other's work.
fn shared(known: &BTreeMap<Address, RemoteId>) -> Vec<ReadFailure> {
    let mut first = BTreeMap::new();
    let mut failures = Vec::new();
    for (address, number) in known {
        if let Some(other) = first.insert(*number, address) {
            let message = format!("it is {number}, and so is that of {other}");
            let hint = Some("leave one of the two out, or mend its `repository_id`".to_owned());
            failures.push(ReadFailure { subject: format!("number of {address}"), message, hint });
        }
    }
    failures
}

/// Asks for each; what the service does not know by that number is returned.
async fn read_each(client: &Arc<Client>, known: &BTreeMap<Address, RemoteId>, live: &mut Live) -> BTreeSet<Address> {
    let mut reads = JoinSet::new();
    for (address, number) in known {
        let (client, address, number) = (client.clone(), address.clone(), Some(*number));
        reads.spawn(async move {
            let read = observe(&client, Subject { address: &address, number }, &Trace::default()).await;
            (address, read)
        });
    }
    let mut missing = BTreeSet::new();
    for (address, read) in reads.join_all().await {
        match read {
            Ok(Observation { live: found, is_known: true, now }) => {
                live.clock = live.clock.max(now);
                live.resources.extend(found.map(|resource| (address, resource)));
            }
            Ok(_) => drop(missing.insert(address)),
            Err(failure) => live.failures.push(failure),
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::mirror;

    fn candidates(rows: &[(u64, &[&str])]) -> Vec<Candidate> {
        let candidate = |(number, key): &(u64, &[&str])| Candidate {
            number: RemoteId::try_from(*number).unwrap(),
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
        let found = |project: &str, name: &str| look_up(&mirror::address("r", project, name), &candidates(&rows));
        assert_eq!(found("platform", "app"), Ok(RemoteId::try_from(1).ok()));
        assert_eq!(found("platform", "group/app"), Ok(RemoteId::try_from(4).ok()));
        assert_eq!(found("platform", "ap"), Ok(None));
        let failure = found("other", "app").unwrap_err();
        assert_eq!(failure.subject, "number of mirror r/other/app");
        assert_eq!(failure.message, "2 are called so: the numbers 5, 7");
        assert_eq!(failure.hint.as_deref(), Some("say which is meant: `repository_id`"));
    }
}
