//! Retries: of what, how often, and when they end.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::service::{Judge, Simulated, fixed_window, get, read_all};
use crate::{
    transport::{
        Exchange, NoAnswer, Transport,
        client::{CallError, Client, Failed, Purpose, Retries},
        trace::Trace,
    },
    wire::{Method, Request, Response, Try, error::Class},
};

const LATENCY: Duration = Duration::from_millis(50);
const SECOND: Duration = Duration::from_secs(1);

fn throttled_until(end: Duration, retry_after: Option<Duration>) -> Judge {
    Box::new(move |at, _| {
        if at < end {
            (429, retry_after)
        } else {
            (200, None)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn requests_survive_half_a_minute_of_throttling() {
    for requests in [1, 3, 200] {
        for retry_after in [None, Some(SECOND)] {
            let service = Simulated::new(throttled_until(30 * SECOND, retry_after), |_| LATENCY);
            let client = Arc::new(Client::adaptive(service.clone()));
            let failures = read_all(&client, (0..requests).map(|number| get("r", number))).await;
            assert_eq!(failures, [], "{requests}, {retry_after:?}");
            assert!(
                service.count(429, 0.0, 31.0) <= 40,
                "{requests}, {retry_after:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_request_survives_a_minute_of_throttling() {
    for retry_after in [None, Some(SECOND), Some(60 * SECOND)] {
        let service = Simulated::new(throttled_until(60 * SECOND, retry_after), |_| LATENCY);
        let client = Arc::new(Client::adaptive(service.clone()));
        assert_eq!(
            read_all(&client, [get("r", 0)].into_iter()).await,
            [],
            "{retry_after:?}"
        );
        assert!(service.log().len() <= 6, "{:?}", service.log());
    }
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_is_given_up() {
    for requests in [1, 200] {
        let service = Simulated::new(throttled_until(Duration::MAX, None), |_| LATENCY);
        let client = Arc::new(Client::adaptive(service.clone()));
        let start = Instant::now();
        let failures = read_all(&client, (0..requests).map(|number| get("r", number))).await;
        assert_eq!(failures.len(), requests);
        assert!(
            failures
                .iter()
                .all(|error| error.class() == Some(Class::Throttled))
        );
        // Six tries for the first request, and one for each other, which only sees that nothing has
        // changed.
        assert!(
            service.log().len() <= requests + 50,
            "{}",
            service.log().len()
        );
        assert!(start.elapsed() < 200 * SECOND, "{:?}", start.elapsed());
        assert_eq!(service.peak(), requests.min(2));
    }
}

/// Answers each request in turn.
fn in_turn(answers: &'static [(u16, Option<Duration>)]) -> Judge {
    let mut next = answers.iter();
    Box::new(move |_, _| next.next().copied().unwrap_or((200, None)))
}

/// The tries of a request, and whether it succeeds in the end.
async fn sent(answers: &'static [(u16, Option<Duration>)]) -> (Vec<Try>, bool) {
    let client = Client::new(Simulated::new(in_turn(answers), |_| LATENCY), 4);
    let trace = Trace::default();
    let result = client.read_traced(&get("r", 0), &trace).await;
    assert_eq!(trace.tries().len(), client.requests());
    (trace.tries(), result.is_ok())
}

#[tokio::test(start_paused = true)]
async fn a_read_is_retried_after_transient_failures() {
    const BAD: (u16, Option<Duration>) = (502, None);
    const BROKEN: (u16, Option<Duration>) = (500, None);
    const SLOW: (u16, Option<Duration>) = (429, None);
    for (answers, tries, succeeds) in [
        (&[BAD; 5][..], 6, true),
        (&[BAD; 6], 6, false),
        (&[(503, None), (504, None)], 3, true),
        (&[BROKEN], 2, true),
        (&[BROKEN; 2], 2, false),
        (&[BAD, SLOW, BROKEN], 4, true),
        (&[BAD, BROKEN, SLOW, BROKEN], 4, false),
        (&[SLOW; 5], 6, true),
        (&[SLOW; 6], 6, false),
        (&[(404, None)], 1, false),
        (&[(403, None)], 1, false),
    ] {
        let (tried, success) = sent(answers).await;
        assert_eq!((tried.len(), success), (tries, succeeds), "{answers:?}");
        let statuses = answers
            .iter()
            .map(|(status, _)| Some(*status))
            .chain([Some(200)]);
        assert!(
            tried
                .iter()
                .map(|tried| tried.status)
                .eq(statuses.take(tries)),
            "{tried:?}"
        );
    }
}

/// Sends a write.
async fn write(client: &Client, trace: &Trace) -> Result<Response, Failed> {
    let request = Request {
        method: Method::Post,
        ..get("r", 0)
    };
    let mut admission = client.admit(&request, &[]).await.unwrap();
    admission.send(&request, &[], Purpose::Work, trace).await
}

#[tokio::test(start_paused = true)]
async fn a_write_is_sent_once_for_every_answer() {
    for status in [200, 429, 500, 502, 503, 404] {
        let client = Client::new(Simulated::new(always(status), |_| LATENCY), 4);
        let trace = Trace::default();
        let result = write(&client, &trace).await;
        assert_eq!(
            (trace.tries().len(), client.requests(), result.is_ok()),
            (1, 1, status == 200)
        );
    }
}

fn always(status: u16) -> Judge {
    Box::new(move |_, _| (status, None))
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_between_requests_that_are_admitted_together() {
    // Slow enough that each request waits for the pace, and more wait than may be in flight.
    let judge = fixed_window(20, SECOND, 0.0, false);
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::new(service.clone(), 1));
    let mut pairs = tokio::task::JoinSet::new();
    for number in 0..60 {
        let client = client.clone();
        pairs.spawn(async move {
            let (check, write) = (get("r", number), get("r", number));
            let mut retries = Retries::default();
            loop {
                let mut admission = client.admit(&check, &[&write]).await.unwrap();
                let begun = Instant::now();
                let trace = Trace::default();
                let sent = match admission.send(&check, &[], Purpose::Check, &trace).await {
                    Ok(_) => admission.send(&write, &[], Purpose::Work, &trace).await,
                    failed => failed,
                };
                drop(admission);
                match sent {
                    Ok(_) => return assert_eq!(begun.elapsed(), 2 * LATENCY),
                    Err(failed) => assert!(retries.wait(&client, &write, &failed).await),
                }
            }
        });
    }
    let _: Vec<()> = pairs.join_all().await;
    assert_eq!(service.peak(), 1);
    assert_eq!(client.requests(), service.log().len());
}

#[tokio::test(start_paused = true)]
async fn checks_alone_are_not_progress() {
    let judge: Judge = Box::new(|_, request| {
        (
            if request.method == Method::Get {
                200
            } else {
                429
            },
            None,
        )
    });
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::new(service.clone(), 4));
    let start = Instant::now();
    let mut pairs = tokio::task::JoinSet::new();
    for number in 0..100 {
        let client = client.clone();
        pairs.spawn(async move {
            let check = get("r", number);
            let write = Request {
                method: Method::Delete,
                ..check.clone()
            };
            let mut retries = Retries::default();
            loop {
                let mut admission = client.admit(&check, &[&write]).await.unwrap();
                let trace = Trace::default();
                admission
                    .send(&check, &[], Purpose::Check, &trace)
                    .await
                    .unwrap();
                let failed = admission
                    .send(&write, &[], Purpose::Work, &trace)
                    .await
                    .unwrap_err();
                drop(admission);
                if !retries.wait(&client, &write, &failed).await {
                    return;
                }
            }
        });
    }
    let _: Vec<()> = pairs.join_all().await;
    assert!(start.elapsed() < 400 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn retry_after_holds_for_all_waiting_requests() {
    let mut first = true;
    let judge: Judge = Box::new(move |_, _| {
        let answer = if first {
            (429, Some(7 * SECOND))
        } else {
            (200, None)
        };
        first = false;
        answer
    });
    let service = Simulated::new(judge, |_| LATENCY);
    let client = Arc::new(Client::new(service.clone(), 1));
    assert_eq!(
        read_all(&client, (0..5).map(|number| get("r", number))).await,
        []
    );
    assert_eq!(
        (service.count(200, 0.0, 7.0), service.count(200, 7.0, 9.0)),
        (0, 5)
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_retry_after_is_cut() {
    const DAY: (u16, Option<Duration>) = (503, Some(Duration::from_secs(86_400)));
    let start = Instant::now();
    assert!(sent(&[DAY, (429, DAY.1)]).await.1);
    assert!(start.elapsed() < 140 * SECOND, "{:?}", start.elapsed());
    assert!(start.elapsed() > 120 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn throttling_does_not_count_while_others_succeed() {
    // One request is refused twenty times, the others never.
    let mut refusals = 0;
    let judge: Judge = Box::new(move |_, request| {
        let refused = request.path == "/v2/0" && refusals < 20;
        refusals += u32::from(refused);
        (if refused { 429 } else { 200 }, None)
    });
    let service = Simulated::new(judge, |_| SECOND);
    let client = Arc::new(Client::new(service.clone(), 4));
    let unlucky = tokio::spawn({
        let client = client.clone();
        async move { read_all(&client, [get("r", 0)].into_iter()).await }
    });
    for number in 1..200 {
        client.read(&get("r", number)).await.unwrap();
    }
    assert_eq!(unlucky.await.unwrap(), []);
    assert_eq!(service.count(429, 0.0, 1e6), 20);
}

#[tokio::test(start_paused = true)]
async fn bad_credentials_are_sent_twice_at_most() {
    let service = Simulated::new(Box::new(|_, _| (401, None)), |_| LATENCY);
    let client = Arc::new(Client::adaptive(service.clone()));
    let failures = read_all(&client, (0..50).map(|number| get("r", number))).await;
    assert_eq!((failures.len(), service.log().len()), (50, 2));
    assert!(
        failures
            .iter()
            .all(|error| error.class() == Some(Class::Unauthorized))
    );
}

/// A failed request must close the gate before it frees its place in flight. Only several threads
/// can show the race.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_credentials_are_sent_twice_at_most_by_parallel_threads() {
    for _ in 0..300 {
        let service = Simulated::new(Box::new(|_, _| (401, None)), |_| Duration::ZERO);
        let client = Arc::new(Client::adaptive(service.clone()));
        let failures = read_all(
            &client,
            (0..20).map(|number| get(["a", "b", "c"][number % 3], number)),
        )
        .await;
        assert_eq!(failures.len(), 20);
        assert!(service.log().len() <= 2, "{:?}", service.log());
    }
}

/// Never answers. `never_sent` says whether the request can have reached the service.
struct Unreachable {
    never_sent: bool,
}

impl Transport for Unreachable {
    fn send<'a>(&'a self, _request: &'a Request) -> Exchange<'a> {
        Box::pin(async {
            let answer: Result<Response, _> = Err(NoAnswer {
                message: "no answer".to_owned(),
                never_sent: self.never_sent,
            });
            answer
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_without_an_answer_is_retried() {
    for never_sent in [false, true] {
        let client = Client::new(Arc::new(Unreachable { never_sent }), 4);
        let trace = Trace::default();
        let error: CallError = client.read_traced(&get("r", 0), &trace).await.unwrap_err();
        assert_eq!(
            (error.class(), trace.tries().len()),
            (None, 6),
            "{never_sent}"
        );
        assert_eq!(
            trace.tries()[0],
            Try {
                status: None,
                request_id: None
            }
        );
        let failed = write(&client, &Trace::default()).await.unwrap_err();
        assert_eq!(
            (failed.error.is_doubtful(), failed.error.is_transient()),
            (!never_sent, true)
        );
    }
}
