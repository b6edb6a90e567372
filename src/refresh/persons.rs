//! Looks up the ids of persons whom the chart names and who have no permission yet.
//!
//! If every person of the chart has one, nothing is sent.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{failed, gather, unreadable};
use crate::{
    progress::Tally,
    scope::{self, Unidentified},
    state::{Chart, Live, ReadFailure},
    transport::client::Client,
};

/// Adds the id of each such person, or a failure. A person whom the other service does not know
/// gets neither.
pub(super) async fn look_up(
    client: &Arc<Client>,
    chart: &Chart,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut reads = JoinSet::new();
    for person in scope::to_look_up(chart, live) {
        let client = client.clone();
        reads.spawn(async move { (find(&client, &person).await, person) });
    }
    for (found, (_, region, name)) in gather(reads, tally).await {
        match found {
            Ok(id) => {
                let person = (region, name);
                live.reads.persons.insert(person.clone());
                live.persons.extend(id.map(|id| (person, id)));
            }
            Err(failure) => live.failures.push(failure),
        }
    }
}

async fn find(
    client: &Client,
    (kind, region, name): &Unidentified,
) -> Result<Option<String>, ReadFailure> {
    let Some(naming) = kind.naming() else {
        return Ok(None);
    };
    let subject = || format!("id of {} {}", naming.part, crate::address::printed(name));
    let hinted = |failure| ReadFailure {
        hint: Some(naming.id_hint.to_owned()),
        ..failure
    };
    let request = (naming.look_up)(region, name);
    let response = client
        .read(&request)
        .await
        .map_err(|error| hinted(failed(subject(), &error)))?;
    (naming.decode)(name, &response)
        .map_err(|error| hinted(unreadable(subject(), &error, &response)))
}
