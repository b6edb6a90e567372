//! Pages that are read concurrently.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::*;
use crate::transport::{Exchange, Transport};

/// The service behind a client. A response shows the list at the time of its request.
struct Door {
    numbers: Mutex<Numbers>,
    /// The latency of the page with that offset.
    latency: fn(usize) -> u64,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Transport for Door {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let in_flight = self.in_flight.fetch_add(1, Relaxed) + 1;
            self.most_in_flight.fetch_max(in_flight, Relaxed);
            let window = window(request);
            sleep(Duration::from_millis((self.latency)(window.offset))).await;
            self.in_flight.fetch_sub(1, Relaxed);
            Ok(self.numbers.lock().unwrap().answer(window))
        })
    }
}

fn door(numbers: Numbers, latency: fn(usize) -> u64) -> Arc<Door> {
    let (in_flight, most_in_flight) = (AtomicUsize::new(0), AtomicUsize::new(0));
    Arc::new(Door {
        numbers: Mutex::new(numbers),
        latency,
        in_flight,
        most_in_flight,
    })
}

impl Door {
    fn asked(&self) -> Vec<Window> {
        self.numbers.lock().unwrap().asked.clone()
    }

    async fn read(self: &Arc<Self>, parallelism: usize) -> Result<(Vec<u64>, usize), String> {
        let client = Arc::new(Client::new(self.clone(), parallelism));
        let list = List {
            subject: "list".to_owned(),
            page_size: Some(100),
            request: &request,
            decode: &decode,
        };
        let listed = read(&mut { &client }, &list)
            .await
            .map_err(|failure| failure.message)?;
        Ok((
            listed.items.iter().map(|item| item.id.into()).collect(),
            listed.pages,
        ))
    }
}

/// Later pages arrive earlier.
fn backwards(offset: usize) -> u64 {
    100_000 - u64::try_from(offset).unwrap()
}

#[tokio::test(start_paused = true)]
async fn as_many_pages_are_requested_as_may_be_in_flight() {
    for (last, parallelism, tells_total, expected) in [
        (2_000, 1, true, 1),
        (2_000, 10, true, 10),
        (2_000, 64, true, 22),
        // The first page ends at the total: one more request looks for items that were created
        // meanwhile.
        (100, 64, true, 1),
        (99, 64, true, 1),
        // Without a total, the end is known only at the last page.
        (2_000, 64, false, 1),
    ] {
        for latency in [|_| 50, backwards] {
            let door = door(
                Numbers {
                    tells_total,
                    ..service(last, |_, _| {})
                },
                latency,
            );
            let (numbers, pages) = door.read(parallelism).await.unwrap();
            assert_eq!(numbers, all_but(last.into(), &[]));
            // Not one page more than sequential reads would take.
            assert_eq!(door.asked().len(), pages, "{last} by {parallelism}");
            assert_eq!(
                door.most_in_flight.load(Relaxed),
                expected,
                "{last} by {parallelism}"
            );
        }
    }
}

/// For any order of requests and changes.
#[tokio::test(start_paused = true)]
async fn items_that_exist_all_the_time_are_listed() {
    for latency in [|_| 50, backwards] {
        for at in 1..12 {
            for (gone, created) in [(1, 0), (1, 1), (3, 3), (40, 40), (0, 2)] {
                let edit = move |now, there: &mut Vec<u32>| {
                    if now == at {
                        there.drain(450..450 + gone);
                        there.extend((5001..).take(created));
                    }
                };
                let door = door(service(1_000, edit), latency);
                let (numbers, _) = door.read(8).await.unwrap();
                let there = &door.numbers.lock().unwrap().there;
                let lost: Vec<_> = there
                    .iter()
                    .filter(|number| !numbers.contains(&u64::from(**number)))
                    .collect();
                assert!(
                    lost.iter().all(|number| **number > 5000),
                    "{lost:?}: {gone} before request {at}"
                );
            }
        }
    }
}

/// The last page shows that it is wrong. Until then at most as many are requested as may be in
/// flight.
#[tokio::test(start_paused = true)]
async fn a_total_that_is_far_too_high_costs_little() {
    for total in [10_000, usize::MAX / 2, usize::MAX] {
        let decode = |response: &Response| {
            decode(response).map(|page| Page {
                total: Some(total),
                ..page
            })
        };
        let list = List {
            subject: "list".to_owned(),
            page_size: Some(100),
            request: &request,
            decode: &decode,
        };
        let mut one_by_one = service(250, |_, _| {});
        let expected = read(&mut one_by_one, &list).await.unwrap_err();
        let door = door(service(250, |_, _| {}), |_| 50);
        let client = Arc::new(Client::new(door.clone(), 10));
        assert_eq!(read(&mut { &client }, &list).await.unwrap_err(), expected);
        let (asked, needed) = (door.asked().len(), one_by_one.asked.len());
        assert!(
            asked <= needed + MAX_READS * 10,
            "{asked} instead of {needed}"
        );
    }
}

/// Pages after a decisive one are not awaited.
#[tokio::test(start_paused = true)]
async fn requests_that_became_useless_are_cancelled() {
    let edit = |at, there: &mut Vec<u32>| {
        if at < 2 {
            there.pop();
        }
    };
    let slow = |offset| if offset > 500 { 3_600_000 } else { 50 };
    let door = door(service(1_000, edit), slow);
    let client = Arc::new(Client::new(door.clone(), 10));
    let start = Instant::now();
    let decode = |response: &Response| match response.content_range.as_deref() {
        Some("0-100/999") => decode(response),
        _ => Err(Undecodable {
            expected: "a list",
            found: "something else".to_owned(),
        }),
    };
    let list = List {
        subject: "list".to_owned(),
        page_size: Some(100),
        request: &request,
        decode: &decode,
    };
    let failure = read(&mut { &client }, &list).await.unwrap_err();
    assert_eq!(
        failure.message,
        "expected a list, found something else (GET /list)"
    );
    assert!(start.elapsed() < Duration::from_secs(1), "it waited");
    tokio::task::yield_now().await;
    assert_eq!(door.most_in_flight.load(Relaxed), 10);
    assert!(
        Arc::strong_count(&client) == 1,
        "a request is still in progress"
    );
}
