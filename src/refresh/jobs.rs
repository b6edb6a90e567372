//! Reads the newest jobs of repositories: which of their tags the service copied, and with what
//! result.
//!
//! One page each: whether a job that failed long ago still matters is not shown by more of them.
//! More are read only to tell what somebody removed at a target from what was never copied.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::task::JoinSet;

use super::{clock, contents, failed, gather, targets::Own, unreadable};
use crate::{
    address::Address,
    copies::Target,
    kind::{
        Window,
        copying::{Copying, Job},
    },
    plan::{
        copies::{Sought, tell_all},
        health,
    },
    progress::Tally,
    state::{Chart, Live, ReadFailure},
    time::Moment,
    transport::client::Client,
};

/// The most pages of jobs that are read of one parent.
const MOST_PAGES: usize = 10;

/// The jobs of one parent, and the time on the service's clock.
type Listed = (Vec<Job>, Option<Moment>);

/// Reads that run, each of the jobs of one parent.
pub(super) struct Reads(JoinSet<(Address, Result<Listed, ReadFailure>)>);

/// Starts a read of the newest jobs of each parent. Parents without a kind of children that copies
/// have no jobs.
pub(super) fn begin(client: &Arc<Client>, parents: BTreeSet<Address>) -> Reads {
    let none = (Vec::new(), None);
    let asked = parents.into_iter();
    spawn(
        client,
        asked.map(|parent| (parent, Sought::new(), none.clone())),
    )
}

fn spawn(client: &Arc<Client>, asked: impl Iterator<Item = (Address, Sought, Listed)>) -> Reads {
    let mut reads = JoinSet::new();
    for (parent, sought, known) in asked {
        let Some(copying) = parent.kind().copied_by() else {
            continue;
        };
        let client = client.clone();
        reads.spawn(async move {
            let jobs = newest(&client, &parent, copying, &sought, known).await;
            (parent, jobs)
        });
    }
    Reads(reads)
}

impl Reads {
    /// Adds the jobs to the live state, or why they are not known.
    pub(super) async fn finish(self, live: &mut Live, tally: &Tally<'_>) {
        for (parent, read) in gather(self.0, tally).await {
            match read {
                Ok((jobs, now)) => {
                    live.clock = live.clock.max(now);
                    live.jobs.insert(parent, jobs);
                }
                Err(failure) => drop(live.unread_jobs.insert(parent, failure)),
            }
        }
    }
}

/// Reads the jobs of each parent that tell what became of the items, side by side. What was read
/// before is not read again.
pub(super) async fn read(
    client: &Arc<Client>,
    asked: BTreeMap<Address, Sought>,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut open = Vec::new();
    for (parent, sought) in asked {
        let known = live.jobs.get(&parent);
        let is_enough = |jobs: &Vec<Job>| {
            let copying = parent.kind().copied_by();
            copying.is_some_and(|it| jobs.len() < it.jobs_page)
                || tell_all(jobs, &sought, live.clock)
        };
        if !live.unread_jobs.contains_key(&parent) && !known.is_some_and(is_enough) {
            let known = known.cloned().unwrap_or_default();
            open.push((parent, sought, (known, live.clock)));
        }
    }
    spawn(client, open.into_iter()).finish(live, tally).await;
}

/// Lists the items at both ends of rules with bad jobs, side by side: whether a copy is there after
/// all. What cannot be read leaves the finding, and other regions are asked only if they answered
/// before.
pub(super) async fn look_again(
    client: &Arc<Client>,
    part: &Chart,
    own: &Own<'_>,
    live: &mut Live,
    tally: &Tally<'_>,
) {
    let mut reads = JoinSet::new();
    for (of, list) in health::to_list(part, live) {
        let is_own = own.contains(&(of.kind().service, of.region()));
        let place = of.parent().and_then(|place| live.targets.get(&place));
        if is_own || place == Some(&Target::There) {
            let client = client.clone();
            reads.spawn(async move {
                let items = contents::list(&mut &client, &of, list).await;
                (of, items)
            });
        }
    }
    for (of, items) in gather(reads, tally).await {
        if let Ok(listed) = items {
            live.contents.insert(of, listed.items);
        }
    }
}

async fn newest(
    client: &Client,
    parent: &Address,
    copying: &Copying,
    sought: &Sought,
    (mut jobs, mut now): Listed,
) -> Result<Listed, ReadFailure> {
    let subject = || format!("sync jobs of {parent}");
    let limit = copying.jobs_page;
    for number in jobs.len() / limit..MOST_PAGES {
        let window = Window {
            offset: number * limit,
            limit,
        };
        let request = (copying.jobs)(parent, window);
        let response = client
            .read(&request)
            .await
            .map_err(|error| failed(subject(), &error))?;
        let page = (copying.decode_jobs)(parent, &response)
            .map_err(|error| unreadable(subject(), &error, &response))?;
        now = now.max(clock(&response));
        let is_last = page.items.len() < limit;
        jobs.extend(page.items);
        if is_last || tell_all(&jobs, sought, now) {
            break;
        }
    }
    Ok((jobs, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        kind::repository,
        progress::{Silent, Stage},
        transport::{Exchange, Transport},
        wire::{Request, Response},
    };

    /// Answers with one job of `web`, and refuses every other request.
    struct Service;

    impl Transport for Service {
        fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
            let body = r#"[{ "id": 7, "tag": "v1", "remoteRegionId": "r-2",
                "remoteNamespace": "dr", "status": "failed" }]"#;
            let status = match &*request.path {
                "/v2/manage/namespaces/o/repos/web/sync_job" => 200,
                _ => 403,
            };
            Box::pin(async move {
                Ok(Response {
                    status,
                    body: body.into(),
                    date: Some("Fri, 02 Jan 2026 03:04:05 GMT".to_owned()),
                    ..Response::default()
                })
            })
        }
    }

    #[tokio::test]
    async fn jobs_that_cannot_be_read_are_no_failure() {
        let client = Arc::new(Client::new(Arc::new(Service), 2));
        let [web, api] = ["web", "api"].map(|name| repository::address("r-1", "o", name));
        let mut live = Live::default();
        let tally = Tally::new(&Silent, Stage::Reading);
        for requests in [2, 2] {
            let both = [&web, &api].map(|it| (it.clone(), Sought::new()));
            read(&client, both.into(), &mut live, &tally).await;
            assert_eq!(client.requests(), requests);
        }
        assert_eq!(live.jobs[&web][0].id, 7);
        assert!(live.clock.is_some() && live.failures.is_empty());
        let unread: Vec<&ReadFailure> = live.unread_jobs.values().collect();
        assert_eq!(unread[0].subject, "sync jobs of repository r-1/o/api");
    }
}
