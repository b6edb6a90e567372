//! A simulated service with a rate limit and a latency.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    transport::{
        Exchange, Transport,
        client::{CallError, Client},
    },
    wire::{Method, Request, Response, Service},
};

/// The status and `Retry-After` for a request that arrives at that time since the start.
pub(super) type Judge = Box<dyn FnMut(Duration, &Request) -> (u16, Option<Duration>) + Send>;

pub(super) struct Simulated {
    start: Instant,
    judge: Mutex<Judge>,
    latency: Box<dyn Fn(usize) -> Duration + Send + Sync>,
    in_flight: AtomicUsize,
    /// The requests so far.
    log: Mutex<Vec<Arrival>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) at: Duration,
    pub(super) status: u16,
    pub(super) in_flight: usize,
}

impl Simulated {
    /// Answers after `latency`, which depends on the number of requests in flight.
    pub(super) fn new(
        judge: Judge,
        latency: impl Fn(usize) -> Duration + Send + Sync + 'static,
    ) -> Arc<Simulated> {
        Arc::new(Simulated {
            start: Instant::now(),
            judge: Mutex::new(judge),
            latency: Box::new(latency),
            in_flight: AtomicUsize::new(0),
            log: Mutex::default(),
        })
    }

    pub(super) fn log(&self) -> Vec<Arrival> {
        self.log.lock().unwrap().clone()
    }

    /// How many requests between two times were answered with that status.
    pub(super) fn count(&self, status: u16, from: f64, to: f64) -> usize {
        let within = |arrival: &&Arrival| (from..to).contains(&arrival.at.as_secs_f64());
        self.log()
            .iter()
            .filter(within)
            .filter(|arrival| arrival.status == status)
            .count()
    }

    pub(super) fn peak(&self) -> usize {
        self.log()
            .iter()
            .map(|arrival| arrival.in_flight)
            .max()
            .unwrap_or(0)
    }
}

impl Transport for Simulated {
    fn send<'a>(&'a self, request: &'a Request) -> Exchange<'a> {
        Box::pin(async move {
            let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            let at = self.start.elapsed();
            let (status, retry_after) = (self.judge.lock().unwrap())(at, request);
            self.log.lock().unwrap().push(Arrival {
                at,
                status,
                in_flight,
            });
            sleep((self.latency)(in_flight)).await;
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            Ok(Response {
                status,
                retry_after,
                body: b"{}".to_vec(),
                ..Response::default()
            })
        })
    }
}

/// A limit of requests per window of the service's clock. `began` is the part of the first window
/// that was over at the start.
pub(super) fn fixed_window(
    requests: u32,
    window: Duration,
    began: f64,
    retry_after: bool,
) -> Judge {
    let (mut current, mut count) = (0, 0);
    Box::new(move |at, _| {
        let clock = at + window.mul_f64(began);
        let number = clock.as_nanos() / window.as_nanos();
        if number != current {
            (current, count) = (number, 0);
        }
        count += 1;
        let next = window
            - Duration::from_nanos((clock.as_nanos() % window.as_nanos()).try_into().unwrap());
        let seconds = Duration::from_secs(next.as_millis().div_ceil(1000).try_into().unwrap());
        if count <= requests {
            (200, None)
        } else {
            (429, retry_after.then_some(seconds))
        }
    })
}

/// A token bucket with a rate per second and a capacity. The next token comes within a second.
pub(super) fn token_bucket(rate: f64, kept: f64, retry_after: bool) -> Judge {
    let (mut tokens, mut filled) = (kept, Duration::ZERO);
    Box::new(move |at, _| {
        tokens = f64::min(kept, tokens + (at - filled).as_secs_f64() * rate);
        filled = at;
        if tokens < 1.0 {
            return (429, retry_after.then_some(Duration::from_secs(1)));
        }
        tokens -= 1.0;
        (200, None)
    })
}

pub(super) fn get(region: &str, number: usize) -> Request {
    Request::new(
        Service::Swr,
        &region.into(),
        Method::Get,
        format!("/v2/{number}"),
    )
}

/// Reads everything as fast as the client can, and returns the failures.
pub(super) async fn read_all(
    client: &Arc<Client>,
    requests: impl Iterator<Item = Request>,
) -> Vec<CallError> {
    let mut reads = JoinSet::new();
    for request in requests {
        let client = client.clone();
        reads.spawn(async move { client.read(&request).await });
    }
    reads
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect()
}
