//! Who may send when: a queue for each endpoint, and at its head one request that waits for the
//! endpoint's pace, for a place in flight there, and for one in flight in all.
//!
//! How many and how fast is decided in [`concurrency`](super::concurrency) and
//! [`pace`](super::pace); here is the waiting. What a request asks for, and whether it is sent
//! again, is not known here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::{
    concurrency::{Limit, MOST},
    pace::{Pace, Taken},
};
use crate::wire::{Request, Service, error::ApiError};

/// In flight until the first success has shown that the credentials are good: repeated failures
/// lock a key.
const UNPROVEN: usize = 2;

/// How long an endpoint may throttle everything before all give up who wait for it. Each alone
/// would outlast a minute; with hundreds that take turns it would be hours.
const PATIENCE: Duration = Duration::from_secs(120);

/// Lets requests pass, and learns from what becomes of them.
pub(super) struct Gate {
    began: Instant,
    traffic: Mutex<Traffic>,
    /// A place or the way is free; heads of queues look again.
    freed: Notify,
}

type Key = (Service, Arc<str>);

struct Traffic {
    /// None: adaptive.
    fixed: Option<usize>,
    in_flight: usize,
    proven: bool,
    refused: Option<ApiError>,
    endpoints: HashMap<Key, Endpoint>,
}

struct Endpoint {
    /// Fair: whoever came first is at the head first.
    queue: Arc<tokio::sync::Mutex<()>>,
    limit: Limit,
    pace: Pace,
    in_flight: usize,
    /// How many wait for their turn.
    waiting: usize,
    /// The head of the queue waits for the pace, and not for a place in flight.
    is_paced: bool,
    successes: u64,
    /// Nothing but throttling since.
    shut_since: Option<Duration>,
    given_up: bool,
}

/// What an answer means for those that wait.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Success,
    /// A check before a write succeeded. It shows how much the endpoint bears, and no progress:
    /// where every write is throttled, checks alone must not keep a run going.
    CheckSuccess,
    Throttled {
        retry_after: Option<Duration>,
    },
    Other,
}

/// How an endpoint stands when an answer has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// How many requests have succeeded there so far.
    pub(super) successes: u64,
    /// It has been throttling for so long that nobody waits for it any more.
    pub(super) given_up: bool,
}

enum Admission {
    Granted(Taken),
    Full,
    At(Duration),
}

impl Gate {
    /// At most `fixed` in flight in all, or as many as the endpoints bear.
    pub(super) fn new(fixed: Option<usize>) -> Gate {
        let traffic = Traffic {
            fixed,
            in_flight: 0,
            proven: false,
            refused: None,
            endpoints: HashMap::new(),
        };
        Gate {
            began: Instant::now(),
            traffic: Mutex::new(traffic),
            freed: Notify::new(),
        }
    }

    /// How much is worth having under way at once. A limit that grows while others wait needs
    /// somebody to wait.
    pub(super) fn appetite(&self) -> usize {
        let traffic = self.traffic();
        traffic
            .fixed
            .unwrap_or_else(|| (2 * traffic.allowed()).min(MOST))
    }

    /// Waits until `requests` requests may be sent one after the other, of which this is the first.
    /// After an authentication failure nothing may.
    pub(super) async fn enter(
        &self,
        request: &Request,
        requests: u32,
    ) -> Result<Pass<'_>, ApiError> {
        let key = (request.service, request.region.clone());
        let waiting = Waiting::new(self, &key);
        let queue = self.traffic().endpoint(&key, self.now()).queue.clone();
        let _head = queue.lock().await;
        loop {
            // Made before the look, so that nothing that is freed in between is missed.
            let freed = self.freed.notified();
            let now = self.now();
            let admission = {
                let mut traffic = self.traffic();
                if let Some(error) = &traffic.refused {
                    return Err(error.clone());
                }
                traffic.admit(&key, now, requests)
            };
            match admission {
                Admission::Granted(taken) => {
                    drop(waiting);
                    return Ok(Pass {
                        gate: self,
                        key,
                        turns: requests,
                        taken,
                        sent: now,
                    });
                }
                Admission::Full => freed.await,
                Admission::At(time) => tokio::select! {
                    () = freed => {}
                    () = sleep_until(self.began + time) => {}
                },
            }
        }
    }

    /// The credentials are no good: nothing is sent any more.
    pub(super) fn close(&self, error: &ApiError) {
        self.traffic().refused.get_or_insert_with(|| error.clone());
        self.freed.notify_waiters();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.traffic().refused.is_some()
    }

    /// A request was throttled as often as one may be.
    pub(super) fn give_up(&self, request: &Request) {
        let key = (request.service, request.region.clone());
        self.traffic().endpoint(&key, self.now()).given_up = true;
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn traffic(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in the queue, until it has its turn or is called off.
struct Waiting<'g> {
    gate: &'g Gate,
    key: Key,
}

impl Waiting<'_> {
    fn new<'g>(gate: &'g Gate, key: &Key) -> Waiting<'g> {
        gate.traffic().endpoint(key, gate.now()).waiting += 1;
        Waiting {
            gate,
            key: key.clone(),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = self.gate.now();
        self.gate.traffic().endpoint(&self.key, now).waiting -= 1;
    }
}

impl Traffic {
    /// In flight in all: what the endpoint bears that bears most.
    fn allowed(&self) -> usize {
        let start = Endpoint::new_limit(self.fixed).allowed();
        let most = self
            .endpoints
            .values()
            .map(|endpoint| endpoint.limit.allowed())
            .max()
            .unwrap_or(start);
        if self.proven {
            most
        } else {
            most.min(UNPROVEN)
        }
    }

    fn endpoint(&mut self, key: &Key, now: Duration) -> &mut Endpoint {
        let fixed = self.fixed;
        self.endpoints
            .entry(key.clone())
            .or_insert_with(|| Endpoint {
                queue: Arc::default(),
                limit: Endpoint::new_limit(fixed),
                pace: Pace::new(now),
                in_flight: 0,
                waiting: 0,
                is_paced: false,
                successes: 0,
                shut_since: None,
                given_up: false,
            })
    }

    fn admit(&mut self, key: &Key, now: Duration, requests: u32) -> Admission {
        let full = self.in_flight >= self.allowed();
        let endpoint = self.endpoint(key, now);
        let one_at_a_time = endpoint.given_up || endpoint.pace.is_shut();
        let allowed = if one_at_a_time {
            1
        } else {
            endpoint.limit.allowed()
        };
        endpoint.is_paced = false;
        if full || endpoint.in_flight >= allowed {
            return Admission::Full;
        }
        // Once the endpoint is given up, each request only finds out whether that has changed. A
        // pace would make a long run wait for the same answer again and again.
        let turn = if endpoint.given_up {
            Ok(Taken::default())
        } else {
            endpoint.pace.take(now, endpoint.in_flight == 0, requests)
        };
        match turn {
            Ok(taken) => {
                endpoint.in_flight += 1;
                self.in_flight += 1;
                Admission::Granted(taken)
            }
            Err(time) => {
                endpoint.is_paced = true;
                Admission::At(time)
            }
        }
    }

    fn leave(&mut self, key: &Key, taken: Taken, now: Duration) {
        self.in_flight -= 1;
        let endpoint = self.endpoint(key, now);
        endpoint.in_flight -= 1;
        endpoint.pace.give_back(taken);
    }
}

impl Endpoint {
    fn new_limit(fixed: Option<usize>) -> Limit {
        fixed.map_or_else(Limit::adaptive, Limit::fixed)
    }

    fn learn(&mut self, outcome: Outcome, sent: Duration, now: Duration) -> Standing {
        match outcome {
            Outcome::Success | Outcome::CheckSuccess => {
                // Many answers may come before the next in the queue has had a look.
                let pressed = self.waiting > 0 && !self.is_paced;
                self.limit.succeeded(now.saturating_sub(sent), pressed);
                self.pace.succeeded(sent, now);
                if matches!(outcome, Outcome::Success) {
                    self.successes += 1;
                    (self.shut_since, self.given_up) = (None, false);
                }
            }
            Outcome::Throttled { retry_after } => {
                self.limit.throttled(sent, now);
                self.pace.throttled(sent, now, retry_after);
                self.given_up |= now > *self.shut_since.get_or_insert(now) + PATIENCE;
                if self.given_up {
                    self.pace.resume(now);
                }
            }
            Outcome::Other => {}
        }
        Standing {
            successes: self.successes,
            given_up: self.given_up,
        }
    }
}

/// A place in flight, and the turns of the requests that are sent from it one after the other. When
/// this is gone the place is free again, and the turns that were not used are given back.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    key: Key,
    /// How many more requests were announced.
    turns: u32,
    taken: Taken,
    /// When the request in flight was sent.
    sent: Duration,
}

impl Pass<'_> {
    /// A request is sent now. One that was not announced is paid for by those that wait.
    pub(super) fn departs(&mut self) {
        self.sent = self.gate.now();
        self.taken.spend();
        if self.turns == 0 {
            self.gate
                .traffic()
                .endpoint(&self.key, self.sent)
                .pace
                .borrow();
        }
        self.turns = self.turns.saturating_sub(1);
    }

    /// What became of the request that was sent.
    pub(super) fn learn(&mut self, outcome: Outcome) -> Standing {
        let now = self.gate.now();
        let mut traffic = self.gate.traffic();
        traffic.proven |= matches!(outcome, Outcome::Success | Outcome::CheckSuccess);
        let standing = traffic
            .endpoint(&self.key, now)
            .learn(outcome, self.sent, now);
        drop(traffic);
        // More may be allowed in flight now, although this place is still taken.
        self.gate.freed.notify_waiters();
        standing
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.gate
            .traffic()
            .leave(&self.key, self.taken, self.gate.now());
        self.gate.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future as _,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::wire::{Method, Service};

    fn succeeds(mut pass: Pass<'_>) {
        pass.departs();
        pass.learn(Outcome::Success);
    }

    #[test]
    fn whoever_waits_counts_before_having_looked() {
        let gate = Gate::new(None);
        let request = Request::new(Service::Swr, &Arc::from("r-1"), Method::Get, "/".to_owned());
        let mut context = Context::from_waker(Waker::noop());
        let mut enter = |gate| {
            let mut entering = Box::pin(Gate::enter(gate, &request, 1));
            let polled = entering.as_mut().poll(&mut context);
            (polled, entering)
        };
        let (Poll::Ready(Ok(first)), _) = enter(&gate) else {
            panic!("a free way")
        };
        succeeds(first);
        let mut out: Vec<_> = (0..10).map(|_| enter(&gate).0).collect();
        let mut queue: Vec<_> = (0..2).map(|_| enter(&gate).1).collect();
        let mut answer = || {
            let Some(Poll::Ready(Ok(pass))) = out.pop() else {
                panic!("in flight")
            };
            succeeds(pass);
        };
        let before = gate.appetite();
        answer();
        // The head of the queue goes, and the next has not looked yet.
        let head = queue.remove(0);
        let went = std::pin::pin!(head).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(went, Poll::Ready(Ok(_))));
        answer();
        assert_eq!(
            gate.appetite(),
            before + 4,
            "two more may be in flight, and twice as many are wanted"
        );
    }
}
