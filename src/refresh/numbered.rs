//! Reads the resources that requests name by a number: finds the numbers that the chart does not
//! say, then asks for each resource.
//!
//! The service's search is a fuzzy one, so its list is read whole and compared here, to the letter.
//! Nothing in it says how many there are, so what a list of several pages lacks is looked for in a
//! second reading.

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

/// How often the list is read because it lacks something.
const MOST_READINGS: usize = 2;

/// Reads all resources of the kind that the chart names in a region.
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
    let said = |address: &Address| chart.terms.get(address).and_then(|terms| terms.number);
    let wanted: BTreeMap<Address, Option<RemoteId>> = wanted
        .map(|address| (address.clone(), said(address)))
        .collect();
    let mut lists = Lists {
        client,
        kind,
        region,
        readings: Vec::new(),
    };
    let unnumbered: Vec<&Address> = wanted
        .iter()
        .filter(|(_, said)| said.is_none())
        .map(|(address, _)| address)
        .collect();
    let found = lists
        .read_until(|lists| {
            unnumbered
                .iter()
                .all(|address| lists.look_up(address) != Ok(None))
        })
        .await;
    if let Err(failure) = found {
        live.failures.push(failure);
        return live;
    }
    let mut known = BTreeMap::new();
    for (address, said) in &wanted {
        match said.map_or_else(|| lists.look_up(address), |said| Ok(Some(said))) {
            Ok(number) => known.extend(number.map(|number| (address.clone(), number))),
            Err(failure) => live.failures.push(failure),
        }
    }
    live.failures.extend(shared(&known));
    let missing = read_each(client, &known, &mut live).await;
    // A number that the service does not answer for is no mirror yet, or nothing at all: only the
    // list knows.
    let unanswered = missing.iter().filter_map(|address| known.get(address));
    let listed = lists
        .read_until(|lists| unanswered.clone().all(|number| lists.hold(*number)))
        .await;
    live.failures.extend(listed.err());
    let exists =
        |address: &Address, number: &RemoteId| !missing.contains(address) || lists.hold(*number);
    live.numbers = known
        .into_iter()
        .filter(|(address, number)| exists(address, number))
        .collect();
    live
}

/// Everything that could be meant, in one reading or two.
struct Lists<'a> {
    client: &'a Arc<Client>,
    kind: &'static Kind,
    region: &'a Arc<str>,
    readings: Vec<Listed<Candidate>>,
}

impl Lists<'_> {
    /// Reads until that is the case, and no more than may help: a list of one page lacks nothing.
    async fn read_until(&mut self, is_enough: impl Fn(&Self) -> bool) -> Result<(), ReadFailure> {
        let Listing::PerNumber {
            page_size,
            request,
            decode,
        } = self.kind.listing
        else {
            return Ok(());
        };
        while !is_enough(self) && self.readings.last().is_none_or(|reading| reading.pages > 1) {
            if self.readings.len() == MOST_READINGS {
                break;
            }
            let list = pages::List {
                subject: format!(
                    "list of what could be a {} in {}",
                    self.kind.name, self.region
                ),
                page_size: Some(page_size),
                request: &|window| request(self.region, window),
                decode: &decode,
            };
            let listed = pages::read(&mut { self.client }, &list).await?;
            self.readings.push(listed);
        }
        Ok(())
    }

    /// The number that a name has in the first reading that holds it.
    fn look_up(&self, address: &Address) -> Result<Option<RemoteId>, ReadFailure> {
        for reading in &self.readings {
            let found = look_up(address, &reading.items)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn hold(&self, number: RemoteId) -> bool {
        let mut items = self.readings.iter().flat_map(|reading| &reading.items);
        items.any(|candidate| candidate.number == number)
    }
}

/// The number of the one that is called so; nothing, if none is.
fn look_up(address: &Address, candidates: &[Candidate]) -> Result<Option<RemoteId>, ReadFailure> {
    let is_meant = |candidate: &&Candidate| {
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
        .map(|candidate| candidate.number)
        .collect();
    match hits[..] {
        [] => Ok(None),
        [number] => Ok(Some(number)),
        _ => {
            let numbers: Vec<String> = hits.iter().map(ToString::to_string).collect();
            let message = format!(
                "{} are called so: the numbers {}",
                hits.len(),
                numbers.join(", ")
            );
            let hint = Some("say which is meant: `repository_id`".to_owned());
            Err(ReadFailure {
                subject: format!("number of {address}"),
                message,
                hint,
            })
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
            failures.push(ReadFailure {
                subject: format!("number of {address}"),
                message,
                hint,
            });
        }
    }
    failures
}

/// Asks for each; what the service does not know by that number is returned.
async fn read_each(
    client: &Arc<Client>,
    known: &BTreeMap<Address, RemoteId>,
    live: &mut Live,
) -> BTreeSet<Address> {
    let mut reads = JoinSet::new();
    for (address, number) in known {
        let (client, address, number) = (client.clone(), address.clone(), Some(*number));
        reads.spawn(async move {
            let read = observe(
                &client,
                Subject {
                    address: &address,
                    number,
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
            }) => {
                live.clock = live.clock.max(now);
                live.resources
                    .extend(found.map(|resource| (address, resource)));
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
        assert_eq!(failure.subject, "number of mirror r/other/app");
        assert_eq!(failure.message, "2 are called so: the numbers 5, 7");
        assert_eq!(
            failure.hint.as_deref(),
            Some("say which is meant: `repository_id`")
        );
    }
}
